//! TLS with a certificate that is read again when its files change.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::accept::Bounded;
use crate::app::StartError;
use crate::config::Config;
use crate::upkeep::every;

/// A certificate, its key, and the files that they came from.
#[derive(Clone)]
pub(crate) struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    read_at: [Option<SystemTime>; 2],
    config: RustlsConfig,
}

/// Reads the configured certificate, if there is one.
pub(crate) fn load(config: &Config) -> Result<Option<Tls>, StartError> {
    let (Some(certificate), Some(key)) = (&config.server.tls_certificate, &config.server.tls_key) else {
        return Ok(None);
    };
    let server = read(certificate, key)?;
    Ok(Some(Tls {
        certificate: certificate.clone(),
        key: key.clone(),
        read_at: [modified(certificate), modified(key)],
        config: RustlsConfig::from_config(Arc::new(server)),
    }))
}

impl Tls {
    pub(crate) fn acceptor(&self) -> RustlsAcceptor<Bounded> {
        RustlsAcceptor::new(self.config.clone()).handshake_timeout(Duration::from_secs(5)).acceptor(Bounded)
    }

    /// Reads the files again when they change. What can't be used is reported, and the old certificate stays.
    pub(crate) async fn follow(mut self) {
        let mut ticks = every(Duration::from_secs(5));
        loop {
            ticks.tick().await;
            let found = [modified(&self.certificate), modified(&self.key)];
            if found == self.read_at {
                continue;
            }
            self.read_at = found;
            match read(&self.certificate, &self.key) {
                Ok(server) => {
                    self.config.reload_from_config(Arc::new(server));
                    tracing::info!("certificate read again");
                }
                Err(error) => tracing::error!(%error, "the new certificate can't be used; the old one stays"),
            }
        }
    }
}

fn read(certificate: &Path, key: &Path) -> Result<ServerConfig, StartError> {
    let failed = |file: &Path, error: &dyn std::error::Error| StartError::File {
        file: file.to_owned(),
        source: std::io::Error::other(error.to_string()),
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| failed(certificate, &error))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| failed(key, &error))?;
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| failed(certificate, &error))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn modified(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|metadata| metadata.modified()).ok()
}
