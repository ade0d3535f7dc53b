#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;

use super::gate::at_least;
use super::rows::is_held_out;
use super::*;
use crate::config::LearningSettings;
use crate::text::masking::Masking;

fn ticket(id: &str, words: &str, settled: &str, predicted: &str) -> SettledTicket {
    let labels = |label: &str| Labels { category: Some(label.to_owned()), ..Labels::default() };
    SettledTicket {
        id: id.to_owned(),
        body: words.to_owned(),
        settled: labels(settled),
        predicted: labels(predicted),
        at: id.parse::<i64>().ok().map(|n| Timestamp::from_second(n * 3_600).unwrap()),
        ..SettledTicket::default()
    }
}

fn chosen(tickets: Vec<SettledTicket>, change: impl FnOnce(&mut LearningSettings)) -> Selection {
    let mut settings = LearningSettings { min_rows: 3, ..LearningSettings::default() };
    change(&mut settings);
    let known = BTreeMap::from([(CATEGORY.to_owned(), vec!["Network".to_owned(), "Mail".to_owned()])]);
    let masking = Masking::default();
    select(tickets, &Rules { settings: &settings, masking: Some(&masking), known: &known })
}

fn label<'a>(selection: &'a Selection, name: &str) -> &'a SelectedLabel {
    selection.selected.labels.iter().find(|label| label.label == name).unwrap()
}

fn many(from: usize, count: usize, settled: &str, predicted: &str) -> Vec<SettledTicket> {
    (from..from + count)
        .map(|n| ticket(&n.to_string(), &format!("{settled} text {n}"), settled, predicted))
        .collect()
}

#[test]
fn corrections_are_marked_and_count_more() {
    let tickets = [many(0, 40, "Network", "Network"), many(40, 40, "Network", "Mail")].concat();
    let selection = chosen(tickets, |settings| settings.correction_weight = 3);
    let dir = tempfile::tempdir().unwrap();
    let work = dir.path().join("work");
    write(&work, &selection, order()).unwrap();
    let text = std::fs::read_to_string(work.join("train-category.jsonl")).unwrap();
    let rows: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len() as u64, selection.selected.rows);
    let corrected = rows.iter().filter(|row| row["correction"] == true);
    assert_eq!(corrected.clone().count() as u64, selection.selected.corrections);
    assert!(corrected.clone().count() > 20 && corrected.clone().all(|row| row["count"] == 3));
    assert!(rows.iter().all(|row| row["correction"] == true || row["count"] == 1));
}

fn order() -> Order {
    Order {
        current: "none".into(),
        name: "site".into(),
        version: "1".into(),
        margin: 0.02,
        min_held_out: 30,
        ..Order::default()
    }
}

#[test]
fn the_newest_rows_of_a_label_count_up_to_the_cap() {
    let selection = chosen(many(0, 200, "Network", "Network"), |settings| settings.rows_per_label = 50);
    assert_eq!((label(&selection, "Network").rows, selection.selected.tickets), (50, 200));
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &selection, order()).unwrap();
    let text = std::fs::read_to_string(dir.path().join("train-category.jsonl")).unwrap();
    let ids = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].clone());
    assert!(ids.map(|id| id.as_str().unwrap().parse::<usize>().unwrap()).all(|id| id > 120));
}

#[test]
fn the_same_words_count_once_with_the_newest_label_and_never_on_both_sides() {
    let held = (0..).map(|n: usize| n.to_string()).find(|id| is_held_out(id, 20)).unwrap();
    let free = (100..).map(|n: usize| n.to_string()).find(|id| !is_held_out(id, 20)).unwrap();
    let twice = vec![
        ticket(&held, "Hi Anna,\nthe printer  jams", "Mail", "Mail"),
        ticket(&free, "hi Bob,\nThe printer jams", "Network", "Mail"),
    ];
    let selection = chosen(twice, |_| ());
    assert_eq!((selection.selected.duplicates, selection.selected.contradictions), (1, 1));
    assert_eq!((selection.selected.rows, selection.selected.held_out), (0, 1));
    assert_eq!(label(&selection, "Network").held_out, 1);
}

