//! What every accepted connection gets.

use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::time::Duration;

use axum_server::accept::Accept;
use tokio::net::TcpStream;
use tokio_io_timeout::TimeoutStream;

/// Sends at once what is written, and gives a peer up that does not read: no request holds a place for ever, a
/// subscription to the revocation feed included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounded;

pub(crate) type Stream<S> = Pin<Box<TimeoutStream<S>>>;

impl<S> Accept<TcpStream, S> for Bounded {
    type Stream = Stream<TcpStream>;
    type Service = S;
    type Future = Ready<io::Result<(Self::Stream, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        ready(stream.set_nodelay(true).map(|()| (bounded(stream), service)))
    }
}

fn bounded<S: tokio::io::AsyncRead + tokio::io::AsyncWrite>(stream: S) -> Stream<S> {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_TIME));
    Box::pin(stream)
}

/// How long a peer may take to make room for more.
const WRITE_TIME: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_does_not_read_is_given_up_and_a_slow_one_is_not() {
        let (ours, mut peer) = tokio::io::duplex(1024);
        let mut ours = bounded(ours);
        let reading = tokio::spawn(async move {
            let mut some = [0; 512];
            for _ in 0..8 {
                tokio::time::sleep(WRITE_TIME / 2).await;
                peer.read_exact(&mut some).await.unwrap();
            }
            peer
        });
        ours.write_all(&[0; 4096]).await.unwrap();
        let _peer = reading.await.unwrap();
        let failed = ours.write_all(&[0; 4096]).await.unwrap_err();
        assert_eq!(failed.kind(), io::ErrorKind::TimedOut);
    }
}
