//! A customer who was unhappy and is not heard from any more.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::config::GoneQuietRule;
use crate::signals::days::day_after;
use crate::signals::history::{AccountHistory, heard_of};
use crate::signals::verdict::Verdict;
use crate::store::Evidence;

/// Whether the account's last survey was low and nothing was heard of it since, for `days` whole days after
/// that day: no ticket, no reply, no survey. It holds until something is heard, at most until `until_days`
/// days after that day have passed.
pub fn after_low_score(
    account: &AccountHistory,
    rule: &GoneQuietRule,
    zone: &TimeZone,
    now: Timestamp,
) -> Verdict {
    let last = account.surveys.iter().rev().find(|survey| survey.at <= now);
    let Some(last) = last.filter(|last| rule.on && last.low) else {
        return Verdict::no();
    };
    if account.tickets.iter().flat_map(heard_of).any(|at| at > last.at && at <= now) {
        return Verdict::no();
    }
    let from = day_after(last.at, i64::from(rule.days) + 1, zone);
    let until = day_after(last.at, i64::from(rule.until_days) + 1, zone);
    Verdict::between(from, until, now, || Evidence {
        survey_ids: vec![last.id.clone()],
        ticket_ids: last.ticket_id.iter().cloned().collect(),
        ..Evidence::default().time("low_at", last.at).number("days", f64::from(rule.days))
    })
}
