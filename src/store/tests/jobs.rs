//! Jobs are done once, in order, and lost by nobody.

use jiff::{SignedDuration, Timestamp};

use super::*;

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::new(1_790_000_000 + second, 0).unwrap()
}

pub(super) fn job(key: &str, subject: Option<&str>) -> NewJob {
    NewJob {
        kind: "hook",
        key: key.into(),
        subject: subject.map(Into::into),
        payload: serde_json::json!({ "key": key }),
        run_at: at(0),
    }
}

pub(super) async fn take(store: &Store, now: i64) -> Vec<Job> {
    store.take_jobs("hook", 10, at(now), at(now) + SignedDuration::from_secs(60)).await.unwrap()
}

#[tokio::test]
async fn what_comes_twice_is_taken_on_once_even_after_it_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    assert_eq!(store.enqueue(vec![job("a", None), job("a", None)], at(0)).await.unwrap(), [true, false]);
    let [taken] = take(&store, 0).await.try_into().unwrap();
    assert_eq!((taken.payload["key"].as_str(), taken.attempts), (Some("a"), 1));
    assert!(store.end_job(&taken, JobEnd::Done(vec![job("b", None)]), at(1)).await.unwrap());
    assert_eq!(store.enqueue(vec![job("a", None)], at(2)).await.unwrap(), [false]);
    let done = store.job(taken.id).await.unwrap().unwrap();
    assert_eq!((done.state, done.payload), (JobState::Done, serde_json::Value::Null));
    let keys: Vec<String> = take(&store, 2).await.into_iter().map(|job| job.key).collect();
    assert_eq!(keys, ["b"], "what follows was taken on with the end");
    store.prune_jobs(at(2)).await.unwrap();
    assert_eq!(store.enqueue(vec![job("a", None)], at(3)).await.unwrap(), [true], "forgotten in the end");
}

#[tokio::test]
async fn jobs_about_one_subject_go_one_after_another() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let jobs = vec![job("a", Some("7")), job("b", Some("7")), job("c", Some("8"))];
    store.enqueue(jobs, at(0)).await.unwrap();
    let first = take(&store, 0).await;
    assert_eq!(first.iter().map(|job| &*job.key).collect::<Vec<_>>(), ["a", "c"]);
    let failed = JobEnd::Retry { at: at(30), error: "429".into() };
    assert!(store.end_job(&first[0], failed, at(1)).await.unwrap());
    assert!(take(&store, 5).await.is_empty(), "the earlier one has not been done yet");
    let [again] = take(&store, 30).await.try_into().unwrap();
    assert_eq!((&*again.key, again.attempts, again.error), ("a", 2, None));
    let dead = JobEnd::Dead { error: "refused".into() };
    let again = store.job(again.id).await.unwrap().unwrap();
    assert!(store.end_job(&again, dead, at(31)).await.unwrap());
    assert_eq!(take(&store, 31).await[0].key, "b", "a dead one holds nobody up");
}

#[tokio::test]
async fn a_worker_whose_lease_ran_out_ends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.enqueue(vec![job("a", None)], at(0)).await.unwrap();
    let slow = take(&store, 0).await.remove(0);
    assert!(take(&store, 59).await.is_empty());
    let quick = take(&store, 60).await.remove(0);
    assert!(!store.end_job(&slow, JobEnd::Done(vec![job("b", None)]), at(61)).await.unwrap());
    assert!(store.end_job(&quick, JobEnd::Done(Vec::new()), at(62)).await.unwrap());
    assert!(
        take(&store, 1_000).await.is_empty(),
        "what follows from an end that did not count is not taken on"
    );
}

#[tokio::test]
async fn a_dead_job_is_seen_and_begun_anew() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.enqueue(vec![job("a", Some("7"))], at(0)).await.unwrap();
    let taken = take(&store, 0).await.remove(0);
    store.end_job(&taken, JobEnd::Dead { error: "401".into() }, at(1)).await.unwrap();
    let dead = JobFilter { state: Some(JobState::Dead), limit: 10, ..JobFilter::default() };
    let seen = store.jobs(&dead).await.unwrap();
    assert_eq!((seen[0].error.as_deref(), &seen[0].payload["key"]), (Some("401"), &"a".into()));
    assert!(store.revive_job(taken.id, at(5)).await.unwrap());
    assert!(!store.revive_job(taken.id, at(5)).await.unwrap(), "it is no longer dead");
    assert_eq!(take(&store, 5).await[0].attempts, 1);
    let counts = store.job_counts().await.unwrap();
    assert_eq!(counts.get(&("hook".to_owned(), JobState::Waiting)), Some(&1));
}
