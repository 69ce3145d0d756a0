//! What group commit gains: durable updates of sessions, one by one and with 64 callers in flight, in rounds that take
//! turns on one file system. Prints the median of the ratios; `--check` fails below the target.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use tokenry_domain::id::{SessionId, UserId};
use tokenry_domain::refresh::{Child, Position, RefreshState, RequestKey};
use tokenry_domain::session::{Client, Method, Session, SessionSecret};
use tokenry_domain::store::{Store, Write};
use tokenry_domain::time::Timestamp;
use tokenry_store::{Options, Sqlite};
use tokio::runtime::{Builder, Runtime};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let runtime = Builder::new_multi_thread().build()?;
    let path = directory.path().join("alone.db");
    let mut sessions = fill(&runtime, &Sqlite::open(&path, Options::default())?)?;
    let mut alone = Alone(connection(&path)?);
    let store = Arc::new(Sqlite::open(&directory.path().join("grouped.db"), Options::default())?);
    let mut grouped = fill(&runtime, &store)?;
    let mut single = Vec::new();
    let mut ratios = Vec::new();
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let one_by_one = alone.round(&mut sessions)?;
        let together = round(&runtime, &store, &mut grouped, CALLERS)?;
        single.push(round(&runtime, &store, &mut grouped, 1)? / one_by_one);
        ratios.push(together / one_by_one);
        rates.push(together);
    }
    let ratio = median(&mut ratios);
    say(&format!(
        "durable updates: {ROUNDS} rounds of {} ms, {SESSIONS} sessions\n  {CALLERS} callers: {:.0}/s\n  \
         {CALLERS} callers / one by one: {ratio:.2} (target {TARGET:.1}; quartiles {:.2} to {:.2})\n  \
         1 caller / one by one: {:.2}",
        ROUND.as_millis(),
        median(&mut rates),
        ratios[ROUNDS / 4],
        ratios[ROUNDS * 3 / 4],
        median(&mut single),
    ));
    let is_missed = std::env::args().any(|argument| argument == "--check") && ratio < TARGET;
    Ok(if is_missed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// SQLite without anything around it: a prepared statement, a commit each.
struct Alone(Connection);

impl Alone {
    fn round(&mut self, sessions: &mut [Session]) -> Result<f64, Box<dyn Error>> {
        let mut statement = self.0.prepare_cached(UPDATE)?;
        let start = Instant::now();
        let mut count = 0;
        for at in (0..sessions.len()).cycle() {
            let session = &mut sessions[at];
            rotate(session);
            let child = session.refresh.child.ok_or("a child")?;
            let changed = statement.execute(params![
                session.id.as_bytes(),
                session.version.cast_signed(),
                session.refresh.head.generation.cast_signed(),
                session.refresh.head.ordinal,
                session.refresh.parent_key.map(|key| key.0),
                child.ordinal,
                child.issued_at.millis(),
                child.key.map(|key| key.0),
                session.refresh.receipts.0.map(|at| at.map(Timestamp::millis))[0],
                session.last_used_at.millis(),
                session.expires_at.millis(),
                session.client.device,
                session.version.cast_signed() + 1,
            ])?;
            assert_eq!(changed, 1);
            session.version += 1;
            count += 1;
            if start.elapsed() >= ROUND {
                break;
            }
        }
        Ok(f64::from(count) / start.elapsed().as_secs_f64())
    }
}

/// The store, with `callers` waiting for their commits at any time.
fn round(
    runtime: &Runtime,
    store: &Arc<Sqlite>,
    all: &mut Vec<Session>,
    callers: usize,
) -> Result<f64, Box<dyn Error>> {
    let done = Arc::new(AtomicU64::new(0));
    let share = all.len() / callers;
    let start = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let mut sessions = all.split_off(all.len() - share);
            let (store, done) = (Arc::clone(store), Arc::clone(&done));
            runtime.spawn(async move {
                for at in (0..share).cycle() {
                    rotate(&mut sessions[at]);
                    store.commit(vec![Write::UpdateSession(sessions[at].clone())]).await?;
                    sessions[at].version += 1;
                    done.fetch_add(1, Ordering::Relaxed);
                    if start.elapsed() >= ROUND {
                        break;
                    }
                }
                Ok::<_, tokenry_domain::store::StoreError>(sessions)
            })
        })
        .collect();
    for task in tasks {
        all.extend(runtime.block_on(task)??);
    }
    Ok(done.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64())
}

/// What a refresh changes.
fn rotate(session: &mut Session) {
    let now = session.last_used_at + Duration::from_secs(3600);
    let state = &mut session.refresh;
    state.head.generation += 1;
    state.parent_key = state.child.and_then(|child| child.key);
    state.child = Some(Child { ordinal: 0, issued_at: now, key: Some(RequestKey([7; 32])) });
    state.receipts.0.rotate_right(1);
    state.receipts.0[0] = Some(now);
    session.last_used_at = now;
    session.expires_at = now + Duration::from_secs(14 * 86400);
}

fn fill(runtime: &Runtime, store: &Sqlite) -> Result<Vec<Session>, Box<dyn Error>> {
    // An odd factor spreads the identifiers as random ones would be.
    let mut sessions: Vec<_> =
        (0..SESSIONS as u128).map(|n| session((n + 1).wrapping_mul(SPREAD).to_be_bytes())).collect();
    for some in sessions.chunks(500) {
        runtime.block_on(store.commit(some.iter().cloned().map(Write::InsertSession).collect()))?;
    }
    // Not in the order in which they lie in the file.
    sessions.sort_by_key(|session| session.id);
    Ok(sessions)
}

fn session(id: [u8; 16]) -> Session {
    let now = Timestamp::from_seconds(1_764_000_000);
    Session {
        id: SessionId::from_bytes(id),
        user: UserId::from_bytes(id),
        method: Method::Token,
        identity: None,
        secret: SessionSecret::from_bytes([9; 32]),
        refresh: RefreshState {
            head: Position { generation: 0, ordinal: 0 },
            parent_key: Some(RequestKey([1; 32])),
            child: Some(Child { ordinal: 0, issued_at: now, key: Some(RequestKey([2; 32])) }),
            receipts: tokenry_domain::refresh::Receipts([Some(now); 4]),
            keyed: true,
        },
        created_at: now,
        last_used_at: now,
        expires_at: now,
        ends_at: None,
        client: Client { address: Some([192, 0, 2, 7].into()), device: Some("Mozilla/5.0 ".repeat(8)) },
        end: None,
        version: 0,
    }
}

/// As durable as the store is.
fn connection(path: &std::path::Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[expect(clippy::print_stdout, reason = "the figures are its output")]
fn say(text: &str) {
    println!("{text}");
}

const ROUNDS: usize = 21;
const ROUND: Duration = Duration::from_millis(250);
const CALLERS: usize = 64;
const SESSIONS: usize = 20_000;
const TARGET: f64 = 6.0;
const SPREAD: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;

const UPDATE: &str = "\
    UPDATE sessions SET head_gen = ?3, head_ord = ?4, parent_key = ?5, child_ord = ?6, child_issued_at = ?7, \
        child_key = ?8, receipt_1 = ?9, last_used_at = ?10, expires_at = ?11, device = ?12, version = ?13 \
    WHERE id = ?1 AND version = ?2 AND ended_at IS NULL";
