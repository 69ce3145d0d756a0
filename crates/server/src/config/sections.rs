use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tokenry_jwt::Algorithm;

use super::{Bytes, List, LogFilter, Networks, Secret, Span};

macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty = $default:expr,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Deserialize, Serialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }
    };
}

section! {
    /// `[token]`
    Token {
        /// Life of an access token.
        access_ttl: Span = Span::seconds(3600),
        /// Life of a refresh token: a session's idle limit.
        refresh_ttl: Span = Span::seconds(14 * 86_400),
        /// How long a repeated refresh of a client without keys is answered with the same token.
        repeat_window: Span = Span::seconds(10),
        /// The algorithm of access tokens.
        algorithm: Algorithm = Algorithm::EdDsa,
        /// The `aud` of access tokens. Default: the issuer.
        audience: List = List::default(),
        /// Whether a refresh must bring the session's access token.
        require_access_token: bool = false,
        /// The application's own claims, each with its source.
        claims: BTreeMap<String, String> = BTreeMap::new(),
    }
}

section! {
    /// `[session]`
    Session {
        /// A session's absolute limit; `0` is none.
        max_age: Span = Span::seconds(0),
        /// How long a session of the cookie method lasts without being used.
        idle: Span = Span::seconds(14 * 86_400),
        /// Where the sessions of the cookie method are kept.
        store: SessionStore = SessionStore::Database,
        /// Whether a proxy sends each client to the same node, so that `memory` and `disk` work with several nodes.
        sticky: bool = false,
        /// How many sessions a user may have at once, the oldest ended first; `0` is any number.
        per_user: u32 = 0,
    }
}

section! {
    /// `[signup]`
    Signup {
        /// `open`, `closed`, or a list of e-mail domains.
        mode: List = List(vec!["open".to_owned()]),
    }
}

section! {
    /// `[password]`
    Password {
        /// Memory of one Argon2id hash.
        memory: Bytes = Bytes(19 << 20),
        /// Passes of one Argon2id hash.
        iterations: u32 = 2,
        /// Hashes computed at once; `0` is one for each core.
        threads: usize = 0,
    }
}

section! {
    /// `[rate_limit]`
    RateLimit {
        /// Whether guesses and sign-ups are throttled.
        enabled: bool = true,
    }
}

section! {
    /// `[server]`
    Server {
        /// What this process is called in logs and metrics. Default: the address that it listens on.
        node: Option<String> = None,
        /// Proxies whose `X-Forwarded-For` is believed.
        trusted_proxies: Networks = Networks::default(),
        /// Whether an `http` issuer that is not loopback is allowed.
        allow_http: bool = false,
        /// Origins that may call from a browser; empty: all may, without credentials.
        cors_origins: List = List::default(),
        /// A certificate chain in PEM; with `tls_key`, the server speaks TLS.
        tls_certificate: Option<PathBuf> = None,
        /// The certificate's private key in PEM.
        tls_key: Option<PathBuf> = None,
    }
}

section! {
    /// `[keys]`
    Keys {
        /// How long a key signs before its successor takes over.
        rotation: Span = Span::seconds(90 * 86_400),
        /// How long a key is published before it signs.
        publish_ahead: Span = Span::seconds(3600),
    }
}

section! {
    /// `[audit]`
    Audit {
        /// How long events are kept.
        retention: Span = Span::seconds(365 * 86_400),
    }
}

section! {
    /// `[playground]`
    Playground {
        /// Whether the home page has the playground. Default: while developing, on a loopback `http` issuer.
        enabled: Option<bool> = None,
    }
}

section! {
    /// `[metrics]`
    Metrics {
        /// An address of its own for `/metrics`. Default: served beside everything else.
        listen: Option<SocketAddr> = None,
    }
}

section! {
    /// `[admin]`
    Admin {
        /// The bearer token of the admin calls. Unset: they are off.
        token: Option<Secret> = None,
    }
}

section! {
    /// `[introspect]`
    Introspect {
        /// The bearer token of services that introspect. Unset: a token can be introspected by its own session alone.
        token: Option<Secret> = None,
    }
}

section! {
    /// `[revocations]`
    Revocations {
        /// The bearer token of the revocation feed. Unset: it is open, like the keys.
        token: Option<Secret> = None,
        /// How many may follow it at once. Where all places are taken, the network that holds most leaves one to a network
        /// that holds fewer.
        subscribers: usize = 1000,
    }
}

section! {
    /// `[mail]`
    Mail {
        /// The server that mail is handed to: `smtps://HOST`, or `smtp://HOST` with STARTTLS. Unset: mail is off, except
        /// that on a loopback issuer it lands in `/dev/outbox`.
        smtp: Option<String> = None,
        /// A PEM file with the authorities whose certificates are trusted there. Unset: those that the system trusts.
        ca: Option<PathBuf> = None,
        /// The name to log in with there.
        username: Option<String> = None,
        /// The password.
        password: Option<Secret> = None,
        /// The sender: `Name <name@example.com>`.
        from: Option<String> = None,
    }
}

section! {
    /// `[log]`
    Log {
        /// `text` or `json`.
        format: LogFormat = LogFormat::Text,
        /// What to log.
        filter: LogFilter = LogFilter::default(),
    }
}

/// Where the sessions of the cookie method are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SessionStore {
    /// In the memory of the process.
    Memory,
    /// In a SQLite file of this node.
    Disk,
    /// In the database, beside those of the token method.
    Database,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}
