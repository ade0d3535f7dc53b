//! Whether PostgreSQL answers.
//!
//! A network that swallows what is sent tells nobody that a connection is dead: whoever waits for an answer on it would
//! wait for as long as the system sends again, which is a quarter of an hour. So one connection is asked every second
//! (`leader.rs`), and once it gets no answer, all who wait for one are told.

use std::io;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::super::database::PATIENCE;

/// How PostgreSQL was found last.
#[derive(Debug, Clone, Copy, Default)]
struct Beat {
    /// Since when it has not answered, if it does not.
    lost: Option<Instant>,
    /// How often it was lost since the start.
    losses: u64,
}

/// Who finds out.
#[derive(Debug, Default)]
pub(in crate::store) struct Heart(watch::Sender<Beat>);

impl Heart {
    /// Tells everybody whether it answered just now.
    pub(in crate::store) fn tell(&self, answers: bool) {
        self.0.send_if_modified(|beat| {
            if answers == beat.lost.is_none() {
                return false;
            }
            (beat.lost, beat.losses) = match answers {
                true => (None, beat.losses),
                false => (Some(Instant::now()), beat.losses + 1),
            };
            true
        });
    }

    pub(in crate::store) fn pulse(&self) -> Pulse {
        Pulse(self.0.subscribe())
    }
}

/// Who wants to know.
#[derive(Debug, Clone)]
pub(in crate::store) struct Pulse(watch::Receiver<Beat>);

impl Pulse {
    /// How often PostgreSQL was lost: connections of before the last time are not to be used.
    pub(in crate::store) fn losses(&self) -> u64 {
        self.0.borrow().losses
    }

    /// For how long it has not answered, if it does not.
    pub(in crate::store) fn away(&self) -> Option<Duration> {
        self.0.borrow().lost.map(|since| since.elapsed())
    }

    /// An error if it does not answer at this moment.
    pub(in crate::store) fn now(&self) -> Result<(), sqlx::Error> {
        self.0.borrow().lost.map_or(Ok(()), |since| Err(gone(since)))
    }

    /// Waits until it answers, but not for longer than it has been away for [`PATIENCE`]: who comes later than that is
    /// refused at once.
    pub(in crate::store) async fn patient(&self) -> Result<(), sqlx::Error> {
        let Some(since) = self.0.borrow().lost else { return Ok(()) };
        let mut beats = self.0.clone();
        let again = beats.wait_for(|beat| beat.lost.is_none());
        match tokio::time::timeout_at(since + PATIENCE, again).await {
            Ok(_) => Ok(()),
            Err(_) => Err(gone(since)),
        }
    }

    /// Returns once it has not answered.
    pub(in crate::store) async fn lost(&self) -> sqlx::Error {
        let mut beats = self.0.clone();
        let losses = beats.borrow().losses;
        let since = beats.wait_for(|beat| beat.losses != losses).await.map(|beat| beat.lost);
        match since {
            Ok(since) => gone(since.unwrap_or_else(Instant::now)),
            // Nobody looks any more: the store is being closed.
            Err(_) => std::future::pending().await,
        }
    }

    /// What `asked` comes to, for as long as PostgreSQL answers at all, and within `longest` in any case.
    pub(in crate::store) async fn while_it_answers<T>(
        &self,
        longest: Duration,
        asked: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, sqlx::Error> {
        tokio::select! {
            biased;
            told = tokio::time::timeout(longest, asked) => {
                told.unwrap_or_else(|_| Err(unanswered(format!("no answer within {} s", longest.as_secs()))))
            }
            error = self.lost() => Err(error),
        }
    }
}

fn gone(since: Instant) -> sqlx::Error {
    unanswered(format!("it has not answered for {} s", since.elapsed().as_secs()))
}

fn unanswered(told: String) -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, told))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_waits_is_told_of_a_loss_and_who_comes_later_waits_for_a_while_only() {
        let heart = Heart::default();
        let pulse = heart.pulse();
        let hour = Duration::from_secs(3_600);
        let never = std::future::pending::<Result<(), sqlx::Error>>();
        let waiting = tokio::spawn({
            let pulse = pulse.clone();
            async move { pulse.while_it_answers(hour, never).await }
        });
        tokio::task::yield_now().await;
        assert!(pulse.patient().await.is_ok() && pulse.now().is_ok());
        heart.tell(false);
        assert!(waiting.await.unwrap().is_err());
        assert!(pulse.now().is_err());

        let began = Instant::now();
        assert!(pulse.patient().await.is_err());
        assert_eq!(began.elapsed().as_secs(), PATIENCE.as_secs());
        assert!(pulse.patient().await.is_err());
        assert_eq!(began.elapsed().as_secs(), PATIENCE.as_secs(), "refused at once");

        heart.tell(true);
        assert!(pulse.patient().await.is_ok() && pulse.now().is_ok());
        assert_eq!(pulse.losses(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_while_it_is_back_again_is_answered() {
        let heart = Heart::default();
        let pulse = heart.pulse();
        heart.tell(false);
        let coming = tokio::spawn({
            let pulse = pulse.clone();
            async move { pulse.patient().await.is_ok() }
        });
        tokio::time::sleep(Duration::from_secs(2)).await;
        heart.tell(true);
        assert!(coming.await.unwrap());
        let minute = Duration::from_secs(60);
        assert!(pulse.while_it_answers(minute, async { Ok(7) }).await.is_ok());
        let never = std::future::pending::<Result<(), sqlx::Error>>();
        assert!(pulse.while_it_answers(minute, never).await.is_err(), "within a minute in any case");
    }
}
