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
    now: Timestamp,
}

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
    let rounds = measure.rounds(5, 2);
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
            site.turn(&place, round + 1);
        }
    }
    let mut finding = Finding::new("sessions", "Sessions against tokens", measure.quick);
    explain(&mut finding, rounds);
    judge(&mut finding, &sites, steps);
    report_growth(&mut finding, &sites, steps);
    sites.retain(|site| site.users == steps[steps.len() - 1]);
    servers(&mut finding, &place, sites, rounds);
    finding
}

impl Place {
    fn new() -> Self {
        let fixture = Fixture::new(&[Algorithm::EdDsa]);
        let folder = tempfile::tempdir().unwrap();
        fixture.write(&folder.path().join("fixture.json"));
        Core::Server.keep();
        let cluster = Cluster::start(&["max_connections=300", "max_wal_size=4GB"]);
        Core::leave();
        let now = Timestamp::from_seconds(jiff::Timestamp::now().as_second());
        Self { folder, fixture, cluster, now }
    }

    /// A new one, with its users logged in.
    fn site(&self, method: Method, users: usize) -> Site {
        let data = self.folder.path().join(format!("{}-{users}", method.name()));
        let database = (method == Method::Database).then(|| self.cluster.database(&[]));
        let (child, address) = self.start(method, &data, database.as_deref());
        let mut site =
            Site { method, users, child, address, data, database, memory: 0.0, disk: 0.0, turns: Vec::new() };
        if !method.is_token() {
            // On both cores.
            Core::release(site.child.id());
            site.child.ask(&format!("fill 0 {users}"));
            Core::Server.take(site.child.id());
        }
        if let Some(url) = &site.database {
            for statement in ["VACUUM ANALYZE users", "VACUUM ANALYZE sessions", "CHECKPOINT"] {
                self.cluster.value(url, statement);
            }
        }
        // What was made is on the disk before anything is measured.
        assert!(Command::new("sync").status().unwrap().success());
        site.turn(self, 0);
        site.turns.clear();
        let postgres = if site.database.is_some() { resident(self.postgres()) } else { 0.0 };
        site.memory = resident(site.child.id()) + postgres;
        site.disk = self.size(&site);
        site
    }

    fn start(&self, method: Method, data: &Path, database: Option<&str>) -> (Child, SocketAddr) {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("site").arg(method.name());
        match method {
            Method::Token | Method::TokenUncached => command.arg(self.folder.path().join("fixture.json")),
            Method::Memory | Method::Disk | Method::Database => command.arg(data).args(database),
        };
        let mut child = Child::start(&command);
        let address = child.port();
        Core::Server.take(child.id());
        (child, address)
    }

