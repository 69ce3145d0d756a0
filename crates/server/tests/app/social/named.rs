//! The providers that are known by name, each with its own manners, and any other by its issuer.

use axum::http::Method;
use serde_json::{Value, json};

use super::double::{ADMIN_KEY, Double, Forgery, Kind, Mood, NAMED, Person, Place, WITH_ID_TOKEN};
use super::upstream::Asked;
use crate::app::harness::{Answer, START, Site};
use crate::app::pages::browser::Browser;

/// What is made of an ID token's claims.
type Change = fn(&mut Value);

/// A site and one provider.
struct Pair {
    site: Site,
    double: Double,
}

impl Pair {
    async fn new(kind: Kind) -> Self {
        Self::with(kind, |_| {}).await
    }

    async fn with(kind: Kind, change: impl FnOnce(&mut tokenry::Config)) -> Self {
        let mut made = tokenry::Config::default();
        let double = Double::start(kind, &mut made).await;
        let site = Site::with(|config| {
            config.social = made.social;
            change(config);
        })
        .await;
        Self { site, double }
    }

    async fn depart(&self, browser: &mut Browser) -> Asked {
        let answer = browser.get(&self.site, &format!("/social/{}", self.double.kind.name())).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        Asked::read(answer.header("location"))
    }

    /// Comes back as the provider sends people back.
    async fn come_back(&self, browser: &mut Browser, brought: &str) -> Answer {
        let path = format!("/social/{}/callback", self.double.kind.name());
        match self.double.kind {
            Kind::Apple => browser.send(&self.site, Method::POST, &path, "cross-site", brought.to_owned()).await,
            _ => {
                let path = format!("{path}?{brought}");
                browser.send(&self.site, Method::GET, &path, "cross-site", String::new()).await
            }
        }
    }

    async fn log_in(&self, browser: &mut Browser) -> Answer {
        let asked = self.depart(browser).await;
        let brought = self.double.consent(&asked);
        self.come_back(browser, &brought).await
    }

    /// The account that someone gets into.
    async fn account(&self) -> Value {
        let mut browser = Browser::default();
        let answer = self.log_in(&mut browser).await;
        assert_eq!(answer.status, 303, "{:?}: {answer:?}", self.double.kind);
        browser.get(&self.site, "/v1/me").await.body
    }

    /// That it came to nothing.
    async fn fails(&self, status: u16, why: &str) {
        let mut browser = Browser::default();
        let answer = self.log_in(&mut browser).await;
        let kind = self.double.kind;
        assert_eq!(answer.status, status, "{kind:?}, {why}: {answer:?}");
        assert!(!browser.is_logged_in(&self.site).await, "{kind:?}, {why}");
    }

