//! Connections without a request: when all places are taken, the one that has waited longest goes, so that whoever
//! opens thousands and says nothing, or a byte now and then, keeps nobody out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Wait for a connection that was told to go, or for any other to end, before the next is told.
const NEXT: Duration = Duration::from_millis(50);

/// The places that connections have, and who waits on one.
#[derive(Debug)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    /// In the order in which they began to wait.
    since: BTreeMap<u64, Arc<Notify>>,
}

/// The place of one connection, which it has until this is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    places: Arc<Places>,
    leave: Arc<Notify>,
    /// Since when it waits; `None` while a request is at work.
    waits: Mutex<Option<u64>>,
    _free: OwnedSemaphorePermit,
}

impl Places {
    pub(super) fn new(count: usize) -> Arc<Self> {
        Arc::new(Self { free: Arc::new(Semaphore::new(count)), waiting: Mutex::default() })
    }

    /// A place for a connection that was taken; where there is none, the one that has waited longest is told to go.
    /// `None` never comes: the semaphore is not closed.
    pub(super) async fn take(self: &Arc<Self>) -> Option<Seat> {
        loop {
            if let Ok(free) = Arc::clone(&self.free).try_acquire_owned() {
                return Some(self.seat(free));
            }
            if let Some((_, longest)) = self.waiting().since.pop_first() {
                longest.notify_one();
            }
            if let Ok(free) = tokio::time::timeout(NEXT, Arc::clone(&self.free).acquire_owned()).await {
                return free.ok().map(|free| self.seat(free));
            }
        }
    }

    fn seat(self: &Arc<Self>, free: OwnedSemaphorePermit) -> Seat {
        let (places, leave) = (Arc::clone(self), Arc::default());
        let seat = Seat { places, leave, waits: Mutex::default(), _free: free };
        seat.waits();
        seat
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// No request is at work any more.
    pub(super) fn waits(&self) {
        let mut waiting = self.places.waiting();
        waiting.next += 1;
        let number = waiting.next;
        waiting.since.insert(number, Arc::clone(&self.leave));
        *self.mine() = Some(number);
    }

    /// A request is at work.
    pub(super) fn works(&self) {
        let number = self.mine().take();
        if let Some(number) = number {
            self.places.waiting().since.remove(&number);
        }
    }

    /// Returns when it has to go. Who got a request in the meantime stays.
    pub(super) async fn has_to_go(&self) {
        loop {
            self.leave.notified().await;
            if self.mine().is_some() {
                return;
            }
        }
    }

    fn mine(&self) -> std::sync::MutexGuard<'_, Option<u64>> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.works();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Whether it is told to go within a second.
    async fn goes(seat: &Seat) -> bool {
        tokio::time::timeout(Duration::from_secs(1), seat.has_to_go()).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn the_one_that_waits_longest_goes_and_nobody_with_a_request() {
        let places = Places::new(3);
        let (working, first, second) =
            (places.take().await.unwrap(), places.take().await.unwrap(), places.take().await.unwrap());
        working.works();
        // It was at work, and has waited for less long than the second.
        first.works();
        first.waits();
        let coming = tokio::spawn({
            let places = Arc::clone(&places);
            async move { places.take().await.unwrap() }
        });
        assert!(goes(&second).await);
        drop(second);
        let fourth = coming.await.unwrap();
        assert!(!goes(&working).await && !goes(&fourth).await);
    }

    #[tokio::test(start_paused = true)]
    async fn without_anyone_idle_the_next_one_waits() {
        let places = Places::new(1);
        let only = places.take().await.unwrap();
        only.works();
        let coming = Arc::clone(&places);
        let mut coming = Box::pin(coming.take());
        assert!(tokio::time::timeout(Duration::from_secs(5), &mut coming).await.is_err());
        only.waits();
        assert!(tokio::select! { gone = goes(&only) => gone, _ = &mut coming => false });
        drop(only);
        assert!(coming.await.is_some());
    }
}
