//! Statements on the wire: what belongs together is sent together, and answered in as many round trips as must be.

use std::collections::hash_map::RandomState;
use std::future::{Future, poll_fn};
use std::hash::{BuildHasher, Hasher};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio_postgres::{Client, Row};

use super::error::Fault;
use super::step::Step;
use super::value::Value;

/// One statement, in one round trip.
pub(super) async fn query(client: &Client, step: &Step) -> Result<Vec<Row>, Fault> {
    let values: Vec<_> = step.values.iter().map(Value::typed).collect();
    Ok(client.query_typed(step.sql, &values).await?)
}

/// All of `steps` or none.
///
/// One step takes one round trip. Several take two: they are sent once it is sure that the transaction has begun, lest
/// each became a transaction of its own. A step that fails makes the server refuse the others and undo all at `COMMIT`.
pub(super) async fn transaction(client: &Client, begin: &str, steps: &[Step]) -> Result<Vec<Vec<Row>>, Fault> {
    let command = async |sql| -> Result<Vec<Row>, Fault> {
        client.batch_execute(sql).await?;
        Ok(Vec::new())
    };
    let mut answers: Vec<Answer<'_>> = Vec::with_capacity(steps.len() + 2);
    match steps {
        [_] => answers.push(Box::pin(command(begin))),
        _ => {
            if let Err(fault) = command(begin).await {
                // It may have begun and failed at a setting: nobody else is to find it open.
                let _ = command(COMMIT).await;
                return Err(fault);
            }
        }
    }
    let is_alone = answers.len();
    answers.extend(steps.iter().map(|step| Box::pin(query(client, step)) as Answer<'_>));
    answers.push(Box::pin(command(COMMIT)));
    // The first that failed is the reason; those after it say only that there was one.
    let mut rows = in_order(answers).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    rows.pop();
    rows.drain(..is_alone);
    Ok(rows)
}

type Answer<'a> = Pin<Box<dyn Future<Output = Result<Vec<Row>, Fault>> + Send + 'a>>;

/// Polls all, always in their order, until all are done: each sends its statement when it is first polled.
pub(super) async fn in_order<F: Future + Unpin>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut futures: Vec<F> = futures.into_iter().collect();
    let mut outputs: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    poll_fn(|context| {
        let mut is_pending = false;
        for (future, output) in futures.iter_mut().zip(&mut outputs).filter(|(_, output)| output.is_none()) {
            match Pin::new(future).poll(context) {
                Poll::Ready(value) => *output = Some(value),
                Poll::Pending => is_pending = true,
            }
        }
        if is_pending { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    outputs.into_iter().flatten().collect()
}

/// How long to wait before the next try: at random, so that those who met don't meet again, and longer each time.
pub(super) fn jitter(attempt: u32) -> Duration {
    let most = 1000_u64 << attempt.min(6);
    // The standard library's own source: each hasher has new keys.
    Duration::from_micros(RandomState::new().build_hasher().finish() % most)
}

/// What begins a transaction. The settings hold until it ends, on whichever server connection it runs.
///
/// - A commit that was answered is on disk (and on a synchronous standby), whatever the server's default is.
/// - No time-out cuts short the wait for that: PostgreSQL would answer as if it had been waited for.
/// - A row that another transaction holds is waited for a little shorter than the caller waits: what a caller gave up on
///   seldom happens later.
pub(super) fn begin(patience: Duration) -> String {
    let patience = patience.as_millis();
    format!(
        "BEGIN; SET LOCAL synchronous_commit = on; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = {}; \
         SET LOCAL idle_in_transaction_session_timeout = {}",
        patience * 2 / 3 + 1,
        patience * 2 + 1,
    )
}

const COMMIT: &str = "COMMIT";
