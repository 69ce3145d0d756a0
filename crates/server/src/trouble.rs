//! What goes wrong many times a second while a database is away fills a log, and hides what else is in it.

use std::fmt::Display;
use std::time::Duration;

use tokio::time::Instant;

/// Something that is tried again and again. That it fails is logged when it begins to, when the reason changes, and once
/// a minute; and that it works again.
pub(crate) struct Trouble {
    what: &'static str,
    told: Option<Told>,
}

struct Told {
    reason: String,
    at: Instant,
}

impl Trouble {
    /// None so far; `what` is said when there is.
    pub(crate) fn new(what: &'static str) -> Self {
        Self { what, told: None }
    }

    /// What came of a try, if it worked.
    pub(crate) fn note<T>(&mut self, outcome: Result<T, impl Display>) -> Option<T> {
        match outcome {
            Ok(value) => {
                if self.told.take().is_some() {
                    tracing::info!("over: {}", self.what);
                }
                Some(value)
            }
            Err(error) => {
                let error = error.to_string();
                if self.is_news(&error) {
                    tracing::warn!(error, "{}", self.what);
                }
                None
            }
        }
    }

    fn is_news(&mut self, reason: &str) -> bool {
        let is_told = self.told.as_ref().is_some_and(|told| told.reason == reason && told.at.elapsed() < AGAIN);
        if !is_told {
            self.told = Some(Told { reason: reason.to_owned(), at: Instant::now() });
        }
        !is_told
    }
}

const AGAIN: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_is_told_when_it_begins_or_changes_and_once_a_minute() {
        let mut trouble = Trouble::new("it does not work");
        assert!(trouble.is_news("away"));
        assert!(!trouble.is_news("away"));
        advance(AGAIN - Duration::from_millis(1)).await;
        assert!(!trouble.is_news("away"));
        assert!(trouble.is_news("full"));
        assert!(!trouble.is_news("full"));
        advance(AGAIN).await;
        assert!(trouble.is_news("full"));
        assert_eq!(trouble.note(Ok::<_, String>(7)), Some(7));
        assert!(trouble.is_news("full"));
    }
}
