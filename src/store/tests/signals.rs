//! Signals: raised once, kept while they hold, and whom to look at.

use jiff::{SignedDuration, Timestamp};

use super::*;

fn at(minutes: i64) -> Timestamp {
    "2026-11-22T12:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minutes)
}

fn requester() -> Subject {
    Subject { kind: SubjectKind::Requester, id: "8".into() }
}

fn look(holds: bool) -> Looked {
    let evidence = holds.then(|| Evidence::of_ticket("81").number("scores", 2.0));
    Looked { due: None, again_at: None, verdicts: vec![(SignalRule::LowScoresInARow, requester(), evidence)] }
}

async fn all(store: &Store) -> Vec<SignalRecord> {
    store.signals(&SignalFilter { limit: 100, ..SignalFilter::default() }).await.unwrap()
}

#[tokio::test]
async fn a_signal_is_raised_once_and_again_only_after_it_was_over() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let raised = store.save_looks(vec![look(true)], at(0)).await.unwrap();
    assert_eq!(raised.len(), 1);
    assert_eq!(store.signal(&raised[0].id).await.unwrap(), Some(raised[0].clone()));
    assert!(store.save_looks(vec![look(true)], at(1)).await.unwrap().is_empty());
    assert!(store.dismiss_signal(&raised[0].id, "kim", at(2)).await.unwrap());
    assert!(store.save_looks(vec![look(true)], at(3)).await.unwrap().is_empty(), "set aside it still stands");
    store.save_looks(vec![look(false)], at(4)).await.unwrap();
    store.save_looks(vec![look(false)], at(5)).await.unwrap();
    let over = store.signal(&raised[0].id).await.unwrap().unwrap();
    assert_eq!((over.state(), over.resolved_at), (SignalState::Resolved, Some(at(4))));
    assert_eq!(store.save_looks(vec![look(true)], at(6)).await.unwrap().len(), 1);
    assert_eq!(
        all(&store).await.iter().map(SignalRecord::state).collect::<Vec<_>>(),
        [SignalState::Open, SignalState::Resolved]
    );
    let jobs = JobFilter { kind: Some("event".into()), limit: 10, ..JobFilter::default() };
    assert_eq!(store.jobs(&jobs).await.unwrap().len(), 2);
    assert!(!store.dismiss_signal("none", "kim", at(7)).await.unwrap());
}

#[tokio::test]
async fn what_happens_during_a_look_is_looked_at_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let of_8 = TicketRecord { requester_id: Some("8".into()), ..ticket("81", "No VPN") };
    store.save_tickets(&[of_8]).await.unwrap();
    let due = store.signals_due(at(0), 10).await.unwrap();
    assert_eq!(due.iter().map(|due| due.subject.clone()).collect::<Vec<_>>(), [requester()]);
    let event = TicketEvent { at: at(-5), kind: EventKind::RequesterReply };
    store.save_events("81", &[event], at(0)).await.unwrap();
    let again = |at| Looked { due: Some(due[0].clone()), again_at: at, verdicts: Vec::new() };
    for later in [None, Some(at(60))] {
        store.save_looks(vec![again(later)], at(0)).await.unwrap();
        assert_eq!(store.signals_due(at(0), 10).await.unwrap().len(), 2, "the requester and the ticket");
    }
    for due in store.signals_due(at(0), 10).await.unwrap() {
        let again_at = (due.subject.kind == SubjectKind::Ticket).then(|| at(60));
        store
            .save_looks(vec![Looked { due: Some(due), again_at, verdicts: Vec::new() }], at(0))
            .await
            .unwrap();
    }
    assert!(store.signals_due(at(59), 10).await.unwrap().is_empty());
    assert_eq!(store.signals_due(at(60), 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_ticket_that_is_only_embedded_anew_is_not_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let known = solved_ticket("81", "No VPN");
    store.save_tickets(std::slice::from_ref(&known)).await.unwrap();
    for due in store.signals_due(at(0), 10).await.unwrap() {
        let look = Looked { due: Some(due), again_at: None, verdicts: Vec::new() };
        store.save_looks(vec![look], at(0)).await.unwrap();
    }
    store
        .embed_tickets(&[TicketRecord { embedding: Some(embedding("bge")), ..known.clone() }])
        .await
        .unwrap();
    store.save_tickets(&[known]).await.unwrap();
    assert!(store.signals_due(at(0), 10).await.unwrap().is_empty());
}
