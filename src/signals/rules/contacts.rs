//! Contacts that led to no solution.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::config::ContactsRule;
use crate::signals::days::day_after;
use crate::signals::history::{AccountHistory, heard_of, is_solved};
use crate::signals::verdict::Verdict;
use crate::store::Evidence;

/// Whether a requester was in contact `contacts` times within `days` days, today with them, about tickets that
/// are not solved: a ticket came in, they wrote again, or opened it again. What comes within
/// `together_minutes` of the first message of a contact belongs to it, in whichever ticket.
pub fn without_solution(
    requester: &AccountHistory,
    rule: &ContactsRule,
    zone: &TimeZone,
    now: Timestamp,
) -> Verdict {
    let from = day_after(now, 1 - i64::from(rule.days), zone);
    let unsolved = requester.tickets.iter().filter(|ticket| !is_solved(ticket));
    let mut messages: Vec<(Timestamp, &str)> = unsolved
        .flat_map(|ticket| heard_of(ticket).map(|at| (at, ticket.id.as_str())))
        .filter(|(at, _)| (from..=now).contains(at))
        .collect();
    messages.sort_unstable();
    let together = SignedDuration::from_mins(rule.together_minutes.into());
    let mut contacts: Vec<Timestamp> = Vec::new();
    for (at, _) in &messages {
        if contacts.last().is_none_or(|first| at.duration_since(*first) > together) {
            contacts.push(*at);
        }
    }
    let (Some(first), Some(last)) = (contacts.first(), contacts.last()) else {
        return Verdict::no();
    };
    if !rule.on || contacts.len() < rule.contacts as usize {
        return Verdict::no();
    }
    let mut tickets: Vec<String> = Vec::new();
    for (_, ticket) in messages {
        if !tickets.iter().any(|known| known == ticket) {
            tickets.push(ticket.to_owned());
        }
    }
    let evidence = Evidence { ticket_ids: tickets, ..Evidence::default() }
        .number("contacts", contacts.len() as f64)
        .time("first_at", *first)
        .time("last_at", *last);
    Verdict::holds(evidence, day_after(now, 1, zone))
}
