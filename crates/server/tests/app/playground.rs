//! The playground, and its service, which trusts keys and feed alone.

use super::harness::{Anonymous, Holder, Site};

const ORDERS: &str = "/playground/orders";

#[tokio::test]
async fn the_service_takes_a_token_until_it_is_too_old_or_revoked() {
    let site = Site::new().await;
    let kim = site.signup("kim").await;
    let answer = site.get(&kim, ORDERS).await;
    assert_eq!((answer.status, answer.body["orders"][0].as_str()), (200, Some("tea")), "{answer:?}");
    site.get(&Anonymous, ORDERS).await.is_problem(401, "token_missing");
    site.get(&Holder(&kim.refresh), ORDERS).await.is_problem(401, "token_invalid");
    site.get(&kim, "/playground/orders?age=1").await.is_problem(400, "invalid_request");
    site.pass(20);
    let young = "/playground/orders?max_age=20";
    site.get(&kim, young).await.is_problem(401, "token_expired");
    let kim = site.refresh(&kim.refresh).await.pair();
    assert_eq!(site.get(&kim, young).await.status, 200);
    site.logout(&kim).await.is_done();
    // What the service follows; in a server that runs, it is read at once.
    site.get(&Anonymous, "/v1/revocations").await;
    site.get(&kim, ORDERS).await.is_problem(401, "token_revoked");
}

#[tokio::test]
async fn it_is_there_while_developing_or_when_it_is_switched_on() {
    let https = |enabled| {
        Site::with(move |config| {
            config.issuer = Some("https://auth.example.com".to_owned());
            config.playground.enabled = enabled;
        })
    };
    for (site, is_on) in [(Site::new().await, true), (https(None).await, false), (https(Some(true)).await, true)] {
        let home = site.get(&Anonymous, "/").await;
        assert_eq!(home.body.as_str().unwrap().contains("id=\"playground\""), is_on);
        let kim = site.signup("kim").await;
        assert_eq!(site.get(&kim, ORDERS).await.status, if is_on { 200 } else { 404 });
    }
}
