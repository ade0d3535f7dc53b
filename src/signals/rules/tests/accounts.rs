//! Rules about accounts.

use jiff::SignedDuration;

use super::*;
use crate::config::{ContactsRule, GoneQuietRule, LowScoresRule, SpreadRule, VolumeRule};
use crate::signals::rules::{contacts, gone_quiet, low_scores, spread, volume};

fn later(when: &str, seconds: i64) -> String {
    (at(when) + SignedDuration::from_secs(seconds)).to_string()
}

fn in_category(id: &str, created_at: &str, category: &str) -> TicketTimeline {
    TicketTimeline { category: Some(category.to_owned()), ..ticket(id, created_at) }
}

#[test]
fn of_an_account_without_history_or_with_one_ticket_no_rule_holds() {
    let one = account(vec![ticket("1", "2026-11-20T12:00:00Z")], &[]);
    for account in [AccountHistory::default(), one] {
        let (zone, now) = (zone(BERLIN), at("2026-11-22T12:00:00Z"));
        for verdict in [
            low_scores::in_a_row(&account, &LowScoresRule::default(), &zone, now),
            volume::above_average(&account, &VolumeRule::default(), &zone, now),
            spread::across_categories(&account, &SpreadRule::default(), &zone, now),
            contacts::without_solution(&account, &ContactsRule::default(), &zone, now),
            gone_quiet::after_low_score(&account, &GoneQuietRule::default(), &zone, now),
        ] {
            assert_eq!(verdict, Verdict::no());
        }
    }
}

#[test]
fn two_low_scores_in_a_row_count_to_the_end_of_the_ninetieth_day() {
    let rule = LowScoresRule::default();
    for (name, last, before, end) in [
        (BERLIN, "2026-01-10T23:30:00Z", "2026-04-10T21:59:59Z", "2026-04-10T22:00:00Z"),
        (BERLIN, "2026-08-10T12:00:00Z", "2026-11-07T22:59:59Z", "2026-11-07T23:00:00Z"),
        (NEW_YORK, "2026-01-10T04:59:59Z", "2026-04-09T03:59:59Z", "2026-04-09T04:00:00Z"),
        (KOLKATA, "2026-01-10T18:30:00Z", "2026-04-10T18:29:59Z", "2026-04-10T18:30:00Z"),
    ] {
        let account = account(vec![], &[("s1", "2026-01-01T12:00:00Z", true), ("s2", last, true)]);
        let zone = zone(name);
        let at_end = |now| low_scores::in_a_row(&account, &rule, &zone, now);
        table(at_end, &[(last, true), (before, true), (end, false)]);
        // Before the second answer there is one low score.
        assert_eq!(at_end(at(last) - SignedDuration::from_nanos(1)), Verdict::no());
    }
}

#[test]
fn a_better_score_ends_the_row() {
    let now = at("2026-11-22T12:00:00Z");
    let said = |scores: &[bool], rule: &LowScoresRule| {
        let days = ["2026-11-01T12:00:00Z", "2026-11-02T12:00:00Z", "2026-11-03T12:00:00Z"];
        let surveys: Vec<_> = days.iter().zip(scores).map(|(day, low)| (*day, *day, *low)).collect();
        low_scores::in_a_row(&account(vec![], &surveys), rule, &TimeZone::UTC, now).evidence
    };
    let rule = LowScoresRule::default();
    for (scores, holds) in [
        (&[true][..], false),
        (&[true, true], true),
        (&[true, false], false),
        (&[false, true], false),
        (&[true, true, false], false),
        (&[true, false, true], false),
        (&[false, true, true], true),
    ] {
        assert_eq!(said(scores, &rule).is_some(), holds, "{scores:?}");
    }
    assert_eq!(said(&[true, true, true], &rule).unwrap().survey_ids.len(), 2);
    let three = LowScoresRule { in_a_row: 3, ..rule.clone() };
    assert!(said(&[true, true, true], &three).is_some() && said(&[true, true], &three).is_none());
    assert!(said(&[true, true], &LowScoresRule { on: false, ..rule }).is_none());
}

#[test]
fn the_chance_of_a_day_is_negative_binomial_and_with_much_history_poisson() {
    for (count, before, units, chance) in [
        (0, 0, 1.0, 1.0),
        (1, 0, 1.0, 1.0 - 0.5_f64.sqrt()),
        (2, 0, 1.0, 1.0 - 1.25 * 0.5_f64.sqrt()),
        // The tail of a Poisson distribution with mean 1 from 5 on.
        (5, 10_000_000, 1e7, 0.003_659_847),
        (0, 10_000_000, 1.0, 1.0),
        // Without any time before it nothing is unlikely.
        (9, 0, 0.0, 1.0),
    ] {
        let found = volume::chance(count, before, units);
        assert!((found - chance).abs() < 1e-6, "{count} {before} {units}: {found}");
    }
}

