//! The question that the project exists to answer: what a look-up at each request costs, and what none costs, while the
//! number of logged-in users grows.

pub(crate) mod site;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokenry_domain::time::Timestamp;
use tokenry_jwt::Algorithm;

use crate::arguments::Measure;
use crate::chart::{Chart, Line};
use crate::child::{Child, resident, used};
use crate::cluster::Cluster;
use crate::core::Core;
use crate::finding::{Finding, Table};
use crate::fixture::Fixture;
use crate::load::{Client, Served, run};
use crate::statistics::{digits, grouped, median, ratio};
use crate::users;

/// Where the sites are made.
struct Place {
    folder: tempfile::TempDir,
    fixture: Fixture,
    cluster: Cluster,
    database: String,
    now: Timestamp,
}

/// One site, with one method.
struct Site {
    method: Method,
    child: Child,
    address: SocketAddr,
    data: PathBuf,
    /// Requests a second that the next turn may need.
    expected: f64,
    turns: Vec<Turn>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    Token,
    TokenUncached,
    Memory,
    Disk,
    Database,
}

/// What one site did in one round.
struct Turn {
    users: usize,
    served: Served,
}

pub(crate) fn measure(measure: &Measure) -> Finding {
    let place = Place::new();
    let mut sites: Vec<Site> = Method::ALL.into_iter().map(|method| place.site(method, 0)).collect();
    let rounds = measure.rounds(5, 2);
    let steps = if measure.quick { &USERS[..2] } else { USERS };
    let mut memory: Vec<Vec<f64>> = Vec::new();
    let mut disk: Vec<Vec<f64>> = Vec::new();
    let mut flat = Vec::new();
    let mut logged_in = 0;
    for &users in steps {
        let started = Instant::now();
        place.log_in(&mut sites, logged_in, users);
        logged_in = users;
        println!("  {users} users logged in after {:.0} s", started.elapsed().as_secs_f64());
        for round in 0..rounds {
            for site in &mut sites {
                site.turn(&place, users, round);
            }
            // The same process in the same round, asked by the first users alone: what the machine does in between is in both.
            let uncached = sites.iter_mut().find(|site| site.method == Method::TokenUncached).unwrap();
            let all = uncached.turns.last().unwrap().served.rate;
            let few = uncached.ask(&place, USERS[0], round);
            flat.push(all / few.rate);
        }
        memory.push(sites.iter().map(|site| site.memory(&place)).collect());
        disk.push(sites.iter().map(|site| site.disk(&place)).collect());
    }
    let mut finding = Finding::new("sessions", "Sessions against tokens", measure.quick);
    explain(&mut finding, rounds);
    let least = median(&flat);
    finding.expect(
        &format!(
            "tokens, from {} to {} users: throughput {:.1} % of that with {} users in the same rounds (at least 95 %)",
            grouped(&steps[0].to_string()),
            grouped(&logged_in.to_string()),
            least * 100.0,
            grouped(&USERS[0].to_string()),
        ),
        least >= 0.95,
    );
    report_growth(&mut finding, &sites, steps, &memory, &disk);
    servers(&mut finding, &place, sites, logged_in, rounds);
    finding
}

impl Place {
    fn new() -> Self {
        let fixture = Fixture::new(&[Algorithm::EdDsa]);
        let folder = tempfile::tempdir().unwrap();
        fixture.write(&folder.path().join("fixture.json"));
        Core::Server.keep();
        let cluster = Cluster::start(&["max_connections=200", "max_wal_size=4GB"]);
        Core::leave();
        let database = cluster.database(&[]);
        let now = Timestamp::from_seconds(jiff::Timestamp::now().as_second());
        Self { folder, fixture, cluster, database, now }
    }

    /// A new one; the first of a method is number 0.
    fn site(&self, method: Method, number: usize) -> Site {
        let data = self.folder.path().join(format!("{}-{number}", method.name()));
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("site").arg(method.name());
        match method {
            Method::Token | Method::TokenUncached => command.arg(self.folder.path().join("fixture.json")),
            Method::Memory | Method::Disk => command.arg(&data),
            Method::Database => command.arg(&data).arg(&self.database),
        };
        let mut child = Child::start(&command);
        let address = child.port();
        Core::Server.take(child.id());
        Site { method, address, child, data, expected: FIRST, turns: Vec::new() }
    }

    /// Logs users in at all sites, on both cores.
    fn log_in(&self, sites: &mut [Site], from: usize, to: usize) {
        for site in sites.iter_mut().filter(|site| !site.method.is_token()) {
            Core::release(site.child.id());
            site.child.ask(&format!("fill {from} {to}"));
            Core::Server.take(site.child.id());
        }
        self.cluster.value(&self.database, "VACUUM ANALYZE users");
        self.cluster.value(&self.database, "VACUUM ANALYZE sessions");
        self.cluster.value(&self.database, "CHECKPOINT");
        // What was made is on the disk before anything is measured.
        assert!(Command::new("sync").status().unwrap().success());
    }

