//! Kills under load: the server, the commands beside it, and on PostgreSQL its processes, too.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};
use std::{fmt, fs};

use crate::chance::Chance;
use crate::client::Client;
use crate::cluster::Cluster;
use crate::journal::{Entries, Promise};
use crate::program::{Program, signal};
use crate::site::Site;
use crate::{operator, verdict};

/// What a round of kills came to.
#[derive(Debug)]
pub struct Kills {
    servers: u32,
    first_starts: u32,
    backends: u32,
    clusters: u32,
    took: Duration,
    longest_start: Duration,
    keys: usize,
    entries: Entries,
}

/// Kills a server of one node on SQLite so many times.
pub fn sqlite(binary: &Path, kills: u32, seed: u64) -> Kills {
    let directory = tempfile::tempdir().unwrap();
    let program = |name: &str| Program::new(binary, &directory.path().join(name), None);
    let mut killer = Killer::new(seed);
    killer.first_starts(kills.div_ceil(10), 1, |start| program(&format!("first-{start}")));
    killer.run(Site::start(program("load"), 1), None, kills)
}

/// Kills servers of two nodes on PostgreSQL so many times, and in every fourth round one of PostgreSQL's processes, or
/// all of them, instead.
pub fn postgres(binary: &Path, kills: u32, seed: u64) -> Kills {
    let directory = tempfile::tempdir().unwrap();
    // Only processes die here, so the disk need not be waited for.
    let cluster = Cluster::start(&["max_connections=200", "fsync=off"]);
    let url = cluster.database(&[]);
    let program = |url: String| Program::new(binary, directory.path(), Some(url));
    let mut killer = Killer::new(seed);
    killer.first_starts(kills.div_ceil(10), 2, |_| program(cluster.database(&[])));
    killer.run(Site::start(program(url.clone()), 2), Some((&cluster, &url)), kills)
}

/// Half-way puts back a copy of the database from the beginning, so that a judge who finds nothing is seen to be blind.
pub fn forgetful(binary: &Path, seed: u64) -> Kills {
    let directory = tempfile::tempdir().unwrap();
    let site = Site::start(Program::new(binary, directory.path(), None), 1);
    let (data, copy) = (directory.path().join("data"), directory.path().join("copy"));
    site.kill_node(0);
    copy_files(&data, &copy);
    site.start_node(0);
    let mut killer = Killer::new(seed);
    let forget = || {
        site.kill_node(0);
        copy_files(&copy, &data);
        site.start_node(0);
    };
    killer.load(&site, |_| {
        thread::sleep(Duration::from_secs(1));
        forget();
        thread::sleep(Duration::from_secs(1));
    });
    killer.judge(&site)
}

fn copy_files(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let name = file.unwrap().file_name();
        fs::copy(from.join(&name), to.join(&name)).unwrap();
    }
}

struct Killer {
    seed: u64,
    chance: Chance,
    kills: Kills,
}

impl Killer {
    fn new(seed: u64) -> Self {
        let none = Duration::ZERO;
        let (took, longest_start, entries) = (none, none, Entries::default());
        let kills =
            Kills { servers: 0, first_starts: 0, backends: 0, clusters: 0, took, longest_start, keys: 0, entries };
        Self { seed, chance: Chance::new(seed, 0), kills }
    }

    /// Starts on empty databases, killed anywhere on their way: what one began the next ones, all at once, finish.
    fn first_starts(&mut self, count: u32, nodes: usize, program: impl Fn(u32) -> Program) {
        let whole = {
            let site = Site::start(program(count), 1);
            site.kill_node(0);
            site.start_node(0).as_micros() as u64
        };
        for start in 0..count {
            let program = program(start);
            program.serve_for(Duration::from_micros(self.chance.below(2 * whole)));
            self.kills.first_starts += 1;
            let site = Site::start(program, nodes);
            verdict::keys(&site);
            self.kills.entries.broken.append(&mut site.journal.entries().broken);
        }
    }

