use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// The name of a database with `suffix`, beside the file itself whatever link led to it: one file, one lock.
pub(crate) fn beside(path: &Path, suffix: &str) -> io::Result<PathBuf> {
    let mut name = match path.canonicalize() {
        Ok(path) => path.into_os_string(),
        Err(_) => {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let file = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
            parent.canonicalize()?.join(file).into_os_string()
        }
    };
    name.push(OsString::from(suffix));
    Ok(PathBuf::from(name))
}

/// An empty file to lock, which stays: one that is removed can be locked twice.
pub(crate) fn lock_file(path: &Path) -> io::Result<File> {
    private(OpenOptions::new().write(true).create(true).truncate(false)).open(path)
}

/// Creates `path`, readable by its owner only, if it does not exist.
///
/// An existing file is not opened: closing it would drop the locks that SQLite holds on it in this process.
pub(crate) fn create(path: &Path) -> io::Result<()> {
    match private(OpenOptions::new().write(true).create_new(true)).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Makes a name that was just given durable.
pub(crate) fn sync_directory_of(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}
