//! The one thread that writes.
//!
//! It takes what is queued into one transaction and flushes once for all of it. It never sleeps to collect more: while
//! it works and flushes, the next group gathers by itself.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokenry_domain::store::StoreError;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::checkpointer::Checkpointer;
use super::error::Fault;
use super::work::{Done, Work};

/// A handle on the writer. Dropping it finishes what is queued and closes the connection.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    written: Arc<AtomicBool>,
}

impl Writer {
    pub(super) fn start(connection: Connection, checkpointer: Checkpointer) -> io::Result<Self> {
        let (sender, queue) = mpsc::channel(QUEUE);
        let written = Arc::new(AtomicBool::new(false));
        let mut worker = Worker {
            connection,
            checkpointer: Some(checkpointer),
            queue,
            written: Arc::clone(&written),
            is_failing: false,
            is_busy: false,
            has_swept: false,
        };
        let thread = thread::Builder::new().name("tokenry-writer".to_owned()).spawn(move || worker.run())?;
        Ok(Self { queue: Some(sender), thread: Some(thread), written })
    }

    /// Does `work` in its turn. Answers when it is durable, or at once when too much is queued already.
    pub(super) async fn submit(&self, work: Work) -> Result<Done, StoreError> {
        let stopped = || StoreError::Unavailable("the writer has stopped".to_owned());
        let (reply, answer) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or_else(stopped)?;
        let callers = Handle::try_current().ok();
        queue.try_send(Job { work, reply, callers }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Unavailable("too many writes are waiting".to_owned()),
            mpsc::error::TrySendError::Closed(_) => stopped(),
        })?;
        answer.await.map_err(|_| stopped())?
    }

    /// Whether the newest transaction went through and this was not asked since.
    pub(super) fn take_written(&self) -> bool {
        self.written.swap(false, Ordering::Relaxed)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the writer panicked");
        }
    }
}

#[derive(Debug)]
struct Job {
    work: Work,
    reply: Reply,
    /// The runtime that waits for the answer.
    callers: Option<Handle>,
}

type Reply = oneshot::Sender<Result<Done, StoreError>>;

/// The answers to all jobs of a transaction that was committed: they are given when this is dropped, wherever that is.
struct Answers(Vec<(Reply, Result<Done, StoreError>)>);

impl Answers {
    /// Gives them; several within the runtime of the callers: to wake a task from outside takes a system call for each.
    fn give(self, callers: Option<Handle>) {
        if let Some(callers) = callers.filter(|_| self.0.len() > 1) {
            callers.spawn(async move { drop(self) });
        }
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        // Whoever has gone needs no answer.
        self.0.drain(..).for_each(|(reply, answer)| _ = reply.send(answer));
    }
}

struct Worker {
    connection: Connection,
    /// Gone when the last job is done.
    checkpointer: Option<Checkpointer>,
    queue: mpsc::Receiver<Job>,
    written: Arc<AtomicBool>,
    /// Whether the newest transaction failed.
    is_failing: bool,
    /// Whether the newest transaction had several jobs.
    is_busy: bool,
    /// Whether the newest transaction swept.
    has_swept: bool,
}

impl Worker {
    fn run(&mut self) {
        while let Some(job) = self.queue.blocking_recv() {
            let callers = job.callers.clone();
            let mut answers = Vec::new();
            match self.transaction(job, &mut answers) {
                Ok(()) => {
                    self.succeeded();
                    self.is_busy = answers.len() > 1;
                    Answers(answers).give(callers);
                    self.checkpoint();
                }
                // Every answer was given on the ground of what has now not happened.
                Err(fault) => {
                    let error = self.failed(fault);
                    answers.into_iter().for_each(|(reply, _)| _ = reply.send(Err(error.clone())));
                }
            }
        }
        // Its connection would be in the way of the last checkpoint.
        self.checkpointer = None;
        if let Err(error) = self.connection.query_row(CHECKPOINT, [], |_| Ok(())) {
            tracing::warn!(%error, "the log could not be moved into the database; it will be when it is next opened");
        }
    }

