use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::http::{Answer, Connection, Request};
use crate::journal::{Journal, Promise};
use crate::program::{Program, Server};

/// The nodes of one database, each of which may be gone at any time.
pub(crate) struct Site {
    pub(crate) program: Program,
    pub(crate) journal: Journal,
    nodes: Vec<Mutex<Option<Server>>>,
    is_over: AtomicBool,
}

/// What a client connects to whichever node is there.
#[derive(Default)]
pub(crate) struct Line(Option<Connection>);

impl Site {
    /// Starts `nodes` servers at once.
    pub(crate) fn start(program: Program, nodes: usize) -> Self {
        let site = Self {
            program,
            journal: Journal::default(),
            nodes: (0..nodes).map(|_| Mutex::default()).collect(),
            is_over: AtomicBool::new(false),
        };
        thread::scope(|scope| {
            for node in 0..nodes {
                let site = &site;
                scope.spawn(move || site.start_node(node));
            }
        });
        site
    }

    /// Starts a node that is gone. Returns how long it took.
    pub(crate) fn start_node(&self, node: usize) -> Duration {
        let started = Instant::now();
        loop {
            if let Some(server) = self.program.serve() {
                *self.node(node) = Some(server);
                return started.elapsed();
            }
            // The database is not back yet.
            assert!(started.elapsed() < Duration::from_secs(60), "{:?}: it does not start", self.program);
            pause();
        }
    }

    pub(crate) fn kill_node(&self, node: usize) {
        let server = self.node(node).take();
        server.expect("a node that runs").kill();
    }

    pub(crate) fn suspend_node(&self, node: usize, still: bool) {
        self.node(node).as_ref().expect("a node that runs").suspend(still);
    }

    pub(crate) fn count(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn address(&self, node: usize) -> Option<SocketAddr> {
        self.node(node).as_ref().map(|server| server.address)
    }

    /// Has the clients finish what they are at.
    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// What one node says, however long it takes to be there.
    pub(crate) fn ask(&self, node: usize, request: Request<'_>) -> Answer {
        let started = Instant::now();
        loop {
            let answer = self.address(node).and_then(|address| Connection::open(address).ok()?.send(request).ok());
            match answer {
                Some(answer) if answer.status != 503 => return answer,
                _ => assert!(started.elapsed() < Duration::from_secs(60), "node {node} does not answer: {answer:?}"),
            }
            pause();
        }
    }

    fn node(&self, node: usize) -> MutexGuard<'_, Option<Server>> {
        self.nodes[node].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    /// Sends a request, to any node if the connection of the last one broke. Nothing when its answer was lost, or when
    /// it was 503: it may have been done or not.
    pub(crate) fn send(&mut self, site: &Site, turn: u64, what: &'static str, request: Request<'_>) -> Option<Answer> {
        let mut connection = match self.0.take() {
            Some(connection) => connection,
            None => connect(site, turn),
        };
        let answer = connection.send(request);
        if let Ok(answer) = answer {
            self.0 = Some(connection);
            if answer.status != 503 {
                return Some(answer);
            }
            if !answer.says_when_to_retry || answer.body["code"] != "unavailable" {
                site.journal.broken(Promise::Surprise, format!("{what}: a bare 503: {}", answer.body));
            }
            pause();
        }
        site.journal.lost(what);
        None
    }

    /// Lets another node answer the next request.
    pub(crate) fn hang_up(&mut self) {
        self.0 = None;
    }
}

fn connect(site: &Site, turn: u64) -> Connection {
    let started = Instant::now();
    let mut turn = turn as usize;
    loop {
        let opened = site.address(turn % site.count()).map(Connection::open);
        if let Some(Ok(connection)) = opened {
            return connection;
        }
        assert!(started.elapsed() < Duration::from_secs(90), "no node is there: {:?}", opened.map(io::Result::err));
        turn += 1;
        pause();
    }
}

pub(crate) fn pause() {
    thread::sleep(Duration::from_millis(3));
}
