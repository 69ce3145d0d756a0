use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use url::Url;

use crate::App;

/// Where to go after a log-in: a path of this origin, or an address of an origin in `server.cors_origins`.
///
/// Everything else would let a link to our own page lead to someone else's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReturnTo(String);

impl ReturnTo {
    /// Reads what a link asked for; `None` when it may not be followed.
    pub(crate) fn parse(app: &App, text: &str) -> Option<Self> {
        let issuer = Url::parse(&app.authority.settings().issuer).ok()?;
        parse(&issuer, &app.config.server.cors_origins.0, text).map(Self)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn parse(issuer: &Url, listed: &[String], text: &str) -> Option<String> {
    if text.len() > MOST_BYTES || text.contains(char::is_whitespace) || !is_plain(text) {
        return None;
    }
    if text.starts_with('/') {
        let url = issuer.join(text).ok()?;
        let path = &url[url::Position::BeforePath..];
        // Dots that were resolved can uncover a second slash.
        let stays = url.origin() == issuer.origin() && !path.starts_with("//");
        return stays.then(|| path.to_owned());
    }
    let url = Url::parse(text).ok()?;
    let origin = url.origin().ascii_serialization();
    let is_listed = listed.contains(&origin) && text.starts_with(&origin);
    let is_bare = url.username().is_empty() && url.password().is_none();
    (is_listed && is_bare && matches!(url.scheme(), "http" | "https")).then(|| url.into())
}

/// Whether no reader, however often it decodes, can see another address in it than the one that is meant.
fn is_plain(text: &str) -> bool {
    let mut decoded = Cow::Borrowed(text);
    for _ in 0..MOST_DECODED {
        if decoded.contains(|c: char| c.is_control() || c == '\\') || decoded.starts_with("//") {
            return false;
        }
        match percent_decode_str(&decoded).decode_utf8() {
            Ok(next) if next == decoded => return true,
            Ok(next) => decoded = Cow::Owned(next.into_owned()),
            Err(_) => return false,
        }
    }
    false
}

const MOST_BYTES: usize = 2048;
const MOST_DECODED: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        let listed = ["https://app.example".to_owned(), "http://localhost:3000".to_owned()];
        parse(&Url::parse("https://auth.example/tokenry").unwrap(), &listed, text)
    }

    #[test]
    fn a_path_of_this_origin_and_a_listed_origin_are_followed() {
        for good in [
            "/",
            "/orders/7?sort=up&page=2#row",
            "/a%20b/%EA%B9%80",
            "/search?q=50%25",
            "/next?url=https://evil.example/",
            "https://app.example/",
            "https://app.example/a?b=c#d",
            "http://localhost:3000/",
        ] {
            assert_eq!(read(good).as_deref(), Some(good));
        }
        assert_eq!(read("/김?b=c").as_deref(), Some("/%EA%B9%80?b=c"));
        assert_eq!(read("/a/../b/./c").as_deref(), Some("/b/c"));
        assert_eq!(read("https://app.example").as_deref(), Some("https://app.example/"));
    }

    #[test]
    fn open_redirects_are_refused() {
        for bad in OPEN_REDIRECTS {
            assert_eq!(read(bad), None, "{bad:?}");
        }
        assert_eq!(read(&format!("/{}", "a".repeat(MOST_BYTES))), None);
    }

    const OPEN_REDIRECTS: &[&str] = &[
        "",
        "orders",
        "?a",
        "#a",
        // absolute
        "https://evil.example/",
        "http://evil.example",
        "HTTPS://evil.example",
        "https:evil.example",
        "https:/evil.example",
        "https:///evil.example",
        "ftp://app.example/",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "blob:https://app.example/x",
        "view-source:https://app.example/",
        // nearly listed
        "https://app.example.evil.example/",
        "https://app.example@evil.example/",
        "https://user@app.example/",
        "https://app.example:444/",
        "https://appXexample/",
        "http://app.example/",
        "https://evil.example/https://app.example/",
        "https://evil.example?https://app.example",
        "https://evil.example#https://app.example",
        "null",
        // protocol-relative
        "//evil.example",
        "///evil.example",
        "////evil.example",
        "//evil.example/..",
        "/..//evil.example",
        "/.//evil.example",
        "/a/..//evil.example",
        "/../..//evil.example",
        "/%2e%2e//evil.example",
        "/%2e//evil.example",
        // backslash
        "/\\evil.example",
        "\\/evil.example",
        "\\\\evil.example",
        "/\\/evil.example",
        "https:\\\\evil.example",
        "https://app.example\\@evil.example/",
        "/a\\..\\\\evil.example",
        // encoded
        "%2f%2fevil.example",
        "/%2fevil.example",
        "/%2Fevil.example",
        "/%5cevil.example",
        "/%5C%5Cevil.example",
        "/%252fevil.example",
        "/%25252fevil.example",
        "/%2525252fevil.example",
        "/%255cevil.example",
        "%68ttps://evil.example",
        "/%ff/evil",
        // control characters and white space
        "/\t/evil.example",
        "/\n/evil.example",
        "/\r\nSet-Cookie: a=b",
        "/%0d%0aSet-Cookie:%20a=b",
        "/%09/evil.example",
        "/\u{0}",
        "/%00",
        " //evil.example",
        "\t//evil.example",
        "\u{1}https://app.example/",
        "/\u{85}/evil.example",
        "/\u{2028}/evil.example",
        "/\u{3000}/evil.example",
        "java\nscript:alert(1)",
    ];
}
