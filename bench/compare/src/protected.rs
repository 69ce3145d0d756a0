//! A protected `GET`: what a service that asks for a token gets done on one core.

pub(crate) mod service;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokenry_jwt::Algorithm;

use crate::arguments::Measure;
use crate::chart::{Bar, Chart, Panel};
use crate::child::{Child, used};
use crate::core::Core;
use crate::finding::{Finding, Table};
use crate::fixture::{Fixture, token};
use crate::load::{Client, Turns, run};
use crate::primitive;
use crate::statistics::{digits, median, ratio};

/// One of the services that are compared.
struct Service {
    name: &'static str,
    command: Command,
    /// Whether it sees each token once.
    are_new: bool,
    turns: Turns,
}

pub(crate) fn measure(measure: &Measure) -> Finding {
    let algorithms = [Algorithm::Hs256, Algorithm::EdDsa];
    let fixture = Fixture::new(&algorithms);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fixture.json");
    fixture.write(&path);
    let (generations, rounds) = (measure.rounds(5, 1), measure.rounds(10, 2));
    let mut finding = Finding::new("protected", "A protected GET", measure.quick);
    explain(&mut finding, &fixture, generations, rounds);
    let mut panels = Vec::new();
    for algorithm in algorithms {
        let mut services = services(measure, &path, algorithm);
        let mut primitives = Vec::new();
        let mut used_up = 0;
        for _ in 0..generations {
            let processes = start(&services);
            for round in 0..=rounds {
                let signature = bare_signature(&path, algorithm);
                for (service, process) in services.iter_mut().zip(&processes) {
                    service.turn(process, &fixture, algorithm, &mut used_up);
                }
                if round == 0 {
                    services.iter_mut().for_each(|service| service.turns.forget_last());
                } else {
                    primitives.push(signature);
                }
            }
        }
        println!("  {}", algorithm.name());
        judge(&mut finding, algorithm, &services, &primitives);
        finding.tables.push(table(algorithm, &services));
        panels.push(panel(algorithm, &services));
    }
    finding.charts.push(Chart::Bars {
        file: "protected".to_owned(),
        title: "A protected GET, the service on one core".to_owned(),
        unit: "requests per second: longer is better".to_owned(),
        is_logarithmic: false,
        panels,
    });
    finding
}

fn explain(finding: &mut Finding, fixture: &Fixture, generations: usize, rounds: usize) {
    finding.explain(&format!(
        "`GET /orders`, answered with `hello` and the token's subject. The service has one core, {CONNECTIONS} kept-alive \
         connections of a load generator the other; each sends its next request when the last one was answered. Every service is \
         started {generations} times, because one process may be a few percent faster than another of the same program, and \
         then has a turn of {} ms in each of {rounds} rounds, while the others idle. Medians; `of bare axum` is the median of \
         the ratios of {} rounds. `warm`: {} tokens that come again and again, for all services but those that say `every token \
         new`. Bare axum is sent the same bytes and looks at none of them.",
        TURN.as_millis(),
        generations * rounds,
        fixture.tokens(Algorithm::Hs256).len(),
    ));
    finding.explain(
        "axum with jsonwebtoken reads the same claims and does not look at `typ`. Fastify has fast-jwt with and without its \
         cache. Django REST framework answers from gunicorn, one worker with four threads (gthread), with \
         `JWTStatelessUserAuthentication`, which asks no database; it has no EdDSA.",
    );
    finding.explain(
        "What it does not show: a service that does something. The answer is as short as can be, so that what a token costs is \
         seen at its largest.",
    );
}

/// All services that take tokens of the algorithm.
fn services(measure: &Measure, fixture: &Path, algorithm: Algorithm) -> Vec<Service> {
    let own = std::env::current_exe().unwrap();
    let command = |program: &Path, before: &[&str], after: &[&str]| {
        let mut command = Command::new(program);
        command.args(before).arg(fixture).arg(algorithm.name()).args(after);
        command
    };
    let script = measure.node.join("serve.js");
    let node = |after: &[&str]| command(Path::new("node"), &[script.to_str().unwrap()], after);
    let mut commands = vec![
        (BARE, command(&own, &["service", "bare"], &[]), false),
        (WARM, command(&own, &["service", "guard"], &[]), false),
        (NEW, command(&own, &["service", "guard"], &[]), true),
        ("axum, jsonwebtoken", command(&measure.rust, &["serve"], &[]), false),
        ("Fastify, fast-jwt cached", node(&["cached"]), false),
        ("Fastify, fast-jwt", node(&[]), false),
    ];
    if algorithm == Algorithm::Hs256 {
        let mut django = Command::new(&measure.python);
        django.arg(measure.scripts.join("service.py")).arg("serve").env("FIXTURE", fixture);
        commands.push(("Django REST, simplejwt", django, false));
    }
    let service = |(name, command, are_new)| Service { name, command, are_new, turns: Turns::default() };
    commands.into_iter().map(service).collect()
}

