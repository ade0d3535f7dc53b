//! The loop that takes jobs of one kind and has them done.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, watch};
use tokio::task::{self, JoinError, JoinHandle, JoinSet};

use super::Backoff;
use crate::store::{Job, JobEnd, NewJob, Store, StoreError};

/// Looks for jobs at least this often, in case a wake-up was missed.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// Pause after the store could not be read or written.
const STORE_FAILED: Duration = Duration::from_secs(1);
/// How long a job is left to the process that began it without a word from that, in a store that others share.
const LEASED: Duration = Duration::from_secs(240);
/// Longest that an attempt may be put off at somebody's wish, who asks for a day at the most, with what a clock may be
/// ahead of another instance's.
const WISHED: Duration = Duration::from_secs(25 * 3_600);
/// By so much the clock of another instance may be ahead.
const AHEAD: Duration = Duration::from_secs(600);

/// Who does the jobs of one kind.
pub trait Work: Send + Sync + 'static {
    /// Which jobs.
    fn kind(&self) -> &'static str;

    /// Does one. It may have been done before by somebody who could not say so any more.
    fn attempt(&self, job: &Job) -> impl Future<Output = Attempt> + Send;
}

/// How an attempt went.
#[derive(Debug, Clone, PartialEq)]
pub enum Attempt {
    /// Done; these jobs follow from it.
    Done(Vec<NewJob>),
    /// Failed for now.
    Failed {
        /// Why, without words of a customer.
        error: String,
        /// Not before that: what the other side asked for.
        wait: Option<Duration>,
    },
    /// Failed, and would again.
    Hopeless {
        /// Why, without words of a customer.
        error: String,
    },
}

/// How fast jobs of a kind are worked off.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Most at the same time.
    pub at_once: u32,
    /// Longest that an attempt may take; one that takes longer counts as failed.
    pub lease: Duration,
    /// When to try again.
    pub backoff: Backoff,
}

/// Works off the jobs of one kind until it is dropped or stopped.
#[derive(Debug)]
pub struct Runner {
    stop: Arc<Notify>,
    task: Option<JoinHandle<()>>,
}

impl Runner {
    /// Starts on the current runtime; `clock` says what time it is.
    pub fn start(store: Store, work: Arc<impl Work>, pace: Pace, clock: fn() -> Timestamp) -> Self {
        let stop = Arc::new(Notify::new());
        let came = store.jobs_came();
        let running = Loop { store, work, pace, clock };
        let task = tokio::spawn(running.run(came, Arc::clone(&stop)));
        Self { stop, task: Some(task) }
    }

