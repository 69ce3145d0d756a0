//! What is asked at the same time is asked together: one statement, one transaction and one flush for many callers.
//!
//! A caller who is alone waits for no one. While statements are under way, the next ones gather by themselves.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokenry_domain::store::StoreError;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::pool::Pool;

/// A question that can be asked together with others of its kind.
pub(super) trait Question: Sized + Send + Sync + 'static {
    type Answer: Send + 'static;

    /// Whether both may be asked in one statement.
    fn goes_with(&self, other: &Self) -> bool;

    /// Asks all, and answers each, in their order.
    fn ask(pool: &Pool, questions: &[Self]) -> impl Future<Output = Vec<Result<Self::Answer, StoreError>>> + Send;
}

/// The questions of one kind that wait.
pub(super) struct Gatherer<Q: Question> {
    queue: Mutex<Queue<Q>>,
}

struct Queue<Q: Question> {
    waiting: VecDeque<(Q, Reply<Q>)>,
    /// How many statements are under way.
    running: usize,
}

type Reply<Q> = oneshot::Sender<Result<<Q as Question>::Answer, StoreError>>;

impl<Q: Question> Gatherer<Q> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { queue: Mutex::new(Queue { waiting: VecDeque::new(), running: 0 }) })
    }

    /// Asks `question` together with those that wait, for as long as the pool has patience. A caller who goes away cuts
    /// nothing short that is under way.
    pub(super) async fn ask(self: &Arc<Self>, pool: &Pool, question: Q) -> Result<Q::Answer, StoreError> {
        let (reply, answer) = oneshot::channel();
        let starts = {
            let mut queue = self.queue();
            if queue.waiting.len() >= MOST_WAITING {
                return Err(StoreError::Unavailable("too many statements are waiting".to_owned()));
            }
            queue.waiting.push_back((question, reply));
            let starts = queue.running < MOST_RUNNING;
            queue.running += usize::from(starts);
            starts
        };
        if starts {
            tokio::spawn(Arc::clone(self).run(pool.clone()));
        }
        let unavailable = |reason: &str| Err(StoreError::Unavailable(reason.to_owned()));
        match timeout(pool.patience(), answer).await {
            Ok(answer) => answer.unwrap_or_else(|_| unavailable("the statement was given up")),
            Err(_) => unavailable("the database did not answer in time"),
        }
    }

    /// Asks until nothing waits.
    async fn run(self: Arc<Self>, pool: Pool) {
        while let Some((questions, replies)) = self.next() {
            let answers = Q::ask(&pool, &questions).await;
            replies.into_iter().zip(answers).for_each(|(reply, answer)| _ = reply.send(answer));
        }
    }

    /// The next questions that can be asked together; none, and one statement less is under way.
    fn next(&self) -> Option<(Vec<Q>, Vec<Reply<Q>>)> {
        let mut queue = self.queue();
        let (mut questions, mut replies): (Vec<Q>, Vec<Reply<Q>>) = (Vec::new(), Vec::new());
        let mut left = VecDeque::new();
        while let Some((question, reply)) = queue.waiting.pop_front() {
            // Nobody waits for it any more.
            if reply.is_closed() {
                continue;
            }
            if questions.len() < MOST_TOGETHER && questions.iter().all(|other| other.goes_with(&question)) {
                questions.push(question);
                replies.push(reply);
            } else {
                left.push_back((question, reply));
            }
        }
        queue.waiting = left;
        if questions.is_empty() {
            queue.running -= 1;
            return None;
        }
        Some((questions, replies))
    }

    fn queue(&self) -> MutexGuard<'_, Queue<Q>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<Q: Question> std::fmt::Debug for Gatherer<Q> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gatherer").finish_non_exhaustive()
    }
}

/// Statements of one kind at once: while the server flushes one, it can work on the other.
const MOST_RUNNING: usize = 2;
const MOST_TOGETHER: usize = 64;
const MOST_WAITING: usize = 4096;
