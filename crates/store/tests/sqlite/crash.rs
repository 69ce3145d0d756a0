use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

use tokenry_domain::store::{Sessions, Store, Write};

use crate::sample::{commit, later, logout, session, session_id, user, user_id};
use crate::{child, open, place};

/// A process is killed in the middle of it, five times. Whatever it was answered before is there afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_survives_kill_9() {
    let (_directory, path) = place();
    let mut journal = Journal::default();
    for round in 1..=5 {
        let mut process = child::command("load", &path).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut told = 0;
        for line in lines.map_while(Result::ok) {
            if let Some(line) = child::told(&line) {
                journal.take(line);
                told += 1;
            }
            if told == 500 * round {
                process.kill().unwrap();
            }
        }
        process.wait().unwrap();
        assert!(told >= 500 * round, "the child stopped by itself");
        journal.check(&open(&path)).await;
    }
    let Journal { users, versions, ended } = journal;
    assert!(!users.is_empty() && !versions.is_empty() && !ended.is_empty());
}

/// Commits as fast as it can, and tells of each after it was answered.
pub async fn load(path: &Path) {
    let store = Arc::new(open(path));
    let first = u64::from(std::process::id()) << 32;
    let tasks: Vec<_> = (0..16)
        .map(|task| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for n in (first + task..).step_by(16) {
                    commit(&*store, [Write::InsertUser(user(n)), Write::InsertSession(session(n, n))]).await;
                    child::tell(&format!("user {n}"));
                    for version in 0..5 {
                        let mut next = session(n, n);
                        next.refresh.head.generation = version + 1;
                        next.version = version;
                        commit(&*store, [Write::UpdateSession(next)]).await;
                        child::tell(&format!("version {n} {}", version + 1));
                    }
                    if n % 2 == 0 {
                        let which = Sessions::Of(user_id(n));
                        commit(&*store, [Write::EndSessions { which, end: logout(), until: later(60) }]).await;
                        child::tell(&format!("ended {n}"));
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

/// What the child was answered.
#[derive(Default)]
struct Journal {
    users: BTreeSet<u64>,
    versions: BTreeMap<u64, u64>,
    ended: BTreeSet<u64>,
}

impl Journal {
    fn take(&mut self, line: &str) {
        let words: Vec<_> = line.split(' ').collect();
        match words[..] {
            ["user", n] => _ = self.users.insert(n.parse().unwrap()),
            ["version", n, version] => _ = self.versions.insert(n.parse().unwrap(), version.parse().unwrap()),
            ["ended", n] => _ = self.ended.insert(n.parse().unwrap()),
            _ => panic!("{line}"),
        }
    }

    async fn check(&self, store: &dyn Store) {
        let feed = store.revocations(0, u32::MAX).await.unwrap();
        let revoked: BTreeSet<_> = feed.into_iter().map(|record| record.revocation.value).collect();
        for n in &self.users {
            assert!(store.user(user_id(*n)).await.unwrap().is_some(), "user {n}");
        }
        for (n, version) in &self.versions {
            let (stored, _) = store.session(session_id(*n)).await.unwrap().unwrap();
            assert!(stored.version >= *version, "session {n}");
            assert_eq!(stored.refresh.head.generation, stored.version, "session {n}");
        }
        for n in &self.ended {
            let (stored, _) = store.session(session_id(*n)).await.unwrap().unwrap();
            assert!(stored.end.is_some() && revoked.contains(&session_id(*n).to_string()), "end of {n}");
        }
    }
}