    /// Begins no further job, and returns when those at work have ended.
    pub async fn stop(mut self) {
        self.stop.notify_one();
        if let Some(task) = self.task.take() {
            // It only fails when it panicked, which is logged where it happens.
            let _ = task.await;
        }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

struct Loop<W> {
    store: Store,
    work: Arc<W>,
    pace: Pace,
    clock: fn() -> Timestamp,
}

/// What is being done here: of a clock that jumps ahead the lease of such a job has ended, and it has not.
#[derive(Debug, Default)]
struct AtWork {
    tasks: JoinSet<()>,
    /// The number of the job that each does.
    jobs: HashMap<task::Id, i64>,
}

impl AtWork {
    fn begin(&mut self, job: i64, doing: impl Future<Output = ()> + Send + 'static) {
        let task = self.tasks.spawn(doing).id();
        self.jobs.insert(task, job);
    }

    /// Notes that one has ended, also by a panic.
    fn ended(&mut self, task: Result<(task::Id, ()), JoinError>) {
        let id = task.map_or_else(|error| error.id(), |(id, ())| id);
        self.jobs.remove(&id);
    }

    fn note_ended(&mut self) {
        while let Some(task) = self.tasks.try_join_next_with_id() {
            self.ended(task);
        }
    }

    fn numbers(&self) -> Vec<i64> {
        self.jobs.values().copied().collect()
    }
}

impl<W: Work> Loop<W> {
    async fn run(self, mut came: watch::Receiver<()>, stop: Arc<Notify>) {
        let running = Arc::new(self);
        let mut at_work = AtWork::default();
        let mut hastened: Option<Instant> = None;
        loop {
            // Before looking: what comes while we look wakes us.
            came.mark_unchanged();
            if hastened.is_none_or(|last| last.elapsed() >= LOOK_AGAIN) {
                hastened = Some(Instant::now());
                running.hasten(&at_work).await;
            }
            let pause = match running.begin(&mut at_work).await {
                Ok(pause) => pause,
                Err(StoreError::Closed) => break,
                Err(error) => {
                    tracing::error!(kind = running.work.kind(), %error, "jobs cannot be taken");
                    STORE_FAILED
                }
            };
            tokio::select! {
                () = stop.notified() => break,
                // It fails when the store is closed; then the next look says so.
                Ok(()) = came.changed() => {}
                Some(task) = at_work.tasks.join_next_with_id() => at_work.ended(task),
                () = tokio::time::sleep(pause) => {}
            }
        }
        while at_work.tasks.join_next().await.is_some() {}
    }

    /// Lets jobs be due that a clock which was ahead has put off for longer than any is put off.
    async fn hasten(&self, at_work: &AtWork) {
        let (kind, now, pace) = (self.work.kind(), (self.clock)(), self.pace);
        let lease_end = later(self.lease_until(now), AHEAD);
        let retry_end = later(now, pace.backoff.longest().max(WISHED) + AHEAD);
        match self.store.hasten_jobs(kind, now, lease_end, retry_end, &at_work.numbers()).await {
            Ok(0) => {}
            Ok(jobs) => {
                tracing::warn!(kind, jobs, "jobs were put off by a clock that was ahead; they are due now");
            }
            // The look for jobs that follows says so.
            Err(_) => {}
        }
    }

    /// Begins as many as there is room for; how long to wait for the next.
    async fn begin(self: &Arc<Self>, at_work: &mut AtWork) -> Result<Duration, StoreError> {
        at_work.note_ended();
        let room = self.pace.at_once.saturating_sub(u32::try_from(at_work.jobs.len()).unwrap_or(u32::MAX));
        if room == 0 {
            return Ok(LOOK_AGAIN);
        }
        let (kind, now) = (self.work.kind(), (self.clock)());
        // Reading costs no sync; most looks find nothing.
        let due = self.store.next_job_at(kind).await?;
        if due.is_none_or(|due| due > now) {
            return Ok(due.map_or(LOOK_AGAIN, |due| until(due, now)));
        }
        let jobs =
            self.store.take_jobs_but(at_work.numbers(), kind, room, now, self.lease_until(now)).await?;
        for job in &jobs {
            let (this, job) = (Arc::clone(self), job.clone());
            at_work.begin(job.id, async move { this.finish(job).await });
        }
        // What is due and was not taken waits for an earlier one of its subject, which will wake us.
        Ok(if jobs.is_empty() { STORE_FAILED } else { Duration::ZERO })
    }

    /// Does one and says how it ended.
    async fn finish(&self, job: Job) {
        let attempt = self.attempt(&job).await;
        let now = (self.clock)();
        let end = self.end(&job, attempt, now);
        if let JobEnd::Dead { error } = &end {
            tracing::warn!(kind = job.kind, job = job.id, error, "a job was given up");
        }
        match self.store.end_job(&job, end, now).await {
            // Done or taken over by somebody else; either way it is no longer ours.
            Ok(_) => {}
            Err(error) => tracing::error!(kind = job.kind, job = job.id, %error, "a job's end was not kept"),
        }
    }

    #[tracing::instrument(name = "job", target = "span", skip_all, fields(kind = job.kind, job = job.id, attempt = job.attempts))]
    async fn attempt(&self, job: &Job) -> Attempt {
        // One that ended the process each time never said that it failed.
        if job.attempts > 1 && self.pace.backoff.after(job.attempts - 1).is_none() {
            let error = format!("begun {} times and never ended", job.attempts - 1);
            return Attempt::Hopeless { error };
        }
        let failed = |error| Attempt::Failed { error, wait: None };
        tokio::select! {
            attempt = self.work.attempt(job) => attempt,
            () = tokio::time::sleep(self.pace.lease) => {
                failed(format!("not done within {} seconds", self.pace.lease.as_secs()))
            }
            () = self.renew(job) => failed("another instance began it, after this one had not been heard of".into()),
        }
    }

    /// Until when a job is ours that was begun, or renewed, now.
    fn lease_until(&self, now: Timestamp) -> Timestamp {
        later(now, LEASED.min(2 * self.pace.lease))
    }

    /// Keeps the lease of a job that takes longer; returns when it is somebody else's.
    async fn renew(&self, job: &Job) {
        loop {
            tokio::time::sleep(LEASED / 4).await;
            match self.store.renew_job(job, self.lease_until((self.clock)())).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    tracing::warn!(kind = job.kind, job = job.id, %error, "a job's lease was not renewed")
                }
            }
        }
    }

    fn end(&self, job: &Job, attempt: Attempt, now: Timestamp) -> JobEnd {
        match attempt {
            Attempt::Done(follows) => JobEnd::Done(follows),
            Attempt::Hopeless { error } => JobEnd::Dead { error },
            Attempt::Failed { error, wait } => match self.pace.backoff.after(job.attempts) {
                Some(pause) => JobEnd::Retry { at: later(now, pause.max(wait.unwrap_or_default())), error },
                None => JobEnd::Dead { error },
            },
        }
    }
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| now.checked_add(by).ok()).unwrap_or(Timestamp::MAX)
}

/// From now to then, between a hundredth of a second and [`LOOK_AGAIN`].
fn until(then: Timestamp, now: Timestamp) -> Duration {
    let pause = Duration::try_from(then.duration_since(now)).unwrap_or_default();
    pause.clamp(Duration::from_millis(10), LOOK_AGAIN)
}