/// One ticket every third day of the 40 days before the day that begins at `start`, ten of them in the last
/// 30, and then these.
fn busy(start: &str, tickets: &[String]) -> AccountHistory {
    let mut all: Vec<TicketTimeline> = (0..14)
        .rev()
        .map(|number| 1 + 3 * number)
        .map(|day| ticket(&format!("b{day}"), &later(start, 43_200 - 86_400 * day)))
        .collect();
    all.extend(tickets.iter().enumerate().map(|(number, at)| ticket(&format!("t{number}"), at)));
    account(all, &[])
}

#[test]
fn volume_is_counted_by_the_days_of_the_site_which_may_have_23_or_25_hours() {
    let rule = VolumeRule::default();
    for (name, start, end) in [
        (BERLIN, "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
        (BERLIN, "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
        (NEW_YORK, "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"),
        (NEW_YORK, "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"),
        (KOLKATA, "2026-03-28T18:30:00Z", "2026-03-29T18:30:00Z"),
    ] {
        let zone = zone(name);
        let last = later(end, -1);
        let four = [start.to_owned(), later(start, 3_600), later(start, 7_200), last.clone()];
        let account = busy(start, &four);
        let at_day = |now| volume::above_average(&account, &rule, &zone, now);
        // The fourth ticket makes it; it holds to the end of the day after.
        assert_eq!(at_day(at(&later(end, -2))), Verdict::no(), "{name} {start}");
        table(
            at_day,
            &[(&last, true), (end, true), (&later(end, 86_399), true), (&later(end, 86_400), false)],
        );
        let evidence = at_day(at(&last)).evidence.unwrap();
        assert_eq!((evidence.numbers["tickets"], evidence.times["day_start"]), (4.0, at(start)));
        assert!((evidence.numbers["mean_per_day"] - 1.0 / 3.0).abs() < 1e-9, "{evidence:?}");
        // One of them a second before midnight, or a second after the next one, is of another day.
        for moved in [later(start, -1), end.to_owned()] {
            let mut other = four.clone();
            other[0] = moved;
            other.sort();
            let account = busy(start, &other);
            let said = volume::above_average(&account, &rule, &zone, at(&later(end, 1)));
            assert_eq!(said, Verdict::no(), "{name} {start}");
        }
    }
}

#[test]
fn a_days_volume_has_to_be_unlikely_and_the_account_known() {
    let now = at("2026-11-22T20:00:00Z");
    let said = |before: usize, days: i64, today: usize, rule: &VolumeRule| {
        // `before` tickets, spread over the days before, the first of them on the first of these days.
        let step = days as f64 / before.max(1) as f64;
        let past = (0..before).map(|number| {
            let day = days - (number as f64 * step) as i64;
            ticket(&format!("b{number}"), &later("2026-11-22T12:00:00Z", -86_400 * day))
        });
        let mut tickets: Vec<TicketTimeline> = past.collect();
        tickets.extend((0..today).map(|n| ticket(&format!("t{n}"), "2026-11-22T12:00:00Z")));
        volume::above_average(&account(tickets, &[]), rule, &TimeZone::UTC, now).evidence.is_some()
    };
    let rule = VolumeRule::default();
    // At one a day five happen once in some 200 days, six once in a thousand.
    for (before, today, holds) in
        [(1, 3, false), (1, 4, true), (30, 5, false), (30, 6, true), (300, 20, false), (300, 23, true)]
    {
        assert_eq!(said(before, 30, today, &rule), holds, "{today} after {before}");
    }
    assert!(said(14, 14, 9, &rule) && !said(13, 13, 9, &rule), "known for less than two weeks");
    assert!(!said(30, 30, 50, &VolumeRule { on: false, ..rule }));
}

#[test]
fn four_tickets_of_two_categories_count_while_all_are_within_two_weeks_of_the_site() {
    let rule = SpreadRule::default();
    for (name, first, end) in [
        (BERLIN, "2026-03-19T23:00:00Z", "2026-04-02T22:00:00Z"),
        (BERLIN, "2026-10-19T22:00:00Z", "2026-11-02T23:00:00Z"),
        (NEW_YORK, "2026-10-25T04:00:00Z", "2026-11-08T05:00:00Z"),
        (NEW_YORK, "2026-03-01T05:00:00Z", "2026-03-15T04:00:00Z"),
        (KOLKATA, "2026-03-19T18:30:00Z", "2026-04-02T18:30:00Z"),
    ] {
        let zone = zone(name);
        let from = |first: &str, last: &str| {
            let days = [first.to_owned(), later(first, 90_000), later(first, 180_000), last.to_owned()];
            let tickets =
                days.iter().zip(["A", "A", "B", "B"]).map(|(at, category)| in_category(at, at, category));
            account(tickets.collect(), &[])
        };
        let fourth = later(first, 400_000);
        let all = from(first, &fourth);
        let at_end = |now| spread::across_categories(&all, &rule, &zone, now);
        assert_eq!(at_end(at(&later(&fourth, -1))), Verdict::no());
        let before = later(end, -1);
        assert!(at_end(at(&fourth)).evidence.is_some() && at_end(at(&before)).evidence.is_some(), "{name}");
        table(at_end, &[(&before, true), (end, false), (&later(end, 1), false)]);
        // A second sooner it was another day, which leaves the two weeks a day sooner.
        let sooner = from(&later(first, -1), &fourth);
        assert!(spread::across_categories(&sooner, &rule, &zone, at(&before)).evidence.is_none(), "{name}");
    }
}

#[test]
fn tickets_across_categories_are_at_least_four_of_at_least_two() {
    let now = at("2026-11-22T20:00:00Z");
    let said = |categories: &[Option<&str>], rule: &SpreadRule| {
        let tickets = categories.iter().enumerate().map(|(number, category)| TicketTimeline {
            category: category.map(str::to_owned),
            ..ticket(&number.to_string(), "2026-11-20T12:00:00Z")
        });
        spread::across_categories(&account(tickets.collect(), &[]), rule, &TimeZone::UTC, now).evidence
    };
    let rule = SpreadRule::default();
    let (a, b) = (Some("A"), Some("B"));
    for (categories, holds) in [
        (&[a, b, b][..], false),
        (&[a, b, b, b], true),
        (&[a, a, a, a], false),
        (&[a, None, None, None], false),
        (&[a, b, None, None], true),
    ] {
        assert_eq!(said(categories, &rule).is_some(), holds, "{categories:?}");
    }
    assert!(said(&[a, b, a, b], &SpreadRule { on: false, ..rule }).is_none());
}

#[test]
fn messages_within_an_hour_of_the_first_are_one_contact() {
    let rule = ContactsRule::default();
    let now = at("2026-11-22T20:00:00Z");
    let said = |second: &str, third: &str| {
        let open = ticket("1", "2026-11-22T08:00:00Z");
        let open = with(open, EventKind::RequesterReply, second);
        let open = with(open, EventKind::RequesterReply, third);
        contacts::without_solution(&account(vec![open], &[]), &rule, &TimeZone::UTC, now).evidence
    };
    assert!(said("2026-11-22T09:00:00Z", "2026-11-22T11:00:00Z").is_none(), "an hour exactly");
    assert!(said("2026-11-22T08:59:59Z", "2026-11-22T11:00:00Z").is_none());
    let evidence = said("2026-11-22T09:00:01Z", "2026-11-22T11:00:00Z").unwrap();
    assert_eq!((evidence.numbers["contacts"], evidence.ticket_ids), (3.0, vec!["1".to_owned()]));
    // The hour begins with the first message, so that a slow trickle is no single contact.
    assert!(said("2026-11-22T08:50:00Z", "2026-11-22T09:40:00Z").is_none());
}

#[test]
fn contacts_count_over_all_tickets_that_are_not_solved() {
    let rule = ContactsRule::default();
    let now = at("2026-11-22T20:00:00Z");
    let said = |tickets: Vec<TicketTimeline>, rule: &ContactsRule| {
        contacts::without_solution(&account(tickets, &[]), rule, &TimeZone::UTC, now).evidence
    };
    let on = |day: u32| ticket(&day.to_string(), &format!("2026-11-{day:02}T12:00:00Z"));
    assert!(said(vec![on(1), on(2), on(3)], &rule).is_some());
    assert!(said(vec![on(1), on(2)], &rule).is_none());
    assert!(said(vec![on(1), on(2), solved(on(3))], &rule).is_none());
    let back = with(
        with(on(1), EventKind::Solved, "2026-11-02T12:00:00Z"),
        EventKind::Reopened,
        "2026-11-03T12:00:00Z",
    );
    let back = with(back, EventKind::RequesterReply, "2026-11-03T12:00:30Z");
    assert!(said(vec![back.clone()], &rule).is_none());
    assert!(said(vec![back, on(5)], &rule).is_some());
    let agent = with(on(1), EventKind::AgentReply, "2026-11-02T12:00:00Z");
    let agent = with(agent, EventKind::AgentReply, "2026-11-03T12:00:00Z");
    assert!(said(vec![agent], &rule).is_none(), "agents' replies are no contacts of the requester");
    assert!(said(vec![on(1), on(2), on(3)], &ContactsRule { on: false, ..rule }).is_none());
}

#[test]
fn contacts_count_for_thirty_days_of_the_site() {
    let rule = ContactsRule::default();
    for (name, first, end) in [
        (BERLIN, "2026-03-09T23:00:00Z", "2026-04-08T22:00:00Z"),
        (BERLIN, "2026-10-09T22:00:00Z", "2026-11-08T23:00:00Z"),
        (NEW_YORK, "2026-03-01T05:00:00Z", "2026-03-31T04:00:00Z"),
        (KOLKATA, "2026-03-09T18:30:00Z", "2026-04-08T18:30:00Z"),
    ] {
        let zone = zone(name);
        let open = ticket("1", first);
        let open = with(open, EventKind::RequesterReply, &later(first, 90_000));
        let all = account(vec![with(open, EventKind::RequesterReply, &later(first, 180_000))], &[]);
        let at_end = |now| contacts::without_solution(&all, &rule, &zone, now);
        assert_eq!(at_end(at(&later(first, 179_999))), Verdict::no());
        table(at_end, &[(&later(end, -1), true), (end, false), (&later(end, 1), false)]);
        assert!(at_end(at(&later(first, 180_000))).evidence.is_some());
    }
}

#[test]
fn silence_after_a_low_score_counts_whole_days_of_the_site() {
    let rule = GoneQuietRule::default();
    for (name, low, from, until) in [
        (BERLIN, "2026-03-10T12:00:00Z", "2026-04-09T22:00:00Z", "2026-06-08T22:00:00Z"),
        (BERLIN, "2026-10-10T12:00:00Z", "2026-11-09T23:00:00Z", "2027-01-08T23:00:00Z"),
        (NEW_YORK, "2026-10-20T03:59:59Z", "2026-11-19T05:00:00Z", "2027-01-18T05:00:00Z"),
        (NEW_YORK, "2026-10-20T04:00:00Z", "2026-11-20T05:00:00Z", "2027-01-19T05:00:00Z"),
        (KOLKATA, "2026-03-10T18:29:59Z", "2026-04-09T18:30:00Z", "2026-06-08T18:30:00Z"),
    ] {
        let (all, zone) =
            (account(vec![ticket("1", "2026-01-01T12:00:00Z")], &[("s", low, true)]), zone(name));
        table(
            |now| gone_quiet::after_low_score(&all, &rule, &zone, now),
            &[
                (low, false),
                (&later(from, -1), false),
                (from, true),
                (&later(from, 1), true),
                (&later(until, -1), true),
                (until, false),
            ],
        );
    }
}

#[test]
fn any_sign_of_life_ends_the_silence() {
    let rule = GoneQuietRule::default();
    let now = at("2026-05-01T12:00:00Z");
    let said = |tickets: Vec<TicketTimeline>, surveys: &[(&str, &str, bool)], rule: &GoneQuietRule| {
        gone_quiet::after_low_score(&account(tickets, surveys), rule, &TimeZone::UTC, now).evidence
    };
    let low = ("s1", "2026-03-10T12:00:00Z", true);
    let old = ticket("1", "2026-03-10T12:00:00Z");
    assert!(said(vec![old.clone()], &[low], &rule).is_some(), "a ticket of the same instant is none");
    assert!(said(vec![ticket("1", "2026-03-10T12:00:01Z")], &[low], &rule).is_none());
    let wrote = with(old.clone(), EventKind::RequesterReply, "2026-03-11T12:00:00Z");
    assert!(said(vec![wrote], &[low], &rule).is_none());
    let by_agent = with(old, EventKind::AgentReply, "2026-03-11T12:00:00Z");
    assert!(said(vec![by_agent], &[low], &rule).is_some());
    assert!(said(vec![], &[low, ("s2", "2026-03-12T12:00:00Z", false)], &rule).is_none());
    assert!(said(vec![], &[("s1", "2026-03-10T12:00:00Z", false)], &rule).is_none());
    assert!(said(vec![], &[low], &GoneQuietRule { on: false, ..rule.clone() }).is_none());
}
