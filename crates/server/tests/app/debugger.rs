//! `/debugger`, and the file that it can be saved as.

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::app::harness::{Anonymous, Site};

#[tokio::test]
async fn the_policy_lets_the_page_ask_one_address_and_run_no_other_script() {
    let site = Site::new().await;
    let page = site.get(&Anonymous, "/debugger").await;
    assert_eq!(
        (page.status, page.header("cache-control"), page.header("referrer-policy")),
        (200, "no-store", "no-referrer")
    );
    let policy = page.header("content-security-policy").to_owned();
    for part in [
        "default-src 'none'",
        "script-src 'self'",
        "connect-src http://127.0.0.1:7519/v1/introspect",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    ] {
        assert!(policy.split("; ").any(|found| found == part), "{part} in {policy}");
    }
    let html = page.body.as_str().unwrap();
    for script in html.split("<script").skip(1) {
        assert!(script.starts_with(" type=\"application/json\"") || script.starts_with(" type=\"module\" src="));
    }
    let markup = html.split("id=\"words\"").next().unwrap();
    let is_inline = |word: &&str| word.contains('=') && (word.starts_with("on") || word.starts_with("style"));
    assert_eq!(markup.split_whitespace().find(is_inline), None);
    assert!(html.contains("&quot;kid&quot;") || html.contains("&#34;kid"), "this server's keys come with the page");
}

#[tokio::test]
async fn script_and_style_are_served() {
    let site = Site::new().await;
    for (path, kind) in [("/debugger/debugger.js", "text/javascript"), ("/debugger/debugger.css", "text/css")] {
        let asset = site.get(&Anonymous, path).await;
        assert_eq!((asset.status, asset.header("x-content-type-options")), (200, "nosniff"));
        assert!(asset.header("content-type").starts_with(kind));
    }
    site.get(&Anonymous, "/debugger/words.json").await.is_problem(404, "not_found");
}

#[tokio::test]
async fn the_file_carries_its_own_policy_and_knows_no_server() {
    let site = Site::new().await;
    let file = site.get(&Anonymous, "/debugger/offline").await;
    assert!(file.header("content-disposition").starts_with("attachment"));
    let html = file.body.as_str().unwrap();
    assert!(html.contains("default-src &#39;none&#39;") && !html.contains("connect-src"), "no request at all");
    for (start, end) in [("<script type=\"module\">", "</script>"), ("<style>", "</style>")] {
        let inline = html.split(start).nth(1).unwrap().split(end).next().unwrap();
        let hash = STANDARD.encode(digest(&SHA256, inline.as_bytes()));
        assert!(html.contains(&hash.replace('+', "&#43;")) || html.contains(&hash), "{start}");
    }
    for foreign in ["127.0.0.1", "src=", "href="] {
        assert!(!html.contains(foreign), "{foreign}");
    }
}

#[tokio::test]
async fn it_speaks_the_readers_language() {
    let site = Site::new().await;
    for path in ["/debugger", "/debugger/offline"] {
        for (accepted, title) in [("ko-KR,ko;q=0.9", "JWT 디버거"), ("en", "JWT debugger"), ("", "JWT debugger")] {
            let request = Request::get(path).header("accept-language", accepted);
            let page = site.send(request.body(Body::empty()).unwrap()).await;
            assert!(page.header("vary").to_lowercase().contains("accept-language"), "{path}");
            assert!(page.body.as_str().unwrap().contains(&format!("<title>{title}")), "{path} {accepted}");
        }
    }
}

#[tokio::test]
async fn an_issuer_or_audience_can_not_break_out_of_page_or_policy() {
    let site = Site::with(|config| {
        config.issuer = Some("http://127.0.0.1:7519/a;script-src,*".to_owned());
        config.token.audience.0 = vec!["\"><script>alert(1)</script>".to_owned()];
    })
    .await;
    let page = site.get(&Anonymous, "/debugger").await;
    assert!(!page.body.as_str().unwrap().contains("<script>"));
    let policy = page.header("content-security-policy");
    assert!(policy.ends_with("connect-src http://127.0.0.1:7519/a%3Bscript-src%2C*/v1/introspect"), "{policy}");
}
