//! A feed that is paused, cut, held back, forged, replayed, altered or out of order.

use std::time::Duration;

use serde_json::json;
use tokenry_guard::jwt::{Algorithm, SigningKey};
use tokenry_guard::{Freshness, Guard};

use super::issuer::{Canned, FakeIssuer, START, event, until};

async fn code(guard: &Guard, token: &str) -> &'static str {
    guard.verify(token).await.map_or_else(|refusal| refusal.code(), |_| "")
}

#[tokio::test]
async fn what_the_feed_names_is_refused_whatever_it_names() {
    let issuer = FakeIssuer::start().await;
    let guard = issuer.guard().await;
    for (kind, value) in [("sid", "sid of a"), ("jti", "jti of b"), ("sub", "c")] {
        let token = issuer.token(&value[value.len() - 1..]);
        assert_eq!(code(&guard, &token).await, "");
        issuer.revoke(kind, value);
        until(|| guard.verify_now(&token).is_err()).await;
        assert_eq!(code(&guard, &token).await, "token_revoked");
    }
    assert_eq!(code(&guard, &issuer.token("d")).await, "");
    let other = SigningKey::generate(Algorithm::Es256).unwrap();
    issuer.publish(&[&issuer.key, &other]);
    let token = issuer.token_of(&other, "d");
    assert_eq!(code(&guard, &token).await, "");
    issuer.revoke("kid", other.key_id());
    until(|| guard.verify_now(&token).is_err()).await;
    assert_eq!(code(&guard, &token).await, "token_revoked");
    assert_eq!(code(&guard, &issuer.token("d")).await, "");
}

#[tokio::test]
async fn a_user_who_was_disabled_may_log_in_again_later() {
    let issuer = FakeIssuer::start().await;
    let guard = issuer.guard().await;
    let before = issuer.token("kim");
    let entry = issuer.append("sub", "kim", Some(START));
    issuer.say(&event("revocation", &entry.to_string()));
    issuer.beat();
    until(|| guard.verify_now(&before).is_err()).await;
    issuer.clock.set_date(START + 1);
    assert_eq!(code(&guard, &issuer.token("kim")).await, "");
    let claims = json!({ "iss": issuer.name, "aud": "orders", "sub": "kim", "exp": START + 60 });
    let undated = issuer.key.sign("at+jwt", &claims).unwrap();
    assert_eq!(code(&guard, &undated).await, "token_revoked");
    let claims =
        json!({ "iss": issuer.name, "aud": "orders", "sub": "kim", "exp": START + 60, "iat": START as f64 + 0.5 });
    let in_the_same_second = issuer.key.sign("at+jwt", &claims).unwrap();
    assert_eq!(code(&guard, &in_the_same_second).await, "token_revoked");
}

#[tokio::test]
async fn an_entry_takes_effect_when_it_is_signed_and_not_before() {
    let issuer = FakeIssuer::start().await;
    let guard = issuer.guard().await;
    let token = issuer.token("kim");
    let forged =
        json!({ "seq": 1, "tag": "0000000000000001", "kind": "sid", "value": "sid of kim", "until": START + 99 });
    issuer.say(&event("revocation", &forged.to_string()));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(code(&guard, &token).await, "");
    // The next statement does not cover it.
    issuer.beat();
    until(|| guard.metrics().feed_faults == 1).await;
    issuer.subscribed(2).await;
    assert_eq!((issuer.snapshots(), code(&guard, &token).await), (2, ""));
}

#[tokio::test]
async fn entries_that_are_altered_left_out_added_or_out_of_order_are_noticed() {
    let issuer = FakeIssuer::start().await;
    let guard = issuer.guard().await;
    let good = |issuer: &FakeIssuer| {
        let first = issuer.append("sid", "sid of a", None);
        let second = issuer.append("sid", "sid of b", None);
        (event("revocation", &first.to_string()), event("revocation", &second.to_string()))
    };
    let cases: &[fn(String, String) -> String] = &[
        |first, second| first + &second.replace("sid of b", "sid of x"),
        |first, second| first + &second.replace("1764003670", "1764003671"),
        |_, second| second,
        |first, _| first,
        |first, second| second + &first,
        |first, second| first.clone() + &first + &second,
        |first, second| first + &second.replace("\"sid\"", "\"jti\""),
        |first, second| first + &second.replace("data: {", "data: {{"),
    ];
    for (number, alter) in cases.iter().enumerate() {
        let (first, second) = good(&issuer);
        issuer.set_snapshot(&issuer.snapshot());
        issuer.say(&alter(first, second));
        issuer.beat();
        // It loads the snapshot, which has what was kept from it.
        until(|| guard.metrics().feed_faults == number as u64 + 1).await;
        issuer.subscribed(number + 2).await;
        assert_eq!(issuer.snapshots(), number + 2);
        assert_eq!(code(&guard, &issuer.token("b")).await, "token_revoked");
        assert_eq!(code(&guard, &issuer.token("x")).await, "");
        issuer.beat();
        until(|| guard.status().feed_error.is_none()).await;
    }
}

