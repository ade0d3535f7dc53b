//! A first sign, and then nothing.

use jiff::{SignedDuration, Timestamp};

use crate::config::SilenceRule;
use crate::signals::history::{is_solved, times_of};
use crate::signals::verdict::Verdict;
use crate::store::{EventKind, Evidence, TicketTimeline};

/// Whether the requester got a first sign and then, for `hours` by the clock, no agent's reply. The first of
/// several signs counts that no reply follows. It holds until an agent replies or the ticket is solved, at
/// most until `until_days` times 24 hours after the sign.
pub fn after_acknowledgment(ticket: &TicketTimeline, rule: &SilenceRule, now: Timestamp) -> Verdict {
    let replied = times_of(ticket, EventKind::AgentReply).next_back();
    let unanswered = |at: &Timestamp| replied.is_none_or(|reply| reply < *at);
    let sign = times_of(ticket, EventKind::Acknowledged).find(unanswered);
    let Some(sign) = sign.filter(|_| rule.on && !is_solved(ticket)) else {
        return Verdict::no();
    };
    let after = |hours: i64| sign.saturating_add(SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MAX);
    let (from, until) = (after(rule.hours.into()), after(24 * i64::from(rule.until_days)));
    Verdict::between(from, until, now, || {
        Evidence::of_ticket(&ticket.id).time("acknowledged_at", sign).number("hours", f64::from(rule.hours))
    })
}