    fn run(mut self, site: Site, cluster: Option<(&Cluster, &str)>, kills: u32) -> Kills {
        self.load(&site, |killer| {
            for round in 1..=kills {
                thread::sleep(Duration::from_millis(30 + killer.chance.below(300)));
                match cluster {
                    Some((cluster, url)) if round.is_multiple_of(4) => killer.kill_database(cluster, url, round),
                    _ => killer.kill_server(&site),
                }
                if round.is_multiple_of(25) {
                    verdict::feed(&site);
                }
                if !site.journal.entries().broken.is_empty() {
                    break;
                }
            }
        });
        self.judge(&site)
    }

    /// Has clients and an operator at work while something is done to the site.
    fn load(&mut self, site: &Site, harm: impl FnOnce(&mut Self)) {
        let (started, seed) = (Instant::now(), self.seed);
        thread::scope(|scope| {
            for number in 0..CLIENTS {
                scope.spawn(move || Client::new(site, number, seed).run());
            }
            scope.spawn(move || operator::run(site, seed));
            harm(self);
            site.end();
        });
        self.kills.took = started.elapsed();
    }

    fn judge(mut self, site: &Site) -> Kills {
        verdict::feed(site);
        verdict::accounts(site);
        self.kills.keys = verdict::keys(site);
        let earlier = std::mem::take(&mut self.kills.entries.broken);
        self.kills.entries = site.journal.entries().clone();
        self.kills.entries.broken.extend(earlier);
        self.kills
    }

    fn kill_server(&mut self, site: &Site) {
        let node = self.chance.below(site.count() as u64) as usize;
        site.kill_node(node);
        self.kills.servers += 1;
        let start = site.start_node(node);
        self.kills.longest_start = self.kills.longest_start.max(start);
    }

    fn kill_database(&mut self, cluster: &Cluster, url: &str, round: u32) {
        if round.is_multiple_of(8) {
            cluster.kill();
            self.kills.clusters += 1;
            cluster.start_again();
            return;
        }
        // PostgreSQL throws all others out then, and recovers from its log.
        signal("-KILL", &cluster.value(url, ONE_THAT_WORKS));
        self.kills.backends += 1;
        assert!(cluster.is_up(), "PostgreSQL recovers by itself");
    }
}

impl Kills {
    /// How often something was killed.
    pub fn count(&self) -> u32 {
        self.servers + self.first_starts + self.backends + self.clusters
    }

    /// How often a promise was broken.
    pub fn broken(&self, promise: Promise) -> usize {
        self.entries.broken.iter().filter(|(broken, _)| *broken == promise).count()
    }

    /// How often an answer was lost.
    pub fn lost_answers(&self) -> u64 {
        self.entries.tallies.values().map(|tally| tally.lost).sum()
    }
}

impl fmt::Display for Kills {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { servers, first_starts, backends, clusters, took, longest_start, entries, .. } = self;
        write!(formatter, "{servers} servers killed under load, {first_starts} in their first starts")?;
        if backends + clusters > 0 {
            write!(formatter, ", {backends} PostgreSQL backends, {clusters} whole PostgreSQL servers")?;
        }
        writeln!(formatter, ": {} kills in {:.0} s", self.count(), took.as_secs_f64())?;
        writeln!(formatter, "longest start after a kill: {:.0} ms\n", longest_start.as_secs_f64() * 1e3)?;
        writeln!(formatter, "| | acknowledged | answers lost |\n| --- | ---: | ---: |")?;
        for (what, tally) in &entries.tallies {
            writeln!(formatter, "| {what} | {} | {} |", tally.acknowledged, tally.lost)?;
        }
        let (ended, names) = (entries.ended.len(), entries.names.len());
        writeln!(formatter, "\n{ended} ended sessions, {names} accounts and {} keys looked at\n", self.keys)?;
        for promise in Promise::ALL {
            writeln!(formatter, "- {} {promise}", self.broken(promise))?;
        }
        for (promise, how) in entries.broken.iter().take(10) {
            writeln!(formatter, "  {promise}: {how}")?;
        }
        Ok(())
    }
}

const CLIENTS: usize = 12;
const ONE_THAT_WORKS: &str = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() \
    AND pid <> pg_backend_pid() AND backend_type = 'client backend' ORDER BY state_change DESC LIMIT 1";
