//! Log-ins per second through the pool, against the bare hash on as many threads: `cargo bench --bench login`.
//!
//! Rounds alternate, so that noise hits both alike; the figure is the median of the ratios. `-- --check` fails under
//! 0.95, or when too much is kept. Memory is read before a burst, at its height and ten seconds after it.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout)]

use std::future::Future;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use tokenry_domain::password::{HashPool, Parameters, Password, PasswordHash};
use tokenry_domain::random::System;

fn main() -> ExitCode {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let parameters = Parameters::default();
    let pool = HashPool::new(parameters, threads, 1024, Arc::new(System::new()));
    let hash = block_on(pool.hash(password())).unwrap();
    // First: the bare hash keeps memory of its own.
    thread::sleep(Duration::from_secs(3));
    let before = resident();
    let burst = thread::scope(|scope| {
        let height = scope.spawn(|| {
            thread::sleep(Duration::from_millis(500));
            resident()
        });
        pooled(&pool, &hash, 200);
        height.join().unwrap()
    });
    thread::sleep(Duration::from_secs(10));
    let after = resident();
    println!("resident: {before} KiB before, {burst} KiB in a burst of 200, {after} KiB ten seconds after it");
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let bare = bare(parameters, threads);
        let pooled = pooled(&pool, &hash, JOBS * threads);
        ratios.push(bare.as_secs_f64() / pooled.as_secs_f64());
    }
    ratios.sort_by(f64::total_cmp);
    let ratio = ratios[ROUNDS / 2];
    let held = after.saturating_sub(before);
    let figures = [
        (
            ratio >= LEAST,
            format!("log-ins through the pool / bare Argon2id, {threads} threads: {ratio:.3} (at least {LEAST})"),
        ),
        (held < MOST, format!("memory kept ten seconds after a burst: {held} KiB (under {MOST})")),
    ];
    for (is_kept, what) in &figures {
        println!("{}: {what}", if *is_kept { "kept" } else { "missed" });
    }
    let is_missed = figures.iter().any(|(is_kept, _)| !is_kept);
    let check = std::env::args().any(|argument| argument == "--check");
    if check && is_missed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Each thread hashes with memory of its own that it uses again.
fn bare(parameters: Parameters, threads: usize) -> Duration {
    let params = Params::new(parameters.memory, parameters.iterations, parameters.parallelism, Some(32)).unwrap();
    let started = Instant::now();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut blocks = vec![Block::default(); params.block_count()];
                let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
                for _ in 0..JOBS {
                    let mut digest = [0; 32];
                    argon2.hash_password_into_with_memory(TEXT.as_bytes(), &[7; 16], &mut digest, &mut blocks).unwrap();
                }
            });
        }
    });
    started.elapsed()
}

fn pooled(pool: &HashPool, hash: &PasswordHash, jobs: usize) -> Duration {
    let started = Instant::now();
    let mut waiting: Vec<_> = (0..jobs).map(|_| Box::pin(pool.verify(password(), hash.clone()))).collect();
    for job in &mut waiting {
        // The first poll puts the job into the queue.
        let _ = job.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }
    for job in waiting {
        assert!(block_on(job).unwrap().matches);
    }
    started.elapsed()
}

fn password() -> Password {
    Password::new(TEXT.to_owned()).unwrap()
}

/// Memory of this process, in KiB; zero where it can't be read.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

struct Unpark(thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

const TEXT: &str = "correct horse battery";
const ROUNDS: usize = 11;
const JOBS: usize = 20;
const LEAST: f64 = 0.95;
/// In KiB.
const MOST: u64 = 5 * 1024;
