//! The queue between callers and workers: bounded by tokens, with a lane for people and one for bulk work.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use super::{ModelError, Tokens};

/// Who waits for the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// A request: refused at once when the queue is full.
    Interactive,
    /// An import or re-embedding: waits for room, and lets requests pass.
    Bulk,
}

pub(super) type Reply = Result<Vec<f32>, ModelError>;

/// One text that waits for its forward pass.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) tokens: Tokens,
    pub(super) reply: oneshot::Sender<Reply>,
}

#[derive(Debug, Default)]
struct State {
    interactive: VecDeque<Job>,
    bulk: VecDeque<Job>,
    interactive_tokens: usize,
    bulk_tokens: usize,
    taken_tokens: u64,
    closed: bool,
}

#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    work: Condvar,
    room: Notify,
    max_tokens: usize,
    /// Rough speed, only to tell refused callers how long to wait.
    tokens_per_second: usize,
}

impl Queue {
    pub(super) fn new(max_tokens: usize, tokens_per_second: usize) -> Self {
        Self {
            state: Mutex::default(),
            work: Condvar::new(),
            room: Notify::new(),
            max_tokens,
            tokens_per_second: tokens_per_second.max(1),
        }
    }

    /// Tokens that wait in both lanes.
    pub(super) fn queued_tokens(&self) -> usize {
        let state = self.lock();
        state.interactive_tokens + state.bulk_tokens
    }

    /// Tokens that workers have taken since the start.
    pub(super) fn taken_tokens(&self) -> u64 {
        self.lock().taken_tokens
    }

    /// Admits all jobs or none. An empty queue admits anything, so that no request is too large for ever.
    pub(super) fn push(&self, jobs: Vec<Job>) -> Result<(), ModelError> {
        let cost: usize = jobs.iter().map(|job| job.tokens.ids.len()).sum();
        let mut state = self.lock();
        if state.closed {
            return Err(ModelError::Stopped);
        }
        let waiting = state.interactive_tokens;
        if waiting > 0 && waiting + cost > self.max_tokens {
            let excess = waiting + cost - self.max_tokens;
            let retry_after_s = (excess.div_ceil(self.tokens_per_second) as u64).clamp(1, 60);
            return Err(ModelError::Overloaded { retry_after_s });
        }
        state.interactive_tokens += cost;
        state.interactive.extend(jobs);
        drop(state);
        self.work.notify_all();
        Ok(())
    }

    /// Admits jobs of the bulk lane whatever is queued; callers bound themselves.
    pub(super) fn push_bulk(&self, jobs: Vec<Job>) -> Result<(), ModelError> {
        let mut state = self.lock();
        if state.closed {
            return Err(ModelError::Stopped);
        }
        state.bulk_tokens += jobs.iter().map(|job| job.tokens.ids.len()).sum::<usize>();
        state.bulk.extend(jobs);
        drop(state);
        self.work.notify_all();
        Ok(())
    }

    /// Waits until the bulk lane holds less than it may.
    pub(super) async fn bulk_room(&self) {
        loop {
            let room = self.room.notified();
            {
                let state = self.lock();
                if state.closed || state.bulk_tokens < self.max_tokens {
                    return;
                }
            }
            room.await;
        }
    }

    /// Takes jobs worth about `budget` tokens, at least one, requests before bulk work. Jobs whose
    /// caller has gone are dropped before they cost anything. `None` when closed and empty.
    pub(super) fn take(&self, budget: usize) -> Option<Vec<Job>> {
        let mut state = self.lock();
        loop {
            let batch = state.next_batch(budget);
            if !batch.is_empty() {
                drop(state);
                self.room.notify_waiters();
                return Some(batch);
            }
            if state.closed {
                return None;
            }
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Refuses new jobs; what is queued is still worked off.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.work.notify_all();
        self.room.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panicking worker leaves plain counters behind, never a half-made change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next_batch(&mut self, budget: usize) -> Vec<Job> {
        let mut batch = Vec::new();
        let mut cost = 0;
        while let Some(job) = self.pop() {
            if job.reply.is_closed() {
                continue;
            }
            cost += job.tokens.ids.len();
            batch.push(job);
            if cost >= budget {
                break;
            }
        }
        self.taken_tokens += cost as u64;
        batch
    }

    fn pop(&mut self) -> Option<Job> {
        if let Some(job) = self.interactive.pop_front() {
            self.interactive_tokens -= job.tokens.ids.len();
            return Some(job);
        }
        let job = self.bulk.pop_front()?;
        self.bulk_tokens -= job.tokens.ids.len();
        Some(job)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn job(tokens: usize) -> (Job, oneshot::Receiver<Reply>) {
        let (reply, receiver) = oneshot::channel();
        let tokens = Tokens { ids: vec![1; tokens], type_ids: vec![0; tokens], truncated: false };
        (Job { tokens, reply }, receiver)
    }

    #[test]
    fn a_full_queue_refuses_and_says_when_to_come_back() {
        let queue = Queue::new(100, 50);
        let (first, _keep) = job(80);
        queue.push(vec![first]).unwrap();
        let (second, _keep) = job(120);
        let refused = queue.push(vec![second]).unwrap_err();
        assert!(matches!(refused, ModelError::Overloaded { retry_after_s: 2 }), "{refused}");
        assert_eq!(queue.queued_tokens(), 80);
    }

    #[test]
    fn an_empty_queue_admits_a_request_larger_than_its_bound() {
        let queue = Queue::new(100, 50);
        let (large, _keep) = job(500);
        queue.push(vec![large]).unwrap();
    }

    #[test]
    fn a_job_whose_caller_has_gone_costs_nothing() {
        let queue = Queue::new(100, 50);
        let (gone, receiver) = job(10);
        drop(receiver);
        let (wanted, _keep) = job(20);
        queue.push(vec![gone, wanted]).unwrap();
        let batch = queue.take(1).unwrap();
        assert_eq!(batch.len(), 1);
        assert_eq!(batch[0].tokens.ids.len(), 20);
        assert_eq!(queue.queued_tokens(), 0);
    }

    #[test]
    fn requests_pass_bulk_work() {
        let queue = Queue::new(100, 50);
        let (bulk, _keep) = job(5);
        queue.push_bulk(vec![bulk]).unwrap();
        let (request, _keep_too) = job(7);
        queue.push(vec![request]).unwrap();
        assert_eq!(queue.take(1).unwrap()[0].tokens.ids.len(), 7);
        assert_eq!(queue.take(1).unwrap()[0].tokens.ids.len(), 5);
    }

    #[test]
    fn a_worker_takes_about_its_budget() {
        let queue = Queue::new(1_000, 50);
        let (jobs, _keep): (Vec<_>, Vec<_>) = (0..10).map(|_| job(30)).unzip();
        queue.push(jobs).unwrap();
        assert_eq!(queue.take(100).unwrap().len(), 4);
    }

    #[test]
    fn a_closed_queue_works_off_what_it_accepted() {
        let queue = Queue::new(100, 50);
        let (accepted, _keep) = job(10);
        queue.push(vec![accepted]).unwrap();
        queue.close();
        let (late, _keep) = job(10);
        assert!(matches!(queue.push(vec![late]), Err(ModelError::Stopped)));
        assert_eq!(queue.take(100).unwrap().len(), 1);
        assert!(queue.take(100).is_none());
    }
}
