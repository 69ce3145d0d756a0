use std::fs::Permissions;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::ExitStatus;
use std::str::FromStr;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use url::Url;

use crate::service;

/// Which proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// With `auth_request`.
    Nginx,
    /// With `forward_auth`.
    Caddy,
}

/// Where everything is.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Tokenry's address.
    pub issuer: Url,
    /// For whom a token must be.
    pub audience: String,
    /// Where the proxy listens.
    pub listen: SocketAddr,
}

/// A running proxy with the service behind it; killed when dropped.
#[derive(Debug)]
pub struct Proxy {
    child: Child,
    service: JoinHandle<io::Result<()>>,
    directory: TempDir,
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "nginx" => Ok(Self::Nginx),
            "caddy" => Ok(Self::Caddy),
            _ => Err("usage: reverse-proxy nginx|caddy".to_owned()),
        }
    }
}

impl Proxy {
    /// Starts the service and the proxy, and waits until it listens.
    ///
    /// # Errors
    /// The proxy is not installed, or it ended: it said why on standard error.
    pub async fn start(kind: Kind, settings: &Settings) -> io::Result<Self> {
        let directory = tempfile::Builder::new().permissions(Permissions::from_mode(0o700)).tempdir()?;
        let socket = directory.path().join("service");
        let service = service::start(&socket)?;
        let mut command = command(kind, settings, directory.path(), &socket)?;
        if directory.path().metadata()?.uid() == 0 {
            // A proxy that root starts is nobody, too.
            chown(directory.path(), Some(NOBODY), Some(NOBODY))?;
            chown(&socket, Some(NOBODY), Some(NOBODY))?;
            command.uid(NOBODY).gid(NOBODY);
        }
        let mut proxy = Self { child: command.current_dir(directory.path()).spawn()?, service, directory };
        while TcpStream::connect(settings.listen).await.is_err() {
            if let Some(status) = proxy.child.try_wait()? {
                return Err(io::Error::other(format!("the proxy ended: {status}")));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(proxy)
    }

    /// The folder with the service's socket.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The proxy's process.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits until the proxy ends by itself.
    ///
    /// # Errors
    /// Those of the system.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Ends the proxy and waits until it has.
    ///
    /// # Errors
    /// Those of the system.
    pub async fn stop(&mut self) -> io::Result<()> {
        self.child.kill().await
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.service.abort();
    }
}

fn command(kind: Kind, settings: &Settings, directory: &Path, socket: &Path) -> io::Result<Command> {
    let values = values(settings, socket);
    let mut command = match kind {
        Kind::Nginx => {
            let filled = values
                .iter()
                .fold(NGINX.to_owned(), |text, (name, value)| text.replace(&format!("${{{name}}}"), value));
            std::fs::write(directory.join("nginx.conf"), filled)?;
            // Debian keeps it off the path of those who are not root.
            let program = if Path::new(DEBIAN_NGINX).exists() { DEBIAN_NGINX } else { "nginx" };
            let mut command = Command::new(program);
            // One process, so that it ends as one.
            command.args(["-p", ".", "-c", "nginx.conf", "-e", "stderr", "-g", "daemon off; master_process off;"]);
            command
        }
        Kind::Caddy => {
            std::fs::write(directory.join("Caddyfile"), CADDY)?;
            let mut command = Command::new("caddy");
            command.args(["run", "--config", "Caddyfile", "--adapter", "caddyfile"]).envs(values);
            command.env("HOME", directory).env_remove("XDG_DATA_HOME").env_remove("XDG_CONFIG_HOME");
            command
        }
    };
    command.kill_on_drop(true);
    Ok(command)
}

/// What the configurations leave open.
fn values(settings: &Settings, socket: &Path) -> [(&'static str, String); 9] {
    let Settings { issuer, audience, listen } = settings;
    let name = issuer.host_str().unwrap_or_default();
    let host = format!("{name}:{}", issuer.port_or_known_default().unwrap_or(443));
    let audience = utf8_percent_encode(audience, NON_ALPHANUMERIC);
    [
        ("LISTEN", listen.to_string()),
        ("LISTEN_HOST", listen.ip().to_string()),
        ("LISTEN_PORT", listen.port().to_string()),
        ("SERVICE_SOCKET", socket.display().to_string()),
        ("TOKENRY_SCHEME", issuer.scheme().to_owned()),
        ("TOKENRY_NAME", name.to_owned()),
        ("TOKENRY_URL", format!("{}://{host}", issuer.scheme())),
        ("TOKENRY_HOST", host),
        ("VERIFY", format!("{}/v1/verify?audience={audience}", issuer.path().trim_end_matches('/'))),
    ]
}

const NGINX: &str = include_str!("../nginx.conf");
const CADDY: &str = include_str!("../Caddyfile");
const DEBIAN_NGINX: &str = "/usr/sbin/nginx";
/// Of every Linux.
const NOBODY: u32 = 65534;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_a_place_and_every_place_a_value() {
        let issuer = "https://auth.example.com/auth".parse().unwrap();
        let audience = "a&b; #c".to_owned();
        let settings = Settings { issuer, audience, listen: "127.0.0.1:8003".parse().unwrap() };
        let values = values(&settings, Path::new("/run/service"));
        let value = |wanted: &str| values.iter().find(|(name, _)| *name == wanted).unwrap().1.as_str();
        assert_eq!(value("VERIFY"), "/auth/v1/verify?audience=a%26b%3B%20%23c");
        assert_eq!((value("TOKENRY_HOST"), value("TOKENRY_NAME")), ("auth.example.com:443", "auth.example.com"));
        for (configuration, open, count) in [(NGINX, "${", 6), (CADDY, "{$", 5)] {
            let names: std::collections::BTreeSet<&str> = configuration
                .lines()
                .filter(|line| !line.trim_start().starts_with('#'))
                .flat_map(|line| line.split(open).skip(1))
                .map(|rest| rest.split('}').next().unwrap())
                .collect();
            assert_eq!(names.len(), count, "{names:?}");
            names.into_iter().for_each(|name| assert!(!value(name).is_empty(), "{name}"));
        }
    }
}
