//! Incidents on invented embeddings: what belongs together, what is usual, and how one grows and ends.

#![allow(clippy::unwrap_used, clippy::panic)]

use jiff::SignedDuration;
use proptest::prelude::*;
use std::path::Path;

use super::*;
use crate::config::{SignalSettings, StoreSettings};
use crate::signals::Checker;
use crate::store::{Embedding, FinalLabels, TicketRecord};
use crate::text::Format;

fn at(minutes: i64) -> Timestamp {
    "2026-11-22T12:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minutes)
}

/// A point of the unit circle at so many degrees: the cosine of two is that of the angle between them.
fn point(degrees: f32) -> Vec<f32> {
    let (sin, cos) = degrees.to_radians().sin_cos();
    vec![cos, sin]
}

fn recent(id: usize, minutes: i64, degrees: f32) -> RecentTicket {
    let embedding = Embedding { encoder: "minilm".into(), vector: point(degrees) };
    RecentTicket { id: id.to_string(), created_at: at(minutes), embedding }
}

fn ids(groups: &[Vec<RecentTicket>]) -> Vec<Vec<&str>> {
    groups.iter().map(|group| group.iter().map(|ticket| ticket.id.as_str()).collect()).collect()
}

#[test]
fn a_group_is_near_its_core_and_a_chain_is_none() {
    // 60 degrees apart is a cosine of 0.5: of a chain at 50 degrees only neighbours are near.
    let chain = (0..5).rev().map(|place| recent(place, place as i64, 50.0 * place as f32)).collect();
    assert_eq!(ids(&groups(chain, 0.5)), [vec!["0", "1", "2"], vec!["3", "4"]]);
    let two = [(3, 91.0), (2, 2.0), (1, 90.0), (0, 0.0), (4, 1.0)];
    let mut two: Vec<_> = two.into_iter().map(|(id, degrees)| recent(id, id as i64, degrees)).collect();
    two.sort_by_key(|ticket| std::cmp::Reverse(ticket.created_at));
    assert_eq!(ids(&groups(two, 0.9)), [vec!["0", "2", "4"], vec!["1", "3"]]);
    assert!(groups(Vec::new(), 0.9).is_empty());
}

#[test]
fn tickets_of_another_encoder_are_not_compared() {
    let mut all = vec![recent(2, 2, 0.0), recent(1, 1, 0.0), recent(0, 0, 0.0)];
    all[1].embedding.encoder = "bge".into();
    assert_eq!(ids(&groups(all, 0.9)), [vec!["0", "2"]]);
}

proptest! {
    #[test]
    fn every_ticket_is_in_one_group_and_near_one_of_it(degrees in prop::collection::vec(0.0_f32..360.0, 0..40)) {
        let all = degrees.iter().enumerate().rev().map(|(id, degrees)| recent(id, id as i64, *degrees));
        let groups = groups(all.collect(), 0.8);
        let mut found: Vec<usize> = groups.iter().flatten().map(|ticket| ticket.id.parse().unwrap()).collect();
        found.sort_unstable();
        prop_assert_eq!(found, (0..degrees.len()).collect::<Vec<_>>());
        for group in &groups {
            let near = |core: &RecentTicket| {
                group.iter().all(|ticket| dot(&core.embedding.vector, &ticket.embedding.vector) >= 0.799)
            };
            prop_assert!(group.iter().any(near));
        }
    }
}

#[test]
fn the_busiest_time_is_as_long_as_the_window() {
    let times = |minutes: &[i64]| minutes.iter().map(|minutes| at(*minutes)).collect::<Vec<_>>();
    assert_eq!(busiest(&[], 60), 0);
    assert_eq!(busiest(&times(&[0]), 60), 1);
    assert_eq!(busiest(&times(&[0, 59, 60, 119, 200]), 60), 2);
    assert_eq!(busiest(&times(&[0, 1, 2, 61, 62]), 60), 3);
}

async fn open(folder: &Path) -> (Store, Checker) {
    let store = Store::open(folder, &StoreSettings::default()).await.unwrap();
    let checker = Checker::new(store.clone(), SignalSettings::default());
    (store, checker)
}

/// Keeps tickets of these minutes and angles; their ids begin with `name`.
async fn keep(store: &Store, name: &str, tickets: impl IntoIterator<Item = (i64, f32)>) {
    let record = |(number, (minutes, degrees)): (usize, (i64, f32))| TicketRecord {
        id: format!("{name}{number}"),
        subject: "Mail of the Outlook client is stuck".into(),
        body: format!("Please help, number {number}"),
        body_format: Format::Text,
        channel: None,
        created_at: Some(at(minutes)),
        requester_id: None,
        organization_id: None,
        form: None,
        agent_group: None,
        due_at: None,
        first_response_due_at: None,
        submitted_category: None,
        submitted_priority: None,
        labels: FinalLabels::default(),
        status: None,
        solved_at: None,
        resolution: None,
        article_ids: Vec::new(),
        reopened: None,
        escalated: None,
        handling_minutes: None,
        embedding: Some(Embedding { encoder: "minilm".into(), vector: point(degrees) }),
    };
    let records: Vec<TicketRecord> = tickets.into_iter().enumerate().map(record).collect();
    store.save_tickets(&records).await.unwrap();
}

