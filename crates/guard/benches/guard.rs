//! What a guard costs: beside a hash map, in memory, and in time until a revocation holds.
//!
//! `cargo bench -p tokenry-guard --bench guard` prints the figures; with `-- --check` it fails when a bound is missed.
//! What is compared takes turns in every round, and the medians of the rounds' ratios count.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]
#![allow(clippy::unwrap_used)]

use std::collections::{HashMap, HashSet};
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use tokenry_guard::jwt::{Algorithm, SigningKey};
use tokenry_guard::testing::{Issuer, Revocations};
use tokenry_guard::{Guard, RevocationKind};

fn main() -> ExitCode {
    let check = std::env::args().any(|arg| arg == "--check");
    let mut kept = Vec::new();
    kept.extend(own_memory());
    kept.extend(memory_of_revocations());
    kept.push(revocation_look_up());
    kept.push(cached_verification());
    if check && kept.contains(&false) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// A guard with a full cache.
fn own_memory() -> [bool; 1] {
    let issuer = Issuer::new("orders");
    let key = SigningKey::from_secret(Algorithm::Hs256, &[7; 32]).unwrap();
    let tokens: Vec<_> = (0..20_000).map(|user| issuer.token(&user.to_string()).sign_with(&key)).collect();
    let before = resident();
    let guard = symmetric(&issuer, |builder| builder);
    // A token of a shared secret is kept when it comes again.
    for token in tokens.iter().flat_map(|token| [token, token]) {
        guard.verify_now(token).unwrap();
    }
    [row("a guard's own memory with a full cache, MB", resident() - before, 10.0)]
}

/// While they come one by one, as from a feed.
fn memory_of_revocations() -> [bool; 2] {
    let before = resident();
    let revocations = Revocations::new();
    let mut peak: f64 = 0.0;
    for number in 0..MILLION {
        revocations.insert(RevocationKind::Sid, &session(number), None, 2_000_000_000);
        if number % 1000 == 0 {
            peak = peak.max(resident() - before);
        }
    }
    assert_eq!(revocations.len(), MILLION);
    let rest = resident() - before;
    [
        row("1,000,000 revocations while growing, MB", peak.max(rest), 96.0),
        row("1,000,000 revocations at rest, MB", rest, 96.0),
    ]
}

/// By the session's name, hashed anew each time; half of them are there.
fn revocation_look_up() -> bool {
    let revocations = Revocations::new();
    let mut set = HashSet::new();
    for number in 0..MILLION {
        revocations.insert(RevocationKind::Sid, &session(number), None, 2_000_000_000);
        set.insert(session(number));
    }
    let asked: Vec<_> = (0..10_000).map(|number| session(number * 199)).collect();
    let ratio = ratio(
        ["HashSet::contains", "a revocation look-up"],
        || asked.iter().filter(|name| set.contains(black_box(name.as_str()))).count(),
        || asked.iter().filter(|name| revocations.contains(RevocationKind::Sid, black_box(name))).count(),
    );
    row("a revocation look-up, times HashSet::contains, 1,000,000 of them", ratio, 1.5)
}

/// 10,000 tokens in use of 1,000,000 that are cached, with 100,000 revocations.
fn cached_verification() -> bool {
    let issuer = Issuer::new("orders");
    let guard = symmetric(&issuer, |builder| builder.cache(3 << 30));
    let key = SigningKey::from_secret(Algorithm::Hs256, &[7; 32]).unwrap();
    for number in 0..100_000 {
        issuer.revoke_session(&guard, &session(number));
        issuer.revoke(&guard, RevocationKind::Jti, &format!("revoked {number}"));
    }
    let mut map = HashMap::new();
    let mut hot = Vec::new();
    for number in 0..MILLION {
        let token = issuer.token(&format!("user {number}")).sign_with(&key);
        guard.verify_now(&token).unwrap();
        let claims = guard.verify_now(&token).unwrap();
        if number % 100 == 0 {
            hot.push(token.clone());
        }
        map.insert(token, claims);
    }
    let before = guard.metrics();
    let ratio = ratio(
        ["HashMap::get", "a cached verification"],
        || hot.iter().filter_map(|token| map.get(black_box(token.as_str()))).map(|it| it.subject().len()).sum(),
        || hot.iter().filter_map(|token| guard.verify_now(black_box(token)).ok()).map(|it| it.subject().len()).sum(),
    );
    let after = guard.metrics();
    assert_eq!(after.accepted - before.accepted, after.cache_hits - before.cache_hits, "all were cached");
    println!("{} tokens cached in {} MB", after.cached_tokens, after.cached_bytes >> 20);
    row("a cached verification, times HashMap::get, 10,000 tokens of 1,000,000, 100,000 revocations", ratio, 3.0)
}

fn symmetric(issuer: &Issuer, change: impl FnOnce(tokenry_guard::Builder) -> tokenry_guard::Builder) -> Guard {
    let builder = Guard::builder(issuer.name(), "orders").clock(issuer.clock());
    change(builder).with_secret(Algorithm::Hs256, &[7; 32]).unwrap()
}

/// As the issuer names sessions.
fn session(number: usize) -> String {
    format!("01890a5d-ac96-774b-bcce-{number:012x}")
}

/// The median of the rounds' ratios of the second's time to the first's.
fn ratio(names: [&str; 2], first: impl Fn() -> usize, second: impl Fn() -> usize) -> f64 {
    let time = |work: &dyn Fn() -> usize| {
        let started = Instant::now();
        black_box(work());
        started.elapsed().as_secs_f64()
    };
    let mut rounds: Vec<(f64, f64)> = (0..ROUNDS + WARM_UP).map(|_| (time(&first), time(&second))).collect();
    rounds.drain(..WARM_UP);
    let nanoseconds = |of: fn(&(f64, f64)) -> f64| median(rounds.iter().map(of).collect()) * 1e5;
    println!("{}: {:.0} ns", names[0], nanoseconds(|round| round.0));
    println!("{}: {:.0} ns", names[1], nanoseconds(|round| round.1));
    median(rounds.iter().map(|(first, second)| second / first).collect())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// In MB.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() * 1024.0 / 1e6
}

fn row(what: &str, measured: f64, bound: f64) -> bool {
    let is_kept = measured <= bound;
    println!("{}: {what}: {measured:.2} (at most {bound})", if is_kept { "kept" } else { "missed" });
    is_kept
}

const MILLION: usize = 1_000_000;
const ROUNDS: usize = 100;
const WARM_UP: usize = 10;
