use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tokenry_domain::authority::{Settings, SignupMode};
use tokenry_domain::claims::ClaimsTemplate;
use tokenry_domain::keys::RotationPolicy;
use tokenry_domain::password::Policy;
use url::{Host, Url};

use super::{Config, DataDir, Delivery, Listen, SessionStore, is_loopback, is_token};

/// Why the start was stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("configuration: {0}")]
pub struct ConfigError(pub String);

/// The common keys as flags; they win over environment and file.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Overrides {
    /// The configuration file [default: tokenry.toml, if it exists; also TOKENRY_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where the database and the generated keys are kept [default: ./tokenry-data]
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// The address to listen on [default: 127.0.0.1:7519]
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// The address that clients and services know, the `iss` of all tokens
    #[arg(long, global = true, value_name = "URL")]
    pub issuer: Option<String>,
}

impl Config {
    /// Reads file, environment and flags.
    ///
    /// `environment` holds the variables that begin with `TOKENRY_`.
    ///
    /// # Errors
    ///
    /// Names the key, and says what it takes.
    pub fn load(overrides: &Overrides, environment: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let mut builder = config::Config::builder();
        let named = overrides.config.clone().or_else(|| environment.get("TOKENRY_CONFIG").map(PathBuf::from));
        if let Some(text) = read(named.as_deref())? {
            builder = builder.add_source(config::File::from_str(&text, config::FileFormat::Toml));
        }
        let variables: config::Map<String, String> =
            environment.iter().filter(|(name, _)| *name != "TOKENRY_CONFIG").map(clone).collect();
        builder = builder.add_source(
            config::Environment::with_prefix("TOKENRY").prefix_separator("_").separator("__").source(Some(variables)),
        );
        let read = builder.build().map_err(explain)?;
        let mut config: Self = read.try_deserialize().map_err(explain)?;
        if let Some(listen) = overrides.listen {
            config.listen = Listen(listen);
        }
        if let Some(data_dir) = &overrides.data_dir {
            config.data_dir = DataDir(data_dir.clone());
        }
        if let Some(issuer) = &overrides.issuer {
            config.issuer = Some(issuer.clone());
        }
        config.settings(config.listen.0)?;
        config.check_tls()?;
        Ok(config)
    }

    /// The issuer when the server listens on `listen`.
    pub fn issuer(&self, listen: SocketAddr) -> String {
        let scheme = if self.server.tls_key.is_some() { "https" } else { "http" };
        self.issuer.clone().unwrap_or_else(|| format!("{scheme}://{listen}"))
    }

    /// What the rules are set up with.
    pub fn settings(&self, listen: SocketAddr) -> Result<Settings, ConfigError> {
        let issuer = self.issuer(listen);
        self.check_issuer(&issuer)?;
        self.check_shared()?;
        self.check_node()?;
        let token = &self.token;
        positive("token.access_ttl", token.access_ttl.0.is_zero())?;
        positive("token.refresh_ttl", token.refresh_ttl.0.is_zero())?;
        positive("session.idle", self.session.idle.0.is_zero())?;
        positive("keys.rotation", self.keys.rotation.0.is_zero())?;
        if self.keys.publish_ahead >= self.keys.rotation {
            return Err(bad("keys.publish_ahead", "must be shorter than keys.rotation"));
        }
        if token.access_ttl > token.refresh_ttl {
            return Err(bad("token.access_ttl", "must not be longer than token.refresh_ttl"));
        }
        for (name, social) in &self.social {
            crate::social::check(name, social)?;
        }
        if let Some(origin) = self.server.cors_origins.0.iter().find(|origin| !is_origin(origin)) {
            return Err(bad("server.cors_origins", format!("takes origins like https://app.example; not {origin:?}")));
        }
        let secrets = [
            ("admin.token", &self.admin.token),
            ("introspect.token", &self.introspect.token),
            ("revocations.token", &self.revocations.token),
        ];
        for (key, secret) in secrets {
            // Another could not be sent in a header.
            if secret.as_ref().is_some_and(|secret| !is_token(secret.expose())) {
                return Err(bad(key, "takes letters, digits and -._~+/= alone, one at least"));
            }
        }
        let claims = token.claims.iter().map(|(name, source)| (name.as_str(), source.as_str()));
        let claims = ClaimsTemplate::parse(claims).map_err(|error| bad("token.claims", error))?;
        let audiences = if token.audience.0.is_empty() { vec![issuer.clone()] } else { token.audience.0.clone() };
        Ok(Settings {
            issuer,
            audiences,
            access_ttl: token.access_ttl.0,
            refresh_ttl: token.refresh_ttl.0,
            repeat_window: token.repeat_window.0,
            require_access_token: token.require_access_token,
            session_max_age: self.session.max_age.positive(),
            session_idle: self.session.idle.0,
            sessions_per_user: (self.session.per_user > 0).then_some(self.session.per_user),
            signup: self.signup_mode()?,
            claims,
            password: Policy::default(),
            rate_limit: self.rate_limit.enabled,
            mail: !matches!(self.delivery(listen)?, Delivery::Off),
            providers: self.social.keys().cloned().collect(),
            rotation: RotationPolicy {
                algorithm: token.algorithm,
                period: self.keys.rotation.0,
                publish_ahead: self.keys.publish_ahead.0,
                access_ttl: token.access_ttl.0,
                refresh_ttl: token.refresh_ttl.0,
            },
        })
    }

