use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use futures_channel::oneshot;

use super::Password;
use super::compute::{Computer, Parameters};
use super::hash::PasswordHash;
use crate::random::{NoEntropy, Random};

/// Threads that do nothing but hash, each with memory of its own that it uses again: how many there are bounds the
/// memory, and the queue before them bounds the waiting.
pub struct HashPool {
    jobs: Option<Sender<Job>>,
    load: Arc<PoolLoad>,
    threads: Vec<JoinHandle<()>>,
}

/// How much a pool has to do.
#[derive(Debug, Default)]
pub struct PoolLoad {
    queued: AtomicUsize,
    done: AtomicUsize,
}

/// What comparing a password showed.
#[derive(Debug)]
pub struct Verdict {
    /// Whether it is the right one.
    pub matches: bool,
    /// The hash to store instead, when the stored one was made otherwise than new ones are.
    pub rehash: Option<PasswordHash>,
}

/// Nothing was hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// Too many are waiting already.
    #[error("too many log-ins at once")]
    Busy,
    /// The system's random source failed, or the pool has ended.
    #[error("the password hashers are out of order")]
    Broken,
}

enum Job {
    Hash(Password, oneshot::Sender<Result<PasswordHash, NoEntropy>>),
    Verify(Password, Option<PasswordHash>, oneshot::Sender<Result<Verdict, NoEntropy>>),
}

impl HashPool {
    /// Starts `threads` threads (at least one) before a queue of `queue` jobs.
    pub fn new(parameters: Parameters, threads: usize, queue: usize, random: Arc<dyn Random>) -> Self {
        let (jobs, receiver) = bounded(queue);
        let load = Arc::new(PoolLoad::default());
        let start = |_| {
            let (receiver, load, random) = (receiver.clone(), Arc::clone(&load), Arc::clone(&random));
            thread::spawn(move || work(&receiver, &load, parameters, &*random))
        };
        Self { jobs: Some(jobs), threads: (0..threads.max(1)).map(start).collect(), load }
    }

    /// Hashes a new password.
    pub async fn hash(&self, password: Password) -> Result<PasswordHash, PoolError> {
        let (answer, result) = oneshot::channel();
        self.send(Job::Hash(password, answer))?;
        result.await.ok().and_then(Result::ok).ok_or(PoolError::Broken)
    }

    /// Compares a password with a stored hash.
    pub async fn verify(&self, password: Password, hash: PasswordHash) -> Result<Verdict, PoolError> {
        self.compare(password, Some(hash)).await
    }

    /// Costs what a comparison costs, where there is nothing to compare with.
    pub async fn verify_dummy(&self, password: Password) -> Result<Verdict, PoolError> {
        self.compare(password, None).await
    }

    /// How much there is to do.
    pub fn load(&self) -> &PoolLoad {
        &self.load
    }

    async fn compare(&self, password: Password, hash: Option<PasswordHash>) -> Result<Verdict, PoolError> {
        let (answer, result) = oneshot::channel();
        self.send(Job::Verify(password, hash, answer))?;
        result.await.ok().and_then(Result::ok).ok_or(PoolError::Broken)
    }

    fn send(&self, job: Job) -> Result<(), PoolError> {
        self.load.queued.fetch_add(1, Ordering::Relaxed);
        let sent = self.jobs.as_ref().ok_or(PoolError::Broken)?.try_send(job);
        sent.map_err(|error| {
            self.load.queued.fetch_sub(1, Ordering::Relaxed);
            match error {
                TrySendError::Full(_) => PoolError::Busy,
                TrySendError::Disconnected(_) => PoolError::Broken,
            }
        })
    }
}

impl Drop for HashPool {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // A thread that panicked has nothing left to say.
            let _ = thread.join();
        }
    }
}

impl PoolLoad {
    /// Jobs that wait or are being done.
    pub fn queued(&self) -> usize {
        self.queued.load(Ordering::Relaxed)
    }

    /// Jobs done so far.
    pub fn done(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }
}