/// A process for each, on the services' core.
fn start(services: &[Service]) -> Vec<(Child, SocketAddr)> {
    Core::Server.keep();
    let started = services.iter().map(|service| {
        let mut child = Child::start(&service.command);
        let address = child.port();
        (child, address)
    });
    let processes = started.collect();
    Core::leave();
    processes
}

impl Service {
    fn turn(
        &mut self,
        (child, address): &(Child, SocketAddr),
        fixture: &Fixture,
        algorithm: Algorithm,
        used_up: &mut usize,
    ) {
        let fastest = self.turns.rates().into_iter().reduce(f64::max).unwrap_or(FIRST);
        let mut count = (fastest * TURN.as_secs_f64() * 2.0) as usize;
        loop {
            let requests: Vec<Vec<u8>> = if self.are_new {
                *used_up += count;
                let key = fixture.key(algorithm);
                (*used_up - count..*used_up).map(|number| request(&token(key, number + 1000))).collect()
            } else {
                fixture.tokens(algorithm).iter().map(|token| request(token)).collect()
            };
            let (requests, next) = (Arc::new(requests), Arc::new(AtomicUsize::new(0)));
            let client = |_| Caller { requests: Arc::clone(&requests), next: Arc::clone(&next) };
            let before = used(child.id());
            let (served, _) = run(&[*address], (0..CONNECTIONS).map(client).collect(), TURN);
            let used = used(child.id()) - before;
            // A turn in which new tokens came again does not count.
            if !self.are_new || next.load(Ordering::Relaxed) <= requests.len() {
                self.turns.add(served, used);
                return;
            }
            count *= 2;
        }
    }
}

/// Sends the next of the requests that all of them share.
struct Caller {
    requests: Arc<Vec<Vec<u8>>>,
    next: Arc<AtomicUsize>,
}

impl Client for Caller {
    fn request(&mut self) -> &[u8] {
        let at = self.next.fetch_add(1, Ordering::Relaxed);
        &self.requests[at % self.requests.len()]
    }
}

fn request(token: &str) -> Vec<u8> {
    format!("GET /orders HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n").into_bytes()
}

/// Seconds for the bare check of one signature, on the service's core.
fn bare_signature(fixture: &Path, algorithm: Algorithm) -> f64 {
    let key = crate::fixture::read_key(fixture, algorithm);
    Core::Server.run(move || {
        let call = primitive::verify(&key, &[token(&key, 0)]);
        let (started, mut calls) = (Instant::now(), 0);
        while started.elapsed() < Duration::from_millis(50) {
            (0..20).for_each(&call);
            calls += 20;
        }
        started.elapsed().as_secs_f64() / f64::from(calls)
    })
}

fn judge(finding: &mut Finding, algorithm: Algorithm, services: &[Service], primitives: &[f64]) {
    let rates: HashMap<&str, Vec<f64>> = services.iter().map(|service| (service.name, service.turns.rates())).collect();
    let (bare, name) = (&rates[BARE], algorithm.name());
    let warm = ratio(&rates[WARM], bare);
    finding.expect(
        &format!("a protected GET, {name}, tokens seen before: {:.1} % of bare axum (at least 90)", warm * 100.0),
        warm >= 0.9,
    );
    let predicted: Vec<f64> = bare.iter().zip(primitives).map(|(rate, time)| 1.0 / (1.0 / rate + time)).collect();
    let new = ratio(&rates[NEW], &predicted);
    finding.expect(
        &format!(
            "a protected GET, {name}, every token new: {:.1} % of the {} requests/s that bare axum and the bare signature \
             ({} us) allow (at least 90)",
            new * 100.0,
            digits(median(&predicted)),
            digits(median(primitives) * 1e6),
        ),
        new >= 0.9,
    );
}

fn table(algorithm: Algorithm, services: &[Service]) -> Table {
    let bare = services[0].turns.rates();
    let rows = services.iter().map(|service| {
        vec![
            service.name.to_owned(),
            digits(median(&service.turns.rates())),
            format!("{:.1} %", ratio(&service.turns.rates(), &bare) * 100.0),
            digits(median(&service.turns.p99s())),
            digits(median(service.turns.costs())),
        ]
    });
    Table {
        caption: format!("{}: a protected GET", algorithm.name()),
        columns: ["", "requests/s", "of bare axum", "p99, ms", "core, us a request"].map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}

fn panel(algorithm: Algorithm, services: &[Service]) -> Panel {
    let bars = services.iter().map(|service| Bar {
        name: service.name.to_owned(),
        value: median(&service.turns.rates()),
        is_ours: service.name.contains("Tokenry"),
    });
    Panel { title: algorithm.name().to_owned(), bars: bars.collect() }
}

const BARE: &str = "bare axum";
const WARM: &str = "axum, Tokenry, warm";
const NEW: &str = "axum, Tokenry, every token new";
const CONNECTIONS: usize = 64;
const TURN: Duration = Duration::from_millis(200);
/// More requests a second than anything here answers with new tokens.
const FIRST: f64 = 150_000.0;
