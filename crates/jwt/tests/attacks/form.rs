//! Attacks on the form: JSON and base64url with two readings.

use super::*;

#[test]
fn a_token_of_a_megabyte() {
    let token = "a".repeat(1_000_000);
    assert_eq!(Secret::KEY.verify(&token).unwrap_err(), VerifyError::TooLarge);
    let token = Secret::KEY.sign(Secret::KEY.header(), &vec![b' '; 1_000_000]);
    assert_eq!(Secret::KEY.verify(&token).unwrap_err(), VerifyError::TooLarge);
}

#[test]
fn duplicate_members_in_the_payload() {
    let text = honest().to_string();
    let twice = |extra: &str| format!("{},{extra}}}", text.strip_suffix('}').unwrap());
    malformed(Secret::KEY.verify_payload(twice(r#""sub":"admin""#)));
    malformed(Secret::KEY.verify_payload(twice(r#""s\u0075b":"admin""#)));
    malformed(Secret::KEY.verify_payload(twice(r#""x":{"a":1,"a":1}"#)));
    malformed(Secret::KEY.verify_payload(twice(r#""x":[{"a":{"b":1,"\u0062":2}}]"#)));
    assert!(Secret::KEY.verify_payload(twice(r#""x":[{"a":1},{"a":1}]"#)).is_ok());
    let many: Vec<String> = (0..40).map(|i| format!(r#""m{i}":0"#)).collect();
    assert!(Secret::KEY.verify_payload(twice(&many.join(","))).is_ok());
    malformed(Secret::KEY.verify_payload(twice(&format!("{},\"m7\":0", many.join(",")))));
}

#[test]
fn duplicate_members_in_the_header() {
    malformed(Secret::KEY.verify_header(r#"{"alg":"none","alg":"HS256","typ":"at+jwt"}"#));
    malformed(Secret::KEY.verify_header(r#"{"alg":"HS256","typ":"at+jwt","x":{"a":1,"a":2}}"#));
}

#[test]
fn lone_surrogate() {
    for sub in [r"\ud800", r"\udc00", r"\ud800\ud800", r"\ud800x", r"\udc00\ud800", r"\uD83D\n"] {
        let payload = with("sub", json!("SUB")).to_string().replace("SUB", sub);
        malformed(Secret::KEY.verify_payload(payload));
    }
    let payload = with("sub", json!("SUB")).to_string().replace("SUB", r"\ud83d\ude00");
    assert_eq!(Secret::KEY.verify_payload(payload).unwrap().subject(), "😀");
}

#[test]
fn invalid_utf8() {
    for bytes in [&b"\xff"[..], b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe2\x82"] {
        let mut payload = honest().to_string().into_bytes();
        let at = payload.windows(6).position(|w| w == b"kimalo").unwrap();
        payload.splice(at..at, bytes.iter().copied());
        malformed(Secret::KEY.verify_payload(&payload));
        let mut header = br#"{"alg":"HS256","typ":"at+jwt","x":""#.to_vec();
        header.extend_from_slice(bytes);
        header.extend_from_slice(b"\"}");
        malformed(Secret::KEY.verify_header(header));
    }
}

#[test]
fn byte_order_mark() {
    malformed(Secret::KEY.verify_payload(format!("\u{feff}{}", honest())));
    malformed(Secret::KEY.verify_header("\u{feff}{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}"));
}

#[test]
fn json_nested_too_deeply() {
    let nested = |depth| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let payload = |depth| with("x", json!("X")).to_string().replace("\"X\"", &nested(depth));
    assert!(Secret::KEY.verify_payload(payload(15)).is_ok());
    malformed(Secret::KEY.verify_payload(payload(16)));
    malformed(Secret::KEY.verify_payload(payload(5000)));
    malformed(Secret::KEY.verify_payload("[".repeat(5000)));
}

#[test]
fn payload_not_an_object() {
    for payload in ["", "null", "[]", "\"x\"", "1", "{}{}", "{} x", "{", "{\"a\"}", "{\"a\":1,}", "{a:1}", "{'a':1}"] {
        malformed(Secret::KEY.verify_payload(payload));
    }
}

#[test]
fn numbers_that_parsers_disagree_on() {
    for number in ["01", "+1", "1.", ".5", "1e", "0x10", "NaN", "Infinity", "-", "1e999", "1_000"] {
        let payload = with("x", json!("X")).to_string().replace("\"X\"", number);
        malformed(Secret::KEY.verify_payload(payload));
    }
}

#[test]
fn padding() {
    let token = Secret::KEY.sign(Secret::KEY.header(), honest().to_string().as_bytes());
    let parts: Vec<&str> = token.split('.').collect();
    malformed(Secret::KEY.verify(&format!("{token}=")));
    malformed(Secret::KEY.verify(&Secret::KEY.sign_encoded(&format!("{}=", parts[0]), parts[1])));
    malformed(Secret::KEY.verify(&Secret::KEY.sign_encoded(parts[0], &format!("{}=", parts[1]))));
}

#[test]
fn trailing_bits() {
    let key = ed25519();
    let token = key.sign("at+jwt", &honest()).unwrap();
    // 64 bytes take 86 characters; the last one has four unused bits.
    let last = token.chars().last().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let value = alphabet.find(last).unwrap();
    let same_bytes = alphabet.chars().nth(value ^ 1).unwrap();
    malformed(verify(&format!("{}{same_bytes}", &token[..token.len() - 1]), &key));
}

#[test]
fn characters_outside_the_alphabet() {
    let token = Secret::KEY.sign(Secret::KEY.header(), honest().to_string().as_bytes());
    for token in [
        format!("{token}\n"),
        format!(" {token}"),
        format!("{token}."),
        format!("{token}.AA"),
        format!(".{token}"),
        token.replace('.', ".."),
        token.replace('.', "\u{ff0e}"),
        token.replacen('e', "\u{435}", 1),
    ] {
        malformed(Secret::KEY.verify(&token));
    }
    for token in ["", ".", "..", "...", "a", "a.b", "a.b.c"] {
        malformed(Secret::KEY.verify(token));
    }
}
