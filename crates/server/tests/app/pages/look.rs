//! Languages, the brand, and the files that pages refer to.

use std::path::Path;

use axum::body::Body;
use axum::http::Request;
use tokenry::{App, Config};

use super::browser::Browser;
use crate::app::harness::{Anonymous, Answer, Site};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n a picture";

fn html(answer: &Answer) -> &str {
    answer.body.as_str().unwrap()
}

/// What stands in the first attribute of this name whose value contains `part`.
fn reference<'a>(html: &'a str, part: &str) -> &'a str {
    html.split('"').find(|piece| piece.starts_with('/') && piece.contains(part)).unwrap()
}

#[tokio::test]
async fn pages_speak_the_readers_language() {
    let site = Site::new().await;
    for path in ["/", "/docs", "/login", "/signup"] {
        for (accepted, language) in [("ko-KR,ko;q=0.9,en;q=0.8", "ko"), ("en", "en"), ("fr", "en"), ("", "en")] {
            let mut browser = Browser::speaking(accepted);
            let page = browser.get(&site, path).await;
            assert!(page.header("vary").to_lowercase().contains("accept-language"), "{path}");
            assert!(html(&page).contains(&format!("<html lang=\"{language}\">")), "{path} {accepted}");
            assert!(!page.headers.contains_key("set-cookie"), "a preference is no choice");
        }
    }
}

#[tokio::test]
async fn a_language_is_chosen_by_a_link_and_kept() {
    let site = Site::new().await;
    let mut kim = Browser::speaking("en");
    let page = kim.get(&site, "/login?return_to=/orders").await;
    let link = "?return_to=%2Forders&#38;lang=ko";
    assert!(html(&page).contains(link), "{}", html(&page));
    let page = kim.get(&site, "/login?return_to=%2Forders&lang=ko").await;
    let cookie = page.header("set-cookie");
    assert!(
        cookie.starts_with("lang=ko; ") && cookie.contains("SameSite=Lax") && cookie.contains("Path=/"),
        "{cookie}"
    );
    assert!(html(&page).contains("<html lang=\"ko\">") && html(&page).contains("value=\"/orders\""));
    let wrong = kim.post(&site, "/login", &[("identifier", "kim"), ("password", "x")]).await;
    assert!(html(&wrong).contains("사용자 이름이나 비밀번호가 맞지 않습니다."), "{wrong:?}");
    // What was asked for outlives a mistake, and a change of the language after it.
    let fields = [("identifier", "kim"), ("password", "x"), ("return_to", "/orders")];
    let wrong = kim.post(&site, "/login?return_to=%2Forders", &fields).await;
    assert!(html(&wrong).contains("?return_to=%2Forders&#38;lang=en"), "{wrong:?}");
    assert!(html(&kim.get(&site, "/login?lang=xx").await).contains("<html lang=\"ko\">"));
    assert!(html(&kim.get(&site, "/?lang=en").await).contains("<html lang=\"en\">"));
    assert!(html(&kim.get(&site, "/signup").await).contains("<html lang=\"en\">"));
}

#[tokio::test]
async fn files_are_kept_for_good_under_the_version_that_pages_name() {
    let site = Site::new().await;
    let page = site.get(&Anonymous, "/login").await;
    for (part, kind) in [("style.css", "text/css"), ("forms.js", "text/javascript"), (".svg", "image/svg+xml")] {
        let path = reference(html(&page), part);
        let file = site.get(&Anonymous, path).await;
        assert_eq!(file.status, 200, "{path}");
        assert!(file.header("content-type").starts_with(kind), "{path}");
        assert_eq!(file.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(file.header("x-content-type-options"), "nosniff");
    }
    // Another node may still send pages of the version before.
    for path in ["/assets/style.css", "/assets/0123456789ab/style.css"] {
        let file = site.get(&Anonymous, path).await;
        assert_eq!((file.status, file.header("cache-control")), (200, "no-cache"), "{path}");
    }
    for path in ["/assets/", "/assets/nothing", "/assets/x/y/style.css", "/assets/../Cargo.toml", "/assets/%2e%2e/x"] {
        assert_eq!(site.get(&Anonymous, path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn the_brand_is_name_colour_and_logo() {
    let folder = tempfile::tempdir().unwrap();
    let logo = folder.path().join("logo.png");
    std::fs::write(&logo, PNG).unwrap();
    let site = Site::with(|config| {
        config.brand.name = "Kim & <Co>".parse().unwrap();
        config.brand.colour = "#ffe812".parse().unwrap();
        config.brand.logo = Some(logo);
    })
    .await;
    let page = site.get(&Anonymous, "/login").await;
    assert!(html(&page).contains("Kim &#38; &#60;Co&#62;") && !html(&page).contains("<Co>"), "{page:?}");
    let style = site.get(&Anonymous, reference(html(&page), "style.css")).await;
    assert!(html(&style).contains("--accent:#ffe812;--on-accent:#000000"), "dark letters on a light ground");
    let logo = Request::get(reference(html(&page), "logo.png")).body(Body::empty()).unwrap();
    let logo = site.response(logo).await;
    assert_eq!(logo.headers()["content-type"], "image/png");
    assert_eq!(axum::body::to_bytes(logo.into_body(), 1000).await.unwrap(), PNG);
}

#[tokio::test]
async fn a_logo_that_is_no_picture_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let open = async |file: &Path| {
        let mut config = Config { data_dir: tokenry::config::DataDir(folder.path().join("data")), ..Config::default() };
        config.brand.logo = Some(file.to_owned());
        let listen = config.listen.0;
        App::open(config, listen).await.err().unwrap().to_string()
    };
    let script = folder.path().join("logo.svg");
    std::fs::write(&script, "<svg onload='x'><script>alert(1)</script></svg>").unwrap();
    for file in [script.as_path(), &folder.path().join("missing.png"), folder.path()] {
        let error = open(file).await;
        assert!(error.starts_with("configuration: brand.logo: "), "{error}");
    }
}

#[tokio::test]
async fn pages_below_a_path_refer_to_each_other() {
    let site = Site::with(|config| config.issuer = Some("https://example.com/auth".to_owned())).await;
    let page = site.get(&Anonymous, "/login").await;
    for part in ["action=\"/auth/login\"", "href=\"/auth/signup\"", "href=\"/auth/assets/", "href=\"/auth\""] {
        assert!(html(&page).contains(part), "{part}");
    }
    let moved = Browser::default().get(&site, "/account").await;
    assert_eq!(moved.header("location"), "/auth/login?return_to=/auth/account");
}
