//! `kill -9` over a full queue: no mail is lost, and each crash repeats one at most.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cluster::Cluster;
use crate::mail::server::{FROM, MailServer, PATIENCE, sign_up, variable};
use crate::program::{Program, Running};

#[test]
fn killed_over_a_full_queue_on_sqlite_it_loses_no_mail_and_repeats_one_at_most_each_time() {
    let program = Program::new();
    run("SQLite, one node", 1, |url| program.serve_with(&[("TOKENRY_MAIL__SMTP", url), FROM]));
}

#[test]
fn killed_over_a_full_queue_on_postgresql_it_loses_no_mail_and_repeats_one_at_most_each_time() {
    // Only processes die here, so the disk need not be waited for.
    let (cluster, program) = (Cluster::start(&["fsync=off"]), Program::new());
    let database = cluster.database(&[]);
    let shared = [
        ("TOKENRY_DATABASE", database.as_str()),
        ("TOKENRY_MASTER_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"),
        FROM,
    ];
    run("PostgreSQL, two nodes", 2, |url| program.serve_with(&[&shared[..], &[("TOKENRY_MAIL__SMTP", url)]].concat()));
}

/// Kills one of the nodes at a random moment, so often as `TOKENRY_TEST_CRASHES` says; the figure of record is 200.
fn run(what: &str, nodes: usize, serve: impl Fn(&str) -> Running) {
    const EACH: usize = 8;
    let crashes = variable("TOKENRY_TEST_CRASHES", 6);
    let mut chance = Chance(variable("TOKENRY_TEST_SEED", 1) as u64);
    let (mut mail, mut arrivals) = (MailServer::start(), Arrivals::default());
    mail.will("end", "late 30");
    let url = mail.url("none");
    let mut running: Vec<Running> = (0..nodes).map(|_| serve(&url)).collect();
    let started = Instant::now();
    for crash in 0..crashes {
        let node = chance.below(nodes as u64) as usize;
        for n in 0..EACH {
            sign_up(&running[n % nodes], &format!("user-{crash}-{n}"));
        }
        pause(Duration::from_millis(chance.below(400)));
        running[node].kill();
        // What it handed over last arrives, though the process is gone.
        let end = Instant::now() + Duration::from_millis(100);
        while let Some(mail) = mail.mail_within(end.saturating_duration_since(Instant::now())) {
            arrivals.note(&mail, crash);
        }
        let log = running[node].log();
        assert!(!log.contains("panicked"), "{log}");
        running[node] = serve(&url);
    }
    let expected = crashes * EACH;
    let end = Instant::now() + PATIENCE + Duration::from_millis(100 * expected as u64);
    // What was in hand at the last crash goes when its lease has run out.
    while !is_queue_empty(&running[0]) {
        mail.mail_within(Duration::from_secs(1)).iter().for_each(|mail| arrivals.note(mail, crashes));
        assert!(Instant::now() < end, "the queue does not end");
    }
    mail.other_mails().iter().for_each(|mail| arrivals.note(mail, crashes));
    let repeats = arrivals.repeats();
    println!(
        "{what}: {crashes} kills, {expected} mails: {} arrived, {} of them twice, at most {} for each kill, in {:.0} s",
        arrivals.0.len(),
        repeats.values().sum::<usize>(),
        repeats.values().max().unwrap_or(&0),
        started.elapsed().as_secs_f64(),
    );
    assert_eq!(arrivals.0.len(), expected, "lost");
    assert!(repeats.values().all(|repeats| *repeats <= 1), "{repeats:?}");
}

fn is_queue_empty(node: &Running) -> bool {
    let (mut stream, mut metrics) = (TcpStream::connect(node.address()).unwrap(), String::new());
    stream.write_all(b"GET /metrics HTTP/1.0\r\nHost: test\r\n\r\n").unwrap();
    stream.read_to_string(&mut metrics).unwrap();
    assert!(metrics.contains("tokenry_mails_queued "), "{metrics}");
    metrics.contains("tokenry_mails_queued 0\n")
}

/// The mails, and before which crash each copy of one arrived.
#[derive(Default)]
struct Arrivals(BTreeMap<String, Vec<usize>>);

impl Arrivals {
    fn note(&mut self, mail: &Value, crash: usize) {
        self.0.entry(mail["to"][0].as_str().unwrap().to_owned()).or_default().push(crash);
    }

    /// How many mails each crash repeated: every copy but the last was sent by who died before it was noted.
    fn repeats(&self) -> BTreeMap<usize, usize> {
        let mut repeats = BTreeMap::new();
        for copies in self.0.values() {
            for crash in &copies[..copies.len() - 1] {
                *repeats.entry(*crash).or_default() += 1;
            }
        }
        repeats
    }
}

/// Numbers that look random and are the same each time (splitmix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

#[expect(clippy::disallowed_methods, reason = "killing at random moments is waiting for them")]
fn pause(time: Duration) {
    thread::sleep(time);
}