/// A quiet week before: a ticket every two hours, each about something else.
async fn quiet_week(store: &Store) {
    keep(store, "week", (1..=84).map(|place| (-120 * place - 61, 100.0 + 3.0 * place as f32))).await;
}

async fn standing_ids(store: &Store) -> Vec<String> {
    standing(store).await.unwrap().into_iter().map(|signal| signal.subject.id).collect()
}

#[tokio::test]
async fn a_burst_is_raised_once_grows_under_its_first_name_and_ends_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (store, checker) = open(folder.path()).await;
    quiet_week(&store).await;
    keep(&store, "first", (0..4).map(|minutes| (minutes, 0.0))).await;
    assert!(checker.run(at(5)).await.unwrap().raised.is_empty(), "four are too few");
    keep(&store, "more", [(6, 5.0), (7, 10.0)]).await;
    let raised = checker.run(at(8)).await.unwrap().raised;
    assert_eq!(raised.len(), 1);
    assert_eq!((raised[0].subject.kind, raised[0].subject.id.as_str()), (SubjectKind::Incident, "first0"));
    assert_eq!(raised[0].evidence.numbers["tickets"], 6.0);
    assert_eq!(checker.common_words(&raised[0].evidence).await.unwrap().len(), 4);

    keep(&store, "late", [(50, 3.0), (61, 4.0)]).await;
    assert!(checker.run(at(62)).await.unwrap().raised.is_empty(), "the same incident");
    let grown = store.signal(&raised[0].id).await.unwrap().unwrap();
    assert_eq!(grown.evidence.numbers["tickets"], 8.0);
    assert_eq!((grown.evidence.times["first_at"], grown.evidence.times["last_at"]), (at(0), at(61)));
    // The last ticket leaves the window after an hour.
    checker.run(at(120)).await.unwrap();
    assert_eq!(standing_ids(&store).await, ["first0"]);
    checker.run(at(121)).await.unwrap();
    assert!(standing_ids(&store).await.is_empty());
    assert_eq!(store.signal(&raised[0].id).await.unwrap().unwrap().resolved_at, Some(at(121)));
}

#[tokio::test]
async fn what_comes_every_day_is_no_incident() {
    let folder = tempfile::tempdir().unwrap();
    let (store, checker) = open(folder.path()).await;
    // Eight tickets about passwords every morning, for a week.
    let mornings = (1..=7).flat_map(|day| (0..8).map(move |place| (-1_440 * day + 5 * place, place as f32)));
    keep(&store, "morning", mornings).await;
    keep(&store, "today", (0..8).map(|place| (5 * place, place as f32))).await;
    assert!(checker.run(at(40)).await.unwrap().raised.is_empty());
    // Three times as many is one.
    keep(&store, "burst", (0..16).map(|place| (40 + place / 2, place as f32))).await;
    assert_eq!(checker.run(at(50)).await.unwrap().raised.len(), 1);
}

#[tokio::test]
async fn without_a_past_nothing_can_be_unusual_and_switched_off_nothing_is_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (store, checker) = open(folder.path()).await;
    keep(&store, "first", (0..9).map(|minutes| (minutes, 0.0))).await;
    assert!(checker.run(at(10)).await.unwrap().raised.is_empty());
    quiet_week(&store).await;
    let mut off = SignalSettings::default();
    off.incident.on = false;
    assert!(Checker::new(store.clone(), off.clone()).run(at(10)).await.unwrap().raised.is_empty());
    assert_eq!(checker.run(at(10)).await.unwrap().raised.len(), 1);
    Checker::new(store.clone(), off).run(at(11)).await.unwrap();
    assert!(standing_ids(&store).await.is_empty(), "who switches it off has no incident standing");
}

#[tokio::test]
async fn an_incident_does_not_hide_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let (store, checker) = open(folder.path()).await;
    quiet_week(&store).await;
    keep(&store, "first", (0..9).map(|minutes| (minutes, 0.0))).await;
    assert_eq!(checker.run(at(10)).await.unwrap().raised.len(), 1);
    checker.run(at(100)).await.unwrap();
    assert!(standing_ids(&store).await.is_empty());
    keep(&store, "second", (0..9).map(|minutes| (300 + minutes, 0.0))).await;
    assert_eq!(checker.run(at(310)).await.unwrap().raised.len(), 1);
    assert_eq!(standing_ids(&store).await, ["second0"]);
}
