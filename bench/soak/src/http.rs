use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// A kept-alive connection that sends one request after the other. Whatever goes wrong is an answer that was lost.
pub(crate) struct Connection(BufReader<TcpStream>);

/// A request, of which most members are mostly absent.
#[derive(Clone, Copy, Default)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) bearer: Option<&'a str>,
    pub(crate) key: Option<&'a str>,
    pub(crate) body: Option<&'a Value>,
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) says_when_to_retry: bool,
    pub(crate) body: Value,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self(BufReader::new(stream)))
    }

    pub(crate) fn send(&mut self, request: Request<'_>) -> io::Result<Answer> {
        self.0.get_mut().write_all(request.text().as_bytes())?;
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or(ErrorKind::UnexpectedEof)?;
        let (mut length, mut says_when_to_retry) = (0, false);
        loop {
            line.clear();
            if self.0.read_line(&mut line)? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            let header = line.trim_end().to_ascii_lowercase();
            match header.split_once(':') {
                Some(("content-length", value)) => length = value.trim().parse().map_err(io::Error::other)?,
                Some(("retry-after", _)) => says_when_to_retry = true,
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        Ok(Answer { status, says_when_to_retry, body: serde_json::from_slice(&body).unwrap_or_default() })
    }

    /// The lines of the revocation feed, all of it, until nothing comes for a while.
    pub(crate) fn follow(mut self) -> io::Result<impl Iterator<Item = io::Result<String>>> {
        self.0.get_mut().set_read_timeout(Some(SILENCE))?;
        let request = "GET /v1/revocations?after=0 HTTP/1.1\r\nHost: soak\r\nAccept: text/event-stream\r\n\r\n";
        self.0.get_mut().write_all(request.as_bytes())?;
        Ok(self.0.lines())
    }
}

impl Request<'_> {
    fn text(&self) -> String {
        let Self { method, path, .. } = self;
        let mut text = format!("{method} {path} HTTP/1.1\r\nHost: soak\r\n");
        if let Some(token) = self.bearer {
            text += &format!("Authorization: Bearer {token}\r\n");
        }
        if let Some(key) = self.key {
            text += &format!("Idempotency-Key: {key}\r\n");
        }
        let body = self.body.map(Value::to_string).unwrap_or_default();
        if self.body.is_some() {
            text += &format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
        }
        text + "\r\n" + &body
    }
}

/// Longer than any answer takes that comes at all.
const PATIENCE: Duration = Duration::from_secs(20);
/// There is a heartbeat each second.
const SILENCE: Duration = Duration::from_secs(5);
