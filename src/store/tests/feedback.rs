//! Feedback: counted once for each occasion, article and kind, and taken back exactly.

use super::*;

fn word(occasion: Occasion, kind: FeedbackKind, at: &str) -> Feedback {
    Feedback { occasion, article_id: "kb-7".into(), kind, at: at.parse().unwrap() }
}

fn on_ticket(id: &str, kind: FeedbackKind) -> Feedback {
    word(Occasion::Ticket(id.into()), kind, "2026-11-21T09:40:00Z")
}

async fn counts(store: &Store) -> [u64; 4] {
    let FeedbackCounts { viewed, attached, solved, dismissed } = store.feedback_counts("kb-7").await.unwrap();
    [viewed, attached, solved, dismissed]
}

#[tokio::test]
async fn what_is_said_twice_on_one_ticket_counts_once_and_on_two_twice() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    assert!(store.say(&on_ticket("81", FeedbackKind::Solved)).await.unwrap().changed);
    let again = store.say(&on_ticket("81", FeedbackKind::Solved)).await.unwrap();
    assert_eq!(again, FeedbackWritten::default());
    store.say(&on_ticket("82", FeedbackKind::Solved)).await.unwrap();
    store.say(&on_ticket("82", FeedbackKind::Viewed)).await.unwrap();
    // The caller's own id is no ticket's.
    let own = word(Occasion::Own("81".into()), FeedbackKind::Solved, "2026-11-21T09:40:00Z");
    store.say(&own).await.unwrap();
    assert_eq!(counts(&store).await, [1, 0, 3, 0]);
    assert_eq!(store.feedback_counts("kb-8").await.unwrap(), FeedbackCounts::default());
}

#[tokio::test]
async fn what_is_taken_back_no_longer_counts_and_nothing_else_changes() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    for kind in [FeedbackKind::Attached, FeedbackKind::Solved] {
        store.say(&on_ticket("81", kind)).await.unwrap();
    }
    let back = store.take_back(&on_ticket("81", FeedbackKind::Solved)).await.unwrap();
    assert_eq!((back.changed, back.voices.len()), (true, 1));
    assert!(back.voices[0].before.solved.is_some() && back.voices[0].after.solved.is_none());
    assert_eq!(back.voices[0].before.attached, back.voices[0].after.attached);
    assert_eq!(counts(&store).await, [0, 1, 0, 0]);
    assert!(!store.take_back(&on_ticket("81", FeedbackKind::Solved)).await.unwrap().changed);
    assert!(!store.take_back(&on_ticket("99", FeedbackKind::Solved)).await.unwrap().changed);
    store.say(&on_ticket("81", FeedbackKind::Solved)).await.unwrap();
    assert_eq!(counts(&store).await, [0, 1, 1, 0]);
}

#[tokio::test]
async fn of_what_is_said_again_the_first_time_stays() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let times = ["2026-11-21T09:40:00Z", "2026-11-22T09:40:00Z", "2026-11-20T09:40:00Z"];
    for at in times {
        store.say(&word(Occasion::Ticket("81".into()), FeedbackKind::Dismissed, at)).await.unwrap();
    }
    let voices = store.voices_page(None, 10).await.unwrap();
    assert_eq!(voices[0].voice.dismissed, Some(times[2].parse().unwrap()));
}

#[tokio::test]
async fn voices_come_in_pages_without_views_and_what_was_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    for id in ["1", "2", "3"] {
        store.say(&on_ticket(id, FeedbackKind::Attached)).await.unwrap();
    }
    store.say(&on_ticket("4", FeedbackKind::Viewed)).await.unwrap();
    let own = word(Occasion::Own("2".into()), FeedbackKind::Solved, "2026-11-21T09:40:00Z");
    store.say(&own).await.unwrap();
    store.take_back(&on_ticket("1", FeedbackKind::Attached)).await.unwrap();
    let first = store.voices_page(None, 2).await.unwrap();
    let rest = store.voices_page(first.last(), 9).await.unwrap();
    let occasions: Vec<&Occasion> = first.iter().chain(&rest).map(|voice| &voice.occasion).collect();
    let ticket = |id: &str| Occasion::Ticket(id.into());
    assert_eq!(occasions, [&Occasion::Own("2".into()), &ticket("2"), &ticket("3")]);
    assert!(store.voices_page(rest.last(), 9).await.unwrap().is_empty());
}
