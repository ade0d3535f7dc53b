#![allow(clippy::unwrap_used)]

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::store::{Finding, WatchedTicket};

fn settings() -> DriftSettings {
    DriftSettings { min_tickets: 20, min_label: 5, ..DriftSettings::default() }
}

/// A ticket that was predicted as the first and settled on the second.
fn ticket(predicted: &str, settled: &str) -> WatchedTicket {
    let finding = Finding {
        category: Some(predicted.to_owned()),
        confidence: Some(0.9),
        abstained: Some(false),
        in_scope: Some(true),
        ..Finding::default()
    };
    let settled = (!settled.is_empty()).then(|| settled.to_owned());
    WatchedTicket { created_at: Timestamp::UNIX_EPOCH, settled, finding: Some(finding) }
}

fn counts(tickets: &[(usize, &str, &str)]) -> Counts {
    let mut counts = Counts::new(&settings());
    for &(many, predicted, settled) in tickets {
        (0..many).for_each(|_| counts.add(&ticket(predicted, settled)));
    }
    counts
}

fn report_of(before: &Counts, after: &Counts) -> DriftReport {
    let known = ["Mail", "Network", "Phones", "Misc::Other"].map(str::to_owned);
    let windows = Windows::ending("2026-11-01T00:00:00Z".parse().unwrap(), 30).unwrap();
    report::report(windows, before, after, None, &known, &settings())
}

fn kinds(before: &Counts, after: &Counts) -> Vec<AlarmKind> {
    report_of(before, after).alarms.into_iter().map(|alarm| alarm.kind).collect()
}

#[test]
fn agreement_that_falls_raises_an_alarm_beyond_chance_and_margin_only() {
    let before = counts(&[(95, "Mail", "Mail"), (5, "Mail", "Network")]);
    // Fisher's exact test of 85 of 100 against 95 of 100 gives .0159, of 83 of 100 .0057 (scipy.stats.fisher_exact).
    let after = |right: usize| counts(&[(right, "Mail", "Mail"), (100 - right, "Mail", "Network")]);
    assert_eq!(kinds(&before, &after(85)), []);
    assert_eq!(kinds(&before, &after(83)), [AlarmKind::AgreementFalls]);
    let alarm = report_of(&before, &after(83)).alarms.remove(0);
    assert!(
        (alarm.before - 0.95).abs() < 1e-9 && (alarm.now - 0.83).abs() < 1e-9 && alarm.tickets == [100, 100]
    );
    assert!(kinds(&after(83), &before).is_empty(), "what gets better is no alarm");
}

#[test]
fn small_numbers_raise_nothing_however_they_look() {
    let before = counts(&[(19, "Mail", "Mail")]);
    let after = counts(&[(300, "Mail", "Network")]);
    assert!(kinds(&before, &after).is_empty());
    let enough = counts(&[(20, "Mail", "Mail")]);
    assert!(kinds(&enough, &after).contains(&AlarmKind::AgreementFalls));
}

#[test]
fn a_difference_that_is_sure_and_small_raises_nothing() {
    let before = counts(&[(9_900, "Mail", "Mail"), (100, "Mail", "Network")]);
    let after = |wrong: usize| counts(&[(10_000 - wrong, "Mail", "Mail"), (wrong, "Mail", "Network")]);
    assert_eq!(kinds(&before, &after(599)), []);
    assert_eq!(kinds(&before, &after(600)), [AlarmKind::AgreementFalls], "five points are");
}

#[test]
fn labels_for_the_rest_are_known_by_a_whole_word_of_their_last_part() {
    let before = counts(&[(100, "Mail", "Mail")]);
    let grown = |label: &str| counts(&[(80, "Mail", "Mail"), (20, label, label)]);
    assert!(kinds(&before, &grown("Misc::Other")).contains(&AlarmKind::OtherGrows));
    assert!(!kinds(&before, &grown("Other::Mail")).contains(&AlarmKind::OtherGrows));
    assert!(!kinds(&before, &grown("Brotherhood")).contains(&AlarmKind::OtherGrows));
}

#[test]
fn abstentions_scope_and_confidence_are_watched() {
    let before = counts(&[(200, "Mail", "")]);
    let mut after = Counts::new(&settings());
    for n in 0..200 {
        let mut ticket = ticket("Mail", "");
        if let Some(finding) = &mut ticket.finding {
            finding.abstained = Some(n % 5 == 0);
            finding.in_scope = Some(n % 6 != 0);
            finding.confidence = Some(if n % 2 == 0 { 0.9 } else { 0.6 });
        }
        after.add(&ticket);
    }
    let wanted = [AlarmKind::AbstentionsGrow, AlarmKind::OutOfScopeGrows, AlarmKind::ConfidenceFalls];
    assert_eq!(kinds(&before, &after), wanted);
    assert_eq!(kinds(&after, &before), []);
}

