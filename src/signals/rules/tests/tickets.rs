//! Rules about tickets.

use super::*;
use crate::config::{ReopenedRule, SilenceRule, SlaRule};
use crate::signals::rules::{reopened, silence, sla};

fn due(when: &str) -> TicketTimeline {
    TicketTimeline { due_at: Some(at(when)), ..ticket("81", "2026-11-20T08:00:00Z") }
}

#[test]
fn an_agreed_time_is_at_risk_from_15_minutes_before_it_until_a_day_after() {
    let (due, rule) = (due("2026-11-22T12:00:00Z"), SlaRule::default());
    table(
        |now| sla::at_risk(&due, None, &rule, now),
        &[
            ("2026-11-22T11:44:59Z", false),
            ("2026-11-22T11:45:00Z", true),
            ("2026-11-22T11:45:01Z", true),
            ("2026-11-22T12:00:00Z", true),
            ("2026-11-23T11:59:59Z", true),
            ("2026-11-23T12:00:00Z", false),
        ],
    );
}

#[test]
fn it_is_at_risk_earlier_where_tickets_like_it_take_longer_and_never_later() {
    let (due, rule) = (due("2026-11-22T12:00:00Z"), SlaRule::default());
    table(
        |now| sla::at_risk(&due, Some(90), &rule, now),
        &[("2026-11-22T10:29:59Z", false), ("2026-11-22T10:30:00Z", true), ("2026-11-22T10:30:01Z", true)],
    );
    table(
        |now| sla::at_risk(&due, Some(5), &rule, now),
        &[("2026-11-22T11:44:59Z", false), ("2026-11-22T11:45:00Z", true)],
    );
    let evidence = sla::at_risk(&due, Some(90), &rule, at("2026-11-22T11:00:00Z")).evidence.unwrap();
    assert_eq!((evidence.numbers["expected_minutes"], evidence.ticket_ids), (90.0, vec!["81".to_owned()]));
}

#[test]
fn a_first_reply_is_at_risk_until_there_is_one() {
    let rule = SlaRule::default();
    let first = TicketTimeline {
        first_response_due_at: Some(at("2026-11-22T09:00:00Z")),
        ..due("2026-11-22T12:00:00Z")
    };
    let waiting = [
        ("2026-11-22T08:44:59Z", false),
        ("2026-11-22T08:45:00Z", true),
        ("2026-11-22T11:44:59Z", true),
        ("2026-11-22T11:45:00Z", true),
    ];
    table(|now| sla::at_risk(&first, Some(60), &rule, now), &waiting);
    let acknowledged = with(first.clone(), EventKind::Acknowledged, "2026-11-22T08:01:00Z");
    table(|now| sla::at_risk(&acknowledged, None, &rule, now), &waiting);
    let replied = with(acknowledged, EventKind::AgentReply, "2026-11-22T08:50:00Z");
    table(
        |now| sla::at_risk(&replied, None, &rule, now),
        &[("2026-11-22T08:50:00Z", false), ("2026-11-22T11:44:59Z", false), ("2026-11-22T11:45:00Z", true)],
    );
}

#[test]
fn what_is_solved_or_was_never_agreed_or_is_switched_off_is_not_at_risk() {
    let now = at("2026-11-22T11:50:00Z");
    let rule = SlaRule::default();
    for (ticket, rule) in [
        (solved(due("2026-11-22T12:00:00Z")), rule.clone()),
        (ticket("81", "2026-11-22T08:00:00Z"), rule.clone()),
        (due("2026-11-22T12:00:00Z"), SlaRule { on: false, ..rule.clone() }),
    ] {
        assert_eq!(sla::at_risk(&ticket, Some(90), &rule, now), Verdict::no());
    }
    // Without hours after it the agreed time itself still counts.
    let rule = SlaRule { overdue_hours: 0, ..rule };
    table(
        |now| sla::at_risk(&due("2026-11-22T12:00:00Z"), None, &rule, now),
        &[("2026-11-22T12:00:00Z", true), ("2026-11-22T12:00:01Z", false)],
    );
}

#[test]
fn the_expected_time_is_the_quantile_of_enough_known_ones() {
    let handled: Vec<u32> = (1..=10).rev().collect();
    for (quantile, minutes) in [(0.0, 1), (0.1, 1), (0.11, 2), (0.5, 5), (0.75, 8), (1.0, 10)] {
        assert_eq!(sla::expected_minutes(handled.clone(), quantile, 10), Some(minutes), "{quantile}");
    }
    assert_eq!(sla::expected_minutes(handled, 0.5, 11), None);
    assert_eq!(sla::expected_minutes(Vec::new(), 0.5, 0), None);
}

