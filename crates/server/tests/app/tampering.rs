//! Tokens that are not what they say.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokenry_domain::audit::AuditKind;
use tokenry_jwt::{Algorithm, SigningKey, Unverified};

use crate::app::harness::{Anonymous, Holder, LoggedIn, START, Site};

/// What the real key signs when it is asked to.
fn signed(site: &Site, user: &LoggedIn, typ: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut claims = Unverified::parse(&user.access).unwrap().insecure_claims().clone();
    change(&mut claims);
    site.app.authority().keys().access().sign(typ, &claims).unwrap()
}

/// The same for a refresh token.
fn signed_refresh(site: &Site, user: &LoggedIn, typ: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut claims = Unverified::parse(&user.refresh).unwrap().insecure_claims().clone();
    change(&mut claims);
    site.app.authority().keys().refresh().sign(typ, &claims).unwrap()
}

fn encode(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

async fn is_refused(site: &Site, access: &str, code: &str) {
    site.get(&Holder(access), "/v1/me").await.is_problem(401, code);
}

#[tokio::test]
async fn an_access_token_does_not_refresh_and_a_refresh_token_does_not_access() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    site.refresh(&kim.access).await.is_problem(401, "refresh_invalid");
    for path in ["/v1/me", "/v1/sessions", "/v1/verify"] {
        site.get(&Holder(&kim.refresh), path).await.is_problem(401, "token_invalid");
    }
    // Nor with the other's type, signed by the own key.
    let access_as_refresh = signed(&site, &kim, "rt+jwt", |_| {});
    site.refresh(&access_as_refresh).await.is_problem(401, "refresh_invalid");
    is_refused(&site, &signed_refresh(&site, &kim, "at+jwt", |_| {}), "token_invalid").await;
}

#[tokio::test]
async fn header_payload_and_signature_are_all_guarded() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    for token in [&kim.access, &kim.refresh] {
        for at in (0..token.len()).step_by(5).chain([token.len() - 1]) {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(bytes).unwrap();
            is_refused(&site, &altered, "token_invalid").await;
            site.refresh(&altered).await.is_problem(401, "refresh_invalid");
        }
        for cut in [1, 2, token.len() / 2, token.len() - 1] {
            is_refused(&site, &token[..token.len() - cut], "token_invalid").await;
            site.refresh(&token[cut..]).await.is_problem(401, "refresh_invalid");
        }
    }
    assert_eq!(site.row(&kim).await.version, 0);
    site.accepts(&kim).await;
}

#[tokio::test]
async fn parts_of_two_genuine_tokens_do_not_mix() {
    let site = Site::new().await;
    let (kim, lee) = (site.signup("kim").await, site.signup("lee").await);
    let kims: Vec<&str> = kim.access.split('.').collect();
    let lees: Vec<&str> = lee.access.split('.').collect();
    for mixed in [[kims[0], lees[1], kims[2]], [kims[0], kims[1], lees[2]]] {
        is_refused(&site, &mixed.join("."), "token_invalid").await;
    }
}

#[tokio::test]
async fn none_is_no_algorithm_in_any_spelling() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    let kid = Unverified::parse(&kim.access).unwrap().insecure_header()["kid"].clone();
    for (token, typ) in [(&kim.access, "at+jwt"), (&kim.refresh, "rt+jwt")] {
        let payload = token.split('.').nth(1).unwrap();
        for alg in ["none", "None", "NONE", "nOnE", "none ", ""] {
            for header in [json!({ "alg": alg, "typ": typ }), json!({ "alg": alg, "typ": typ, "kid": kid })] {
                for signature in ["", "AA"] {
                    let forged = format!("{}.{payload}.{signature}", encode(&header));
                    is_refused(&site, &forged, "token_invalid").await;
                    site.refresh(&forged).await.is_problem(401, "refresh_invalid");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_shared_key_made_of_the_public_key_signs_nothing() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    let real = Unverified::parse(&kim.access).unwrap();
    let kid = real.insecure_header()["kid"].as_str().unwrap();
    let jwk = site.get(&Anonymous, "/.well-known/jwks.json").await.body["keys"][0].clone();
    let x = jwk["x"].as_str().unwrap();
    for secret in [x.as_bytes().to_vec(), BASE64_URL_SAFE_NO_PAD.decode(x).unwrap(), jwk.to_string().into_bytes()] {
        let confused = SigningKey::from_secret(Algorithm::Hs256, &secret).unwrap().with_key_id(kid);
        is_refused(&site, &confused.sign("at+jwt", real.insecure_claims()).unwrap(), "token_invalid").await;
    }
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256] {
        let stranger = SigningKey::generate(algorithm).unwrap().with_key_id(kid);
        is_refused(&site, &stranger.sign("at+jwt", real.insecure_claims()).unwrap(), "token_invalid").await;
    }
}

#[tokio::test]
async fn another_issuer_audience_or_type_is_refused() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    let issuer = |claims: &mut Value| claims["iss"] = "http://elsewhere.example".into();
    let audience = |claims: &mut Value| claims["aud"] = json!(["orders", "billing"]);
    is_refused(&site, &signed(&site, &kim, "at+jwt", issuer), "token_invalid").await;
    is_refused(&site, &signed(&site, &kim, "at+jwt", audience), "token_invalid").await;
    is_refused(&site, &signed(&site, &kim, "JWT", |_| {}), "token_invalid").await;
    for forged in [
        signed_refresh(&site, &kim, "rt+jwt", issuer),
        signed_refresh(&site, &kim, "rt+jwt", audience),
        signed_refresh(&site, &kim, "JWT", |_| {}),
    ] {
        site.refresh(&forged).await.is_problem(401, "refresh_invalid");
    }
}

#[tokio::test]
async fn times_are_seconds_and_are_kept() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    let with = |name: &str, value: Value| signed(&site, &kim, "at+jwt", |claims| claims[name] = value);
    is_refused(&site, &with("exp", json!(START)), "token_expired").await;
    is_refused(&site, &with("nbf", json!(START + 1)), "token_invalid").await;
    is_refused(&site, &with("iat", json!(START + 61)), "token_invalid").await;
    for fine in [with("exp", json!(START + 1)), with("nbf", json!(START)), with("iat", json!(START + 60))] {
        assert_eq!(site.get(&Holder(&fine), "/v1/me").await.status, 200);
    }
}