impl Job {
    /// Whether whoever asked is gone: a client that hung up costs nothing any more.
    fn is_cancelled(&self) -> bool {
        match self {
            Self::Hash(_, answer) => answer.is_canceled(),
            Self::Verify(_, _, answer) => answer.is_canceled(),
        }
    }

    fn run(self, computer: &mut Computer, random: &dyn Random) {
        // Whoever asked may be gone by now.
        match self {
            Self::Hash(password, answer) => drop(answer.send(computer.hash(&password, random))),
            Self::Verify(password, Some(hash), answer) => {
                drop(answer.send(computer.verify(&password, &hash, random)));
            }
            Self::Verify(password, None, answer) => drop(answer.send(computer.verify_dummy(&password, random))),
        }
    }
}

fn work(jobs: &Receiver<Job>, load: &PoolLoad, parameters: Parameters, random: &dyn Random) {
    yield_to_others();
    let mut computer = Computer::new(parameters);
    loop {
        match jobs.recv_timeout(IDLE) {
            Ok(job) => {
                if !job.is_cancelled() {
                    // A defect in a hash function must cost one answer, not the thread.
                    let _ = catch_unwind(AssertUnwindSafe(|| job.run(&mut computer, random)));
                    load.done.fetch_add(1, Ordering::Relaxed);
                }
                load.queued.fetch_sub(1, Ordering::Relaxed);
            }
            Err(RecvTimeoutError::Timeout) => computer.rest(),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Hashing is patient: with every core busy hashing, other requests must still be answered at once.
fn yield_to_others() {
    #[cfg(target_os = "linux")]
    {
        // Linux keeps this for each thread. Without the right to, hashing is merely less patient.
        let _ = rustix::process::setpriority_process(None, NICE);
    }
}

#[cfg(target_os = "linux")]
const NICE: i32 = 10;
/// After so long without work a thread gives its memory back.
const IDLE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Wake, Waker};

    use super::*;
    use crate::random::System;

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

    fn pool(memory: u32, threads: usize, queue: usize) -> HashPool {
        let parameters = Parameters { memory, iterations: 1, parallelism: 1 };
        HashPool::new(parameters, threads, queue, Arc::new(System::new()))
    }

    fn password(text: &str) -> Password {
        Password::new(text.to_owned()).unwrap()
    }

    #[test]
    fn a_password_is_recognised_and_another_is_not() {
        let pool = pool(64, 2, 8);
        let hash = block_on(pool.hash(password("right password"))).unwrap();
        assert!(block_on(pool.verify(password("right password"), hash.clone())).unwrap().matches);
        assert!(!block_on(pool.verify(password("wrong password"), hash)).unwrap().matches);
    }

    #[test]
    fn an_unknown_user_costs_one_job_like_a_known_one() {
        let pool = pool(64, 1, 8);
        let hash = block_on(pool.hash(password("right password"))).unwrap();
        let before = pool.load().done();
        assert!(!block_on(pool.verify_dummy(password("right password"))).unwrap().matches);
        assert!(!block_on(pool.verify(password("wrong password"), hash)).unwrap().matches);
        drop(block_on(pool.hash(password("the last job is counted after its answer"))));
        assert!(pool.load().done() >= before + 2);
    }

    #[test]
    fn a_full_queue_refuses_at_once() {
        let pool = pool(64 * 1024, 1, 2);
        let mut waiting = Vec::new();
        let mut refused = 0;
        for _ in 0..10 {
            let mut job = Box::pin(pool.verify_dummy(password("any")));
            match job.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(Err(PoolError::Busy)) => refused += 1,
                _ => waiting.push(job),
            }
        }
        assert!(refused >= 7, "{refused}");
    }

    #[test]
    fn a_client_that_hung_up_costs_nothing() {
        let pool = pool(32 * 1024, 1, 100);
        for _ in 0..50 {
            let mut job = Box::pin(pool.verify_dummy(password("any")));
            let _ = job.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        }
        block_on(pool.hash(password("the last one"))).unwrap();
        assert!(pool.load().done() < 25, "{}", pool.load().done());
    }
}