#[tokio::test]
async fn a_statement_by_anyone_else_or_about_anything_else_is_not_heard() {
    type Make = fn(&FakeIssuer) -> String;
    let key = || SigningKey::generate(Algorithm::EdDsa).unwrap();
    let claims = |issuer: &str| json!({ "iss": issuer, "iat": START + 6, "seq": 0, "digest": "A".repeat(43) });
    let signed = |key: &SigningKey, typ: &str, claims| key.sign(typ, &claims).unwrap();
    let statements: &[&dyn Fn(&FakeIssuer) -> String] = &[
        &|issuer| issuer.statement_by(&key(), START + 6),
        &|issuer| issuer.statement_by(&key().with_key_id(issuer.key.key_id()), START + 6),
        &|issuer| signed(&issuer.key, "at+jwt", claims(&issuer.name)),
        &|issuer| signed(&issuer.key, "revocations+jwt", claims("http://127.0.0.1:1")),
        &|issuer| signed(&issuer.key, "revocations+jwt", json!({ "iss": issuer.name, "iat": START + 6, "seq": 0 })),
        &|issuer| issuer.token("kim"),
        &((|_| "a.b.c".to_owned()) as Make),
        &((|_| String::new()) as Make),
    ];
    for (number, statement) in statements.iter().enumerate() {
        let issuer = FakeIssuer::start().await;
        let guard = issuer.guard().await;
        issuer.clock.pass(Duration::from_secs(6));
        // What it loads next is true, and says nothing of today.
        issuer.set_snapshot(&issuer.snapshot_by(&issuer.key, 0));
        issuer.say(&event("heartbeat", &statement(&issuer)));
        issuer.subscribed(2).await;
        assert_eq!(guard.status().freshness, Freshness::Stale, "{number}");
        issuer.beat();
        until(|| guard.status().freshness == Freshness::Fresh).await;
    }
}

#[tokio::test]
async fn a_paused_feed_is_stale_after_the_lease_and_tokens_are_good_by_default() {
    let issuer = FakeIssuer::start().await;
    let guard = issuer.guard().await;
    let token = issuer.token("kim");
    issuer.clock.pass(Duration::from_millis(4999));
    assert_eq!(guard.status().freshness, Freshness::Fresh);
    issuer.clock.pass(Duration::from_millis(1));
    assert_eq!(guard.status().freshness, Freshness::Stale);
    assert_eq!(code(&guard, &token).await, "");
    issuer.beat();
    until(|| guard.status().freshness == Freshness::Fresh).await;
    // The date has no say in it.
    issuer.clock.set_date(START + 3000);
    assert_eq!(guard.status().freshness, Freshness::Fresh);
}

#[tokio::test]
async fn a_feed_that_is_cut_is_taken_up_where_it_was() {
    let issuer = FakeIssuer::start().await;
    let guard = issuer.guard().await;
    issuer.revoke("sid", "sid of a");
    until(|| guard.verify_now(&issuer.token("a")).is_err()).await;
    issuer.cut();
    issuer.subscribed(2).await;
    assert_eq!(*issuer.answers.subscriptions.lock().unwrap(), ["0-0000000000000000", "1-0000000000001eef"]);
    assert_eq!(issuer.snapshots(), 1);
    issuer.revoke("sid", "sid of b");
    until(|| guard.verify_now(&issuer.token("b")).is_err()).await;
}

