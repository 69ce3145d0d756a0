//! Why a token fails: every reason that can be found, not only the first.

use std::fmt::Write;

use serde_json::{Value, json};
use tokenry_jwt::{Algorithm, KeySet, Unverified, Verifier, VerifyError, VerifyingKey};

use super::render::{moment, safe, seconds, span};
use crate::cli::Failure;

/// What is known of where the token is to be used.
pub(super) struct Question<'a> {
    pub keys: Option<&'a KeySet>,
    pub issuer: Option<String>,
    pub audience: Option<String>,
    pub typ: String,
    pub now: i64,
}

/// What a token says and what is wrong with it.
pub(super) struct Explanation {
    header: Value,
    claims: Value,
    problems: Vec<Problem>,
    notes: Vec<String>,
}

/// One thing that is wrong.
#[derive(Debug, PartialEq)]
pub(super) struct Problem {
    code: &'static str,
    detail: String,
}

impl Question<'_> {
    pub(super) fn explain(&self, token: &str) -> Explanation {
        let mut problems = Vec::new();
        let mut add = |code, detail: String| problems.push(Problem { code, detail });
        let pasted = token.trim().trim_matches(['"', '\'']);
        let clean = pasted.strip_prefix("Bearer ").or_else(|| pasted.strip_prefix("bearer ")).unwrap_or(pasted).trim();
        if clean != token {
            add("pasted", "there is white space, a quotation mark or `Bearer ` around the token".to_owned());
        }
        let parts = clean.split('.').count();
        match parts {
            3 => {}
            5 => add("encrypted", "five parts: this is an encrypted token (JWE), not a signed one".to_owned()),
            2 => add("unsigned", "two parts: the signature is missing".to_owned()),
            _ => add("parts", format!("{parts} parts where a signed token has three")),
        }
        if clean.contains(['+', '/']) {
            add("base64", "`+` or `/`: encoded with standard base64 instead of base64url".to_owned());
        }
        if clean.contains('=') {
            add("padding", "`=`: base64url in tokens has no padding (RFC 7515 section 2)".to_owned());
        }
        let (header, claims) = match Unverified::parse(clean) {
            Ok(peeked) => (peeked.insecure_header().clone(), peeked.insecure_claims().clone()),
            Err(error) => {
                add(error.reason(), error.to_string());
                return Explanation { header: Value::Null, claims: Value::Null, problems, notes: Vec::new() };
            }
        };
        let mut explanation = Explanation { header, claims, problems, notes: Vec::new() };
        self.judge_header(&mut explanation);
        self.judge_times(&mut explanation);
        self.judge_names(&mut explanation);
        self.judge_signature(clean, &mut explanation);
        explanation
    }

    fn judge_header(&self, out: &mut Explanation) {
        let header = out.header.clone();
        match header["alg"].as_str() {
            Some(alg) if alg.eq_ignore_ascii_case("none") => {
                out.problem("algorithm", "`alg` is none: anyone can make such a token. It is never accepted");
            }
            Some(alg) if alg.parse::<Algorithm>().is_err() => {
                out.problem("algorithm", format!("`alg` is {alg:?}, which is not known here"));
            }
            Some(_) => {}
            None => out.problem("algorithm", "`alg` is missing"),
        }
        let typ = header["typ"].as_str().unwrap_or_default().to_ascii_lowercase();
        let typ = typ.strip_prefix("application/").unwrap_or(&typ).to_owned();
        if typ != self.typ.to_ascii_lowercase() {
            let what = match typ.as_str() {
                "rt+jwt" => " (a refresh token: it goes to /v1/refresh and nowhere else)".to_owned(),
                "at+jwt" => " (an access token)".to_owned(),
                "" => " (the member is missing)".to_owned(),
                _ => String::new(),
            };
            out.problem("type", format!("`typ` is {typ:?}{what}; {:?} is expected", self.typ));
        }
        for name in ["jwk", "jku", "x5u", "x5c"] {
            if header.get(name).is_some() {
                out.notes.push(format!("`{name}` in the header is ignored: a token can't bring its own key"));
            }
        }
        if header.get("crit").is_some() {
            out.problem("critical", "`crit` names extensions, and none is known here (RFC 7515 section 4.1.11)");
        }
    }

    fn judge_times(&self, out: &mut Explanation) {
        let claims = out.claims.clone();
        for name in ["exp", "nbf", "iat"] {
            let value = &claims[name];
            match seconds(value) {
                Some(at) if at > MAX_DATE => {
                    let detail = format!(
                        "`{name}` is {at}: milliseconds, it seems. In seconds it would be {}",
                        moment(at / 1000, self.now)
                    );
                    out.problem("milliseconds", detail);
                }
                Some(at) if at < 0 => out.problem("invalid_claim", format!("`{name}` lies before 1970")),
                None if !value.is_null() => {
                    out.problem("invalid_claim", format!("`{name}` must be a number of seconds"));
                }
                _ => {}
            }
        }
        let date = |name: &str| seconds(&claims[name]).filter(|at| (0..=MAX_DATE).contains(at));
        match date("exp") {
            Some(exp) if exp <= self.now => {
                out.problem("expired", format!("expired {} ago", span(self.now.saturating_sub(exp))));
            }
            None if claims["exp"].is_null() => out.problem("missing_claim", "`exp` is missing: it would never end"),
            _ => {}
        }
        if let Some(nbf) = date("nbf").filter(|nbf| *nbf > self.now) {
            out.problem("not_yet_valid", format!("not valid before {}", moment(nbf, self.now)));
        }
        if let Some(iat) = date("iat").filter(|iat| *iat > self.now + 60) {
            let ahead = span(iat - self.now);
            out.problem("issued_in_future", format!("issued {ahead} in the future: a clock is wrong"));
        }
        if let Some(life) = date("exp").zip(date("iat")).map(|(exp, iat)| exp - iat).filter(|life| *life > 86_400) {
            out.notes.push(format!("it lives for {}: long for a token that can't be taken back", span(life)));
        }
    }

    fn judge_names(&self, out: &mut Explanation) {
        let claims = out.claims.clone();
        if !claims["sub"].as_str().is_some_and(|sub| !sub.is_empty() && !sub.chars().any(char::is_control)) {
            let code = if claims["sub"].is_null() { "missing_claim" } else { "invalid_claim" };
            out.problem(code, "`sub` must be a non-empty text without control characters");
        }
        match (claims["iss"].as_str(), &self.issuer) {
            (None, _) => out.problem("missing_claim", "`iss` is missing"),
            (Some(found), Some(expected)) if found != expected => {
                let plain = |text: &str| text.trim_end_matches('/').to_ascii_lowercase().replace("http://", "https://");
                let hint = match plain(found) == plain(expected) {
                    true => "; only the scheme, a slash at the end or letter case differs, and all of it counts",
                    false => "",
                };
                out.problem("issuer", format!("issued by {found:?}, expected is {expected:?}{hint}"));
            }
            _ => {}
        }
        let audiences: Vec<&str> = match &claims["aud"] {
            Value::String(one) => vec![one],
            Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        match &self.audience {
            _ if audiences.is_empty() => out.problem("missing_claim", "`aud` is missing"),
            Some(expected) if !audiences.contains(&expected.as_str()) => {
                out.problem("audience", format!("for {audiences:?}, expected is {expected:?}"));
            }
            _ => {}
        }
    }

    fn judge_signature(&self, token: &str, out: &mut Explanation) {
        if let Some(secret) = weak_secret(token, &out.header) {
            out.problem(
                "weak_secret",
                format!("signed with the well-known secret {secret:?}: anyone can make such tokens"),
            );
        }
        let Some(keys) = self.keys else {
            out.notes.push("no keys were given, so the signature was not judged".to_owned());
            return;
        };
        let issuer = out.claims["iss"].as_str().unwrap_or_default().to_owned();
        let verifier = Verifier::new(issuer, ["any"]).typ(out.header["typ"].as_str().unwrap_or_default());
        match verifier.verify_genuine(token, keys) {
            Ok(_) => out.notes.push("the signature is good".to_owned()),
            Err(VerifyError::UnknownKey { .. }) => {
                let known: Vec<&str> = keys.iter().filter_map(VerifyingKey::key_id).collect();
                let kid = out.header["kid"].as_str().unwrap_or("(none)").to_owned();
                let detail = format!("no key {kid:?}: retired, or another issuer's. Known are {known:?}");
                out.problem("unknown_key", detail);
            }
            Err(VerifyError::Signature) => {
                out.problem("signature", "the signature does not fit: altered, or signed with another key");
            }
            Err(error) if out.problems.iter().any(|problem| problem.code == error.reason()) => {}
            Err(error) => out.problem(error.reason(), error.to_string()),
        }
    }
}

