use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use reqwest::redirect::Policy;
use tokenry_jwt::{Algorithm, JwkSet, KeySet, SigningKey, VerifyingKey};
use url::Url;
use zeroize::Zeroizing;

use super::usage;
use crate::cli::Failure;
use crate::config::is_loopback;

/// Where the keys come from.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct KeySource {
    /// A JWK Set: a file, or an https URL (http on loopback)
    #[arg(long, value_name = "FILE_OR_URL")]
    jwks: Option<String>,
    /// A shared secret: a file's name and an algorithm, as FILE:HS256
    #[arg(long, value_name = "FILE:ALG")]
    secret: Option<String>,
    /// A public key in PEM: a file's name and an algorithm, as FILE:ES256
    #[arg(long, value_name = "FILE:ALG")]
    pem: Option<String>,
}

/// What to sign with.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct SecretSource {
    /// A shared secret: a file's name and an algorithm, as FILE:HS256
    #[arg(long, value_name = "FILE:ALG")]
    secret: Option<String>,
    /// A private key in PEM: a file's name and an algorithm, as FILE:ES256
    #[arg(long, value_name = "FILE:ALG")]
    key: Option<String>,
}

impl KeySource {
    pub(crate) async fn load(&self) -> Result<KeySet, Failure> {
        if let Some(place) = &self.jwks {
            let bytes = match place.contains("://") {
                true => fetch(place).await?,
                false => read(Path::new(place))?.to_vec(),
            };
            let set = JwkSet::parse(&bytes).map_err(|error| usage(&format!("{place}: {error}")))?;
            return Ok(KeySet::from(set));
        }
        let key = match (&self.secret, &self.pem) {
            (Some(secret), _) => {
                let (bytes, algorithm) = named(secret)?;
                VerifyingKey::from_secret(algorithm, &bytes)
            }
            (_, Some(pem)) => {
                let (bytes, algorithm) = named(pem)?;
                VerifyingKey::from_pem(algorithm, &String::from_utf8_lossy(&bytes))
            }
            _ => return Err(usage(&"no key is given")),
        };
        key.map(KeySet::from).map_err(|error| usage(&error))
    }

    /// The text of the public key, if it comes from one.
    pub(crate) fn pem_text(&self) -> Result<Option<String>, Failure> {
        let Some(pem) = &self.pem else { return Ok(None) };
        Ok(Some(String::from_utf8_lossy(&named(pem)?.0).into_owned()))
    }
}

impl SecretSource {
    pub(crate) fn load(&self) -> Result<SigningKey, Failure> {
        let key = match (&self.secret, &self.key) {
            (Some(secret), _) => {
                let (bytes, algorithm) = named(secret)?;
                SigningKey::from_secret(algorithm, &bytes)
            }
            (_, Some(key)) => {
                let (bytes, algorithm) = named(key)?;
                SigningKey::from_pem(algorithm, &String::from_utf8_lossy(&bytes))
            }
            _ => return Err(usage(&"no key is given")),
        };
        key.map_err(|error| usage(&error))
    }
}

/// A file and the algorithm behind its name's last colon. One trailing newline is not part of a secret.
fn named(text: &str) -> Result<(Zeroizing<Vec<u8>>, Algorithm), Failure> {
    let (file, algorithm) = text.rsplit_once(':').ok_or_else(|| usage(&"write FILE:ALG, such as key.pem:ES256"))?;
    let algorithm = algorithm.parse().map_err(|_| usage(&format!("{algorithm} is no algorithm")))?;
    let mut bytes = read(&PathBuf::from(file))?;
    if bytes.ends_with(b"\n") {
        bytes.pop();
    }
    Ok((bytes, algorithm))
}

fn read(file: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let failed = |error: &dyn std::fmt::Display| usage(&format!("{}: {error}", file.display()));
    let size = std::fs::metadata(file).map_err(|error| failed(&error))?.len();
    if size > MOST_BYTES as u64 {
        return Err(failed(&"is longer than 256 KiB"));
    }
    std::fs::read(file).map(Zeroizing::new).map_err(|error| failed(&error))
}

/// No redirects, five seconds, 256 KiB.
async fn fetch(place: &str) -> Result<Vec<u8>, Failure> {
    let failed = |error: &dyn std::fmt::Display| usage(&format!("{place}: {error}"));
    let url = Url::parse(place).map_err(|error| failed(&error))?;
    if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(&url)) {
        return Err(failed(&"keys are fetched by https, or by http from loopback"));
    }
    let client = reqwest::Client::builder().redirect(Policy::none()).timeout(Duration::from_secs(5)).build();
    let client = client.map_err(|error| failed(&error))?;
    let mut response = client.get(url).send().await.map_err(|error| failed(&error))?;
    if !response.status().is_success() {
        return Err(failed(&format!("answered {}", response.status())));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MOST_BYTES {
            return Err(failed(&"is longer than 256 KiB"));
        }
    }
    Ok(bytes)
}

const MOST_BYTES: usize = 256 * 1024;