    /// What each of the visitors sends: one user after the other, drawn from all.
    fn requests(&self, method: Method, users: usize, count: usize, seed: usize) -> Vec<Vec<u8>> {
        let key = self.fixture.key(Algorithm::EdDsa);
        let mut chance = seed as u64 * 2 + 1;
        let mut draw = || {
            // An odd state of this generator comes back after 2^62 steps (L'Ecuyer 1999).
            chance = chance.wrapping_mul(0xd134_2543_de82_ef95);
            ((u128::from(chance) * users as u128) >> 64) as usize
        };
        let credential = |number| match method.is_token() {
            true => format!("Authorization: Bearer {}", users::token(number, key, self.now)),
            false => format!("Cookie: {}={}", site::NAME, users::cookie(number).expose().as_str()),
        };
        let request = |number| format!("GET /orders HTTP/1.1\r\nHost: 127.0.0.1\r\n{}\r\n\r\n", credential(number));
        (0..count).map(|_| request(draw()).into_bytes()).collect()
    }

    fn postgres(&self) -> u32 {
        let text = fs::read_to_string(self.cluster.folder().join("data/postmaster.pid")).unwrap();
        text.lines().next().unwrap().parse().unwrap()
    }
}

impl Site {
    fn turn(&mut self, place: &Place, users: usize, round: usize) {
        let served = self.ask(place, users, round);
        self.turns.push(Turn { users, served });
    }

    fn ask(&mut self, place: &Place, users: usize, round: usize) -> Served {
        let served = ask(place, self.method, &[self.address], users, round, self.expected);
        self.expected = served.rate.max(FIRST / 10.0);
        served
    }

    fn of(&self, users: usize, value: fn(&Served) -> f64) -> Vec<f64> {
        self.turns.iter().filter(|turn| turn.users == users).map(|turn| value(&turn.served)).collect()
    }

    /// MB, of the site and of what it alone has beside it.
    fn memory(&self, place: &Place) -> f64 {
        let beside = if self.method == Method::Database { resident(place.postgres()) } else { 0.0 };
        resident(self.child.id()) + beside
    }

    /// MB that its users and sessions take on the disk.
    fn disk(&self, place: &Place) -> f64 {
        match self.method {
            Method::Token | Method::TokenUncached => 0.0,
            Method::Memory | Method::Disk => size(&self.data),
            Method::Database => {
                let bytes = place.cluster.value(&place.database, "SELECT pg_database_size(current_database())");
                bytes.parse::<f64>().unwrap() / 1e6
            }
        }
    }
}

