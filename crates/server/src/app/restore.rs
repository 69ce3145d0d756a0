use std::path::{Path, PathBuf};
use std::slice;
use std::time::Duration;

use tokenry_domain::keys::KeyRing;
use tokenry_domain::random;
use tokenry_domain::revocation::Revocation;
use tokenry_domain::store::Store;
use tokenry_domain::time::Clock;

use super::database::{Report, Restoring};
use super::{App, StartError};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::master_key;

/// Puts a back-up in the place of the database of `config`. Returns what that changes, and where the old one lies.
///
/// Nothing is replaced while a server runs, or when the master key does not open the keys of the back-up.
pub(crate) async fn restore(
    config: &Config,
    backup: &Path,
    revocations: Vec<Revocation>,
) -> Result<(Report, Option<PathBuf>), StartError> {
    let _lock = App::lock(config)?;
    let settings = config.settings(config.listen.0)?;
    let now = SystemClock.now();
    let until = |life: Duration| settings.revoked_until(now, life.max(settings.access_ttl));
    let restoring = Restoring::prepare(&config.database_file(), backup, revocations, now, until).await?;
    let keys = restoring.keys().await?;
    let master = master_key::find(config, &keys, &random::System::new())?;
    restoring.take_over_keys(|key| KeyRing::check(slice::from_ref(key), &master).is_ok(), now).await?;
    // One that signs may be missing: the next start makes it.
    KeyRing::check(&restoring.store().keys().await?, &master).map_err(|error| StartError::Keys(error.into()))?;
    let report = restoring.report.clone();
    Ok((report, restoring.finish()?))
}
