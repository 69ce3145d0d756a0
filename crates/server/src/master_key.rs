//! Where the master key comes from: the configuration, or a file that is made beside the database.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tokenry_domain::keys::{KeyRecord, KeyRing};
use tokenry_domain::random::{Random, System};
use tokenry_domain::seal::MasterKey;
use zeroize::Zeroizing;

use crate::app::StartError;
use crate::config::Config;

/// The configured master key, or the one in the data directory. One is made only where no key was sealed yet.
///
/// A change of the master key that was cut short is finished where `keys` were sealed under the new one already.
pub(crate) fn find(config: &Config, keys: &[KeyRecord], random: &dyn Random) -> Result<MasterKey, StartError> {
    if let Some(configured) = &config.master_key {
        return match configured.expose().strip_prefix("file:") {
            Some(path) => read(Path::new(path)),
            None => parse(configured.expose(), "TOKENRY_MASTER_KEY"),
        };
    }
    let file = config.data_dir().join("master.key");
    let opens = |key: &MasterKey| KeyRing::check(keys, key).is_ok();
    let found = read(&file);
    let next = file.with_extension(NEXT);
    if !keys.is_empty()
        && !found.as_ref().is_ok_and(opens)
        && let Ok(key) = read(&next)
        && opens(&key)
    {
        replace(&file, &next).map_err(|source| StartError::File { file: next, source })?;
        return Ok(key);
    }
    match found {
        Err(StartError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
        found => return found,
    }
    if !keys.is_empty() {
        return Err(StartError::MasterKeyLost(file));
    }
    make(&file, random).map_err(|source| StartError::File { file: file.clone(), source })?;
    // Another process may have been first; what lies there now is the one.
    read(&file)
}

/// A master key that is about to replace the present one.
pub(crate) struct NewMasterKey {
    key: MasterKey,
    file: PathBuf,
    /// The file of the present key, which the new one replaces.
    replaces: Option<PathBuf>,
}

impl NewMasterKey {
    /// Reads the key in `to`, or makes one there. Without `to` it is to replace the one in the data directory.
    pub(crate) fn prepare(config: &Config, to: Option<PathBuf>) -> Result<Self, StartError> {
        let generated = config.data_dir().join("master.key");
        let (file, replaces) = match (to, &config.master_key) {
            (Some(to), _) => (to, None),
            (None, None) => (generated.with_extension(NEXT), Some(generated)),
            (None, Some(_)) => {
                return Err(StartError::File {
                    file: "--to".into(),
                    source: io::Error::other("the master key is configured: name the file of the new one"),
                });
            }
        };
        if !file.exists() {
            make(&file, &System::new()).map_err(|source| StartError::File { file: file.clone(), source })?;
        }
        Ok(Self { key: read(&file)?, file, replaces })
    }

    pub(crate) fn key(&self) -> &MasterKey {
        &self.key
    }

    /// Called when the keys are sealed under it. Returns what is left to do.
    pub(crate) fn put_in_place(self) -> Result<String, StartError> {
        let Self { file, replaces, .. } = self;
        let Some(present) = replaces else {
            return Ok(format!("start the server with TOKENRY_MASTER_KEY=file:{}", file.display()));
        };
        let old = replace(&present, &file).map_err(|source| StartError::File { file, source })?;
        Ok(format!("the old master key is {}: older back-ups need it", old.display()))
    }
}

/// Puts the master key in `next` in the place of the one in `file`, which is never missing. Returns where the old one
/// lies now: older back-ups are sealed under it.
fn replace(file: &Path, next: &Path) -> io::Result<PathBuf> {
    let old = file.with_extension("key.old");
    if file.exists() {
        let draft = file.with_extension("key.old-draft");
        let _ = fs::remove_file(&draft);
        fs::hard_link(file, &draft)?;
        fs::rename(&draft, &old)?;
    }
    fs::rename(next, file)?;
    sync_directory_of(file)?;
    Ok(old)
}

fn sync_directory_of(file: &Path) -> io::Result<()> {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(parent)?.sync_all()
}

fn read(file: &Path) -> Result<MasterKey, StartError> {
    let text = fs::read_to_string(file)
        .map(Zeroizing::new)
        .map_err(|source| StartError::File { file: file.to_owned(), source })?;
    parse(text.trim_end_matches(['\r', '\n']), &file.display().to_string())
}

fn parse(text: &str, origin: &str) -> Result<MasterKey, StartError> {
    MasterKey::parse(text).map_err(|source| StartError::MasterKey { origin: origin.to_owned(), source })
}

/// Writes a new key under another name and then links it, so that the file is never seen half written.
fn make(file: &Path, random: &dyn Random) -> io::Result<()> {
    let key = MasterKey::generate(random).map_err(io::Error::other)?;
    let draft = file.with_extension(format!("new-{}", std::process::id()));
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut output = options.open(&draft)?;
    output.write_all(key.to_text().as_bytes())?;
    output.write_all(b"\n")?;
    output.sync_all()?;
    let linked = fs::hard_link(&draft, file);
    fs::remove_file(&draft)?;
    sync_directory_of(file)?;
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    }
}

