//! Requests as fast as they are answered, on kept-alive connections: one thread on a core of its own, which never sleeps.
//! On a virtual machine, waking a core that sleeps costs whoever wakes it some ten microseconds: a server would pay for the
//! idleness of the one who asks.

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::core::Core;
use crate::statistics::quantile;

/// Someone with a connection of their own, who sends the next request when the last one was answered.
pub(crate) trait Client: Send + 'static {
    /// The next request, whole.
    fn request(&mut self) -> &[u8];

    /// The body of its answer, which was a 200.
    fn answered(&mut self, _: &[u8]) {}
}

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Served {
    /// Answers in a second.
    pub(crate) rate: f64,
    /// Milliseconds from a request to its answer that 99 % did not exceed.
    pub(crate) p99: f64,
    /// Answers since the first request, those before the measurement began included.
    pub(crate) answers: u64,
}

/// What one that takes turns with others got done in each of its own.
#[derive(Default)]
pub(crate) struct Turns {
    served: Vec<Served>,
    /// Microseconds of a core for a request.
    costs: Vec<f64>,
}

impl Turns {
    /// With the seconds of a core that it used up in this turn.
    pub(crate) fn add(&mut self, served: Served, used: f64) {
        self.costs.push(used * 1e6 / served.answers as f64);
        self.served.push(served);
    }

    /// What a process that has just begun does is not yet what it does.
    pub(crate) fn forget_last(&mut self) {
        let _ = (self.served.pop(), self.costs.pop());
    }

    pub(crate) fn rates(&self) -> Vec<f64> {
        self.served.iter().map(|served| served.rate).collect()
    }

    pub(crate) fn p99s(&self) -> Vec<f64> {
        self.served.iter().map(|served| served.p99).collect()
    }

    pub(crate) fn costs(&self) -> &[f64] {
        &self.costs
    }
}

/// Lets all of them ask for `time`, after some time that is not counted. They spread over `servers` in turns.
pub(crate) fn run<C: Client>(servers: &[SocketAddr], clients: Vec<C>, time: Duration) -> (Served, Vec<C>) {
    let servers = servers.to_vec();
    Core::Load.run(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build().unwrap();
        tokio::task::LocalSet::new().block_on(&runtime, ask(servers, clients, time))
    })
}

async fn ask<C: Client>(servers: Vec<SocketAddr>, clients: Vec<C>, time: Duration) -> (Served, Vec<C>) {
    let begin = Instant::now() + time.mul_f64(WARM_UP);
    let (end, answers) = (begin + time, Rc::new(Cell::new(0_u64)));
    let tasks: Vec<_> = clients
        .into_iter()
        .enumerate()
        .map(|(at, client)| {
            let connection = Connection { server: servers[at % servers.len()], stream: None, buffer: vec![0; ROOM] };
            tokio::task::spawn_local(connection.serve(client, begin, end, Rc::clone(&answers)))
        })
        .collect();
    let awake = tokio::task::spawn_local(async {
        loop {
            tokio::task::yield_now().await;
        }
    });
    let (mut waits, mut clients) = (Vec::new(), Vec::new());
    for task in tasks {
        let (client, own) = task.await.unwrap();
        clients.push(client);
        waits.extend(own);
    }
    awake.abort();
    let rate = waits.len() as f64 / time.as_secs_f64();
    (Served { rate, p99: quantile(&waits, 0.99), answers: answers.get() }, clients)
}

struct Connection {
    server: SocketAddr,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
}

impl Connection {
    async fn serve<C: Client>(
        mut self,
        mut client: C,
        begin: Instant,
        end: Instant,
        answers: Rc<Cell<u64>>,
    ) -> (C, Vec<f64>) {
        let mut waits = Vec::new();
        loop {
            let sent = Instant::now();
            if sent >= end {
                return (client, waits);
            }
            let body = self.exchange(client.request()).await;
            client.answered(&self.buffer[body.0..body.1]);
            let now = Instant::now();
            answers.set(answers.get() + 1);
            // Whenever it was sent: else the slow would lose those that were under way at the beginning.
            if (begin..end).contains(&now) {
                waits.push((now - sent).as_secs_f64() * 1e3);
            }
        }
    }

    /// Sends a request; where the body of the answer lies in the buffer.
    async fn exchange(&mut self, request: &[u8]) -> (usize, usize) {
        for _ in 0..TRIES {
            match self.try_exchange(request).await {
                Ok(body) => return body,
                // A server may close a connection that it has kept for a while.
                Err(_) => self.stream = None,
            }
        }
        panic!("{} does not answer", self.server);
    }

    async fn try_exchange(&mut self, request: &[u8]) -> io::Result<(usize, usize)> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(self.server).await?;
                stream.set_nodelay(true)?;
                self.stream.insert(stream)
            }
        };
        stream.write_all(request).await?;
        let mut length = 0;
        let mut whole = None;
        while whole.is_none_or(|(_, end)| length < end) {
            let read = stream.read(&mut self.buffer[length..]).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            length += read;
            whole = whole.or_else(|| answer(&self.buffer[..length]));
        }
        whole.ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}

/// Where the body of an answer begins and ends, once its headers are there.
///
/// # Panics
/// When it is not a 200 that says how long it is.
fn answer(bytes: &[u8]) -> Option<(usize, usize)> {
    let start = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..start]).unwrap();
    assert!(head.get(9..12) == Some("200"), "refused: {}", String::from_utf8_lossy(bytes));
    let length = head.split("\r\n").skip(1).find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    Some((start, start + length.unwrap_or_else(|| panic!("an answer of no known length: {head}"))))
}

/// How much longer than what is counted.
const WARM_UP: f64 = 0.25;
const ROOM: usize = 32 * 1024;
const TRIES: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_headers_say_so() {
        let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        assert_eq!(answer(&bytes[..30]), None);
        assert_eq!(answer(bytes), Some((38, 43)));
    }

    #[test]
    #[should_panic(expected = "refused")]
    fn a_refusal_is_no_answer() {
        answer(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
    }
}
