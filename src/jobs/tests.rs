//! What the runner promises, with a real store.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::config::StoreSettings;
use crate::store::{Job, JobFilter, JobState, NewJob, Store};

/// Notes each attempt; fails the first `failures` of each job.
struct Notes {
    failures: u32,
    attempts: Mutex<Vec<String>>,
}

impl Work for Notes {
    fn kind(&self) -> &'static str {
        "note"
    }

    async fn attempt(&self, job: &Job) -> Attempt {
        self.attempts.lock().unwrap().push(job.key.clone());
        if job.attempts <= self.failures {
            return Attempt::Failed { error: "not yet".into(), wait: None };
        }
        let follows = (!job.key.ends_with('!')).then(|| note(&format!("{}!", job.key)));
        Attempt::Done(follows.into_iter().collect())
    }
}

fn note(key: &str) -> NewJob {
    let run_at = Timestamp::now();
    NewJob { kind: "note", key: key.into(), subject: None, payload: serde_json::json!({}), run_at }
}

const PACE: Pace = Pace {
    at_once: 4,
    lease: Duration::from_secs(5),
    backoff: Backoff::of(&[Duration::from_millis(10), Duration::from_millis(20)]),
};

/// Runs until nothing waits; the number of jobs in each state.
async fn run(failures: u32, keys: &[&str]) -> (Vec<String>, usize, usize) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), &StoreSettings::default()).await.unwrap();
    let work = Arc::new(Notes { failures, attempts: Mutex::default() });
    let runner = Runner::start(store.clone(), Arc::clone(&work), PACE, Timestamp::now);
    store.enqueue(keys.iter().map(|key| note(key)).collect(), Timestamp::now()).await.unwrap();
    while store.next_job_at("note").await.unwrap().is_some() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    runner.stop().await;
    let jobs = store.jobs(&JobFilter { limit: 100, ..JobFilter::default() }).await.unwrap();
    let count = |state| jobs.iter().filter(|job| job.state == state).count();
    let attempts = work.attempts.lock().unwrap().clone();
    (attempts, count(JobState::Done), count(JobState::Dead))
}

#[tokio::test]
async fn every_job_is_done_and_what_follows_from_it_too() {
    let (mut attempts, done, dead) = run(0, &["a", "b"]).await;
    attempts.sort();
    assert_eq!((attempts, done, dead), (["a", "a!", "b", "b!"].map(String::from).to_vec(), 4, 0));
}

#[tokio::test]
async fn a_job_that_fails_is_tried_again_until_it_is_done() {
    let (attempts, done, dead) = run(2, &["a!"]).await;
    assert_eq!((attempts.len(), done, dead), (3, 1, 0));
}

#[tokio::test]
async fn a_job_that_always_fails_is_given_up_where_it_can_be_seen() {
    let (attempts, done, dead) = run(9, &["a!"]).await;
    assert_eq!((attempts.len(), done, dead), (3, 0, 1));
}

/// Panics at its first attempt.
struct Breaks(Mutex<u32>);

impl Work for Breaks {
    fn kind(&self) -> &'static str {
        "note"
    }

    async fn attempt(&self, job: &Job) -> Attempt {
        *self.0.lock().unwrap() += 1;
        assert!(job.attempts > 1, "a first attempt");
        Attempt::Done(Vec::new())
    }
}

#[tokio::test]
async fn a_job_whose_attempt_panicked_is_tried_again_when_its_lease_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), &StoreSettings::default()).await.unwrap();
    let work = Arc::new(Breaks(Mutex::default()));
    let pace = Pace { lease: Duration::from_millis(100), ..PACE };
    let runner = Runner::start(store.clone(), Arc::clone(&work), pace, Timestamp::now);
    store.enqueue(vec![note("a")], Timestamp::now()).await.unwrap();
    let done = async {
        while store.next_job_at("note").await.unwrap().is_some() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), done).await.unwrap();
    runner.stop().await;
    assert_eq!(*work.0.lock().unwrap(), 2);
}

/// Takes its time, and notes that it was begun.
struct Slow(Mutex<u32>);

impl Work for Slow {
    fn kind(&self) -> &'static str {
        "note"
    }

    async fn attempt(&self, _: &Job) -> Attempt {
        *self.0.lock().unwrap() += 1;
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        Attempt::Done(Vec::new())
    }
}

#[tokio::test]
async fn a_job_at_work_is_not_begun_again_when_the_clock_jumps_over_the_end_of_its_lease() {
    static AHEAD: AtomicI64 = AtomicI64::new(0);
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), &StoreSettings::default()).await.unwrap();
    let work = Arc::new(Slow(Mutex::default()));
    let clock = || Timestamp::now() + SignedDuration::from_hours(AHEAD.load(Ordering::Relaxed));
    let runner = Runner::start(store.clone(), Arc::clone(&work), PACE, clock);
    store.enqueue(vec![note("a")], clock()).await.unwrap();
    while *work.0.lock().unwrap() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    AHEAD.store(48, Ordering::Relaxed);
    // Another one wakes the runner, which looks at all.
    store.enqueue(vec![note("b")], clock()).await.unwrap();
    while store.next_job_at("note").await.unwrap().is_some() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    runner.stop().await;
    assert_eq!(*work.0.lock().unwrap(), 2, "each was begun once");
}

#[test]
fn pauses_grow_and_end() {
    let pauses: Vec<Option<Duration>> = (1..=10).map(|attempts| Backoff::WEBHOOKS.after(attempts)).collect();
    assert!(pauses[..9].windows(2).all(|pair| pair[0] < pair[1]), "{pauses:?}");
    assert_eq!((pauses[9], Backoff::WEBHOOKS.after(0)), (None, None));
}