    /// Does `job` and whatever is queued in one transaction. There is an answer for every job, also when it fails.
    fn transaction(&mut self, job: Job, answers: &mut Vec<(Reply, Result<Done, StoreError>)>) -> Result<(), Fault> {
        let begun = self.execute("BEGIN IMMEDIATE");
        if let Err(fault) = begun {
            answers.push((job.reply, Ok(Done::default())));
            // Another process has been writing for all of the busy time-out: the next job would wait as long again.
            while let Ok(job) = self.queue.try_recv() {
                answers.push((job.reply, Ok(Done::default())));
            }
            return Err(fault);
        }
        let mut next = Some(job);
        self.has_swept = false;
        while let Some(job) = next {
            self.has_swept |= matches!(job.work, Work::Sweep(_));
            match self.step(&job.work) {
                Ok(done) => answers.push((job.reply, Ok(done))),
                Err(fault) if fault.spares_others() => answers.push((job.reply, Err(fault.into()))),
                Err(fault) => {
                    answers.push((job.reply, Ok(Done::default())));
                    return Err(fault);
                }
            }
            next = if answers.len() < GROUP { self.next() } else { None };
        }
        self.execute("COMMIT")
    }

    /// Does one job, all or nothing of it.
    fn step(&self, work: &Work) -> Result<Done, Fault> {
        if work.undoes_itself() {
            return work.run(&self.connection);
        }
        self.execute("SAVEPOINT job")?;
        let done = work.run(&self.connection);
        if matches!(&done, Err(fault) if fault.spares_others()) {
            self.execute("ROLLBACK TO job")?;
        }
        if done.as_ref().map_or_else(Fault::spares_others, |_| true) {
            self.execute("RELEASE job")?;
        }
        done
    }

    /// The next job that is there. While there are many callers, those just answered get one turn to come back.
    fn next(&mut self) -> Option<Job> {
        self.queue.try_recv().ok().or_else(|| {
            if !self.is_busy {
                return None;
            }
            thread::yield_now();
            self.queue.try_recv().ok()
        })
    }

    /// What was committed is durable in the log: whoever waited for that has been answered before.
    fn checkpoint(&mut self) {
        let Some(checkpointer) = &mut self.checkpointer else { return };
        // The rows that a sweep removes lie all over the file.
        if let Err(error) = checkpointer.after_commit(&self.connection, self.has_swept) {
            tracing::warn!(%error, "the log could not be moved into the database; it is tried again");
        }
    }

    fn execute(&self, sql: &str) -> Result<(), Fault> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }

    fn succeeded(&mut self) {
        if self.is_failing {
            tracing::info!("the database can be written again");
        }
        self.is_failing = false;
        self.written.store(true, Ordering::Relaxed);
    }

    fn failed(&mut self, fault: Fault) -> StoreError {
        // After some failures SQLite has rolled back by itself.
        if !self.connection.is_autocommit()
            && let Err(error) = self.execute("ROLLBACK")
        {
            tracing::error!(?error, "a transaction could not be rolled back");
        }
        let error = StoreError::from(fault);
        if !self.is_failing {
            tracing::error!(%error, "the database can't be written");
        }
        self.is_failing = true;
        self.written.store(false, Ordering::Relaxed);
        error
    }
}

/// Most jobs that wait.
const QUEUE: usize = 4096;
/// Most jobs in one transaction.
const GROUP: usize = 256;
const CHECKPOINT: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

#[cfg(test)]
mod tests {
    use super::*;

    fn several() -> (Answers, Vec<oneshot::Receiver<Result<Done, StoreError>>>) {
        let (replies, receivers): (Vec<_>, Vec<_>) = (0..3).map(|_| oneshot::channel()).unzip();
        (Answers(replies.into_iter().map(|reply| (reply, Ok(Done::default()))).collect()), receivers)
    }

    #[test]
    fn answers_come_though_the_runtime_of_the_callers_has_ended() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let ended = runtime.handle().clone();
        drop(runtime);
        for callers in [None, Some(ended)] {
            let (answers, receivers) = several();
            answers.give(callers);
            for mut receiver in receivers {
                receiver.try_recv().unwrap().unwrap();
            }
        }
    }

    #[tokio::test]
    async fn answers_come_within_the_runtime_of_the_callers() {
        let (answers, receivers) = several();
        let callers = Handle::current();
        thread::spawn(move || answers.give(Some(callers))).join().unwrap();
        for receiver in receivers {
            receiver.await.unwrap().unwrap();
        }
    }
}
