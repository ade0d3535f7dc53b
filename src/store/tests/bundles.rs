//! Which bundle answers on all instances, and its files.

use super::*;
use crate::store::{BundlePart, NewPromotion, Promotion};

async fn keep(store: &Store, bundle: &str, file: &str, part: u32, bytes: &[u8]) {
    let part = BundlePart { bundle: bundle.into(), file: file.into(), part, bytes: bytes.to_vec() };
    store.keep_bundle_part(part).await.unwrap();
}

async fn promote(store: &Store, bundle: Option<&str>, parts: u64, after: u64) -> bool {
    let at = "2026-11-23T10:00:00Z".parse().unwrap();
    let asked = NewPromotion { bundle: bundle.map(Into::into), parts, after, note: None, at };
    store.promote_bundle(asked).await.unwrap()
}

fn stands(number: u64, bundle: Option<&str>, former: Option<&str>) -> Promotion {
    Promotion { number, bundle: bundle.map(Into::into), former: former.map(Into::into), note: None }
}

#[tokio::test]
async fn a_bundle_is_promoted_when_all_its_parts_are_there_and_read_as_it_was_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    assert_eq!(store.promotion().await.unwrap(), Promotion::default());
    keep(&store, "a", "weights", 0, &[1, 2, 0]).await;
    assert!(!promote(&store, Some("a"), 3, 0).await, "two parts are missing");
    keep(&store, "a", "weights", 1, &[255]).await;
    keep(&store, "a", "empty", 0, &[]).await;
    keep(&store, "a", "weights", 1, &[7]).await;
    assert!(promote(&store, Some("a"), 3, 0).await);
    assert_eq!(store.promotion().await.unwrap(), stands(1, Some("a"), None));
    assert_eq!(store.bundle_files("a").await.unwrap(), [("empty".into(), 1), ("weights".into(), 2)]);
    assert_eq!(store.bundle_part("a", "weights", 0).await.unwrap(), Some(vec![1, 2, 0]));
    assert_eq!(store.bundle_part("a", "weights", 1).await.unwrap(), Some(vec![255]), "the first one stays");
    assert_eq!(store.bundle_part("a", "empty", 0).await.unwrap(), Some(vec![]));
    assert_eq!(store.bundle_part("a", "weights", 2).await.unwrap(), None);
}

#[tokio::test]
async fn of_two_promotions_that_follow_the_same_one_the_second_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    keep(&store, "a", "f", 0, b"a").await;
    keep(&store, "b", "f", 0, b"b").await;
    assert!(promote(&store, Some("a"), 1, 0).await);
    keep(&store, "b", "f", 0, b"b").await;
    assert!(!promote(&store, Some("b"), 1, 0).await);
    assert_eq!(store.promotion().await.unwrap(), stands(1, Some("a"), None));
    assert!(promote(&store, Some("b"), 1, 1).await);
    assert_eq!(store.promotion().await.unwrap(), stands(2, Some("b"), Some("a")));
}

#[tokio::test]
async fn the_files_of_the_bundle_that_answers_and_of_the_one_before_stay_and_the_others_go() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    for (number, bundle) in (0..).zip(["a", "b", "c"]) {
        keep(&store, bundle, "f", 0, b"x").await;
        assert!(promote(&store, Some(bundle), 1, number).await);
    }
    assert!(store.bundle_files("a").await.unwrap().is_empty());
    assert_eq!(store.bundle_files("b").await.unwrap().len(), 1);
    assert!(promote(&store, Some("c"), 1, 3).await, "once more");
    assert_eq!(store.promotion().await.unwrap(), stands(4, Some("c"), Some("b")));
    assert!(promote(&store, None, 0, 4).await, "the shipped one has no files");
    assert_eq!(store.promotion().await.unwrap(), stands(5, None, Some("c")));
    assert!(store.bundle_files("b").await.unwrap().is_empty());
    assert_eq!(store.bundle_files("c").await.unwrap().len(), 1);
}