    /// MB that users and sessions take on the disk.
    fn size(&self, site: &Site) -> f64 {
        match &site.database {
            Some(url) => {
                let bytes = self.cluster.value(url, "SELECT pg_database_size(current_database())");
                bytes.parse::<f64>().unwrap() / 1e6
            }
            None => size(&site.data),
        }
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
    /// Starts it again, if it is on PostgreSQL: what was kept there for the connections of another must not count.
    fn connect_again(&mut self, place: &Place) {
        if let Some(url) = &self.database {
            (self.child, self.address) = place.start(self.method, &self.data, Some(url));
        }
    }

    fn turn(&mut self, place: &Place, round: usize) {
        let served = ask(place, self.method, &[self.address], self.users, round, self.expected());
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

/// Lets visitors ask one or more servers of a method.
fn ask(place: &Place, method: Method, servers: &[SocketAddr], users: usize, round: usize, expected: f64) -> Served {
    let visits = (expected * TURN.as_secs_f64() * 2.0) as usize / STAY + CONNECTIONS * 4;
    let requests = Arc::new(place.requests(method, users, visits, round));
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
         a service reads it. Memory is that after a turn; PostgreSQL holds the databases of fewer users, too.",
    );
    finding.explain(&format!(
        "A site for each method and each number of users, all at the same time. Each of {CONNECTIONS} connections is a visitor: one of all users, drawn at random, who sends {STAY} requests, then \
         another. {rounds} rounds; in each, every site has a turn of {} ms. The site is on one core and PostgreSQL with it, the \
         load generator is on the other. Medians. `token` is a guard as it comes: the first request of a visit is verified, \
         the others are known, and with few users, who come back soon, all are. `token, no cache` verifies the signature at each request.",
        TURN.as_millis(),
    ));
}

/// That tokens do not care how many there are.
fn judge(finding: &mut Finding, sites: &[Site], steps: &[usize]) {
    let rates = |users| {
        let found = sites.iter().find(|site| site.method == Method::TokenUncached && site.users == users);
        found.unwrap().rates()
    };
    let (least, most) = (steps[0], steps[steps.len() - 1]);
    let flat = ratio(&rates(most), &rates(least));
    finding.expect(
        &format!(
            "tokens without a cache: with {} users {:.1} % of the throughput with {} (95 to 105 %)",
            grouped(&most.to_string()),
            flat * 100.0,
            grouped(&least.to_string()),
        ),
        (0.95..1.05).contains(&flat),
    );
}

fn report_growth(finding: &mut Finding, sites: &[Site], steps: &[usize]) {
    let columns: Vec<String> = std::iter::once(String::new())
        .chain(steps.iter().map(|users| format!("{} users", grouped(&users.to_string()))))
        .collect();
    let mut add = |caption: &str, plot: Option<(&str, &str, bool)>, value: fn(&Site) -> f64| {
        let of_method =
            |method: Method| -> Vec<f64> { sites.iter().filter(|site| site.method == method).map(value).collect() };
        let values = Method::ALL.map(|method| (method, of_method(method)));
        let rows = values.iter().map(|(method, values)| {
            std::iter::once(method.title().to_owned()).chain(values.iter().map(|value| digits(*value))).collect()
        });
        finding.tables.push(Table { caption: caption.to_owned(), columns: columns.clone(), rows: rows.collect() });
        let lines = values.into_iter().map(|(method, values)| Line {
            name: method.title().to_owned(),
            points: steps.iter().map(|users| *users as f64).zip(values).collect(),
            is_ours: method.is_token(),
        });
        if let Some((file, unit, is_y_logarithmic)) = plot {
            finding.charts.push(Chart::Lines {
                file: file.to_owned(),
                title: caption.to_owned(),
                x: "users logged in".to_owned(),
                y: unit.to_owned(),
                is_x_logarithmic: true,
                is_y_logarithmic,
                lines: lines.collect(),
            });
        }
    };
    let rate: fn(&Site) -> f64 = |site| median(&site.rates());
    let p99: fn(&Site) -> f64 = |site| median(&site.turns.iter().map(|served| served.p99).collect::<Vec<_>>());
    add("Requests per second, one server on one core", Some(("sessions-rate", "requests per second", false)), rate);
    add("p99 of a request, ms", Some(("sessions-p99", "milliseconds, logarithmic", true)), p99);
    add("Resident memory, MB (PostgreSQL's own included)", Some(("sessions-memory", "MB", false)), |site| site.memory);
    add("Accounts and sessions on the disk, MB", None, |site| site.disk);
}

/// The same with several servers, which share the core.
fn servers(finding: &mut Finding, place: &Place, sites: Vec<Site>, rounds: usize) {
    struct Group {
        first: Site,
        servers: Vec<SocketAddr>,
        /// Beside the first.
        more: Vec<Child>,
    }
    let shared = sites.into_iter().filter(|site| SHARED.contains(&site.method));
    let groups: Vec<Group> = shared
        .map(|first| {
            let start = |_| place.start(first.method, &first.data, first.database.as_deref());
            let (more, addresses): (Vec<_>, Vec<_>) = (1..SERVERS).map(start).unzip();
            let servers = std::iter::once(first.address).chain(addresses).collect();
            Group { first, servers, more }
        })
        .collect();
    let users = groups[0].first.users;
    let mut rows = Vec::new();
    let mut lines = Vec::new();
    let mut costs = vec![vec![Vec::new(); SERVERS]; groups.len()];
    let mut rates = costs.clone();
    for round in 0..rounds {
        for count in 1..=SERVERS {
            for (at, group) in groups.iter().enumerate() {
                let first = &group.first;
                let all = || {
                    let beside = if first.database.is_some() { used(place.postgres()) } else { 0.0 };
                    let children = std::iter::once(&first.child).chain(&group.more);
                    children.map(|child| used(child.id())).sum::<f64>() + beside
                };
                let before = all();
                let served = ask(place, first.method, &group.servers[..count], users, round, first.expected());
                costs[at][count - 1].push((all() - before) * 1e6 / served.answers as f64);
                rates[at][count - 1].push(served.rate);
            }
        }
    }
    for (at, group) in groups.iter().enumerate() {
        let method = group.first.method;
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
