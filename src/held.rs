//! Answers that take seconds to make, held for a while: shown again while they are young, and shown while they are
//! made anew when they are older. Knows nothing of what they are about.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::Mutex;

/// Answers that are held, those asked for last.
const MOST: usize = 8;
/// What is older than so many times its fresh seconds is made anew before it is shown; what is younger is shown
/// while it is made anew.
const TOO_OLD: i64 = 30;

/// Answers by name. Clones share them.
#[derive(Debug)]
pub struct Held<T>(Arc<Shared<T>>);

impl<T> Clone for Held<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[derive(Debug)]
struct Shared<T> {
    fresh: i64,
    dear_from: Duration,
    known: Mutex<Vec<Known<T>>>,
    /// Held while an answer is made, so that it is done once at a time.
    making: Mutex<()>,
    /// How often all was let go: what was begun before is not held.
    cleared: AtomicU64,
}

#[derive(Debug)]
struct Known<T> {
    name: String,
    at: Timestamp,
    answer: Arc<T>,
}

impl<T: Send + Sync + 'static> Held<T> {
    /// An answer is fresh for so many seconds. What took less than `dear_from` to make is not held at all: it is
    /// always made anew.
    pub fn new(fresh: u32, dear_from: Duration) -> Self {
        let (known, making, cleared) = (Mutex::default(), Mutex::default(), AtomicU64::default());
        Self(Arc::new(Shared { fresh: fresh.into(), dear_from, known, making, cleared }))
    }

    /// The answer of this name at the time `now`, made by `make` unless one is held. `name` is the same for
    /// questions that mean the same at different times, such as the last 90 days: then the window may be some
    /// minutes old.
    ///
    /// # Errors
    /// What `make` failed with, where there was nothing to show.
    pub async fn get<E, F, Made>(&self, name: &str, now: Timestamp, make: F) -> Result<Arc<T>, E>
    where
        F: FnOnce() -> Made + Send + 'static,
        Made: Future<Output = Result<T, E>> + Send,
        E: Display + Send,
    {
        let fresh = self.0.fresh;
        match self.0.known(name, now).await {
            Some((answer, age)) if age < fresh => Ok(answer),
            Some((answer, age)) if age < TOO_OLD * fresh => {
                self.refresh(name.to_owned(), now, make);
                Ok(answer)
            }
            _ => self.0.make(name, now, make).await,
        }
    }

    /// Lets all answers go, also those that are being made: what they are about has changed.
    pub async fn clear(&self) {
        let mut known = self.0.known.lock().await;
        self.0.cleared.fetch_add(1, Ordering::Relaxed);
        known.clear();
    }

    /// Makes it anew beside, unless something is being made.
    fn refresh<E, F, Made>(&self, name: String, now: Timestamp, make: F)
    where
        F: FnOnce() -> Made + Send + 'static,
        Made: Future<Output = Result<T, E>> + Send,
        E: Display + Send,
    {
        if self.0.making.try_lock().is_err() {
            return;
        }
        let shared = Arc::clone(&self.0);
        tokio::spawn(async move {
            if let Err(error) = shared.make(&name, now, make).await {
                tracing::warn!(%error, "a page goes on showing old figures, because they could not be made anew");
            }
        });
    }
}

impl<T> Shared<T> {
    /// The answer of this name and its age in seconds.
    async fn known(&self, name: &str, now: Timestamp) -> Option<(Arc<T>, i64)> {
        let known = self.known.lock().await;
        let found = known.iter().find(|known| known.name == name)?;
        let age = now.as_second().saturating_sub(found.at.as_second());
        Some((Arc::clone(&found.answer), age))
    }

    async fn make<E, F, Made>(&self, name: &str, now: Timestamp, make: F) -> Result<Arc<T>, E>
    where
        F: FnOnce() -> Made,
        Made: Future<Output = Result<T, E>>,
    {
        let _one = self.making.lock().await;
        // Whoever waited for another one's making need not make it again.
        if let Some((answer, age)) = self.known(name, now).await
            && age < self.fresh
        {
            return Ok(answer);
        }
        let (began, cleared) = (Instant::now(), self.cleared.load(Ordering::Relaxed));
        let answer = Arc::new(make().await?);
        let dear = began.elapsed() >= self.dear_from;
        let mut known = self.known.lock().await;
        known.retain(|known| known.name != name);
        if dear && cleared == self.cleared.load(Ordering::Relaxed) {
            known.insert(0, Known { name: name.to_owned(), at: now, answer: Arc::clone(&answer) });
            known.truncate(MOST);
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::convert::Infallible;
    use std::sync::atomic::AtomicU32;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::new(1_790_000_000 + second, 0).unwrap()
    }

    /// Asks at this second; the answer is how often one was made.
    async fn ask(held: &Held<u32>, made: &Arc<AtomicU32>, second: i64) -> u32 {
        let made = Arc::clone(made);
        let make = move || async move { Ok::<_, Infallible>(made.fetch_add(1, Ordering::Relaxed) + 1) };
        *held.get("a", at(second), make).await.unwrap()
    }

    #[tokio::test]
    async fn a_dear_answer_is_shown_again_then_shown_while_it_is_made_anew_then_made_first() {
        let (held, made) = (Held::new(60, Duration::ZERO), Arc::default());
        assert_eq!(ask(&held, &made, 0).await, 1);
        assert_eq!(ask(&held, &made, 59).await, 1);
        assert_eq!(ask(&held, &made, 60).await, 1, "old, but shown");
        while made.load(Ordering::Relaxed) < 2 || held.0.making.try_lock().is_err() {
            tokio::task::yield_now().await;
        }
        assert_eq!(ask(&held, &made, 61).await, 2, "made anew beside");
        assert_eq!(ask(&held, &made, 60 + 1_800).await, 3, "too old to be shown");
    }

    #[tokio::test]
    async fn what_was_let_go_is_made_anew_also_where_it_was_begun_before() {
        let (held, made) = (Held::new(60, Duration::ZERO), Arc::default());
        assert_eq!(ask(&held, &made, 0).await, 1);
        held.clear().await;
        assert_eq!(ask(&held, &made, 0).await, 2);
        let meanwhile = held.clone();
        let make = move || async move {
            meanwhile.clear().await;
            Ok::<_, Infallible>(7)
        };
        assert_eq!(*held.get("b", at(0), make).await.unwrap(), 7);
        let again = held.get("b", at(0), || async { Ok::<_, Infallible>(8) }).await.unwrap();
        assert_eq!(*again, 8);
    }

    #[tokio::test]
    async fn what_is_quickly_made_is_never_old() {
        let (held, made) = (Held::new(60, Duration::from_secs(3_600)), Arc::default());
        for times in 1..=3 {
            assert_eq!(ask(&held, &made, 0).await, times);
        }
    }

    #[tokio::test]
    async fn many_that_ask_at_once_have_it_made_once() {
        let (held, made) = (Held::new(60, Duration::ZERO), Arc::default());
        let asked = (0..20).map(|_| ask(&held, &made, 0));
        assert!(futures_util::future::join_all(asked).await.iter().all(|&answer| answer == 1));
    }
}