    fn signup_mode(&self) -> Result<SignupMode, ConfigError> {
        match self.signup.mode.0.as_slice() {
            [mode] if mode == "open" => Ok(SignupMode::Open),
            [mode] if mode == "closed" => Ok(SignupMode::Closed),
            [] => Err(bad("signup.mode", "takes open, closed, or a list of e-mail domains")),
            domains => {
                let domains = domains.iter().map(|domain| match Host::parse(domain) {
                    Ok(Host::Domain(domain)) if domain.contains('.') => Ok(domain),
                    _ => Err(bad("signup.mode", format!("takes open, closed, or domains; not {domain:?}"))),
                });
                domains.collect::<Result<_, _>>().map(SignupMode::Domains)
            }
        }
    }

    /// An issuer is a URL without query and fragment (RFC 8414 section 2); `http` only where no one can listen.
    fn check_issuer(&self, issuer: &str) -> Result<(), ConfigError> {
        let url = Url::parse(issuer).map_err(|_| bad("issuer", format!("{issuer:?} is no URL")))?;
        if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
            return Err(bad("issuer", "takes a URL without query, fragment and user"));
        }
        match url.scheme() {
            "https" => Ok(()),
            "http" if is_loopback(&url) || self.server.allow_http => Ok(()),
            "http" => Err(bad(
                "issuer",
                format!(
                    "{issuer} would send tokens in clear: use https, or set server.allow_http behind a proxy that speaks TLS"
                ),
            )),
            _ => Err(bad("issuer", "takes an https URL")),
        }
    }

    fn check_tls(&self) -> Result<(), ConfigError> {
        match (&self.server.tls_certificate, &self.server.tls_key) {
            (Some(_), None) => Err(bad("server.tls_key", "is needed beside server.tls_certificate")),
            (None, Some(_)) => Err(bad("server.tls_certificate", "is needed beside server.tls_key")),
            _ => Ok(()),
        }
    }

    /// It stands in each line of the log.
    fn check_node(&self) -> Result<(), ConfigError> {
        let is_name =
            |node: &String| (1..=MOST_NODE_BYTES).contains(&node.len()) && !node.chars().any(char::is_control);
        match self.server.node.as_ref().is_none_or(is_name) {
            true => Ok(()),
            false => Err(bad("server.node", format!("takes 1 to {MOST_NODE_BYTES} bytes without control characters"))),
        }
    }

    /// What is kept or made beside one node is unknown to the others.
    fn check_shared(&self) -> Result<(), ConfigError> {
        if !self.database.is_shared() {
            return Ok(());
        }
        if self.master_key.is_none() {
            return Err(bad("master_key", "must be given with PostgreSQL: 32 random bytes in base64url, or file:PATH"));
        }
        match self.session.store == SessionStore::Database || self.session.sticky {
            true => Ok(()),
            false => Err(bad("session.store", "takes database with PostgreSQL, unless session.sticky is set")),
        }
    }

    /// The SQLite file.
    pub fn database_file(&self) -> PathBuf {
        self.data_dir().join("tokenry.db")
    }

    /// The SQLite file of cookie sessions, where they are kept on disk.
    pub fn sessions_file(&self) -> PathBuf {
        self.data_dir().join("sessions.db")
    }

    /// The data directory.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir.0
    }
}

