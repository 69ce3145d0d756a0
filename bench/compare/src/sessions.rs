//! The question that the project exists to answer: what a look-up at each request costs, and what none costs, while the
//! number of logged-in users grows.

mod growth;
mod place;
mod servers;
pub(crate) mod site;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use place::Place;

use crate::arguments::Measure;
use crate::child::Child;
use crate::finding::Finding;
use crate::load::{Client, Served, run};

/// One site, with one method and so many users.
struct Site {
    method: Method,
    users: usize,
    child: Child,
    address: SocketAddr,
    data: PathBuf,
    /// The URL of its own.
    database: Option<String>,
    /// MB, of the process and of PostgreSQL if it has that, after a turn.
    memory: f64,
    /// MB that its users and sessions take on the disk.
    disk: f64,
    turns: Vec<Served>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    Token,
    TokenUncached,
    Memory,
    Disk,
    Database,
}

pub(crate) fn measure(measure: &Measure) -> Finding {
    let place = Place::new();
    let rounds = measure.rounds(50, 5);
    let steps = if measure.quick { &USERS[..2] } else { USERS };
    let mut sites = Vec::new();
    for &users in steps {
        let started = Instant::now();
        sites.extend(Method::ALL.map(|method| place.site(method, users)));
        println!("  sites with {users} users after {:.0} s", started.elapsed().as_secs_f64());
    }
    for site in &mut sites {
        site.connect_again(&place);
    }
    for round in 0..rounds {
        for site in &mut sites {
            site.turn(&place, round + 1, TURN);
        }
    }
    let mut finding = Finding::new("sessions", "Sessions against tokens", measure.quick);
    growth::report(&mut finding, &sites, steps, rounds);
    sites.retain(|site| site.users == steps[steps.len() - 1]);
    servers::measure(&mut finding, &place, sites, rounds);
    finding
}

impl Site {
    /// Starts it again, if it is on PostgreSQL: what was kept there for the connections of another must not count.
    fn connect_again(&mut self, place: &Place) {
        if let Some(url) = &self.database {
            (self.child, self.address) = place.start(self.method, &self.data, Some(url));
        }
    }

    fn turn(&mut self, place: &Place, round: usize, time: Duration) {
        let servers = [self.address];
        let requests = place.requests(self.method, self.users, visits(self.expected(), time), round);
        let served = ask(&servers, requests, time);
        self.turns.push(served);
    }

    /// Requests a second that the next turn may need.
    fn expected(&self) -> f64 {
        self.turns.last().map_or(FIRST, |served| served.rate.max(FIRST / 10.0))
    }

    fn rates(&self) -> Vec<f64> {
        self.turns.iter().map(|served| served.rate).collect()
    }
}

/// How many visits there may be, if so many requests a second are expected.
fn visits(expected: f64, time: Duration) -> usize {
    (expected * time.as_secs_f64() * 2.0) as usize / STAY + CONNECTIONS * 4
}

/// Lets visitors ask one or more servers.
fn ask(servers: &[SocketAddr], requests: Vec<Vec<u8>>, time: Duration) -> Served {
    let requests = Arc::new(requests);
    let visitor = |at| Visitor { requests: Arc::clone(&requests), at, sent: 0 };
    run(servers, (0..CONNECTIONS).map(visitor).collect(), time).0
}

/// A user who sends some requests in a row, and then another.
struct Visitor {
    requests: Arc<Vec<Vec<u8>>>,
    at: usize,
    sent: usize,
}

impl Client for Visitor {
    fn request(&mut self) -> &[u8] {
        if self.sent == STAY {
            self.at += CONNECTIONS;
            self.sent = 0;
        }
        self.sent += 1;
        &self.requests[self.at % self.requests.len()]
    }
}

impl Method {
    const ALL: [Self; 5] = [Self::Token, Self::TokenUncached, Self::Memory, Self::Disk, Self::Database];

    fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::TokenUncached => "token-uncached",
            Self::Memory => "memory",
            Self::Disk => "disk",
            Self::Database => "database",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::TokenUncached => "token, no cache",
            Self::Memory => "session in memory",
            Self::Disk => "session on disk",
            Self::Database => "session in PostgreSQL",
        }
    }

    fn colour(self) -> usize {
        match self {
            Self::Token | Self::TokenUncached => 0,
            Self::Memory => 1,
            Self::Disk => 2,
            Self::Database => 3,
        }
    }

    fn is_token(self) -> bool {
        matches!(self, Self::Token | Self::TokenUncached)
    }
}

const USERS: &[usize] = &[1_000, 10_000, 100_000, 1_000_000];
const CONNECTIONS: usize = 32;
/// Requests of a visit.
const STAY: usize = 10;
const TURN: Duration = Duration::from_millis(120);
/// What fills a site's caches.
const LONG: Duration = Duration::from_secs(1);
/// Requests a second, before anything is known.
const FIRST: f64 = 80_000.0;
