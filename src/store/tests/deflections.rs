//! Deflections: one visit is one, feedback follows, and texts are bounded.

use super::*;

fn at(time: &str) -> jiff::Timestamp {
    time.parse().unwrap()
}

fn solved(session: &str, article: &str, time: &str) -> Deflection {
    let outcome = DeflectionOutcome::Solved { article_id: article.into() };
    Deflection { session_id: session.into(), outcome, at: at(time) }
}

fn unanswered(session: &str, text: &str, time: &str) -> Deflection {
    let outcome = DeflectionOutcome::Unanswered { text: Some(text.into()) };
    Deflection { session_id: session.into(), outcome, at: at(time) }
}

async fn november(store: &Store) -> DeflectionSummary {
    store.deflections(at("2026-11-01T00:00:00Z"), at("2026-12-01T00:00:00Z")).await.unwrap()
}

async fn texts(store: &Store) -> Vec<String> {
    let all = store.unanswered_texts(at("2026-11-01T00:00:00Z"), at("2026-12-01T00:00:00Z"), 99).await;
    all.unwrap().into_iter().map(|kept| kept.text).collect()
}

#[tokio::test]
async fn a_visit_is_one_deflected_ticket_however_many_articles_it_names_and_however_often() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let first = solved("s1", "kb-7", "2026-11-21T09:00:00Z");
    assert!(store.save_deflection(&first, 10).await.unwrap().changed);
    assert_eq!(store.save_deflection(&first, 10).await.unwrap(), FeedbackWritten::default());
    for other in [
        solved("s1", "kb-8", "2026-11-21T09:05:00Z"),
        solved("s2", "kb-7", "2026-11-22T09:00:00Z"),
        unanswered("s2", "before it was found", "2026-11-22T08:00:00Z"),
        unanswered("s3", "in vain", "2026-11-22T10:00:00Z"),
        solved("s4", "kb-7", "2026-12-01T00:00:00Z"),
    ] {
        store.save_deflection(&other, 10).await.unwrap();
    }
    let expected = DeflectionSummary {
        deflected: 2,
        unanswered: 1,
        articles: vec![("kb-7".into(), 2), ("kb-8".into(), 1)],
        days: vec![("2026-11-21".into(), 1, 0), ("2026-11-22".into(), 1, 1)],
    };
    assert_eq!(november(&store).await, expected);
    assert_eq!(store.feedback_counts("kb-7").await.unwrap().solved, 3);
    assert_eq!(texts(&store).await, ["in vain"]);
}

#[tokio::test]
async fn what_was_typed_is_kept_only_while_nothing_solved_it_and_only_the_newest() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    for n in 1..=5 {
        let visit = unanswered(&format!("s{n}"), &format!("text {n}"), &format!("2026-11-0{n}T00:00:00Z"));
        store.save_deflection(&visit, 3).await.unwrap();
    }
    assert_eq!(texts(&store).await, ["text 5", "text 4", "text 3"]);
    store.save_deflection(&unanswered("s5", "text 5 and more", "2026-11-06T00:00:00Z"), 3).await.unwrap();
    store.save_deflection(&solved("s4", "kb-7", "2026-11-06T00:00:00Z"), 3).await.unwrap();
    store.save_deflection(&unanswered("s4", "again", "2026-11-07T00:00:00Z"), 3).await.unwrap();
    assert_eq!(texts(&store).await, ["text 5 and more", "text 3"]);
    store.save_deflection(&unanswered("s6", "not wanted", "2026-11-08T00:00:00Z"), 0).await.unwrap();
    assert_eq!(texts(&store).await, [] as [String; 0]);
    assert_eq!(november(&store).await.unanswered, 5);
}