/// A shared key signs whatever text it is given, as the library itself would not.
#[tokio::test]
async fn a_genuine_signature_does_not_excuse_an_odd_payload() {
    let site = Site::with(|config| config.token.algorithm = Algorithm::Hs256).await;
    let kim = site.signup("kim").await;
    let key = site.app.authority().keys().access().to_bytes();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let (header, _) = kim.access.split_once('.').unwrap();
    let sign = |payload: &str| {
        let signed = format!("{header}.{}", BASE64_URL_SAFE_NO_PAD.encode(payload));
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes())))
    };
    let real = Unverified::parse(&kim.access).unwrap().insecure_claims().to_string();
    let exp = format!("\"exp\":{}", START + 3600);
    assert_eq!(site.get(&Holder(&sign(&real)), "/v1/me").await.status, 200);
    for odd in [
        "null".to_owned(),
        "-1".to_owned(),
        "1e400".to_owned(),
        format!("\"{}\"", START + 60),
        format!("[{}]", START + 60),
        format!("{}000", START + 60),
        format!("{},{exp}", START + 60),
        format!("{},\"\\u0065xp\":{}", START + 60, START + 60),
    ] {
        let payload = real.replace(&exp, &format!("\"exp\":{odd}"));
        assert_ne!(payload, real);
        is_refused(&site, &sign(&payload), "token_invalid").await;
    }
    is_refused(&site, &sign(&real.replace(&exp, "\"any\":1")), "token_invalid").await;
    is_refused(&site, &sign(&real.replace("\"sub\":\"", "\"sub\":\"\\u0000")), "token_invalid").await;
    is_refused(&site, &sign(&real.replace("\"sub\":\"", "\"sub\":\"\\ud800")), "token_invalid").await;
    is_refused(&site, &sign(&format!("{real}x")), "token_invalid").await;
}

#[tokio::test]
async fn the_subject_and_the_session_must_belong_together() {
    let site = Site::new().await;
    let (kim, lee) = (site.signup("kim").await, site.signup("lee").await);
    let lees = Unverified::parse(&lee.access).unwrap();
    let sub = signed(&site, &kim, "at+jwt", |claims| claims["sub"] = lees.insecure_claims()["sub"].clone());
    is_refused(&site, &sub, "token_revoked").await;
    let none = signed(&site, &kim, "at+jwt", |claims| drop(claims.as_object_mut().unwrap().remove("sid")));
    is_refused(&site, &none, "token_revoked").await;
}

#[tokio::test]
async fn a_forged_position_needs_the_sessions_secret_and_raises_the_alarm() {
    let site = Site::new().await;
    let (kim, lee) = (site.signup("kim").await, site.signup("lee").await);
    // Whoever has the signing key alone makes tokens of positions that never were.
    let ahead = signed_refresh(&site, &kim, "rt+jwt", |claims| claims["gen"] = 7.into());
    let sibling = signed_refresh(&site, &kim, "rt+jwt", |claims| claims["ord"] = 1.into());
    let elses = signed_refresh(&site, &kim, "rt+jwt", |claims| claims["sid"] = lee.session.as_str().into());
    for forged in [ahead, sibling, elses] {
        site.refresh(&forged).await.is_problem(401, "refresh_invalid");
        let logout = json!({ "refresh_token": forged });
        site.post(&Anonymous, "/v1/logout", logout).await.is_problem(401, "refresh_invalid");
    }
    assert_eq!(site.audit(AuditKind::RefreshForged).await.len(), 6);
    for user in [&kim, &lee] {
        site.accepts(user).await;
        assert_eq!(site.row(user).await.version, 0);
        assert_eq!(site.refresh(&user.refresh).await.status, 200);
    }
}

#[tokio::test]
async fn a_credential_that_is_no_bearer_token_is_refused() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    let send = async |values: &[String]| {
        let mut request = axum::http::Request::get("/v1/me");
        for value in values {
            request = request.header("authorization", value);
        }
        site.send(request.body(axum::body::Body::empty()).unwrap()).await
    };
    let good = format!("Bearer {}", kim.access);
    for value in ["", "Bearer", "Bearer ", "Basic a2lt", "Bearer a b", "Token x", &kim.access, &format!("{good},x")] {
        send(&[value.to_owned()]).await.is_problem(401, "token_invalid");
    }
    send(&[good.clone(), good.clone()]).await.is_problem(401, "token_invalid");
    assert_eq!(send(&[good.replace("Bearer", "bEARER")]).await.status, 200);
    let query = site.get(&Anonymous, &format!("/v1/me?access_token={}", kim.access)).await;
    query.is_problem(401, "token_missing");
    // Without a token there is no error to name (RFC 6750 section 3.1).
    assert_eq!(query.header("www-authenticate"), "Bearer realm=\"tokenry\"");
}