/// Of the file in which a new master key waits until the keys are sealed under it.
const NEXT: &str = "key.new";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokenry_domain::keys::{KeyState, Purpose};
    use tokenry_domain::time::Timestamp;

    use super::*;
    use crate::config::{DataDir, Secret};

    fn config(directory: &Path) -> Config {
        Config { data_dir: DataDir(directory.to_owned()), ..Config::default() }
    }

    #[test]
    fn a_made_key_is_found_again_and_only_its_owner_reads_it() {
        let directory = tempfile::tempdir().unwrap();
        let config = config(directory.path());
        let made = find(&config, &[], &System::new()).unwrap();
        let found = find(&config, &[sealed(&made)], &System::new()).unwrap();
        assert_eq!(*made.to_text(), *found.to_text());
        #[cfg(unix)]
        {
            let metadata = fs::metadata(directory.path().join("master.key")).unwrap();
            assert_eq!(std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777, 0o600);
        }
    }

    #[test]
    fn a_lost_key_is_never_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let keys = [sealed(&MasterKey::generate(&System::new()).unwrap())];
        let found = find(&config(directory.path()), &keys, &System::new());
        assert!(matches!(found, Err(StartError::MasterKeyLost(_))));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    /// Whether it was stopped before the keys were sealed anew, after, or between the two renames.
    #[test]
    fn a_change_that_was_cut_short_starts_with_the_key_that_opens() {
        for (is_resealed, steps) in [(false, 0), (true, 0), (true, 1), (true, 2)] {
            let directory = tempfile::tempdir().unwrap();
            let config = config(directory.path());
            let file = |name| directory.path().join(name);
            let old = find(&config, &[], &System::new()).unwrap();
            let new = NewMasterKey::prepare(&config, None).unwrap();
            let expected = if is_resealed { new.key().to_text() } else { old.to_text() };
            let keys = [sealed(if is_resealed { new.key() } else { &old })];
            match steps {
                1 => fs::rename(file("master.key"), file("master.key.old")).unwrap(),
                2 => drop(new.put_in_place().unwrap()),
                _ => {}
            }
            let found = find(&config, &keys, &System::new()).unwrap();
            assert_eq!(*found.to_text(), *expected, "{is_resealed} {steps}");
            assert_eq!(fs::read_to_string(file("master.key")).unwrap().trim_end(), *expected);
            assert_eq!(file("master.key.old").exists(), is_resealed);
        }
    }

    fn sealed(master: &MasterKey) -> KeyRecord {
        let state = KeyState::Signing;
        let (algorithm, now) = (tokenry_jwt::Algorithm::EdDsa, Timestamp::default());
        KeyRecord::generate(Purpose::Access, algorithm, state, Duration::ZERO, master, &System::new(), now).unwrap()
    }

    #[test]
    fn an_unreadable_key_file_is_named() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("master.key"), "not a key").unwrap();
        let error = find(&config(directory.path()), &[], &System::new()).unwrap_err();
        assert!(error.to_string().contains("master.key"), "{error}");
        let named = Config { master_key: Some(Secret::from("file:/nowhere/key".to_owned())), ..Config::default() };
        let error = find(&named, &[], &System::new()).unwrap_err();
        assert!(error.to_string().contains("/nowhere/key"), "{error}");
    }
}
