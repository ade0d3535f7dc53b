//! Outcomes: told piece by piece, with what they say of the articles that were used.

use jiff::Timestamp;

use super::*;

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

/// A store with the open ticket 81.
async fn with_ticket(folder: &Path) -> Store {
    let store = open(folder).await;
    store.save_tickets(&[ticket("81", "No VPN")]).await.unwrap();
    store
}

async fn tell(store: &Store, outcome: OutcomeRecord) -> FeedbackWritten {
    store.save_outcome("81", &outcome, now()).await.unwrap().unwrap()
}

fn solved_by(articles: &[&str]) -> OutcomeRecord {
    let article_ids = Some(articles.iter().map(|id| (*id).to_owned()).collect());
    OutcomeRecord { status: Some(TicketStatus::Solved), article_ids, ..OutcomeRecord::default() }
}

async fn solved(store: &Store, article: &str) -> u64 {
    store.feedback_counts(article).await.unwrap().solved
}

#[tokio::test]
async fn what_an_outcome_does_not_say_stays() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_ticket(folder.path()).await;
    let full = TicketRecord { body_format: Format::Text, ..solved_ticket("81", "No VPN") };
    let first = OutcomeRecord {
        labels: full.labels.clone(),
        resolution: full.resolution.clone(),
        reopened: Some(1),
        ..solved_by(&["kb-7"])
    };
    tell(&store, first.clone()).await;
    tell(&store, OutcomeRecord { escalated: Some(true), ..OutcomeRecord::default() }).await;
    let kept = store.ticket("81").await.unwrap().unwrap();
    assert_eq!((kept.labels, kept.resolution, kept.status), (first.labels, first.resolution, first.status));
    assert_eq!((kept.reopened, kept.escalated, kept.handling_minutes), (Some(1), Some(true), None));
    assert_eq!(kept.article_ids, ["kb-7"]);
    tell(&store, OutcomeRecord { article_ids: Some(vec![]), ..OutcomeRecord::default() }).await;
    assert!(store.ticket("81").await.unwrap().unwrap().article_ids.is_empty());
}

#[tokio::test]
async fn there_is_no_outcome_without_its_ticket() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    assert_eq!(store.save_outcome("81", &solved_by(&["kb-7"]), now()).await.unwrap(), None);
    assert_eq!(solved(&store, "kb-7").await, 0);
}

#[tokio::test]
async fn articles_count_as_having_solved_a_ticket_while_it_is_solved() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_ticket(folder.path()).await;
    let of_open = OutcomeRecord { status: Some(TicketStatus::Open), ..solved_by(&["kb-7"]) };
    assert!(tell(&store, of_open).await.voices.is_empty());
    let status = |status| OutcomeRecord { status: Some(status), ..OutcomeRecord::default() };
    assert_eq!(tell(&store, status(TicketStatus::Solved)).await.voices.len(), 1);
    assert_eq!(solved(&store, "kb-7").await, 1);
    assert!(tell(&store, solved_by(&["kb-7"])).await.voices.is_empty(), "told again it counts once");
    tell(&store, status(TicketStatus::Open)).await;
    assert_eq!(solved(&store, "kb-7").await, 0);
    tell(&store, solved_by(&["kb-8", "kb-9"])).await;
    let counts = [solved(&store, "kb-7").await, solved(&store, "kb-8").await, solved(&store, "kb-9").await];
    assert_eq!(counts, [0, 1, 1]);
    tell(&store, OutcomeRecord { article_ids: Some(vec!["kb-9".into()]), ..OutcomeRecord::default() }).await;
    assert_eq!([solved(&store, "kb-8").await, solved(&store, "kb-9").await], [0, 1]);
}

#[tokio::test]
async fn an_outcome_takes_back_only_what_it_said_itself_and_repeats_nothing_that_a_person_took_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_ticket(folder.path()).await;
    let by_person = Feedback {
        occasion: Occasion::Ticket("81".into()),
        article_id: "kb-7".into(),
        kind: FeedbackKind::Solved,
        at: now(),
    };
    tell(&store, solved_by(&["kb-7"])).await;
    store.say(&by_person).await.unwrap();
    tell(&store, solved_by(&[])).await;
    assert_eq!(solved(&store, "kb-7").await, 1);
    store.take_back(&by_person).await.unwrap();
    tell(&store, solved_by(&["kb-7"])).await;
    assert_eq!(solved(&store, "kb-7").await, 1, "it is named anew");
    store.take_back(&by_person).await.unwrap();
    tell(&store, OutcomeRecord { handling_minutes: Some(9), ..OutcomeRecord::default() }).await;
    assert_eq!(solved(&store, "kb-7").await, 0);
}
