//! `cargo run --release -p reverse-proxy -- nginx`, or `-- caddy`, beside a server whose tokens are for `TOKENRY_AUDIENCE`.

use std::error::Error;

use reverse_proxy::{Proxy, Settings};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let kind = std::env::args().nth(1).unwrap_or_default().parse()?;
    let issuer = variable("TOKENRY_ISSUER", "http://127.0.0.1:7519");
    let settings = Settings {
        // A server that was given no audience makes tokens for itself.
        audience: variable("TOKENRY_AUDIENCE", &issuer),
        issuer: issuer.parse()?,
        listen: variable("LISTEN", "127.0.0.1:8003").parse()?,
    };
    let mut proxy = Proxy::start(kind, &settings).await?;
    println!("http://{}/orders", settings.listen);
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        ended = proxy.wait() => Err(ended?.to_string().into()),
        _ = terminate.recv() => Ok(proxy.stop().await?),
        _ = tokio::signal::ctrl_c() => Ok(proxy.stop().await?),
    }
}

#[expect(clippy::disallowed_methods, reason = "an example is configured by its environment")]
fn variable(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}