impl Explanation {
    fn problem(&mut self, code: &'static str, detail: impl Into<String>) {
        self.problems.push(Problem { code, detail: detail.into() });
    }

    /// Success when nothing is wrong.
    pub(super) fn verdict(&self) -> Result<(), Failure> {
        match self.problems.len() {
            0 => Ok(()),
            number => Err(Failure::new("token_invalid", format!("{number} problems were found"))),
        }
    }

    pub(super) fn as_json(&self) -> String {
        let problems: Vec<Value> =
            self.problems.iter().map(|problem| json!({ "code": problem.code, "detail": problem.detail })).collect();
        let verdict = if problems.is_empty() { "good" } else { "bad" };
        let all = json!({ "verdict": verdict, "problems": problems, "notes": self.notes, "header": self.header, "claims": self.claims });
        format!("{}\n", safe(&all))
    }

    pub(super) fn as_text(&self, now: i64) -> String {
        let mut text = String::new();
        for (part, value) in [("header", &self.header), ("claims", &self.claims)] {
            let Some(members) = value.as_object() else { continue };
            let _ = writeln!(text, "{part}");
            for (name, value) in members {
                let meaning =
                    MEANINGS.iter().find(|(known, _)| known == name).map_or("the application's own", |(_, m)| m);
                let shown = match (name.as_str(), seconds(value)) {
                    ("exp" | "nbf" | "iat" | "auth_time", Some(at)) => format!("{at}, {}", moment(at, now)),
                    _ => safe(value).replace('\n', " "),
                };
                let _ = writeln!(text, "  {}: {shown}\n      {meaning}", safe(&name.as_str().into()).trim_matches('"'));
            }
        }
        for note in &self.notes {
            let _ = writeln!(text, "note: {note}");
        }
        for problem in &self.problems {
            let _ = writeln!(text, "problem: {} ({})", problem.detail.escape_debug(), problem.code);
        }
        text.push_str(if self.problems.is_empty() { "nothing is wrong with it\n" } else { "it would be refused\n" });
        text
    }
}