    async fn notify(&self, headers: &[(&'static str, String)], body: &str) -> u16 {
        let mut browser = Browser::default();
        browser.headers = headers.to_vec();
        let path = format!("/social/{}/notice", self.double.kind.name());
        browser.send(&self.site, Method::POST, &path, "none", body.to_owned()).await.status
    }
}

#[tokio::test]
async fn people_log_in_by_way_of_each() {
    for kind in NAMED.into_iter().chain([Kind::Openid]) {
        let pair = Pair::new(kind).await;
        let mut browser = Browser::default();
        let asked = pair.depart(&mut browser).await;
        let has = |name: &str| asked.address.query_pairs().any(|(found, _)| found == name);
        assert_eq!(has("code_challenge"), kind.has_pkce(), "{kind:?}");
        assert_eq!(has("nonce"), kind.has_id_token(), "{kind:?}");
        assert_eq!(has("response_mode"), kind == Kind::Apple, "{kind:?}");
        let brought = pair.double.consent(&asked);
        let answer = pair.come_back(&mut browser, &brought).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/account?notice=welcome"), "{kind:?}");
        let me = browser.get(&pair.site, "/v1/me").await.body;
        assert_eq!(me["email"], "kim@gmail.com", "{kind:?}");
        // Facebook and Naver do not say that they have checked it.
        let is_verified = !matches!(kind, Kind::Facebook | Kind::Naver);
        assert_eq!(me["email_verified"], is_verified, "{kind:?}");
        let identities = browser.get(&pair.site, "/v1/me/identities").await.body;
        let identity = &identities["identities"][0];
        assert_eq!((&identity["issuer"], &identity["subject"]), (&json!(pair.double.issuer()), &json!("1001")));
        // The same callback again is worth nothing.
        assert_eq!(pair.come_back(&mut browser, &brought).await.status, 400, "{kind:?}");
    }
}

#[tokio::test]
async fn who_declines_is_told_so() {
    for kind in NAMED {
        let pair = Pair::new(kind).await;
        let mut browser = Browser::default();
        let asked = pair.depart(&mut browser).await;
        let error = if kind == Kind::Apple { "user_cancelled_authorize" } else { "access_denied" };
        let brought = format!("error={error}&error_description=User+denied+access&state={}", asked.get("state"));
        assert_eq!(pair.come_back(&mut browser, &brought).await.status, 403, "{kind:?}");
        assert!(!browser.is_logged_in(&pair.site).await);
    }
}

#[tokio::test]
async fn an_expired_code_and_a_wrong_secret_are_told_apart() {
    for kind in NAMED.into_iter().chain([Kind::Openid]) {
        let pair = Pair::new(kind).await;
        let mut browser = Browser::default();
        let asked = pair.depart(&mut browser).await;
        let brought = pair.double.consent(&asked);
        pair.double.expire_codes();
        assert_eq!(pair.come_back(&mut browser, &brought).await.status, 400, "{kind:?}");
        pair.double.books().has_other_secret = true;
        pair.fails(502, "another secret").await;
        pair.double.books().has_other_secret = false;
        pair.account().await;
    }
}

#[tokio::test]
async fn an_address_may_be_unverified_missing_or_another_one_later() {
    for kind in NAMED.into_iter().chain([Kind::Openid]) {
        let pair = Pair::new(kind).await;
        for verified in [json!(false), Value::Null] {
            let (subject, email) = if verified.is_null() { ("1", "lee@gmail.com") } else { ("2", "han@gmail.com") };
            let mut person = pair.double.books().person.clone();
            (person.subject, person.email, person.verified) = (subject, Some(email), verified);
            pair.double.books().person = person;
            let me = pair.account().await;
            assert_eq!((&me["email"], &me["email_verified"]), (&json!(email), &json!(false)), "{kind:?}");
        }
        pair.double.books().person.subject = "3";
        pair.double.books().person.email = None;
        let me = pair.account().await;
        assert_eq!(me["email"], Value::Null, "{kind:?}");
        pair.double.books().person.email = Some("new@gmail.com");
        pair.double.books().person.verified = json!(true);
        assert_eq!(pair.account().await["id"], me["id"], "{kind:?}");
    }
}

#[tokio::test]
async fn only_what_is_true_is_true_and_apples_text() {
    for kind in WITH_ID_TOKEN.into_iter().chain([Kind::Github]) {
        let pair = Pair::new(kind).await;
        for (index, said) in [json!("true"), json!("false"), json!(1), json!("yes"), json!([true])].iter().enumerate() {
            let subject = ["1", "2", "3", "4", "5"][index];
            let email = ["a@gmail.com", "b@gmail.com", "c@gmail.com", "d@gmail.com", "e@gmail.com"][index];
            pair.double.books().person = Person { subject, email: Some(email), verified: said.clone() };
            let expected = kind == Kind::Apple && *said == "true";
            assert_eq!(pair.account().await["email_verified"], expected, "{kind:?} {said}");
        }
    }
}

#[tokio::test]
async fn google_vouches_for_its_own_addresses_alone() {
    let pair = Pair::new(Kind::Google).await;
    pair.double.books().person.email = Some("kim@example.com");
    assert_eq!(pair.account().await["email_verified"], false);
    pair.double.books().person.subject = "1002";
    pair.double.books().person.email = Some("kim@company.example");
    pair.double.books().claims = |claims| claims["hd"] = json!("company.example");
    assert_eq!(pair.account().await["email_verified"], true);
}

#[tokio::test]
async fn whether_a_provider_is_believed_about_addresses_can_be_configured() {
    for (kind, trust) in [(Kind::Google, false), (Kind::Naver, true), (Kind::Facebook, true), (Kind::Openid, false)] {
        let change = |config: &mut tokenry::Config| {
            config.social.get_mut(kind.name()).unwrap().trust_email = Some(trust);
        };
        let pair = Pair::with(kind, change).await;
        assert_eq!(pair.account().await["email_verified"], trust, "{kind:?}");
    }
}

#[tokio::test]
async fn apple_says_a_name_once_and_what_it_posts_beside_the_code_gives_no_address() {
    let pair = Pair::new(Kind::Apple).await;
    pair.double.books().person.email = None;
    let mut browser = Browser::default();
    let asked = pair.depart(&mut browser).await;
    let user = json!({ "name": { "firstName": "Kim", "lastName": "Alo\r\nx" }, "email": "root@example.com" });
    let user: String = url::form_urlencoded::byte_serialize(user.to_string().as_bytes()).collect();
    let brought = format!("{}&user={user}", pair.double.consent(&asked));
    assert_eq!(pair.come_back(&mut browser, &brought).await.status, 303);
    assert_eq!(browser.get(&pair.site, "/v1/me").await.body["email"], Value::Null);
    let identities = browser.get(&pair.site, "/v1/me/identities").await.body;
    assert_eq!(identities["identities"][0]["label"], "Kim Alox");
}

#[tokio::test]
async fn a_token_that_is_not_the_one_that_was_asked_for_lets_no_one_in() {
    for kind in WITH_ID_TOKEN {
        let pair = Pair::new(kind).await;
        for forgery in [Forgery::Unsigned, Forgery::Secret, Forgery::PublicKey, Forgery::OtherKey] {
            pair.double.books().forgery = forgery;
            pair.fails(502, &format!("{forgery:?}")).await;
        }
        pair.double.books().forgery = Forgery::None;
        let changes: [(&str, Change); 12] = [
            ("of another application", |claims| claims["aud"] = json!("another")),
            ("of several without azp", |claims| claims["aud"] = json!(["client", "another"])),
            ("authorized for another", |claims| claims["azp"] = json!("another")),
            ("of another tenant", |claims| claims["iss"] = json!("https://accounts.google.com/other")),
            ("of an issuer of the attacker's", |claims| claims["iss"] = json!("https://attacker.example")),
            ("expired", |claims| claims["exp"] = json!(START - 61)),
            ("that never expires", |claims| _ = claims.as_object_mut().unwrap().remove("exp")),
            ("of the future", |claims| claims["iat"] = json!(START + 600)),
            ("of another log-in", |claims| claims["nonce"] = json!("another")),
            ("of no log-in", |claims| _ = claims.as_object_mut().unwrap().remove("nonce")),
            ("of no one", |claims| _ = claims.as_object_mut().unwrap().remove("sub")),
            ("of an empty one", |claims| claims["sub"] = json!("")),
        ];
        for (why, change) in changes {
            pair.double.books().claims = change;
            pair.fails(502, why).await;
        }
        pair.double.books().claims = |_| {};
        pair.double.books().has_id_token = false;
        pair.fails(502, "without any").await;
        pair.double.books().has_id_token = true;
        pair.account().await;
    }
}

#[tokio::test]
async fn keys_that_change_in_mid_log_in_do_no_harm() {
    for kind in WITH_ID_TOKEN {
        let pair = Pair::new(kind).await;
        pair.account().await;
        assert_eq!(pair.double.key_fetches(), 1);
        let mut browser = Browser::default();
        let asked = pair.depart(&mut browser).await;
        let brought = pair.double.consent(&asked);
        pair.double.books().keys = vec![tokenry_jwt::SigningKey::generate(tokenry_jwt::Algorithm::Rs256).unwrap()];
        assert_eq!(pair.come_back(&mut browser, &brought).await.status, 303, "{kind:?}");
        assert_eq!(pair.double.key_fetches(), 2);
        pair.account().await;
        assert_eq!(pair.double.key_fetches(), 2, "those that are known are not fetched again");
    }
}

#[tokio::test]
async fn a_profile_of_someone_else_is_not_taken() {
    let pair = Pair::new(Kind::Kakao).await;
    pair.double.books().claims = |claims| claims["sub"] = json!("2002");
    pair.fails(502, "the ID token is of another than the profile").await;
}

#[tokio::test]
async fn a_provider_out_of_order_costs_little_and_changes_nothing() {
    for kind in NAMED.into_iter().chain([Kind::Openid]) {
        let pair = Pair::new(kind).await;
        // The keys first: those that were fetched once are not asked for again.
        let mut places = vec![Place::Token];
        places.extend(kind.has_id_token().then_some(Place::Keys));
        places.extend(kind.has_profile().then_some(Place::Profile));
        for place in places {
            for (mood, status) in [(Mood::Broken, 503), (Mood::Html, 502), (Mood::Huge, 502), (Mood::Redirects, 502)] {
                pair.double.books().moods.insert(place, mood);
                pair.fails(status, &format!("{place:?} {mood:?}")).await;
            }
            pair.double.books().moods.clear();
        }
        pair.account().await;
    }
}

#[tokio::test]
async fn an_issuer_that_is_not_the_one_configured_is_not_followed() {
    // An issuer under a path has its metadata there; this one answers for the host alone.
    let pair = Pair::with(Kind::Openid, |config| {
        let social = config.social.get_mut("openid").unwrap();
        social.issuer = Some(format!("{}/", social.issuer.clone().unwrap()));
    })
    .await;
    assert!(pair.double.issuer().starts_with(pair.double.address()));
    let answer = Browser::default().get(&pair.site, "/social/openid").await;
    assert_eq!(answer.status, 502, "{answer:?}");
}

#[tokio::test]
async fn kakao_tells_by_its_admin_key_who_has_left() {
    let pair = Pair::new(Kind::Kakao).await;
    let mut browser = Browser::default();
    pair.log_in(&mut browser).await;
    let body = "app_id=1&user_id=1001&referrer_type=UNLINK_FROM_APPS";
    let key = |key: &str| vec![("authorization", format!("KakaoAK {key}"))];
    for bad in [vec![], key("another"), vec![("authorization", format!("Bearer {ADMIN_KEY}"))]] {
        assert_eq!(pair.notify(&bad, body).await, 400);
    }
    assert_eq!(pair.notify(&key(ADMIN_KEY), "app_id=1").await, 400);
    assert!(browser.is_logged_in(&pair.site).await);
    for _ in 0..2 {
        assert_eq!(pair.notify(&key(ADMIN_KEY), body).await, 200);
    }
    assert!(!browser.is_logged_in(&pair.site).await);
}

#[tokio::test]
async fn facebook_tells_by_a_signed_request_who_has_left() {
    let pair = Pair::new(Kind::Facebook).await;
    let mut browser = Browser::default();
    pair.log_in(&mut browser).await;
    let said = |issued: i64| json!({ "algorithm": "HMAC-SHA256", "issued_at": issued, "user_id": "1001" });
    let request = |said: &Value, secret: &str| format!("signed_request={}", pair.double.signed_request(said, secret));
    let good = request(&said(START), Double::secret());
    let bad = [
        String::new(),
        "signed_request=a.b".to_owned(),
        request(&said(START), "another secret"),
        request(&said(START - 3601), Double::secret()),
        request(&json!({ "user_id": "1001" }), Double::secret()),
        good.replace('.', ".e"),
    ];
    for bad in &bad {
        assert_eq!(pair.notify(&[], bad).await, 400, "{bad}");
    }
    assert!(browser.is_logged_in(&pair.site).await);
    assert_eq!(pair.notify(&[], &good).await, 200);
    assert!(!browser.is_logged_in(&pair.site).await);
}

#[tokio::test]
async fn apple_tells_by_a_signed_event_who_has_left() {
    let pair = Pair::new(Kind::Apple).await;
    let mut browser = Browser::default();
    pair.log_in(&mut browser).await;
    let event = |kind: &str| json!({ "type": kind, "sub": "1001", "event_time": START * 1000 }).to_string();
    let claims = |audience: &str, kind: &str| {
        json!({
            "iss": "https://appleid.apple.com", "aud": audience, "iat": START, "exp": START + 86_400, "jti": "a",
            "events": event(kind),
        })
    };
    let signed = |claims: &Value| {
        let token = pair.double.books().keys[0].sign("JWT", claims).unwrap();
        json!({ "payload": token }).to_string()
    };
    let stranger = tokenry_jwt::SigningKey::generate(tokenry_jwt::Algorithm::Rs256).unwrap();
    let forged = json!({ "payload": stranger.sign("JWT", &claims("client", "consent-revoked")).unwrap() }).to_string();
    let mut old = claims("client", "consent-revoked");
    old["exp"] = json!(START - 61);
    for bad in
        ["", "{}", "{\"payload\":\"a.b.c\"}", &forged, &signed(&old), &signed(&claims("another", "consent-revoked"))]
    {
        assert_eq!(pair.notify(&[], bad).await, 400, "{bad}");
    }
    let fetches = pair.double.key_fetches();
    for _ in 0..20 {
        assert_eq!(pair.notify(&[], &forged).await, 400);
    }
    assert_eq!(pair.double.key_fetches(), fetches, "a stranger's keys are not looked for each time");
    assert_eq!(pair.notify(&[], &signed(&claims("client", "email-disabled"))).await, 200);
    assert!(browser.is_logged_in(&pair.site).await);
    assert_eq!(pair.notify(&[], &signed(&claims("client", "consent-revoked"))).await, 200);
    assert!(!browser.is_logged_in(&pair.site).await);
}

#[tokio::test]
async fn who_sends_no_notices_is_not_listened_to() {
    for kind in [Kind::Google, Kind::Naver, Kind::Github, Kind::Openid] {
        assert_eq!(Pair::new(kind).await.notify(&[], "user_id=1001").await, 400, "{kind:?}");
    }
}