/// The named file, or `tokenry.toml` if it exists.
fn read(named: Option<&Path>) -> Result<Option<String>, ConfigError> {
    let file = named.unwrap_or(Path::new("tokenry.toml"));
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if named.is_none() && error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ConfigError(format!("{}: {error}", file.display()))),
    }
}

fn clone((name, value): (&String, &String)) -> (String, String) {
    (name.clone(), value.clone())
}

fn positive(key: &str, is_zero: bool) -> Result<(), ConfigError> {
    if is_zero { Err(bad(key, "must be longer than 0")) } else { Ok(()) }
}

/// Whether browsers name a site like this (RFC 6454 section 6.2): an app's own scheme is one, too.
fn is_origin(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| match url.scheme() {
        "http" | "https" => url.origin().ascii_serialization() == text,
        _ => url.has_host() && url.path().is_empty() && url.query().is_none() && url.as_str() == text,
    })
}

/// Longest name of a node.
const MOST_NODE_BYTES: usize = 255;

pub(crate) fn bad(key: &str, detail: impl std::fmt::Display) -> ConfigError {
    ConfigError(format!("{key}: {detail}"))
}

fn explain(error: config::ConfigError) -> ConfigError {
    ConfigError(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let overrides = Overrides { config: Some("/dev/null".into()), ..Overrides::default() };
        let variables = variables.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        Config::load(&overrides, &variables.collect())
    }

    #[test]
    fn nothing_configured_is_a_configuration() {
        let config = load(&[]).unwrap();
        assert_eq!(config.issuer(config.listen.0), "http://127.0.0.1:7519");
        assert_eq!(config.settings(config.listen.0).unwrap().audiences, ["http://127.0.0.1:7519"]);
    }

    #[test]
    fn every_documented_variable_is_taken() {
        let config = load(&[
            ("TOKENRY_LISTEN", "127.0.0.1:0"),
            ("TOKENRY_ISSUER", "https://auth.example.com"),
            ("TOKENRY_DATA_DIR", "/tmp/data"),
            ("TOKENRY_DATABASE", "sqlite"),
            ("TOKENRY_TOKEN__ACCESS_TTL", "15m"),
            ("TOKENRY_TOKEN__REFRESH_TTL", "7d"),
            ("TOKENRY_TOKEN__REPEAT_WINDOW", "5s"),
            ("TOKENRY_TOKEN__ALGORITHM", "ES256"),
            ("TOKENRY_TOKEN__AUDIENCE", "orders, billing"),
            ("TOKENRY_TOKEN__REQUIRE_ACCESS_TOKEN", "true"),
            ("TOKENRY_SESSION__MAX_AGE", "30d"),
            ("TOKENRY_SIGNUP__MODE", "example.com,Beispiel.example"),
            ("TOKENRY_PASSWORD__MEMORY", "64MiB"),
            ("TOKENRY_RATE_LIMIT__ENABLED", "false"),
            ("TOKENRY_SERVER__TRUSTED_PROXIES", "10.0.0.0/8,::1"),
            ("TOKENRY_METRICS__LISTEN", "127.0.0.1:9000"),
            ("TOKENRY_ADMIN__TOKEN", "secret-of-the-admin"),
        ])
        .unwrap();
        let settings = config.settings(config.listen.0).unwrap();
        assert_eq!(settings.audiences, ["orders", "billing"]);
        assert!(settings.require_access_token);
        let domains = ["example.com", "beispiel.example"].map(str::to_owned).to_vec();
        assert_eq!(settings.signup, SignupMode::Domains(domains));
        assert_eq!(config.password.memory.0, 64 << 20);
        assert!(!format!("{config:?}{}", serde_json::to_string(&config).unwrap()).contains("secret-of"));
    }

    #[test]
    fn an_unknown_key_or_a_bad_value_is_named() {
        for (name, value, named) in [
            ("TOKENRY_TOKEN__ACCES_TTL", "1h", "acces_ttl"),
            ("TOKENRY_NONSENSE", "1", "nonsense"),
            ("TOKENRY_TOKEN__ACCESS_TTL", "soon", "access_ttl"),
            ("TOKENRY_TOKEN__ACCESS_TTL", "0", "access_ttl"),
            ("TOKENRY_TOKEN__ALGORITHM", "none", "algorithm"),
            ("TOKENRY_LISTEN", "here", "listen"),
            ("TOKENRY_ISSUER", "http://auth.example.com", "issuer"),
            ("TOKENRY_ISSUER", "https://auth.example.com?x", "issuer"),
            ("TOKENRY_SIGNUP__MODE", "sometimes", "signup.mode"),
            ("TOKENRY_SERVER__NODE", "", "server.node"),
            ("TOKENRY_SERVER__NODE", "web\u{1b}[31m", "server.node"),
            ("TOKENRY_SERVER__TLS_KEY", "/tmp/key", "tls_certificate"),
            ("TOKENRY_SERVER__TRUSTED_PROXIES", "somewhere", "trusted_proxies"),
            ("TOKENRY_SERVER__CORS_ORIGINS", "*", "server.cors_origins"),
            ("TOKENRY_SERVER__CORS_ORIGINS", "null", "server.cors_origins"),
            ("TOKENRY_SERVER__CORS_ORIGINS", "app.example", "server.cors_origins"),
            ("TOKENRY_SERVER__CORS_ORIGINS", "https://app.example/", "server.cors_origins"),
            ("TOKENRY_SERVER__CORS_ORIGINS", "https://App.example", "server.cors_origins"),
            ("TOKENRY_SERVER__CORS_ORIGINS", "https://app.example:443", "server.cors_origins"),
            ("TOKENRY_ADMIN__TOKEN", "", "admin.token"),
            ("TOKENRY_INTROSPECT__TOKEN", "a secret!", "introspect.token"),
            ("TOKENRY_REVOCATIONS__TOKEN", "secr\u{e9}t", "revocations.token"),
            ("TOKENRY_RATE_LIMIT__ENABLED", "perhaps", "enabled"),
            ("TOKENRY_DATABASE", "mysql", "database"),
            ("TOKENRY_MAIL__SMTP", "mail.example.com", "mail.smtp"),
            ("TOKENRY_MAIL__SMTP", "smtp://kim:secret@mail.example.com", "mail.username"),
            ("TOKENRY_MAIL__SMTP", "smtps://mail.example.com", "mail.from"),
            ("TOKENRY_DATABASE", "mysql://user:secret@host/db", "database"),
            ("TOKENRY_DATABASE", "postgres://user:secret@host/db", "master_key"),
        ] {
            let error = load(&[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(named), "{name}={value}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_listed_origin_may_be_of_an_apps_own_scheme() {
        for origin in
            ["https://app.example", "http://localhost:5173", "https://xn--9n2bp8q.example", "capacitor://localhost"]
        {
            load(&[("TOKENRY_SERVER__CORS_ORIGINS", origin)]).unwrap();
        }
    }

    #[test]
    fn the_url_of_a_database_is_never_printed() {
        let url = ("TOKENRY_DATABASE", "postgres://user:secret@host/db");
        let config = load(&[url, ("TOKENRY_MASTER_KEY", "file:/etc/tokenry/master.key")]).unwrap();
        assert!(matches!(&config.database, super::super::Database::Postgres(url) if url.expose().contains("secret")));
        let printed = format!("{config:?}{}", serde_json::to_string(&config).unwrap());
        assert!(!printed.contains("secret@") && printed.contains("postgres://(set)"), "{printed}");
    }

    #[test]
    fn claims_keep_the_spelling_of_their_names() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("tokenry.toml");
        let text =
            "[token.claims]\nUserName = \"username\"\n\"https://localhost:8000/user/is_admin\" = \"role:admin\"\n";
        std::fs::write(&file, text).unwrap();
        let overrides = Overrides { config: Some(file), ..Overrides::default() };
        let config = Config::load(&overrides, &BTreeMap::new()).unwrap();
        let names: Vec<&str> = config.token.claims.keys().map(String::as_str).collect();
        assert_eq!(names, ["UserName", "https://localhost:8000/user/is_admin"]);
    }
}
