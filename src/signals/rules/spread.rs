//! Trouble of several kinds in a short time.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::config::SpreadRule;
use crate::signals::days::day_after;
use crate::signals::history::AccountHistory;
use crate::signals::verdict::Verdict;
use crate::store::{Evidence, TicketTimeline};

/// Most tickets that the evidence names.
const NAMED: usize = 50;

/// Whether so many `tickets` of at least so many different `categories` came in within `days` days, today
/// with them. A ticket without a category counts as a ticket, and not as a category of its own.
pub fn across_categories(
    account: &AccountHistory,
    rule: &SpreadRule,
    zone: &TimeZone,
    now: Timestamp,
) -> Verdict {
    let from = day_after(now, 1 - i64::from(rule.days), zone);
    let recent = account.came_in(from, Timestamp::MAX).filter(|(_, at)| *at <= now);
    let recent: Vec<&TicketTimeline> = recent.map(|(ticket, _)| ticket).collect();
    let categories: BTreeSet<&str> = recent.iter().filter_map(|ticket| ticket.category.as_deref()).collect();
    let many = recent.len() >= rule.tickets as usize && categories.len() >= rule.categories as usize;
    if !rule.on || !many {
        return Verdict::no();
    }
    let evidence = Evidence {
        ticket_ids: recent.iter().rev().take(NAMED).rev().map(|ticket| ticket.id.clone()).collect(),
        ..Evidence::default()
            .number("tickets", recent.len() as f64)
            .number("categories", categories.len() as f64)
            .number("days", f64::from(rule.days))
    };
    Verdict::holds(evidence, day_after(now, 1, zone))
}
