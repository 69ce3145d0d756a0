use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::header::COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use tokenry::App;
use tokenry::config::{Config, DataDir, Database, Secret, SessionStore};
use tokenry_domain::authority::Context;
use tokenry_domain::cookie::Cookie;
use tokenry_domain::store::Write;
use tokenry_guard::{Claims, Guard};
use tokenry_jwt::Algorithm;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::fixture::{AUDIENCE, ISSUER, read_key};
use crate::users;

/// A site that answers `GET /orders` to who is logged in: by `token` or `token-uncached` with the key of a fixture, or by
/// cookie, with Tokenry embedded and its sessions in `memory`, on `disk` or in the `database`. Prints the port; then
/// `fill FROM TO` on standard input logs users in.
pub(crate) fn run(method: &str, data: &Path, database: Option<String>) {
    // One core is all that it has.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let (application, app) = match method {
        "token" => (by_token(data, None), None),
        "token-uncached" => (by_token(data, Some(0)), None),
        _ => {
            let app = runtime.block_on(open(method, data, database, address));
            runtime.spawn(Arc::clone(&app).upkeep());
            let orders = Router::new().route("/orders", get(by_cookie)).with_state(Arc::clone(&app));
            (orders.nest("/auth", app.router()), Some(app))
        }
    };
    println!("{}", address.port());
    let service = application.into_make_service_with_connect_info::<SocketAddr>();
    runtime.spawn(async { axum::serve(listener, service).await });
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let numbers: Vec<usize> = line.split(' ').skip(1).map(|number| number.parse().unwrap()).collect();
        if let Some(app) = &app {
            runtime.block_on(fill(app, numbers[0], numbers[1]));
        }
        println!("done");
    }
}

fn by_token(fixture: &Path, cache: Option<usize>) -> Router {
    let key = read_key(fixture, Algorithm::EdDsa);
    let builder = Guard::builder(ISSUER, AUDIENCE);
    let builder = cache.into_iter().fold(builder, tokenry_guard::Builder::cache);
    let guard = builder.with_keys(key.verifying_key()).unwrap();
    let orders = async |claims: Claims| format!("hello {}", claims.subject());
    Router::new().route("/orders", get(orders)).layer(guard.layer())
}

async fn by_cookie(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<String, StatusCode> {
    let text = headers.get(COOKIE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let ours = cookie::Cookie::split_parse(text).filter_map(Result::ok).find(|cookie| cookie.name() == NAME);
    let cookie: Cookie = ours.and_then(|cookie| cookie.value().parse().ok()).ok_or(StatusCode::UNAUTHORIZED)?;
    let caller = app.authority().authenticate_cookie(&cookie, &Context::default()).await;
    caller.map(|caller| format!("hello {}", caller.user.id)).map_err(|_| StatusCode::UNAUTHORIZED)
}

async fn open(method: &str, data: &Path, database: Option<String>, address: SocketAddr) -> Arc<App> {
    let mut config = Config {
        data_dir: DataDir(PathBuf::from(data)),
        issuer: Some(format!("http://{address}/auth")),
        ..Config::default()
    };
    config.session.store = match method {
        "memory" => SessionStore::Memory,
        "disk" => SessionStore::Disk,
        _ => SessionStore::Database,
    };
    if let Some(url) = database {
        config.database = Database::Postgres(Secret::from(url));
        config.master_key = Some(Secret::from(MASTER_KEY.to_owned()));
    }
    App::open(config, address).await.unwrap()
}

/// Logs users in, without asking for their passwords; many at once, because that is what a store is quick at.
async fn fill(app: &Arc<App>, from: usize, to: usize) {
    let (now, next) = (app.authority().now(), Arc::new(AtomicUsize::new(from)));
    let mut tasks = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (app, next) = (Arc::clone(app), Arc::clone(&next));
        tasks.spawn(async move {
            loop {
                let first = next.fetch_add(PART, Ordering::Relaxed);
                if first >= to {
                    return;
                }
                let writes = (first..to.min(first + PART)).flat_map(|number| {
                    [Write::InsertUser(users::user(number, now)), Write::InsertSession(users::session(number, now))]
                });
                app.authority().store().commit(writes.collect()).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
}

/// Of the cookie on a loopback issuer.
pub(crate) const NAME: &str = "tokenry";
const AT_ONCE: usize = 256;
const PART: usize = 50;
const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