#[test]
fn a_new_category_needs_rows_and_a_known_one_does_not() {
    let few =
        [many(0, 2, "Drones", "Network"), many(10, 1, "Mail", "Network"), many(20, 30, "Robots", "Mail")];
    let selection = chosen(few.concat(), |_| ());
    assert!(label(&selection, "Drones").left_out && !label(&selection, "Mail").left_out);
    let robots = label(&selection, "Robots");
    assert!(!robots.left_out && !robots.known && robots.rows + robots.held_out == 30);
}

#[test]
fn personal_data_is_masked_in_the_rows_and_counted() {
    let words =
        "Hi Anna,\nmy card 4111 1111 1111 1111 is refused, call +49 30 1234567 or mail me@larkfield.example";
    let tickets: Vec<SettledTicket> =
        (0..9).map(|n| ticket(&n.to_string(), &format!("{words} {n} times"), "Mail", "Mail")).collect();
    let selection = chosen(tickets, |_| ());
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &selection, order()).unwrap();
    for file in std::fs::read_dir(dir.path()).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for marker in ["Anna", "4111", "1234567", "me@larkfield"] {
            assert!(!text.contains(marker), "{marker}");
        }
    }
    assert_eq!(selection.selected.masked["card"], 9);
    assert_eq!(selection.selected.masked["name"], 9);
}

#[test]
fn impact_and_urgency_go_on_only_with_enough_rows() {
    let with = |count: usize| {
        let mut tickets = many(0, count, "Mail", "Mail");
        for (n, ticket) in tickets.iter_mut().enumerate() {
            ticket.settled.impact = Some(["high", "low"][n % 2].to_owned());
            ticket.settled.urgency = Some(["high", "low"][n % 2].to_owned());
        }
        let levels = ["high", "medium", "low"].map(str::to_owned).to_vec();
        let known = BTreeMap::from([("impact".to_owned(), levels.clone()), ("urgency".to_owned(), levels)]);
        let settings = LearningSettings::default();
        select(tickets, &Rules { settings: &settings, masking: None, known: &known })
    };
    assert_eq!(with(99).groups.len(), 1);
    assert!(with(99).selected.notes[0].contains("99 tickets have both, 100 are needed"));
    assert_eq!(with(100).groups.len(), 2);
}

#[test]
fn the_binomial_tail_is_that_of_the_tables() {
    // scipy.stats.binomtest(5, 5, 0.5, "greater") and (15, 20, 0.5), (8, 30, 0.1).
    for (hits, rows, p, chance) in
        [(5, 5, 0.5, 0.03125), (15, 20, 0.5, 0.020_694_7), (8, 30, 0.1, 0.007_783_6)]
    {
        assert!(
            (at_least(hits, rows, p) - chance).abs() < 1e-5,
            "{hits} of {rows}: {}",
            at_least(hits, rows, p)
        );
    }
    assert!((at_least(0, 9, 0.3) - 1.0).abs() < 1e-9);
}

proptest! {
    #[test]
    fn a_ticket_stays_on_its_side_whatever_else_there_is(ids in prop::collection::hash_set(0_u32..10_000, 1..80)) {
        let tickets: Vec<SettledTicket> =
            ids.iter().map(|id| ticket(&id.to_string(), &format!("words {id}"), "Mail", "Mail")).collect();
        let selection = chosen(tickets, |_| ());
        let held: u64 = ids.iter().filter(|id| is_held_out(&id.to_string(), 20)).count() as u64;
        prop_assert_eq!(selection.selected.held_out, held);
        prop_assert_eq!(selection.selected.rows, ids.len() as u64 - held);
    }
}

#[test]
fn about_as_many_tickets_are_held_out_as_asked_for() {
    let held = (0..10_000).filter(|n: &u32| is_held_out(&n.to_string(), 20)).count();
    assert!((1_850..2_150).contains(&held), "{held}");
}
