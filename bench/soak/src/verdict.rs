//! Whether the database is as it was acknowledged.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::http::Request;
use crate::journal::Promise;
use crate::program::ADMIN;
use crate::site::Site;

/// Every session whose end was acknowledged before stands in the feed of every node, and no place in it is left out.
pub(crate) fn feed(site: &Site) {
    let ended = site.journal.entries().ended.clone();
    for node in 0..site.count() {
        let path = "/v1/revocations";
        let snapshot = site.ask(node, Request { method: "GET", path, ..Request::default() }).body;
        let entries = snapshot["entries"].as_array().cloned().unwrap_or_default();
        let told: BTreeSet<&str> = entries.iter().filter_map(|entry| entry["value"].as_str()).collect();
        for id in ended.iter().filter(|id| !told.contains(id.as_str())) {
            site.journal.broken(Promise::RevocationUndone, format!("session {id} is not in the feed of node {node}"));
        }
        let places = entries.iter().filter_map(|entry| entry["seq"].as_u64());
        if !places.eq(1..=snapshot["seq"].as_u64().unwrap_or(0)) {
            site.journal.broken(Promise::RevocationUndone, format!("the feed of node {node} has a gap"));
        }
    }
}

/// Every account that was made is there once, and was made once.
pub(crate) fn accounts(site: &Site) {
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    let mut after = String::new();
    loop {
        let path = format!("/v1/admin/users?limit=1000{after}");
        let page = site.ask(0, Request { method: "GET", path: &path, bearer: Some(ADMIN), ..Request::default() }).body;
        for user in page["users"].as_array().into_iter().flatten() {
            *found.entry(user["username"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
        }
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    let names = site.journal.entries().names.clone();
    for name in &names {
        if found.remove(name) != Some(1) {
            site.journal.broken(Promise::NotOnce, format!("the account {name} is not there once"));
        }
    }
    for name in found.keys() {
        site.journal.broken(Promise::NotOnce, format!("the account {name} is one that no one made"));
    }
    for kind in ["user_created", "user_imported"] {
        let users = audit(site, kind).into_iter().map(|event| event["user"].to_string()).collect::<Vec<_>>();
        if users.iter().collect::<BTreeSet<_>>().len() != users.len() {
            site.journal.broken(Promise::NotOnce, format!("{kind} is told of one account twice"));
        }
    }
    let told = audit(site, "user_created").len() + audit(site, "user_imported").len();
    if told != names.len() {
        site.journal.broken(Promise::NotOnce, format!("{told} accounts were made, and {} asked for", names.len()));
    }
}

/// Every key that was made is there once, was made once, and one of each purpose signs. Returns how many
/// there are.
pub(crate) fn keys(site: &Site) -> usize {
    let listed = site.program.run(&["keys", "list", "--json"], None);
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let keys = listed["keys"].as_array().unwrap();
    let kids: BTreeSet<&str> = keys.iter().filter_map(|key| key["kid"].as_str()).collect();
    let made = audit(site, "key_created");
    if made.len() != keys.len() || kids.len() != keys.len() {
        let how = format!("{} keys are there, {} different ones, {} were made", keys.len(), kids.len(), made.len());
        site.journal.broken(Promise::NotOnce, how);
    }
    for (state, most) in [("signing", 1), ("upcoming", 1)] {
        let mut purposes: BTreeMap<String, usize> = BTreeMap::new();
        for key in keys.iter().filter(|key| key["state"] == state) {
            *purposes.entry(key["purpose"].to_string()).or_default() += 1;
        }
        if purposes.values().any(|&count| count > most) || (state == "signing" && purposes.len() != 3) {
            site.journal.broken(Promise::NotOnce, format!("keys that are {state}: {purposes:?}"));
        }
    }
    let lost: Vec<String> =
        site.journal.entries().keys.iter().filter(|kid| !kids.contains(kid.as_str())).cloned().collect();
    for kid in lost {
        site.journal.broken(Promise::NotOnce, format!("the key {kid} is gone"));
    }
    keys.len()
}

fn audit(site: &Site, kind: &str) -> Vec<Value> {
    let output = site.program.run(&["audit", "--json", "--limit", "100000000", "--kind", kind], None);
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
