//! An agreed time that may be missed.

use jiff::{SignedDuration, Timestamp};

use crate::config::SlaRule;
use crate::signals::history::{is_solved, times_of};
use crate::signals::verdict::Verdict;
use crate::store::{EventKind, Evidence, TicketTimeline};

/// Whether the ticket may miss the time agreed for its solution or for a first answer: from `lead_minutes`
/// before it on, and from as many minutes before the solution as are expected to go into it, if that is more.
/// It holds until the ticket is solved (or answered), at most `overdue_hours` after the agreed time.
pub fn at_risk(ticket: &TicketTimeline, expected: Option<u32>, rule: &SlaRule, now: Timestamp) -> Verdict {
    if !rule.on || is_solved(ticket) {
        return Verdict::no();
    }
    let longer = expected.filter(|minutes| *minutes > rule.lead_minutes);
    let solution = ticket.due_at.map(|due| {
        let lead = longer.unwrap_or(rule.lead_minutes);
        window(due, lead, rule, now, || {
            let evidence = Evidence::of_ticket(&ticket.id).time("due_at", due);
            longer.iter().fold(evidence, |told, minutes| told.number("expected_minutes", f64::from(*minutes)))
        })
    });
    let answered = times_of(ticket, EventKind::AgentReply).next().is_some();
    let answer = ticket.first_response_due_at.filter(|_| !answered).map(|due| {
        let told = || Evidence::of_ticket(&ticket.id).time("first_response_due_at", due);
        window(due, rule.lead_minutes, rule, now, told)
    });
    // A first answer that is due is due before the solution: it is told first.
    let both = [answer, solution].into_iter().flatten();
    both.reduce(|one, other| Verdict {
        again_at: Verdict::sooner(one.again_at, other.again_at),
        evidence: one.evidence.or(other.evidence),
    })
    .unwrap_or_default()
}

fn window(
    due: Timestamp,
    lead_minutes: u32,
    rule: &SlaRule,
    now: Timestamp,
    evidence: impl FnOnce() -> Evidence,
) -> Verdict {
    let lead = SignedDuration::from_mins(lead_minutes.into());
    let from = due.saturating_sub(lead).unwrap_or(due);
    // With no hours after it, the agreed time itself still counts.
    let after = SignedDuration::from_hours(rule.overdue_hours.into()).max(SignedDuration::from_nanos(1));
    let until = due.saturating_add(after).unwrap_or(Timestamp::MAX);
    Verdict::between(from, until, now, evidence)
}

/// The minutes within which the share `quantile` of these tickets was handled: the smallest number that at
/// least that share does not exceed. `None` where fewer than `fewest` are known.
pub fn expected_minutes(mut handled: Vec<u32>, quantile: f64, fewest: u32) -> Option<u32> {
    if handled.len() < usize::try_from(fewest).unwrap_or(usize::MAX) {
        return None;
    }
    handled.sort_unstable();
    let rank = (quantile * handled.len() as f64).ceil().max(1.0) as usize;
    handled.get(rank - 1).copied()
}
