//! What a signal says to a person.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::store::{Evidence, SignalRule};

/// One sentence with the grounds on which a signal stands; times in the site's time zone.
pub fn sentence(rule: SignalRule, evidence: &Evidence, zone: &TimeZone) -> String {
    let number = |name: &str| evidence.numbers.get(name).copied().unwrap_or(0.0);
    let time = |name: &str| evidence.times.get(name).map_or_else(String::new, |at| shown(*at, zone));
    match rule {
        SignalRule::SlaAtRisk => at_risk(evidence, zone),
        SignalRule::SilenceAfterAcknowledgment => format!(
            "The requester got a first sign on {} and no reply for {:.0} hours.",
            time("acknowledged_at"),
            number("hours")
        ),
        SignalRule::ReopenedRepeatedly => {
            format!("The ticket was opened again {:.0} times.", number("reopened"))
        }
        SignalRule::LowScoresInARow => {
            format!("The last {:.0} scores were low, the latest on {}.", number("scores"), time("last_at"))
        }
        SignalRule::VolumeAboveAverage => format!(
            "{:.0} tickets came in on {}, where {:.1} a day are usual; the chance of that is {}.",
            number("tickets"),
            evidence.times.get("day_start").map_or_else(String::new, |at| day(*at, zone)),
            number("mean_per_day"),
            odds(number("chance"))
        ),
        SignalRule::TicketsAcrossCategories => format!(
            "{:.0} tickets of {:.0} categories came in within {:.0} days.",
            number("tickets"),
            number("categories"),
            number("days")
        ),
        SignalRule::ContactsWithoutSolution => {
            format!("{:.0} contacts since {} have led to no solution.", number("contacts"), time("first_at"))
        }
        SignalRule::SilentAfterLowScore => format!(
            "After the low score of {} nothing was heard for {:.0} days.",
            time("low_at"),
            number("days")
        ),
        SignalRule::IncidentSuspected => format!(
            "{:.0} similar tickets came in from {} to {}, where {:.1} in such a time are usual.",
            number("tickets"),
            time("first_at"),
            time("last_at"),
            number("usual")
        ),
    }
}

fn at_risk(evidence: &Evidence, zone: &TimeZone) -> String {
    let due = |name: &str| evidence.times.get(name).map(|at| shown(*at, zone));
    if let Some(at) = due("first_response_due_at") {
        return format!("A first reply was agreed by {at}, and there is none yet.");
    }
    let at = due("due_at").unwrap_or_default();
    match evidence.numbers.get("expected_minutes") {
        Some(minutes) => format!(
            "A solution was agreed by {at}, and tickets of this category usually take {minutes:.0} minutes of work."
        ),
        None => format!("A solution was agreed by {at}, and there is none yet."),
    }
}

fn shown(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
}

fn day(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d").to_string()
}

/// A small probability as one in so many.
fn odds(chance: f64) -> String {
    if chance < 1e-6 {
        "less than one in a million".to_owned()
    } else {
        format!("one in {:.0}", 1.0 / chance)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn times_are_told_in_the_sites_time_zone() {
        let evidence = Evidence::of_ticket("81")
            .time("acknowledged_at", "2026-03-29T00:30:00Z".parse().unwrap())
            .number("hours", 24.0);
        let told = |zone: &str| {
            sentence(SignalRule::SilenceAfterAcknowledgment, &evidence, &TimeZone::get(zone).unwrap())
        };
        assert_eq!(
            told("Europe/Berlin"),
            "The requester got a first sign on 2026-03-29 01:30 and no reply for 24 hours."
        );
        assert!(told("America/New_York").contains("2026-03-28 20:30"));
    }

    #[test]
    fn a_sentence_names_the_agreed_time_that_is_at_risk() {
        let at = "2026-11-22T12:00:00Z".parse().unwrap();
        let told = |evidence: Evidence| sentence(SignalRule::SlaAtRisk, &evidence, &TimeZone::UTC);
        let solution = Evidence::default().time("due_at", at);
        assert_eq!(
            told(solution.clone()),
            "A solution was agreed by 2026-11-22 12:00, and there is none yet."
        );
        assert!(told(solution.number("expected_minutes", 90.0)).contains("usually take 90 minutes"));
        let answer = Evidence::default().time("first_response_due_at", at);
        assert!(told(answer).starts_with("A first reply was agreed by 2026-11-22 12:00"));
    }
}
