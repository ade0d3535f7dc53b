//! The queue between callers and workers: bounded by tokens, fair between callers, with a lane for people and one
//! for bulk work.

#[cfg(test)]
mod tests;
mod turns;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use deskhand_kernels::Team;
use tokio::sync::{Notify, oneshot};

use self::turns::Turns;
use super::{ModelError, Tokens};

/// Who waits for the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// A request: refused at once when the queue is full.
    Interactive,
    /// An import or re-embedding: waits for room, and lets requests pass.
    Bulk,
    /// What an answer can do without: refused at once when the queue is full, and lets requests pass.
    Spare,
}

pub(super) type Reply = Result<Vec<f32>, ModelError>;

/// One text that waits for its forward pass.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) tokens: Tokens,
    pub(super) reply: oneshot::Sender<Reply>,
}

/// What a worker is to do next.
#[derive(Debug)]
pub(super) enum Task {
    /// Read these texts; the worker must call [`Queue::finish`] when done.
    Read(Vec<Job>),
    /// Nothing waits, but this team reads a text alone.
    Help(Arc<Team>),
}

#[derive(Debug, Default)]
struct State {
    interactive: Turns,
    bulk: VecDeque<Job>,
    bulk_tokens: usize,
    taken_tokens: u64,
    /// Workers that wait for something to do.
    idle: usize,
    /// Workers that read.
    reading: usize,
    /// How many passes have yet to run alone before one is taken for alone again.
    company: usize,
    /// Teams that idle workers may join.
    teams: Vec<Arc<Team>>,
    /// Seconds that workers have spent reading, and the tokens they read in them.
    busy_s: f64,
    busy_tokens: usize,
    closed: bool,
}

#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    work: Condvar,
    room: Notify,
    max_tokens: usize,
    workers: usize,
    /// Whether jobs wait, for helpers to look at without the lock.
    waiting: AtomicBool,
    /// Whether there is a team to join.
    sharing: AtomicBool,
}

/// Tokens a second that one worker reads before it has read any, roughly.
const FIRST_GUESS: f64 = 5_000.0;
/// How long a worker that has just been busy looks out before it sleeps.
const ALERT: Duration = Duration::from_micros(100);
/// A pass of fewer tokens is over before a sleeping helper is awake.
const WORTH_SHARING: usize = 8;
/// So many passes must have run one after another, none beside another, before the next is shared: where
/// texts come side by side, every core has a text of its own, and helpers would only burn time.
const ALONE: usize = 8;
/// Tokens that a worker takes at least where less than all could take waits: below that, the texts of a group no
/// longer share the reading of the weights.
const LEAST_SHARE: usize = 32;

impl Queue {
    pub(super) fn new(max_tokens: usize, workers: usize) -> Self {
        Self {
            state: Mutex::default(),
            work: Condvar::new(),
            room: Notify::new(),
            max_tokens,
            workers,
            waiting: AtomicBool::new(false),
            sharing: AtomicBool::new(false),
        }
    }