/// A secret that is in every guesser's list, if the token was signed with one.
fn weak_secret(token: &str, header: &Value) -> Option<&'static str> {
    let algorithm: Algorithm = header["alg"].as_str()?.parse().ok()?;
    if !algorithm.is_symmetric() {
        return None;
    }
    WEAK.iter().copied().find(|secret| {
        // A secret shorter than the hash can't be made a key here; padding HMAC keys with zeros changes nothing.
        let mut bytes = secret.as_bytes().to_vec();
        bytes.resize(bytes.len().max(64), 0);
        VerifyingKey::from_secret(algorithm, &bytes).is_ok_and(|key| {
            let verifier = Verifier::new("", [""]).typ(header["typ"].as_str().unwrap_or_default());
            let judged = verifier.verify_genuine(token, &KeySet::from(key));
            !matches!(
                judged,
                Err(VerifyError::Signature
                    | VerifyError::UnknownKey { .. }
                    | VerifyError::Algorithm { .. }
                    | VerifyError::Malformed(_))
            )
        })
    })
}

/// The latest NumericDate that is taken for seconds.
const MAX_DATE: i64 = 100_000_000_000;

const WEAK: &[&str] = &[
    "secret",
    "Secret",
    "SECRET",
    "secretkey",
    "secret_key",
    "secret-key",
    "mysecret",
    "my-secret",
    "mysecretkey",
    "supersecret",
    "super-secret",
    "supersecretkey",
    "topsecret",
    "jwt",
    "jwtsecret",
    "jwt_secret",
    "jwt-secret",
    "JWT_SECRET",
    "key",
    "private",
    "privatekey",
    "password",
    "Password",
    "passw0rd",
    "changeme",
    "change-me",
    "default",
    "test",
    "testing",
    "dev",
    "development",
    "example",
    "admin",
    "root",
    "1234",
    "123456",
    "12345678",
    "1234567890",
    "qwerty",
    "letmein",
    "shhhhh",
    "shhh",
    "keyboard cat",
    "your-256-bit-secret",
    "your-384-bit-secret",
    "your-512-bit-secret",
    "a-string-secret-at-least-256-bits-long",
    "a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long",
    "django-insecure",
    "insecure",
    "hello",
    "abc123",
];