#[tokio::test]
async fn a_feed_that_says_nothing_is_connected_anew() {
    let issuer = FakeIssuer::start().await;
    let _guard = issuer.builder().silence(Duration::from_millis(100)).connect().await.unwrap();
    issuer.subscribed(1).await;
    for _ in 0..30 {
        // Neither a comment nor an entry that nothing covers is a sign of life.
        issuer.say(": still here\n\n");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    issuer.subscribed(2).await;
    assert_eq!(issuer.snapshots(), 1);
}

#[tokio::test]
async fn a_held_back_or_lying_date_does_not_keep_a_guard_fresh() {
    let issuer = FakeIssuer::start().await;
    let guard = issuer.guard().await;
    issuer.clock.pass(Duration::from_secs(100));
    for at in [START, START + 69, START + 131, START + 3600, 0] {
        let heard = guard.metrics().feed_wrong_times + guard.metrics().feed_faults;
        issuer.say(&event("heartbeat", &issuer.statement_by(&issuer.key, at)));
        until(|| guard.metrics().feed_wrong_times + guard.metrics().feed_faults > heard).await;
        assert_eq!(guard.status().freshness, Freshness::Stale, "{at}");
    }
    assert_eq!(guard.metrics().feed_wrong_times, 4);
    assert_eq!(guard.metrics().feed_faults, 1);
    issuer.subscribed(2).await;
    issuer.say(&event("heartbeat", &issuer.statement_by(&issuer.key, START + 70)));
    until(|| guard.status().freshness == Freshness::Fresh).await;
    // An entry whose times were changed is not the issuer's.
    assert_eq!(guard.status().feed_error, None);
}

#[tokio::test]
async fn an_old_statement_again_does_not_keep_a_guard_fresh_for_longer_than_lease_and_skew() {
    let issuer = FakeIssuer::start().await;
    let guard = issuer.guard().await;
    let old = event("heartbeat", &issuer.statement());
    for second in 1..=40_u64 {
        issuer.clock.pass(Duration::from_secs(1));
        issuer.say(&old);
        if second <= 30 {
            until(|| guard.status().feed_age.is_some_and(|age| age < Duration::from_secs(1))).await;
        } else {
            until(|| guard.metrics().feed_wrong_times >= second - 30).await;
        }
        let expected = if second < 35 { Freshness::Fresh } else { Freshness::Stale };
        assert_eq!(guard.status().freshness, expected, "{second}");
    }
}

#[tokio::test]
async fn after_a_reset_a_guard_has_what_it_held_and_what_is_new() {
    let issuer = FakeIssuer::start().await;
    let guard = issuer.guard().await;
    issuer.revoke("sid", "sid of a");
    until(|| guard.status().revocations == 1).await;
    // Another history, as of a server that lost commits.
    let restored = FakeIssuer::start().await;
    restored.append("sid", "sid of b", None);
    let mut snapshot = restored.snapshot();
    let claims = guard_claims(&snapshot);
    let claims =
        json!({ "iss": issuer.name, "iat": START, "seq": 1, "digest": claims["digest"], "base": claims["base"] });
    snapshot["heartbeat"] = issuer.key.sign("revocations+jwt", &claims).unwrap().into();
    issuer.set_snapshot(&snapshot);
    issuer.say(&event("reset", "{}"));
    until(|| guard.status().revocations == 2).await;
    for name in ["a", "b"] {
        assert_eq!(code(&guard, &issuer.token(name)).await, "token_revoked");
    }
    assert_eq!(guard.metrics().feed_faults, 0);
}

fn guard_claims(snapshot: &serde_json::Value) -> serde_json::Value {
    let heartbeat = snapshot["heartbeat"].as_str().unwrap();
    tokenry_guard::jwt::Unverified::parse(heartbeat).unwrap().insecure_claims().clone()
}

#[tokio::test]
async fn a_snapshot_that_is_not_whole_is_not_used() {
    let issuer = FakeIssuer::start().await;
    for name in ["a", "b", "c"] {
        issuer.append("sid", &format!("sid of {name}"), None);
    }
    let good = issuer.snapshot();
    let mut cases = Vec::new();
    for entry in 0..3 {
        let mut without = good.clone();
        without["entries"].as_array_mut().unwrap().remove(entry);
        cases.push(without.to_string());
    }
    let mut swapped = good.clone();
    swapped["entries"].as_array_mut().unwrap().swap(0, 1);
    cases.push(swapped.to_string());
    let mut other_seq = good.clone();
    other_seq["seq"] = 2.into();
    cases.push(other_seq.to_string());
    let mut unsigned = good.clone();
    unsigned["heartbeat"] = issuer.statement().into();
    cases.push(unsigned.to_string());
    let text = good.to_string();
    cases.extend([text[..text.len() - 1].to_owned(), text.clone() + "}", text.replace("sid of a", "sid of x")]);
    cases.extend(["", "[]", "{}", "null", "{\"entries\":[1]}", "<html>"].map(str::to_owned));
    cases.push("[".repeat(100_000));
    cases.push(format!("{{\"entries\":[{{\"a\":\"{}\"}}]}}", "a".repeat(1 << 20)));
    cases.push(format!("{{\"a\":\"{}\"}}", "a".repeat(1 << 20)));
    for case in cases {
        issuer.set_snapshot_answer(Canned { body: case.clone().into_bytes(), ..Canned::default() });
        let guard = issuer.builder().connect().await.unwrap();
        let beginning: String = case.chars().take(200).collect();
        assert_eq!((guard.status().freshness, guard.status().revocations), (Freshness::Cold, 0), "{beginning}");
        assert!(guard.status().feed_error.is_some());
        // Tokens are good all the same, by default.
        assert_eq!(code(&guard, &issuer.token("a")).await, "");
    }
    // Whether the statement comes first or last.
    let statement_first = format!(
        "{{\"seq\":3,\"tag\":{},\"heartbeat\":{},\n \"entries\": [{}]}}",
        good["tag"],
        good["heartbeat"],
        good["entries"].as_array().unwrap().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ,\n")
    );
    for body in [text, statement_first] {
        issuer.set_snapshot_answer(Canned { body: body.into_bytes(), ..Canned::default() });
        let guard = issuer.builder().connect().await.unwrap();
        assert_eq!((guard.status().freshness, guard.status().revocations), (Freshness::Fresh, 3));
    }
}

#[tokio::test]
async fn an_emergency_rotation_is_followed_without_a_pause() {
    let issuer = FakeIssuer::start().await;
    let guard = issuer.guard().await;
    let old = issuer.token("kim");
    let next = SigningKey::generate(Algorithm::EdDsa).unwrap();
    issuer.publish(&[&next]);
    let entry = issuer.append("kid", issuer.key.key_id(), None);
    issuer.say(&event("revocation", &entry.to_string()));
    issuer.say(&event("heartbeat", &issuer.statement_by(&next, START)));
    until(|| guard.verify_now(&old).is_err()).await;
    assert_eq!(code(&guard, &issuer.token_of(&next, "kim")).await, "");
    assert_eq!((guard.metrics().feed_faults, guard.metrics().feed_connections), (0, 1));
}

#[tokio::test]
async fn a_revoked_key_does_not_speak_for_the_feed() {
    let issuer = FakeIssuer::start().await;
    let next = SigningKey::generate(Algorithm::EdDsa).unwrap();
    issuer.publish(&[&issuer.key, &next]);
    let guard = issuer.guard().await;
    issuer.append("kid", issuer.key.key_id(), None);
    let entry = issuer.snapshot()["entries"][0].clone();
    issuer.say(&event("revocation", &entry.to_string()));
    issuer.say(&event("heartbeat", &issuer.statement_by(&next, START)));
    until(|| guard.status().revocations == 1).await;
    issuer.say(&event("heartbeat", &issuer.statement()));
    until(|| guard.metrics().feed_faults == 1).await;
}

#[tokio::test]
async fn the_feeds_token_goes_to_the_feed_and_nowhere_else() {
    let issuer = FakeIssuer::start().await;
    let _guard = issuer.builder().feed_token("the-feed-token").connect().await.unwrap();
    issuer.subscribed(1).await;
    for (path, credentials) in &*issuer.answers.credentials.lock().unwrap() {
        assert_eq!(credentials == "Bearer the-feed-token", path == "/feed", "{path} {credentials}");
    }
}

#[tokio::test]
async fn an_endless_event_or_one_that_is_not_text_ends_the_connection_only() {
    let issuer = FakeIssuer::start().await;
    let guard = issuer.guard().await;
    for (number, text) in
        ["a".repeat(70_000), "data: a\n".repeat(70_000), event("heartbeat", "\u{0}")].iter().enumerate()
    {
        issuer.say(text);
        until(|| guard.metrics().feed_faults == number as u64 + 1).await;
        issuer.subscribed(number + 2).await;
        issuer.beat();
        until(|| guard.status().feed_error.is_none()).await;
    }
    issuer.say(": a comment\n\nevent: of a later version\ndata: {}\n\n");
    issuer.revoke("sid", "sid of a");
    until(|| guard.verify_now(&issuer.token("a")).is_err()).await;
}