    /// Whether jobs wait for a worker.
    pub(super) fn has_work(&self) -> bool {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Tokens that wait in both lanes.
    pub(super) fn queued_tokens(&self) -> usize {
        self.lock().waiting_tokens()
    }

    /// Tokens that workers have taken since the start.
    pub(super) fn taken_tokens(&self) -> u64 {
        self.lock().taken_tokens
    }

    /// Admits all jobs of a caller or none. An empty queue admits anything, so that no request is too large for
    /// ever; `None` stands for all who need not say who they are.
    pub(super) fn push(&self, who: Option<String>, jobs: Vec<Job>) -> Result<(), ModelError> {
        let cost: usize = jobs.iter().map(|job| job.tokens.ids.len()).sum();
        let mut state = self.lock();
        if state.closed {
            return Err(ModelError::Stopped);
        }
        let too_many = state.interactive.too_many(who.as_deref(), cost, self.max_tokens);
        if too_many > 0 {
            let retry_after_s = state.seconds_for(too_many, self.workers);
            return Err(ModelError::Overloaded { retry_after_s });
        }
        let count = jobs.len();
        state.interactive.extend(who, jobs);
        self.wake(state, count);
        Ok(())
    }

    /// Admits jobs of the bulk lane whatever is queued; callers bound themselves.
    pub(super) fn push_bulk(&self, jobs: Vec<Job>) -> Result<(), ModelError> {
        let state = self.lock();
        self.admit_bulk(state, jobs)
    }

    /// Admits all jobs to the bulk lane or none: there must be room for them beside all that waits.
    pub(super) fn push_spare(&self, jobs: Vec<Job>) -> Result<(), ModelError> {
        let cost: usize = jobs.iter().map(|job| job.tokens.ids.len()).sum();
        let state = self.lock();
        let waiting = state.waiting_tokens();
        if waiting > 0 && waiting + cost > self.max_tokens {
            let retry_after_s = state.seconds_for(waiting + cost - self.max_tokens, self.workers);
            return Err(ModelError::Overloaded { retry_after_s });
        }
        self.admit_bulk(state, jobs)
    }

    fn admit_bulk(&self, mut state: MutexGuard<'_, State>, jobs: Vec<Job>) -> Result<(), ModelError> {
        if state.closed {
            return Err(ModelError::Stopped);
        }
        state.bulk_tokens += jobs.iter().map(|job| job.tokens.ids.len()).sum::<usize>();
        let count = jobs.len();
        state.bulk.extend(jobs);
        self.wake(state, count);
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

    /// Says that there are jobs, to as many workers as can take one.
    fn wake(&self, state: MutexGuard<'_, State>, jobs: usize) {
        self.waiting.store(true, Ordering::Relaxed);
        let idle = state.idle;
        drop(state);
        for _ in 0..jobs.min(idle) {
            self.work.notify_one();
        }
    }

    /// Takes jobs worth at most `budget` tokens, at least one, requests before bulk work; less where less waits
    /// than all workers could take, since the texts of a group are answered together and another worker will soon
    /// have nothing to do. Jobs whose caller has gone are dropped before they cost anything. Where passes run alone,
    /// idle workers are called to join `team`. `None` when closed and empty.
    pub(super) fn take(&self, budget: usize, team: Option<&Arc<Team>>) -> Option<Task> {
        let mut state = self.lock();
        let mut alert = state.company == 0;
        loop {
            let share = state.waiting_tokens().div_ceil(self.workers.max(1)).max(LEAST_SHARE);
            let batch = state.next_batch(budget.min(share));
            self.waiting.store(!state.is_empty(), Ordering::Relaxed);
            if !batch.is_empty() {
                state.company = if state.reading > 0 { ALONE } else { state.company.saturating_sub(1) };
                state.reading += 1;
                self.share(&mut state, &batch, team);
                drop(state);
                self.room.notify_waiters();
                return Some(Task::Read(batch));
            }
            if state.closed {
                return None;
            }
            // The last who came is the least likely to have enough helpers.
            if let Some(team) = state.teams.last() {
                return Some(Task::Help(Arc::clone(team)));
            }
            state.idle += 1;
            if alert {
                drop(state);
                alert = self.look_out();
                state = self.lock();
            } else {
                state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
                alert = state.company == 0;
            }
            state.idle -= 1;
        }
    }

    /// Looks out for something to do for a moment before sleeping, while passes run alone: to be woken takes
    /// longer than that.
    /// False if nothing came.
    fn look_out(&self) -> bool {
        let start = Instant::now();
        while start.elapsed() < ALERT {
            if self.has_work() || self.sharing.load(Ordering::Relaxed) {
                return true;
            }
            // Whoever waits for an answer may need this core to take it.
            std::thread::yield_now();
        }
        false
    }

    /// Calls idle workers to a pass that would otherwise run on one core while they sleep.
    fn share(&self, state: &mut State, batch: &[Job], team: Option<&Arc<Team>>) {
        let tokens: usize = batch.iter().map(|job| job.tokens.ids.len()).sum();
        let alone = state.company == 0 && state.idle > 0 && state.is_empty();
        if let Some(team) = team.filter(|_| alone && tokens >= WORTH_SHARING) {
            team.open();
            state.teams.push(Arc::clone(team));
            self.sharing.store(true, Ordering::Relaxed);
            self.work.notify_all();
        }
    }

    /// Ends what [`Task::Read`] began: helpers are let go, and the time counts for the speed.
    pub(super) fn finish(&self, team: &Arc<Team>, tokens: usize, time: Duration) {
        let mut state = self.lock();
        state.teams.retain(|other| !Arc::ptr_eq(other, team));
        self.sharing.store(!state.teams.is_empty(), Ordering::Relaxed);
        state.reading = state.reading.saturating_sub(1);
        state.busy_tokens += tokens;
        state.busy_s += time.as_secs_f64();
        drop(state);
        // After it was taken off the list, so that nobody joins a team that is closed.
        team.close();
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
    fn is_empty(&self) -> bool {
        self.interactive.is_empty() && self.bulk.is_empty()
    }

    /// Tokens in both lanes.
    fn waiting_tokens(&self) -> usize {
        self.interactive.tokens() + self.bulk_tokens
    }

    /// Whole seconds, 1 to 60, in which all workers together read so many tokens.
    fn seconds_for(&self, tokens: usize, workers: usize) -> u64 {
        let speed = if self.busy_s > 0.0 { self.busy_tokens as f64 / self.busy_s } else { FIRST_GUESS };
        let seconds = tokens as f64 / (speed * workers as f64).max(1.0);
        (seconds.ceil() as u64).clamp(1, 60)
    }

    fn next_batch(&mut self, budget: usize) -> Vec<Job> {
        let mut batch = Vec::new();
        let mut cost = 0;
        while let Some(next) = self.next_cost()
            && (batch.is_empty() || cost + next <= budget)
        {
            let Some(job) = self.pop().filter(|job| !job.reply.is_closed()) else { continue };
            cost += next;
            batch.push(job);
        }
        self.taken_tokens += cost as u64;
        batch
    }

    /// Tokens of the next text.
    fn next_cost(&self) -> Option<usize> {
        self.interactive.next_cost().or_else(|| self.bulk.front().map(|job| job.tokens.ids.len()))
    }

    fn pop(&mut self) -> Option<Job> {
        if let Some(job) = self.interactive.pop() {
            return Some(job);
        }
        let job = self.bulk.pop_front()?;
        self.bulk_tokens -= job.tokens.ids.len();
        Some(job)
    }
}
