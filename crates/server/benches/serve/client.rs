use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

/// A kept-alive connection that sends one request after the other.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    /// The server has said that it answers no more on it.
    is_over: bool,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream: BufReader::new(stream), is_over: false }
    }

    pub(crate) fn post(&mut self, path: &str, body: &Value) -> (u16, Value) {
        self.exchange(&post(path, body))
    }

    pub(crate) fn get(&mut self, path: &str, token: Option<&str>) -> (u16, Value) {
        let bearer = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        self.exchange(&format!("GET {path} HTTP/1.1\r\nHost: bench\r\n{bearer}\r\n"))
    }

    /// Like [`Connection::post`], or nothing when the connection breaks.
    pub(crate) fn try_post(&mut self, path: &str, body: &Value) -> Option<(u16, Value)> {
        self.try_exchange(&post(path, body)).ok()
    }

    /// Whether it can take another request: the server has neither closed it nor said that it will.
    pub(crate) fn is_open(&self) -> bool {
        let stream = self.stream.get_ref();
        stream.set_nonblocking(true).unwrap();
        let peeked = stream.peek(&mut [0]);
        stream.set_nonblocking(false).unwrap();
        !self.is_over && matches!(peeked, Err(error) if error.kind() == ErrorKind::WouldBlock)
    }

    /// The lines of an event stream, from now on.
    pub(crate) fn events(self, path: &str) -> io::Lines<BufReader<TcpStream>> {
        self.events_after(path, None)
    }

    /// The lines of an event stream, from the event with this `id` on.
    pub(crate) fn events_after(mut self, path: &str, id: Option<&str>) -> io::Lines<BufReader<TcpStream>> {
        let last = id.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\nAccept: text/event-stream\r\n{last}\r\n");
        self.stream.get_mut().write_all(request.as_bytes()).unwrap();
        self.stream.lines()
    }

    fn exchange(&mut self, request: &str) -> (u16, Value) {
        self.try_exchange(request).unwrap()
    }

    fn try_exchange(&mut self, request: &str) -> io::Result<(u16, Value)> {
        self.stream.get_mut().write_all(request.as_bytes())?;
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or(ErrorKind::UnexpectedEof)?;
        let mut length = 0;
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let header = line.trim_end();
            if header.is_empty() {
                break;
            }
            let Some((name, value)) = header.split_once(':') else { continue };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().unwrap(),
                "connection" => self.is_over |= value.trim().eq_ignore_ascii_case("close"),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
    }
}

fn post(path: &str, body: &Value) -> String {
    let body = body.to_string();
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}