#[test]
fn hours_of_silence_are_hours_by_the_clock_also_where_the_clocks_change() {
    let rule = SilenceRule::default();
    // Noon before and 23, 24 and 25 hours on: what the clock on the wall shows makes no difference.
    for (sign, before, exactly, after) in [
        ("2026-11-20T12:00:00Z", "2026-11-21T11:59:59Z", "2026-11-21T12:00:00Z", "2026-11-21T12:00:01Z"),
        (
            "2026-03-28T12:00:00+01:00",
            "2026-03-29T12:59:59+02:00",
            "2026-03-29T13:00:00+02:00",
            "2026-03-29T13:00:01+02:00",
        ),
        (
            "2026-10-24T12:00:00+02:00",
            "2026-10-25T10:59:59+01:00",
            "2026-10-25T11:00:00+01:00",
            "2026-10-25T11:00:01+01:00",
        ),
        (
            "2026-03-07T12:00:00-05:00",
            "2026-03-08T12:59:59-04:00",
            "2026-03-08T13:00:00-04:00",
            "2026-03-08T13:00:01-04:00",
        ),
    ] {
        let waiting = with(ticket("81", sign), EventKind::Acknowledged, sign);
        table(
            |now| silence::after_acknowledgment(&waiting, &rule, now),
            &[(sign, false), (before, false), (exactly, true), (after, true)],
        );
    }
}

#[test]
fn silence_ends_with_a_reply_a_solution_or_after_a_month() {
    let rule = SilenceRule::default();
    let waiting = with(ticket("81", "2026-11-01T12:00:00Z"), EventKind::Acknowledged, "2026-11-01T12:00:00Z");
    table(
        |now| silence::after_acknowledgment(&waiting, &rule, now),
        &[("2026-11-02T12:00:00Z", true), ("2026-12-01T11:59:59Z", true), ("2026-12-01T12:00:00Z", false)],
    );
    let now = at("2026-11-10T12:00:00Z");
    let quiet = |ticket: &TicketTimeline| silence::after_acknowledgment(ticket, &rule, now);
    assert_eq!(quiet(&solved(waiting.clone())), Verdict::no());
    assert_eq!(quiet(&ticket("81", "2026-11-01T12:00:00Z")), Verdict::no());
    // A reply at the same instant is one.
    let replied = with(waiting.clone(), EventKind::AgentReply, "2026-11-01T12:00:00Z");
    assert_eq!(quiet(&replied), Verdict::no());
    let early = with(waiting.clone(), EventKind::AgentReply, "2026-11-01T11:59:59Z");
    assert!(quiet(&early).evidence.is_some());
    // The first sign that is not answered counts, however often it is repeated.
    let again = with(waiting, EventKind::Acknowledged, "2026-11-10T11:00:00Z");
    assert_eq!(quiet(&again).evidence.unwrap().times["acknowledged_at"], at("2026-11-01T12:00:00Z"));
    let answered = with(again, EventKind::AgentReply, "2026-11-02T12:00:00Z");
    let verdict = quiet(&answered);
    assert_eq!((verdict.evidence, verdict.again_at), (None, Some(at("2026-11-11T11:00:00Z"))));
}

#[test]
fn a_ticket_opened_more_than_once_counts_to_the_end_of_the_thirtieth_day() {
    let rule = ReopenedRule::default();
    let opened = |times: u32, last: &str| {
        with(
            TicketTimeline { reopened: times, ..ticket("81", "2026-01-05T08:00:00Z") },
            EventKind::Reopened,
            last,
        )
    };
    // March has its short and October its long day within these thirty.
    for (name, last, before, end) in [
        (BERLIN, "2026-03-10T09:00:00Z", "2026-04-08T21:59:59Z", "2026-04-08T22:00:00Z"),
        (BERLIN, "2026-10-10T09:00:00Z", "2026-11-08T22:59:59Z", "2026-11-08T23:00:00Z"),
        (NEW_YORK, "2026-03-01T09:00:00Z", "2026-03-31T03:59:59Z", "2026-03-31T04:00:00Z"),
        (NEW_YORK, "2026-10-20T09:00:00Z", "2026-11-19T04:59:59Z", "2026-11-19T05:00:00Z"),
        (KOLKATA, "2026-03-10T19:00:00Z", "2026-04-09T18:29:59Z", "2026-04-09T18:30:00Z"),
    ] {
        let (ticket, zone) = (opened(2, last), zone(name));
        table(
            |now| reopened::repeatedly(&ticket, &rule, &zone, now),
            &[(last, true), (before, true), (end, false)],
        );
    }
    let now = at("2026-03-11T09:00:00Z");
    let said = |times, rule: &ReopenedRule| {
        reopened::repeatedly(&opened(times, "2026-03-10T09:00:00Z"), rule, &TimeZone::UTC, now).evidence
    };
    assert!(said(0, &rule).is_none() && said(1, &rule).is_none() && said(3, &rule).is_some());
    assert!(said(1, &ReopenedRule { more_than: 0, ..rule.clone() }).is_some());
    assert!(said(3, &ReopenedRule { on: false, ..rule.clone() }).is_none());
    // Told by an outcome alone, the last that is known of the ticket counts.
    let told = TicketTimeline { reopened: 2, events: Vec::new(), ..opened(2, "2026-03-10T09:00:00Z") };
    assert_eq!(reopened::repeatedly(&told, &rule, &TimeZone::UTC, now).evidence, None);
    let told = TicketTimeline { solved_at: Some(now), ..told };
    assert!(reopened::repeatedly(&told, &rule, &TimeZone::UTC, now).evidence.is_some());
}
