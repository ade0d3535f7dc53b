//! Many more tickets than is usual for the account.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::config::VolumeRule;
use crate::signals::days::{begin, day_after, day_of, shifted};
use crate::signals::history::AccountHistory;
use crate::signals::verdict::Verdict;
use crate::store::Evidence;

/// Most tickets that the evidence names.
const NAMED: usize = 50;

/// Whether more tickets came in today, or yesterday, than the average of the `days` days before that day makes
/// likely: at least `min_tickets`, and [`chance`] at most `rule.chance`. It holds to the end of the day after.
/// An account that has not been known for `min_days` days has no average.
pub fn above_average(
    account: &AccountHistory,
    rule: &VolumeRule,
    zone: &TimeZone,
    now: Timestamp,
) -> Verdict {
    let first = account.tickets.iter().filter_map(|ticket| ticket.created_at).min();
    let Some(first) = first.filter(|_| rule.on) else {
        return Verdict::no();
    };
    let (first, today) = (day_of(first, zone), day_of(now, zone));
    let found =
        [0, -1].into_iter().find_map(|ago| judged(account, shifted(today, ago), first, rule, zone, now));
    found.map_or_else(Verdict::no, |evidence| Verdict::holds(evidence, day_after(now, 1, zone)))
}

fn judged(
    account: &AccountHistory,
    day: Date,
    first: Date,
    rule: &VolumeRule,
    zone: &TimeZone,
    now: Timestamp,
) -> Option<Evidence> {
    let known = i64::from(day.since(first).map_or(0, |span| span.get_days()));
    let days = known.min(rule.days.into());
    if days < i64::from(rule.min_days) {
        return None;
    }
    let (start, end) = (begin(day, zone), begin(shifted(day, 1), zone));
    let of_day: Vec<&str> = account
        .came_in(start, end)
        .filter(|(_, at)| *at <= now)
        .map(|(ticket, _)| ticket.id.as_str())
        .collect();
    let before = account.came_in(begin(shifted(day, -days), zone), start).count();
    let chance = chance(of_day.len(), before, days as f64);
    let stands_out = of_day.len() >= rule.min_tickets as usize && chance <= rule.chance;
    stands_out.then(|| Evidence {
        ticket_ids: of_day.iter().take(NAMED).map(|id| (*id).to_owned()).collect(),
        ..Evidence::default()
            .time("day_start", start)
            .number("tickets", of_day.len() as f64)
            .number("mean_per_day", before as f64 / days as f64)
            .number("chance", chance)
    })
}

/// The probability that `count` or more events come in one unit of time where `before` came in `units` of it:
/// events come at random at a rate that is known from those alone. With Jeffreys' prior of a Poisson rate,
/// Gamma(1/2, 0), the number is negative binomial with r = before + 1/2 and p = units / (units + 1) (Gelman et
/// al., *Bayesian Data Analysis*, 3rd ed., 2.6). With many before it is the Poisson tail at their mean.
pub fn chance(count: usize, before: usize, units: f64) -> f64 {
    let (r, p) = (before as f64 + 0.5, units / (units + 1.0));
    // In logarithms: of a large account the probability of no event at all is below the smallest number.
    let mut logarithm = r * p.ln();
    let mut fewer = 0.0;
    for events in 0..count {
        fewer += logarithm.exp();
        logarithm += ((r + events as f64) / (events as f64 + 1.0)).ln() + (1.0 - p).ln();
    }
    (1.0 - fewer).clamp(0.0, 1.0)
}