#[test]
fn a_label_that_the_bundle_does_not_know_is_new_from_five_tickets_on() {
    let before = counts(&[(100, "Mail", "Mail")]);
    let after = |new: usize| counts(&[(100, "Mail", "Mail"), (new, "Network", "Drones")]);
    assert_eq!(kinds(&before, &after(4)), []);
    let alarm = report_of(&before, &after(5)).alarms.remove(0);
    assert_eq!(
        (alarm.kind, alarm.label.as_deref(), alarm.tickets),
        (AlarmKind::NewLabel, Some("Drones"), [0, 5])
    );
}

#[test]
fn a_label_vanishes_when_its_silence_is_no_accident() {
    let before = counts(&[(95, "Mail", "Mail"), (5, "Phones", "Phones")]);
    // .95^89 is .0104, .95^90 is .0099.
    assert_eq!(kinds(&before, &counts(&[(89, "Mail", "Mail")])), []);
    assert_eq!(kinds(&before, &counts(&[(90, "Mail", "Mail")])), [AlarmKind::VanishedLabel]);
    let rare = counts(&[(196, "Mail", "Mail"), (4, "Phones", "Phones")]);
    assert_eq!(kinds(&rare, &counts(&[(900, "Mail", "Mail")])), [], "four tickets make no label");
}

#[test]
fn a_label_that_the_model_still_calls_by_its_old_name_is_renamed() {
    let before = counts(&[(60, "Mail", "Mail"), (40, "Phones", "Phones")]);
    let after = |old: usize| {
        counts(&[(60, "Mail", "Mail"), (old, "Phones", "Telephony"), (40 - old, "Network", "Telephony")])
    };
    let of = |old: usize| -> Vec<AlarmKind> {
        kinds(&before, &after(old)).into_iter().filter(|kind| *kind != AlarmKind::AgreementFalls).collect()
    };
    assert_eq!(of(24), [AlarmKind::RenamedLabel]);
    assert_eq!(of(23), [AlarmKind::NewLabel, AlarmKind::VanishedLabel]);
    let report = report_of(&before, &after(24));
    let alarm = report.alarms.iter().find(|alarm| alarm.kind == AlarmKind::RenamedLabel).unwrap();
    assert_eq!((alarm.former_label.as_deref(), alarm.label.as_deref()), (Some("Phones"), Some("Telephony")));
    assert!(report.text().contains("\"Phones\" seems to be called \"Telephony\" now"), "{}", report.text());
}

/// Unit vectors that lie around a direction.
fn around(direction: f32, many: usize) -> Vec<Vec<f32>> {
    let vector = |n: usize| {
        let angle = direction + (n % 7) as f32 / 10.0;
        vec![angle.cos(), angle.sin()]
    };
    (0..many).map(vector).collect()
}

#[test]
fn words_move_when_the_mean_embedding_does_and_not_by_chance() {
    let (distance, chance) = moved(&around(0.0, 70), &around(0.5, 70)).unwrap();
    assert!((distance - (1.0 - 0.5f64.cos())).abs() < 1e-3, "{distance}");
    assert!(chance < 0.01);
    let (distance, chance) = moved(&around(0.0, 70), &around(0.0, 70)).unwrap();
    assert!(distance < 1e-6 && chance > 0.5, "{distance} {chance}");
    assert_eq!(moved(&[], &around(0.0, 3)), None);
    assert_eq!(moved(&around(0.0, 3), &[]), None);
}

#[test]
fn windows_are_as_long_as_each_other_and_meet() {
    let now: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
    let windows = Windows::ending(now, 7).unwrap();
    assert_eq!((windows.now.to, windows.now.from), (now, Some(windows.before.to)));
    assert_eq!(windows.before.from, Some("2026-10-18T00:00:00Z".parse().unwrap()));
}

proptest! {
    #[test]
    fn the_same_windows_never_raise_an_alarm_of_change(right in 0_usize..60, wrong in 0_usize..60, old in 0_usize..60) {
        let same = counts(&[(right, "Mail", "Mail"), (wrong, "Mail", "Network"), (old, "Phones", "Misc::Other")]);
        prop_assert!(kinds(&same, &same).is_empty());
    }
}
