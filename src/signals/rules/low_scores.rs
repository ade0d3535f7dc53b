//! Low scores one after another.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::config::LowScoresRule;
use crate::signals::days::day_after;
use crate::signals::history::{AccountHistory, Answered};
use crate::signals::verdict::Verdict;
use crate::store::Evidence;

/// Whether the account's last `in_a_row` surveys were all low. It holds until a better one comes, at most for
/// `days` days from the one on which the last was answered.
pub fn in_a_row(account: &AccountHistory, rule: &LowScoresRule, zone: &TimeZone, now: Timestamp) -> Verdict {
    let answered: Vec<&Answered> = account.surveys.iter().filter(|survey| survey.at <= now).collect();
    let wanted = usize::try_from(rule.in_a_row).unwrap_or(usize::MAX);
    let first = answered.len().checked_sub(wanted).filter(|_| rule.on && wanted > 0);
    let Some(row) = first.and_then(|first| answered.get(first..)) else {
        return Verdict::no();
    };
    let Some(last) = row.last().filter(|_| row.iter().all(|survey| survey.low)) else {
        return Verdict::no();
    };
    Verdict::between(Timestamp::MIN, day_after(last.at, rule.days, zone), now, || Evidence {
        survey_ids: row.iter().map(|survey| survey.id.clone()).collect(),
        ticket_ids: row.iter().filter_map(|survey| survey.ticket_id.clone()).collect(),
        ..Evidence::default().time("last_at", last.at).number("scores", row.len() as f64)
    })
}
