//! Timelines: told in any order, counted once, and never at odds with the outcome.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;

/// So many minutes after noon.
fn at(minutes: i64) -> Timestamp {
    "2026-11-22T12:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minutes)
}

fn event(minutes: i64, kind: EventKind) -> TicketEvent {
    TicketEvent { at: at(minutes), kind }
}

async fn with_ticket(folder: &Path) -> Store {
    let store = open(folder).await;
    store.save_tickets(&[ticket("81", "No VPN")]).await.unwrap();
    store
}

async fn tell(store: &Store, events: &[TicketEvent]) -> FeedbackWritten {
    store.save_events("81", events, at(600)).await.unwrap().unwrap()
}

/// Status, minutes after noon of `solved_at`, and reopenings.
async fn standing(store: &Store) -> (Option<TicketStatus>, Option<i64>, Option<u32>) {
    let kept = store.ticket("81").await.unwrap().unwrap();
    let solved = kept.solved_at.map(|solved| solved.duration_since(at(0)).as_mins());
    (kept.status, solved, kept.reopened)
}

#[tokio::test]
async fn the_same_event_told_twice_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_ticket(folder.path()).await;
    let reopened = [event(1, EventKind::Solved), event(2, EventKind::Reopened)];
    assert!(tell(&store, &reopened).await.changed);
    assert!(!tell(&store, &reopened).await.changed);
    tell(&store, &[event(2, EventKind::Reopened), event(2, EventKind::Reopened)]).await;
    assert_eq!(store.events_of("81").await.unwrap(), reopened);
    assert_eq!(standing(&store).await, (Some(TicketStatus::Open), Some(1), Some(1)));
}

#[tokio::test]
async fn events_of_a_ticket_that_is_not_there_are_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let written = store.save_events("81", &[event(1, EventKind::Solved)], at(600)).await.unwrap();
    assert_eq!(written, None);
    assert!(store.events_of("81").await.unwrap().is_empty());
}

#[tokio::test]
async fn the_later_of_outcome_and_event_decides_where_a_ticket_stands() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_ticket(folder.path()).await;
    let solved = OutcomeRecord {
        status: Some(TicketStatus::Solved),
        solved_at: Some(at(10)),
        ..OutcomeRecord::default()
    };
    store.save_outcome("81", &solved, at(20)).await.unwrap();
    // Told late: the ticket stood otherwise since.
    tell(&store, &[event(5, EventKind::Solved), event(19, EventKind::Reopened)]).await;
    assert_eq!(standing(&store).await, (Some(TicketStatus::Solved), Some(10), Some(1)));
    tell(&store, &[event(21, EventKind::Reopened)]).await;
    assert_eq!(standing(&store).await, (Some(TicketStatus::Open), Some(10), Some(2)));
    store.save_outcome("81", &solved, at(30)).await.unwrap();
    tell(&store, &[event(31, EventKind::AgentReply)]).await;
    assert_eq!(standing(&store).await, (Some(TicketStatus::Solved), Some(10), Some(2)));
}

#[tokio::test]
async fn an_outcome_without_a_time_gets_the_time_of_the_event() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_ticket(folder.path()).await;
    let solved = OutcomeRecord { status: Some(TicketStatus::Solved), ..OutcomeRecord::default() };
    store.save_outcome("81", &solved, at(20)).await.unwrap();
    tell(&store, &[event(18, EventKind::Solved), event(19, EventKind::Closed)]).await;
    assert_eq!(standing(&store).await, (Some(TicketStatus::Solved), Some(18), None));
}

#[tokio::test]
async fn an_outcome_never_says_less_than_the_timeline() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_ticket(folder.path()).await;
    let events = [1, 2].map(|minutes| event(minutes, EventKind::Reopened));
    tell(&store, &[events[0], events[1], event(3, EventKind::Escalated)]).await;
    let outcome = |reopened| OutcomeRecord {
        reopened: Some(reopened),
        escalated: Some(false),
        ..OutcomeRecord::default()
    };
    for (told, kept) in [(1, 2), (5, 5), (0, 2)] {
        store.save_outcome("81", &outcome(told), at(30)).await.unwrap();
        let ticket = store.ticket("81").await.unwrap().unwrap();
        assert_eq!((ticket.reopened, ticket.escalated), (Some(kept), Some(true)), "told {told}");
    }
}

#[tokio::test]
async fn an_event_that_solves_a_ticket_counts_for_its_articles_until_another_opens_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_ticket(folder.path()).await;
    let used = OutcomeRecord { article_ids: Some(vec!["kb-7".into()]), ..OutcomeRecord::default() };
    store.save_outcome("81", &used, at(0)).await.unwrap();
    assert_eq!(tell(&store, &[event(1, EventKind::Solved)]).await.voices.len(), 1);
    assert_eq!(store.feedback_counts("kb-7").await.unwrap().solved, 1);
    tell(&store, &[event(2, EventKind::Reopened)]).await;
    assert_eq!(store.feedback_counts("kb-7").await.unwrap().solved, 0);
}

#[tokio::test]
async fn timelines_of_a_window_come_page_by_page_with_what_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let created = |id: &str, minutes| TicketRecord { created_at: Some(at(minutes)), ..solved_ticket(id, "") };
    let all = [created("a", 0), created("b", 1), created("c", 1), created("d", 2), created("e", 3)];
    store.save_tickets(&all).await.unwrap();
    let told = [event(4, EventKind::AgentReply), event(3, EventKind::Acknowledged)];
    store.save_events("b", &told, at(600)).await.unwrap();
    let (mut place, mut found) = (None, Vec::new());
    loop {
        let page = store.timelines_page(at(1), at(3), place.as_ref(), 2).await.unwrap();
        let Some(last) = page.last() else { break };
        place = Some(TicketPlace { created_at: last.created_at.unwrap(), id: last.id.clone() });
        found.extend(page);
    }
    assert_eq!(found.iter().map(|ticket| ticket.id.as_str()).collect::<Vec<_>>(), ["b", "c", "d"]);
    assert_eq!(found[0].events, [told[1], told[0]]);
    assert!(found[1].events.is_empty());
    assert_eq!(found[0].category.as_deref(), Some("Network::VPN and remote access"));
    assert_eq!((found[0].reopened, found[0].due_at), (1, all[1].due_at));
    let named = store.timelines(&["d".into(), "none".into(), "b".into()]).await.unwrap();
    assert_eq!(named, [found[2].clone(), found[0].clone()]);
}

fn kind() -> impl Strategy<Value = EventKind> {
    use EventKind::{AgentReply, Closed, Escalated, Reopened, Solved};
    prop::sample::select(vec![AgentReply, Escalated, Reopened, Solved, Closed])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn in_whatever_order_events_are_told_the_ticket_stands_the_same(
        events in prop::collection::vec((0..6_i64, kind()), 1..8),
        order in any::<u64>(),
        parts in 1..4_usize,
    ) {
        let events: Vec<TicketEvent> = events.into_iter().map(|(at, kind)| event(at, kind)).collect();
        let mut shuffled = events.clone();
        shuffled.sort_by_key(|event| order.rotate_left(event.at.as_second() as u32 % 64 + event.kind as u32) % 97);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let stands = |events: Vec<TicketEvent>, size: usize| runtime.block_on(async move {
            let folder = tempfile::tempdir().unwrap();
            let store = with_ticket(folder.path()).await;
            for part in events.chunks(size) {
                tell(&store, part).await;
            }
            standing(&store).await
        });
        prop_assert_eq!(stands(events, usize::MAX), stands(shuffled, parts));
    }
}