/// Lets visitors ask one or more servers of a method.
fn ask(place: &Place, method: Method, servers: &[SocketAddr], users: usize, round: usize, expected: f64) -> Served {
    let visits = (expected * TURN.as_secs_f64() * 2.0) as usize / STAY + CONNECTIONS * 4;
    let requests = Arc::new(place.requests(method, users, visits, round + 1));
    let visitor = |at| Visitor { requests: Arc::clone(&requests), at, sent: 0 };
    run(servers, (0..CONNECTIONS).map(visitor).collect(), TURN).0
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

fn explain(finding: &mut Finding, rounds: usize) {
    finding.explain(
        "One program answers `GET /orders` with `hello` and the user's identifier. By token it is a service with the guard and \
         the issuer's key (EdDSA). By cookie it is an application with Tokenry embedded, which finds the session and its user in \
         its memory, in a SQLite file, or in PostgreSQL. Same framework, same request but for the header, same answer. (At \
         the issuer's own calls, such as `/v1/verify`, a token is looked up as well; what is compared here is the services \
         that do not.) Users and sessions are made directly in the stores. Tokenry writes down once a minute that a cookie's \
         session is in use; these writes are left out. The issuer keeps a row for each session of the token method, too, for refreshing; no request to \
         a service reads it.",
    );
    finding.explain(&format!(
        "Each of {CONNECTIONS} connections is a visitor: one of all users, drawn at random, who sends {STAY} requests, then \
         another. {rounds} rounds; in each, every site has a turn of {} ms. The site is on one core and PostgreSQL with it, the \
         load generator is on the other. Medians. `token` is a guard as it comes: the first request of a visit is verified, \
         the others are known, and with few users all are. `token, no cache` verifies the signature at each request.",
        TURN.as_millis(),
    ));
}

fn report_growth(finding: &mut Finding, sites: &[Site], steps: &[usize], memory: &[Vec<f64>], disk: &[Vec<f64>]) {
    let columns = |what: &str| {
        let steps = steps.iter().map(|users| format!("{} users", grouped(&users.to_string())));
        std::iter::once(what.to_owned()).chain(steps).collect::<Vec<_>>()
    };
    let mut add = |caption: &str, file: &str, unit: &str, is_logarithmic: bool, value: &dyn Fn(usize, usize) -> f64| {
        let of_site = |site: usize| (0..steps.len()).map(|step| value(site, step)).collect::<Vec<_>>();
        let values: Vec<(&Site, Vec<f64>)> = sites.iter().enumerate().map(|(at, site)| (site, of_site(at))).collect();
        let rows = values.iter().map(|(site, values)| {
            std::iter::once(site.method.title().to_owned()).chain(values.iter().map(|value| digits(*value))).collect()
        });
        finding.tables.push(Table { caption: caption.to_owned(), columns: columns(""), rows: rows.collect() });
        let lines = values.into_iter().map(|(site, values)| Line {
            name: site.method.title().to_owned(),
            points: steps.iter().map(|users| *users as f64).zip(values).collect(),
            is_ours: site.method.is_token(),
        });
        if !file.is_empty() {
            finding.charts.push(Chart::Lines {
                file: file.to_owned(),
                title: caption.to_owned(),
                x: "users logged in".to_owned(),
                y: unit.to_owned(),
                is_x_logarithmic: true,
                is_y_logarithmic: is_logarithmic,
                lines: lines.collect(),
            });
        }
    };
    add("Requests per second, one server on one core", "sessions-rate", "requests per second", false, &|site, step| {
        median(&sites[site].of(steps[step], |served| served.rate))
    });
    add("p99 of a request, ms", "sessions-p99", "milliseconds, logarithmic", true, &|site, step| {
        median(&sites[site].of(steps[step], |served| served.p99))
    });
    add("Resident memory, MB (PostgreSQL's own included)", "sessions-memory", "MB", false, &|site, step| {
        memory[step][site]
    });
    add("Accounts and sessions on the disk, MB", "", "", false, &|site, step| disk[step][site]);
}

/// The same with several servers, which share the core.
fn servers(finding: &mut Finding, place: &Place, sites: Vec<Site>, users: usize, rounds: usize) {
    let mut groups: Vec<Vec<Site>> = Vec::new();
    for site in sites.into_iter().filter(|site| SHARED.contains(&site.method)) {
        let more: Vec<Site> = (1..SERVERS).map(|number| place.site(site.method, number)).collect();
        groups.push(std::iter::once(site).chain(more).collect());
    }
    let mut rows = Vec::new();
    let mut lines = Vec::new();
    let mut costs = vec![vec![Vec::new(); SERVERS]; groups.len()];
    let mut rates = costs.clone();
    for round in 0..rounds {
        for count in 1..=SERVERS {
            for (at, group) in groups.iter().enumerate() {
                let servers: Vec<SocketAddr> = group.iter().take(count).map(|site| site.address).collect();
                let method = group[0].method;
                let all = || {
                    let beside = if method == Method::Database { used(place.postgres()) } else { 0.0 };
                    group.iter().map(|site| used(site.child.id())).sum::<f64>() + beside
                };
                let before = all();
                let served = ask(place, method, &servers, users, round, group[0].expected);
                costs[at][count - 1].push((all() - before) * 1e6 / served.answers as f64);
                rates[at][count - 1].push(served.rate);
            }
        }
    }
    for (at, group) in groups.iter().enumerate() {
        let method = group[0].method;
        let of = |count: usize| (median(&costs[at][count]), median(&rates[at][count]));
        let cells = (0..SERVERS).map(|count| format!("{} us ({}/s)", digits(of(count).0), digits(of(count).1)));
        rows.push(std::iter::once(method.title().to_owned()).chain(cells).collect());
        let points = (0..SERVERS).map(|count| ((count + 1) as f64, of(count).0)).collect();
        lines.push(Line { name: method.title().to_owned(), points, is_ours: method.is_token() });
    }
    let caption = format!(
        "{} users, several servers on one core: core time for a request, all servers and PostgreSQL",
        grouped(&users.to_string())
    );
    let columns = ["", "one server", "two servers", "three servers"].map(str::to_owned).to_vec();
    finding.explain(
        "With several servers, connections spread over them evenly; all servers, and PostgreSQL, share the one core, so that \
         throughput can't grow: what each request costs is what more cores would be paid for. Sessions in memory or in a file of a \
         server can't be shared: a proxy would have to send each user to the same server.",
    );
    let flat = ratio(&costs[0][SERVERS - 1], &costs[0][0]);
    finding.explain(&format!(
        "By token, a request costs {:.0} % with {SERVERS} servers of what it costs with one.",
        flat * 100.0
    ));
    finding.tables.push(Table { caption, columns, rows });
    finding.charts.push(Chart::Lines {
        file: "sessions-servers".to_owned(),
        title: "Cost of a request; all servers share one core of this machine".to_owned(),
        x: "servers".to_owned(),
        y: "core time, microseconds".to_owned(),
        is_x_logarithmic: false,
        is_y_logarithmic: false,
        lines,
    });
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

    fn is_token(self) -> bool {
        matches!(self, Self::Token | Self::TokenUncached)
    }
}

/// MB of all files in a folder.
fn size(folder: &Path) -> f64 {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).map(|file| file.len() as f64 / 1e6).sum()
}

const USERS: &[usize] = &[1_000, 10_000, 100_000, 1_000_000];
const SHARED: [Method; 3] = [Method::Token, Method::TokenUncached, Method::Database];
const SERVERS: usize = 3;
const CONNECTIONS: usize = 32;
/// Requests of a visit.
const STAY: usize = 10;
const TURN: Duration = Duration::from_millis(1000);
/// Requests a second, before anything is known.
const FIRST: f64 = 80_000.0;
