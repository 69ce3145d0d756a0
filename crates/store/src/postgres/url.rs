//! The connection URL, which is a secret: no error quotes any of it.

use std::time::Duration;

use tokio_postgres::Config;

use super::{ConnectError, Options};

pub(super) fn parse(url: &str, options: &Options) -> Result<Config, ConnectError> {
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(ConnectError::Url);
    }
    let mut config: Config = strict(url).parse().map_err(|_| ConnectError::Url)?;
    if config.get_application_name().is_none() {
        config.application_name("tokenry");
    }
    config.connect_timeout(options.connect_timeout);
    // A server that vanished without a word is noticed, at the latest by whoever waits for an answer.
    config.keepalives_idle(Duration::from_secs(30));
    config.tcp_user_timeout(Duration::from_secs(10));
    Ok(config)
}

/// libpq's stricter modes by the one name of them that the driver knows, and which here means the strictest.
fn strict(url: &str) -> String {
    let Some((address, parameters)) = url.split_once('?') else {
        return url.to_owned();
    };
    let parameters = parameters.split('&').map(|parameter| match parameter {
        "sslmode=verify-full" | "sslmode=verify-ca" => "sslmode=require",
        parameter => parameter,
    });
    format!("{address}?{}", parameters.collect::<Vec<_>>().join("&"))
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::SslMode;

    use super::*;

    #[test]
    fn modes_are_known_by_their_names() {
        for (url, mode) in [
            ("postgres://u:p@h/d", SslMode::Prefer),
            ("postgresql://u:p@h/d?sslmode=disable", SslMode::Disable),
            ("postgres://u:p@h/d?sslmode=require", SslMode::Require),
            ("postgres://u:p@h/d?sslmode=verify-ca&application_name=x", SslMode::Require),
            ("postgres://u:p@h/d?application_name=x&sslmode=verify-full", SslMode::Require),
        ] {
            assert_eq!(parse(url, &Options::default()).unwrap().get_ssl_mode(), mode, "{url}");
        }
    }

    #[test]
    fn a_bad_url_is_refused_and_not_quoted() {
        for url in
            ["mysql://u:secret@h/d", "postgres://u:secret@h:port/d", "postgres://u:secret@h/d?secret=1", "secret"]
        {
            let error = parse(url, &Options::default()).unwrap_err();
            assert!(matches!(error, ConnectError::Url));
            assert!(!format!("{error} {error:?}").contains("sec"), "{error}");
        }
    }
}
