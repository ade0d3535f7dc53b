//! A ticket that was opened again and again.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::config::ReopenedRule;
use crate::signals::days::day_after;
use crate::signals::history::times_of;
use crate::signals::verdict::Verdict;
use crate::store::{EventKind, Evidence, TicketTimeline};

/// Whether the ticket was opened again more than `more_than` times. It holds for `days` days from the one on
/// which it was last opened or solved, as far as is known.
pub fn repeatedly(ticket: &TicketTimeline, rule: &ReopenedRule, zone: &TimeZone, now: Timestamp) -> Verdict {
    let opened = times_of(ticket, EventKind::Reopened).next_back();
    let known = [opened, ticket.solved_at, ticket.created_at].into_iter().flatten().max();
    let Some(last) = known.filter(|_| rule.on && ticket.reopened > rule.more_than) else {
        return Verdict::no();
    };
    Verdict::between(Timestamp::MIN, day_after(last, rule.days, zone), now, || {
        Evidence::of_ticket(&ticket.id).number("reopened", f64::from(ticket.reopened)).time("last_at", last)
    })
}
