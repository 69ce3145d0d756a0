use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use url::{Host, Url};

use super::List;

/// `[apps]`: programs that log people in by way of a provider and get a code for it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Apps {
    /// Where codes may go.
    pub redirect_uris: RedirectUris,
}

/// The addresses that a code may be sent to (RFC 8252 section 7).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct RedirectUris(Vec<String>);

impl RedirectUris {
    /// Whether `asked` is one of them, byte by byte (RFC 9700 section 2.1); on loopback, with any port.
    pub(crate) fn contain(&self, asked: &str) -> bool {
        asked.len() <= MOST_BYTES
            && self.0.iter().any(|listed| listed == asked || is_other_port(listed, asked) == Some(true))
    }

    fn read(texts: Vec<String>) -> Result<Self, String> {
        match texts.iter().find(|text| !is_redirect_uri(text)) {
            Some(bad) => Err(format!(
                "{bad:?} can't receive codes: write https://HOST/PATH, http://127.0.0.1/PATH, http://[::1]/PATH, or a \
                 scheme of your own with a dot in it, com.example.app:/PATH"
            )),
            None => Ok(Self(texts)),
        }
    }
}

impl<'de> Deserialize<'de> for RedirectUris {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(List::deserialize(deserializer)?.0).map_err(D::Error::custom)
    }
}

/// Whether a code may be sent there: to a page by TLS, to this device by a scheme that its owner's domain stands for, or
/// to a port of this device. Not to `localhost`, which may be anywhere (RFC 8252 section 8.3).
fn is_redirect_uri(text: &str) -> bool {
    let Some(url) = plain(text) else { return false };
    match url.scheme() {
        "https" => url.host().is_some(),
        "http" => is_loopback(&url),
        scheme => scheme.contains('.'),
    }
}

/// A URL in its one spelling, without what does not belong into a redirect address (RFC 6749 section 3.1.2).
fn plain(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    (text.len() <= MOST_BYTES && url.as_str() == text && is_bare).then_some(url)
}

/// Whether both are loopback addresses that are the same but for their port (RFC 8252 section 7.3).
fn is_other_port(listed: &str, asked: &str) -> Option<bool> {
    let [mut listed, mut asked] = [plain(listed)?, plain(asked)?];
    if !is_loopback(&listed) || !is_loopback(&asked) {
        return Some(false);
    }
    listed.set_port(None).ok()?;
    asked.set_port(None).ok()?;
    Some(listed == asked)
}

fn is_loopback(url: &Url) -> bool {
    url.scheme() == "http"
        && match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(_)) | None => false,
        }
}

const MOST_BYTES: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_goes_to_tls_to_a_private_scheme_or_to_this_device() {
        for good in [
            "https://app.example/callback",
            "https://app.example:8443/a?b=c",
            "com.example.app:/callback",
            "com.example.app:callback",
            "com.example.app://callback",
            "http://127.0.0.1/callback",
            "http://127.0.0.1:9000/callback",
            "http://[::1]/callback",
        ] {
            assert!(is_redirect_uri(good), "{good}");
        }
        for bad in [
            "",
            "callback",
            "/callback",
            "http://app.example/callback",
            "http://localhost/callback",
            "http://127.0.0.1.evil.example/",
            "http://192.0.2.1/",
            "https://app.example",
            "https://kim@app.example/",
            "https://app.example/#fragment",
            "https://app.example/../x",
            "HTTPS://app.example/",
            "myapp:/callback",
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
        ] {
            assert!(!is_redirect_uri(bad), "{bad}");
        }
    }

    #[test]
    fn an_address_is_listed_byte_by_byte_but_for_a_port_of_this_device() {
        let texts = ["https://app.example/callback", "com.example.app:/callback", "http://127.0.0.1/callback"];
        let listed = RedirectUris::read(texts.map(str::to_owned).to_vec()).unwrap();
        for good in texts.into_iter().chain(["http://127.0.0.1:1/callback", "http://127.0.0.1:65535/callback"]) {
            assert!(listed.contain(good), "{good}");
        }
        for bad in [
            "https://app.example/callback/",
            "https://app.example/callback?a=b",
            "https://app.example:444/callback",
            "https://app.example/Callback",
            "https://app.example/%63allback",
            "https://app.example.evil.example/callback",
            "com.example.app:/callback2",
            "com.example.other:/callback",
            "http://127.0.0.1:80000/callback",
            "http://127.0.0.1:9000/other",
            "http://127.0.0.1:9000/callback#a",
            "http://127.0.0.1:9000@evil.example/callback",
            "http://127.0.0.2:9000/callback",
            "http://[::1]:9000/callback",
            "https://127.0.0.1:9000/callback",
            "http://127.1:9000/callback",
            "http://localhost:9000/callback",
        ] {
            assert!(!listed.contain(bad), "{bad}");
        }
    }
}
