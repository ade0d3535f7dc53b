//! Every rule at its borders: one second before, exactly then, one second after; where the clocks change, and
//! where they never do.

#![allow(clippy::unwrap_used)]

mod accounts;
mod always;
mod tickets;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::signals::history::{AccountHistory, Answered};
use crate::signals::verdict::Verdict;
use crate::store::{EventKind, TicketEvent, TicketStatus, TicketTimeline};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

/// Zones whose clocks change in March and October or November, and one whose clocks do not.
const BERLIN: &str = "Europe/Berlin";
const NEW_YORK: &str = "America/New_York";
const KOLKATA: &str = "Asia/Kolkata";

/// A ticket of which nothing more is known.
fn ticket(id: &str, created_at: &str) -> TicketTimeline {
    TicketTimeline {
        id: id.to_owned(),
        created_at: Some(at(created_at)),
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
        events: Vec::new(),
    }
}

fn solved(ticket: TicketTimeline) -> TicketTimeline {
    TicketTimeline { status: Some(TicketStatus::Solved), ..ticket }
}

fn with(mut ticket: TicketTimeline, kind: EventKind, when: &str) -> TicketTimeline {
    ticket.events.push(TicketEvent { at: at(when), kind });
    ticket.events.sort_unstable();
    ticket
}

fn account(tickets: Vec<TicketTimeline>, surveys: &[(&str, &str, bool)]) -> AccountHistory {
    let surveys = surveys.iter().map(|(id, when, low)| Answered {
        id: (*id).to_owned(),
        ticket_id: None,
        at: at(when),
        low: *low,
    });
    AccountHistory { tickets, surveys: surveys.collect() }
}

/// Checks a rule at times: whether it holds there, and that it asks to be looked at again in time.
fn table(rule: impl Fn(Timestamp) -> Verdict, rows: &[(&str, bool)]) {
    for (now, holds) in rows {
        let verdict = rule(at(now));
        assert_eq!(verdict.evidence.is_some(), *holds, "at {now}: {verdict:?}");
        assert!(verdict.again_at.is_none_or(|again| again > at(now)), "at {now}: {verdict:?}");
    }
    for pair in rows.windows(2) {
        let [(now, before), (later, after)] = pair else { continue };
        if before != after && at(now) < at(later) {
            let again = rule(at(now)).again_at;
            assert!(again.is_some_and(|again| again <= at(later)), "between {now} and {later}: {again:?}");
        }
    }
}