const MEANINGS: &[(&str, &str)] = &[
    ("alg", "how it is signed (RFC 7515 section 4.1.1)"),
    ("kid", "which key signed it (RFC 7515 section 4.1.4)"),
    ("typ", "what kind of token it is (RFC 7515 section 4.1.9)"),
    ("iss", "who issued it (RFC 7519 section 4.1.1)"),
    ("sub", "whom it is about (RFC 7519 section 4.1.2)"),
    ("aud", "who may accept it (RFC 7519 section 4.1.3)"),
    ("exp", "when it ends (RFC 7519 section 4.1.4)"),
    ("nbf", "when it begins (RFC 7519 section 4.1.5)"),
    ("iat", "when it was issued (RFC 7519 section 4.1.6)"),
    ("jti", "its own identifier (RFC 7519 section 4.1.7)"),
    ("sid", "the session that it belongs to"),
    ("client_id", "the client that asked for it (RFC 8693 section 4.3)"),
    ("scope", "what it may be used for (RFC 8693 section 4.2)"),
    ("roles", "the user's roles (RFC 9068 section 2.2.3.1)"),
    ("auth_time", "when the user logged in (RFC 9068 section 2.2.1)"),
    ("amr", "how the user logged in (RFC 8176)"),
    ("cnf", "the key that it is bound to (RFC 7800)"),
    ("gen", "a refresh token's generation"),
    ("ord", "a refresh token's place among its siblings"),
];

#[cfg(test)]
mod tests {
    use tokenry_jwt::SigningKey;

    use super::*;

    const NOW: i64 = 1_764_000_000;

    fn key() -> SigningKey {
        SigningKey::from_secret(Algorithm::Hs256, &[7; 32]).unwrap()
    }

    fn codes(claims: &Value, typ: &str) -> Vec<&'static str> {
        codes_of(&key().sign(typ, claims).unwrap())
    }

    fn codes_of(token: &str) -> Vec<&'static str> {
        let keys = KeySet::from(key().verifying_key());
        let question = Question {
            keys: Some(&keys),
            issuer: Some("https://a.example".to_owned()),
            audience: Some("orders".to_owned()),
            typ: "at+jwt".to_owned(),
            now: NOW,
        };
        question.explain(token).problems.iter().map(|problem| problem.code).collect()
    }

    fn good() -> Value {
        json!({ "iss": "https://a.example", "aud": "orders", "sub": "kim", "iat": NOW - 10, "exp": NOW + 60 })
    }

    #[test]
    fn a_good_token_has_no_problem() {
        assert_eq!(codes(&good(), "at+jwt"), Vec::<&str>::new());
    }

    #[test]
    fn all_problems_are_found_at_once() {
        let claims = json!({ "iss": "http://a.example/", "aud": "billing", "sub": "", "exp": NOW - 180 });
        assert_eq!(codes(&claims, "rt+jwt"), ["type", "expired", "invalid_claim", "issuer", "audience"]);
    }

    #[test]
    fn what_was_pasted_around_it_is_seen_through() {
        let token = key().sign("at+jwt", &good()).unwrap();
        assert_eq!(codes_of(&format!(" Bearer {token}\n")), ["pasted"]);
        assert_eq!(codes_of(&format!("\"{token}\"")), ["pasted"]);
    }

    #[test]
    fn an_altered_token_and_a_strange_key_are_told_apart() {
        let token = key().sign("at+jwt", &good()).unwrap();
        let other = SigningKey::from_secret(Algorithm::Hs256, &[8; 32]).unwrap().sign("at+jwt", &good()).unwrap();
        let (signed, _) = token.rsplit_once('.').unwrap();
        let (_, signature) = other.rsplit_once('.').unwrap();
        assert_eq!(codes_of(&format!("{signed}.{signature}")), ["signature"]);
    }

    #[test]
    fn a_well_known_secret_is_named() {
        let mut bytes = b"your-256-bit-secret".to_vec();
        bytes.resize(32, 0);
        let token = SigningKey::from_secret(Algorithm::Hs256, &bytes).unwrap().sign("at+jwt", &good()).unwrap();
        assert_eq!(codes_of(&token), ["weak_secret", "signature"]);
    }

    #[test]
    fn nothing_breaks_it() {
        for token in ["", ".", "..", "a.b.c", "a.b.c.d.e", "\u{0}", "💥.💥.💥", &"a".repeat(100_000)] {
            assert!(!codes_of(token).is_empty(), "{token}");
        }
    }
}
