//! The figures at their borders.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::store::{EventKind, TicketEvent, TicketStatus};

fn at(minute: i64) -> Timestamp {
    Timestamp::new(1_790_000_000 + 60 * minute, 0).unwrap()
}

/// A ticket that came in at minute 0.
fn ticket(events: &[(EventKind, i64)]) -> TicketTimeline {
    TicketTimeline {
        id: "1".into(),
        created_at: Some(at(0)),
        requester_id: None,
        organization_id: None,
        channel: None,
        agent_group: None,
        category: None,
        priority: None,
        status: None,
        solved_at: None,
        reopened: 0,
        escalated: false,
        handling_minutes: None,
        due_at: None,
        first_response_due_at: None,
        events: events.iter().map(|&(kind, minute)| TicketEvent { at: at(minute), kind }).collect(),
    }
}

fn solved(minute: i64, events: &[(EventKind, i64)]) -> TicketTimeline {
    TicketTimeline { status: Some(TicketStatus::Solved), solved_at: Some(at(minute)), ..ticket(events) }
}

fn told(tickets: &[TicketTimeline], now: i64) -> PerformanceGroup {
    let mut tally = Tally::default();
    tickets.iter().for_each(|ticket| tally.add(ticket, at(now)));
    tally.told(None)
}

fn share(share: Option<Share>) -> Option<(f64, u64)> {
    share.map(|share| (share.share, share.tickets))
}

#[test]
fn the_first_reply_counts_and_an_acknowledgment_is_none() {
    use EventKind::{Acknowledged, AgentReply};
    let tickets = [
        ticket(&[(Acknowledged, 1), (AgentReply, 30), (AgentReply, 90)]),
        ticket(&[(Acknowledged, 1)]),
        ticket(&[(AgentReply, 10)]),
        solved(5, &[]),
    ];
    let told = told(&tickets, 100);
    assert_eq!(
        (told.first_reply.tickets, told.first_reply.median, told.first_reply.p90),
        (2, Some(10.0), Some(30.0))
    );
    assert_eq!((told.tickets, told.open, told.waiting), (4, 3, 1));
}

#[test]
fn resolution_ends_with_the_last_solution_and_leaves_open_tickets_out() {
    let open_again = TicketTimeline { status: Some(TicketStatus::Open), reopened: 1, ..solved(50, &[]) };
    let told = told(&[solved(100, &[]), solved(300, &[]), open_again], 1_000);
    assert_eq!(
        (told.resolution.tickets, told.resolution.mean, told.resolution.median),
        (2, Some(200.0), Some(100.0))
    );
    assert_eq!(share(told.reopened), Some((1.0 / 3.0, 3)));
}

#[test]
fn first_contact_is_one_reply_and_nothing_asked_after_it() {
    use EventKind::{AgentReply, RequesterReply};
    let one = solved(60, &[(AgentReply, 10)]);
    let asked = solved(60, &[(AgentReply, 10), (RequesterReply, 20)]);
    let thanked = solved(60, &[(AgentReply, 10), (RequesterReply, 61)]);
    let added_before = solved(60, &[(RequesterReply, 5), (AgentReply, 10)]);
    let twice = solved(60, &[(AgentReply, 10), (AgentReply, 20)]);
    let reopened = TicketTimeline { reopened: 1, ..one.clone() };
    let escalated = TicketTimeline { escalated: true, ..one.clone() };
    let unknown = solved(60, &[]);
    for (ticket, expected) in [
        (&one, 1.0),
        (&asked, 0.0),
        (&thanked, 1.0),
        (&added_before, 1.0),
        (&twice, 0.0),
        (&reopened, 0.0),
        (&escalated, 0.0),
    ] {
        assert_eq!(
            share(told(std::slice::from_ref(ticket), 100).first_contact),
            Some((expected, 1)),
            "{ticket:?}"
        );
    }
    assert_eq!(told(&[unknown], 100).first_contact, None, "nothing is known of its replies");
}

#[test]
fn a_deadline_counts_once_it_is_met_or_has_passed() {
    let due = |ticket: TicketTimeline| TicketTimeline { due_at: Some(at(60)), ..ticket };
    let on_time = due(solved(60, &[]));
    let late = TicketTimeline { solved_at: Some(at(60) + SignedDuration::from_secs(1)), ..on_time.clone() };
    let open = due(ticket(&[]));
    assert_eq!(share(told(&[on_time], 100).solved_in_time), Some((1.0, 1)));
    assert_eq!(share(told(&[late], 100).solved_in_time), Some((0.0, 1)));
    assert_eq!(
        told(std::slice::from_ref(&open), 60).solved_in_time,
        None,
        "there is time until the minute is over"
    );
    assert_eq!(share(told(&[open], 61).solved_in_time), Some((0.0, 1)));
}

#[test]
fn times_before_the_ticket_came_in_are_left_out_and_told() {
    let mut tally = Tally::default();
    tally.add(&solved(-5, &[(EventKind::AgentReply, -10)]), at(100));
    assert_eq!(tally.backwards, 2);
    assert!(warnings(&tally).iter().any(|told| told.contains("2 times lie before")));
}

#[test]
fn weeks_end_with_the_window_and_begin_with_their_first_instant() {
    let week = 7 * 24 * 60;
    let mut sums = Sums::new(at(0), at(2 * week), at(2 * week));
    for minute in [0, week - 1, week, 2 * week - 1] {
        sums.add(&TicketTimeline { created_at: Some(at(minute)), ..ticket(&[]) }, By::Category);
    }
    let visits = DeflectionSummary::default();
    let told = sums.told(By::Category, &visits, Figure::default(), Figure::default());
    let weeks: Vec<(Timestamp, u64)> =
        told.weeks.iter().map(|week| (week.to, week.figures.tickets)).collect();
    assert_eq!(weeks, [(at(week), 2), (at(2 * week), 2)]);
    assert_eq!((told.total.tickets, told.deflection), (4, None));
}
