//! Configuration: a file, the environment over it, flags over both. One section a module.
//!
//! Each key of `tokenry.toml` is also `TOKENRY_<SECTION>__<KEY>` in the environment. An unknown key or a bad value stops
//! the start and is named.

mod apps;
mod brand;
mod database;
mod load;
mod mail;
mod network;
mod secret;
mod sections;
mod social;
mod value;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use apps::{Apps, RedirectUris};
pub use brand::{Brand, BrandName, Colour};
pub use database::Database;
pub(crate) use load::bad;
pub use load::{ConfigError, Overrides};
pub(crate) use mail::{Delivery, Relay, Tls};
pub(crate) use network::is_loopback;
pub use network::{Network, Networks};
pub use secret::Secret;
pub(crate) use secret::is_token;
pub use sections::{
    Admin, Audit, Introspect, Keys, Log, LogFormat, Mail, Metrics, Password, Playground, RateLimit, Revocations,
    Server, Session, SessionStore, Signup, Token,
};
pub use social::Social;
pub use value::{Bytes, List, LogFilter, Span};

/// Everything that can be configured, with its defaults.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The address to listen on.
    pub listen: Listen,
    /// The address that clients and services know, the `iss` of all tokens. Default: `http://` and `listen`.
    pub issuer: Option<String>,
    /// Where the database and the generated keys are kept.
    pub data_dir: DataDir,
    /// `sqlite`: a file in `data_dir`; or a `postgres://` URL.
    pub database: Database,
    /// 32 bytes in base64url, or `file:PATH`. Default: generated into `data_dir`.
    pub master_key: Option<Secret>,
    /// Tokens.
    pub token: Token,
    /// Sessions.
    pub session: Session,
    /// Sign-up.
    pub signup: Signup,
    /// Passwords.
    pub password: Password,
    /// Limits on guessing.
    pub rate_limit: RateLimit,
    /// The HTTP server.
    pub server: Server,
    /// Signing keys.
    pub keys: Keys,
    /// The audit log.
    pub audit: Audit,
    /// The playground.
    pub playground: Playground,
    /// Metrics.
    pub metrics: Metrics,
    /// The admin calls.
    pub admin: Admin,
    /// Introspection.
    pub introspect: Introspect,
    /// The revocation feed.
    pub revocations: Revocations,
    /// The look of the pages.
    pub brand: Brand,
    /// Mail.
    pub mail: Mail,
    /// Programs that log people in by way of a provider.
    pub apps: Apps,
    /// Identity providers, by name.
    pub social: BTreeMap<String, Social>,
    /// Logs.
    pub log: Log,
}

/// The address to listen on; `127.0.0.1:7519` by default.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Listen(pub SocketAddr);

/// Where state is kept; `./tokenry-data` by default.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub struct DataDir(pub PathBuf);

impl Default for Listen {
    fn default() -> Self {
        Self(SocketAddr::from(([127, 0, 0, 1], 7519)))
    }
}

impl Default for DataDir {
    fn default() -> Self {
        Self(PathBuf::from("tokenry-data"))
    }
}
