//! Jobs that were at work when a process ended.

use super::jobs::{at, job, take};
use super::*;

#[tokio::test]
async fn what_was_at_work_when_the_process_died_is_due_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.enqueue(vec![job("a", None), job("b", None)], at(0)).await.unwrap();
    let taken = take(&store, 0).await;
    let failed = JobEnd::Retry { at: at(500), error: "500".into() };
    store.end_job(&taken[1], failed, at(1)).await.unwrap();
    store.close().await.unwrap();
    let store = open(folder.path()).await;
    store.release_jobs(at(2)).await.unwrap();
    let due: Vec<String> = take(&store, 2).await.into_iter().map(|job| job.key).collect();
    assert_eq!(due, ["a"], "one that waits for its next attempt keeps its time");
}

#[tokio::test]
async fn a_lease_is_lengthened_by_whoever_holds_it_and_by_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.enqueue(vec![job("a", None)], at(0)).await.unwrap();
    let held = take(&store, 0).await.remove(0);
    assert!(store.renew_job(&held, at(50_000)).await.unwrap());
    assert!(take(&store, 40_000).await.is_empty());
    let taken_over = take(&store, 50_000).await.remove(0);
    assert!(!store.renew_job(&held, at(60_000)).await.unwrap(), "it is another attempt's");
    assert!(store.end_job(&taken_over, JobEnd::Done(vec![]), at(50_001)).await.unwrap());
    assert!(!store.renew_job(&taken_over, at(70_000)).await.unwrap(), "it is over");
}
