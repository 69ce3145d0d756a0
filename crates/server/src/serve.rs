//! `tokenry serve`: listen, say where to go, stop gracefully.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use axum_server::accept::Accept;
use axum_server::{Handle, Server};
use hyper_util::rt::TokioTimer;
use sd_notify::NotifyState;
use tokio::net::TcpStream;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{sleep, timeout};

use crate::accept::Bounded;
use crate::app::{self, App, StartError};
use crate::config::{Config, Database};
use crate::http::METRICS_TYPE;
use crate::{cli, log, tls};

/// Serves until it is told to stop; requests that are being answered are finished first.
pub(crate) async fn serve(config: Config) -> Result<(), StartError> {
    let _lock = App::lock(&config)?;
    let listener = bind(config.listen.0)?;
    let address = local_address(&listener)?;
    log::start(&config.log, &app::node(&config, address));
    let metrics = config.metrics.listen.map(bind).transpose()?;
    let tls = tls::load(&config)?;
    let app = App::open(config, address).await?;
    let handle = Handle::new();
    let service = app.router();
    let upkeep = tokio::spawn(Arc::clone(&app).upkeep());
    if let Some(listener) = metrics {
        tokio::spawn(run(server(listener, handle.clone())?.acceptor(Bounded), metrics_router(Arc::clone(&app))));
    }
    greet(&app, address);
    let stopping = tokio::spawn(stop(handle.clone(), Arc::clone(&app)));
    let server = server(listener, handle)?;
    let served = match tls {
        Some(tls) => {
            tokio::spawn(tls.clone().follow());
            run(server.acceptor(tls.acceptor()), service).await
        }
        None => run(server.acceptor(Bounded), service).await,
    };
    if served.is_ok() {
        let _ = stopping.await;
    }
    upkeep.abort();
    served.map_err(|source| StartError::File { file: "listener".into(), source })
}

/// A listener's server, with bounds on slow clients.
fn server(listener: TcpListener, handle: Handle<SocketAddr>) -> Result<Server<SocketAddr>, StartError> {
    let failed = |source| StartError::File { file: "listener".into(), source };
    let mut server = axum_server::from_tcp(listener).map_err(failed)?.handle(handle);
    server = server.first_request_timeout(FIRST_REQUEST_TIME);
    let http = server.http_builder();
    http.http1().timer(TokioTimer::new()).header_read_timeout(IDLE_TIME).max_buf_size(MOST_HEADER_BYTES);
    http.http2()
        .timer(TokioTimer::new())
        .max_header_list_size(MOST_HEADER_BYTES as u32)
        .max_concurrent_streams(100)
        .keep_alive_interval(Duration::from_secs(30));
    Ok(server)
}

async fn run<A>(server: Server<SocketAddr, A>, service: Router) -> io::Result<()>
where
    A: Accept<TcpStream, axum::middleware::AddExtension<Router, axum::extract::ConnectInfo<SocketAddr>>>
        + Clone
        + Send
        + Sync
        + 'static,
    A::Stream: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send,
    A::Service: axum_server::service::SendService<axum::extract::Request<hyper::body::Incoming>> + Send,
    A::Future: Send,
{
    server.serve(service.into_make_service_with_connect_info::<SocketAddr>()).await
}

fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    let failed = |source| StartError::File { file: address.to_string().into(), source };
    let listener = TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(listener)
}

fn local_address(listener: &TcpListener) -> Result<SocketAddr, StartError> {
    listener.local_addr().map_err(|source| StartError::File { file: "listener".into(), source })
}

fn metrics_router(app: Arc<App>) -> Router {
    let text = async move || ([(CONTENT_TYPE, METRICS_TYPE)], app.metrics_text().await);
    Router::new().route("/metrics", get(text))
}

fn greet(app: &App, address: SocketAddr) {
    let issuer = &app.authority.settings().issuer;
    let issuer = issuer.trim_end_matches('/');
    tracing::info!(%address, issuer, "serving");
    let data = match app.config.database {
        Database::Sqlite => app.config.data_dir().display().to_string(),
        Database::Postgres(_) => "PostgreSQL".to_owned(),
    };
    // Under systemd with Type=notify; elsewhere there is no one to tell.
    let _ = sd_notify::notify(&[NotifyState::Ready]);
    cli::print(&format!(
        "Tokenry {} serves {issuer} (listening on {address}, data in {data})\n\
         Open    {issuer}/        and the calls at {issuer}/docs\n\
         Sign up curl -H 'Content-Type: application/json' -d '{{\"username\":\"kimalo\",\"password\":\"correct horse battery\"}}' {issuer}/v1/signup\n",
        env!("CARGO_PKG_VERSION"),
    ));
}

/// Waits for SIGTERM or SIGINT, then lets clients go elsewhere, and requests and the mails in hand finish. A mail that takes
/// longer keeps its lease, and goes to the next who serves.
async fn stop(handle: Handle<SocketAddr>, app: Arc<App>) {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    let _ = sd_notify::notify(&[NotifyState::Stopping]);
    app.leave();
    let close = async {
        let left = async {
            while handle.connection_count() > 0 {
                sleep(LOOK).await;
            }
        };
        let _ = timeout(LEAVE, left).await;
        handle.graceful_shutdown(Some(GRACE - LEAVE));
    };
    let ((), finished) = tokio::join!(close, timeout(GRACE, app.post.finish()));
    if finished.is_err() {
        tracing::warn!("a mail was in hand for too long; it is sent again");
    }
}

/// How long a new connection has for its first request.
const FIRST_REQUEST_TIME: Duration = Duration::from_secs(5);
/// How long the next request on a connection that is kept may take to come, headers and all: longer than proxies keep one, or
/// they would send requests into connections that are being closed. nginx and AWS keep them for 60 s.
const IDLE_TIME: Duration = Duration::from_secs(75);
/// Request line and headers together.
const MOST_HEADER_BYTES: usize = 64 * 1024;
/// Less than 10 s, so that the process has ended by then.
const GRACE: Duration = Duration::from_secs(8);
/// How long a client that keeps its connection has to ask once more. Nobody waits for one that has gone.
const LEAVE: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(20);
