//! Whoever sits at the command line: imports accounts and replaces keys, beside the servers, and is killed at times, too.

use std::process::Output;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::chance::Chance;
use crate::journal::Promise;
use crate::site::{Site, pause};

pub(crate) fn run(site: &Site, seed: u64) {
    let mut chance = Chance::new(seed, u64::MAX);
    for number in 0.. {
        if site.is_over() {
            break;
        }
        match number % 4 {
            0 => rotate_keys(site, &mut chance),
            _ => import(site, number, &mut chance),
        }
        thread::sleep(Duration::from_millis(300));
    }
}

/// Imports a file, again and again until it is said what became of every row.
fn import(site: &Site, number: u64, chance: &mut Chance) {
    let file = site.program.directory().join("import.csv");
    let names: Vec<String> = (0..ROWS).map(|row| format!("import{number}-{row}")).collect();
    let lines: String = names.iter().map(|name| format!("{name},{HASH}\n")).collect();
    std::fs::write(&file, format!("username,password\n{lines}")).unwrap();
    let mut was_lost = false;
    loop {
        let output = command(site, &["user", "import", "import.csv", "--json"], chance);
        let Some(report) = report(&output, "imported") else {
            site.journal.lost("import");
            was_lost = true;
            pause();
            continue;
        };
        let rejected: Vec<&str> = report["rejected"].as_array().unwrap().iter().map(reason).collect();
        if rejected.iter().any(|reason| reason.contains("unavailable") || reason.contains("try again")) {
            site.journal.lost("import");
            was_lost = true;
            pause();
            continue;
        }
        let is_whole = report["imported"].as_u64() == Some((ROWS - rejected.len()) as u64);
        // Only what an import before has done may be there.
        if !is_whole || rejected.iter().any(|reason| !was_lost || !reason.contains("exists")) {
            site.journal.broken(Promise::NotOnce, format!("import: {report}"));
        }
        site.journal.acknowledged("import");
        site.journal.entries().names.extend(names);
        break;
    }
}

fn rotate_keys(site: &Site, chance: &mut Chance) {
    let how: &[&str] = match chance.below(8) {
        0 => &["keys", "rotate", "--emergency", "--json"],
        1..3 => &["keys", "rotate", "--refresh", "--json"],
        3..5 => &["keys", "rotate", "--now", "--json"],
        _ => &["keys", "rotate", "--json"],
    };
    let is_emergency = how.contains(&"--emergency");
    if is_emergency {
        site.journal.entries().distrusted_until = Some(Instant::now() + AN_HOUR);
    }
    let output = command(site, how, chance);
    if is_emergency {
        site.journal.entries().distrusted_until = Some(Instant::now() + NODES_HEAR);
    }
    match report(&output, "changes") {
        Some(report) => {
            let made = report["changes"].as_array().unwrap().iter().filter(|change| change["change"] == "key_created");
            site.journal.entries().keys.extend(made.filter_map(|change| change["kid"].as_str()).map(str::to_owned));
            site.journal.acknowledged("key rotation");
        }
        None => site.journal.lost("key rotation"),
    }
}

/// Every third is killed somewhere on its way.
fn command(site: &Site, arguments: &[&str], chance: &mut Chance) -> Output {
    let time = (chance.below(3) == 0).then(|| Duration::from_millis(chance.below(40)));
    site.program.run(arguments, time)
}

/// What a command said, if it came that far.
fn report(output: &Output, member: &str) -> Option<Value> {
    let report: Value = serde_json::from_slice(&output.stdout).ok()?;
    report.get(member)?;
    Some(report)
}

fn reason(rejected: &Value) -> &str {
    rejected["reason"].as_str().unwrap_or_default()
}

/// Longer than any command takes.
const AN_HOUR: Duration = Duration::from_secs(3600);
/// A node may sign with a revoked key until it has looked.
const NODES_HEAR: Duration = Duration::from_secs(2);
const ROWS: usize = 5;
const HASH: &str = "pbkdf2_sha256$1$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
