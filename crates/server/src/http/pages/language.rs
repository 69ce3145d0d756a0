use axum::http::header::{ACCEPT_LANGUAGE, COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use cookie::{Cookie, SameSite};

use super::texts::{ENGLISH, KOREAN, Texts};

/// A language of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Korean,
}

impl Language {
    pub(crate) const ALL: [Self; 2] = [Self::English, Self::Korean];

    /// The one that was chosen before, or else the one that the browser prefers.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        chosen_before(headers).unwrap_or_else(|| preferred(headers))
    }

    /// Its tag (RFC 5646).
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Korean => "ko",
        }
    }

    pub(super) fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }

    /// What it calls itself.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Korean => "한국어",
        }
    }

    pub(super) const fn texts(self) -> &'static Texts {
        match self {
            Self::English => &ENGLISH,
            Self::Korean => &KOREAN,
        }
    }

    /// The header that remembers it as chosen.
    pub(super) fn remember(self, secure: bool) -> Option<HeaderValue> {
        let cookie = Cookie::build((COOKIE_NAME, self.tag())).path("/").http_only(true).same_site(SameSite::Lax);
        let cookie = cookie.max_age(cookie::time::Duration::days(365)).secure(secure);
        HeaderValue::from_str(&cookie.build().to_string()).ok()
    }
}

fn chosen_before(headers: &HeaderMap) -> Option<Language> {
    let texts = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut cookies = texts.flat_map(Cookie::split_parse).filter_map(Result::ok);
    cookies.find_map(|cookie| (cookie.name() == COOKIE_NAME).then(|| Language::from_tag(cookie.value())).flatten())
}

/// The better of the two in `Accept-Language` (RFC 9110 section 12.5.4).
fn preferred(headers: &HeaderMap) -> Language {
    let Some(header) = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()) else {
        return Language::English;
    };
    let weight = |language: &str| {
        let ranges = header.split(',').filter_map(|range| {
            let mut parts = range.split(';');
            let tag = parts.next()?.trim();
            let quality = parts.find_map(|part| part.trim().strip_prefix("q=")?.parse::<f32>().ok());
            tag.split('-').next()?.eq_ignore_ascii_case(language).then(|| quality.unwrap_or(1.0))
        });
        ranges.fold(0.0, f32::max)
    };
    let (korean, english) = (weight("ko"), weight("en"));
    let position = |language| header.to_ascii_lowercase().find(language).unwrap_or(usize::MAX);
    let is_first = korean > 0.0 && (korean - english).abs() < f32::EPSILON && position("ko") < position("en");
    if korean > english || is_first { Language::Korean } else { Language::English }
}

const COOKIE_NAME: &str = "lang";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_the_one_preferred() {
        for (header, expected) in [
            ("", Language::English),
            ("ko", Language::Korean),
            ("ko-KR,ko;q=0.9,en;q=0.8", Language::Korean),
            ("en-US,en;q=0.9,ko;q=0.8", Language::English),
            ("en;q=0.1, KO;q=0.2", Language::Korean),
            ("fr, ko;q=0.5", Language::Korean),
            ("ko;q=0", Language::English),
            ("en,ko", Language::English),
            ("nonsense;;q=x,,", Language::English),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, header.parse().unwrap());
            assert_eq!(Language::of(&headers), expected, "{header}");
        }
    }

    #[test]
    fn a_choice_goes_before_a_preference() {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, "en".parse().unwrap());
        for (cookie, expected) in
            [("a=b; lang=ko", Language::Korean), ("lang=fr", Language::English), ("lang=en; x", Language::English)]
        {
            headers.insert(COOKIE, cookie.parse().unwrap());
            assert_eq!(Language::of(&headers), expected, "{cookie}");
        }
    }
}
