#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn guess(top: &[&str], confidence: f32, deed: Deed) -> Guess {
    Guess { top: top.iter().map(ToString::to_string).collect(), confidence, deed, held: false }
}

fn ticket(id: &str, at: &str, guess: Guess, settled: Option<&str>, submitted: Option<&str>) -> Replayed {
    let one =
        |label: Option<&str>| label.map(|label| (Task::Category, label.to_owned())).into_iter().collect();
    Replayed {
        id: id.to_owned(),
        created_at: Some(at.parse().unwrap()),
        guesses: [(Task::Category, guess)].into(),
        settled: one(settled),
        submitted: one(submitted),
    }
}

fn labels() -> BTreeMap<Task, BTreeSet<String>> {
    [(Task::Category, ["A", "B", "C"].map(str::to_owned).into())].into()
}

fn replayer() -> Replayer {
    Replayer { name: "tiny".into(), version: "1".into(), taxonomy: "t".into() }
}

fn report(tickets: Vec<Replayed>) -> ReplayReport {
    let mut replay = Replay::default();
    tickets.into_iter().for_each(|ticket| replay.add(ticket));
    replay.report(
        replayer(),
        "export.csv",
        &labels(),
        Assumptions { seconds_per_label: 30.0, handling_minutes: 4.0 },
    )
}

/// Ten tickets: six set (four right, one wrong, one with a label that is not known), two suggested (one right at the
/// second place, one without a label), two left alone.
fn ten() -> Vec<Replayed> {
    use Deed::{Abstain, Auto, Suggest};
    vec![
        ticket("1", "2026-07-01T00:00:00Z", guess(&["A"], 0.99, Auto), Some("A"), Some("B")),
        ticket("2", "2026-07-02T00:00:00Z", guess(&["A"], 0.96, Auto), Some("A"), Some("A")),
        ticket("3", "2026-07-03T00:00:00Z", guess(&["A"], 0.92, Auto), Some("A"), None),
        ticket("4", "2026-08-01T00:00:00Z", guess(&["B"], 0.91, Auto), Some("B"), Some("A")),
        ticket("5", "2026-08-02T00:00:00Z", guess(&["A", "B"], 0.86, Auto), Some("B"), Some("B")),
        ticket("6", "2026-08-03T00:00:00Z", guess(&["A"], 0.85, Auto), Some("Odd"), None),
        ticket("7", "2026-08-04T00:00:00Z", guess(&["A", "C", "B"], 0.6, Suggest), Some("C"), None),
        ticket("8", "2026-08-05T00:00:00Z", guess(&["A", "B", "C"], 0.55, Suggest), None, None),
        ticket("9", "2026-08-06T00:00:00Z", guess(&["C"], 0.3, Abstain), Some("A"), None),
        ticket(
            "10",
            "2026-08-07T00:00:00Z",
            Guess { held: true, ..guess(&["A"], 0.98, Abstain) },
            Some("A"),
            None,
        ),
    ]
}

#[test]
fn ten_tickets_are_counted_as_by_hand() {
    let report = report(ten());
    let task = &report.tasks[0];
    assert_eq!((task.tickets, task.compared, task.without_label), (10, 8, 1));
    assert_eq!(task.unknown, [UnknownLabel { label: "Odd".into(), tickets: 1 }]);
    let auto = task.auto.right.unwrap();
    assert_eq!((task.auto.tickets, auto.tickets, auto.share), (6, 5, 0.8));
    // Wilson's 95 % interval of 4 in 5, as in the tables.
    assert!((auto.low - 0.3755).abs() < 1e-3 && (auto.high - 0.9638).abs() < 1e-3, "{auto:?}");
    let suggest = &task.suggest;
    assert_eq!((suggest.tickets, suggest.right.unwrap().share, suggest.in_top.unwrap().share), (2, 0.0, 1.0));
    assert_eq!((task.abstain.tickets, task.abstain.right.unwrap().share), (2, 0.5));
    // 4 × 30 s won, 1 × 4 min lost.
    assert_eq!((task.saved.won_minutes, task.saved.lost_minutes, task.saved.minutes), (2.0, 4.0, -2.0));
    assert_eq!(task.saved.minutes_per_1000, Some(-250.0));
    assert_eq!(report.saved, task.saved);
}

#[test]
fn thresholds_show_what_each_would_have_set() {
    let report = report(ten());
    let at = |threshold: f32| {
        let line = report.tasks[0].thresholds.iter().find(|line| (line.threshold - threshold).abs() < 1e-6);
        let line = line.unwrap().clone();
        (line.auto.unwrap().share, line.right.map(|right| (right.share, right.tickets)), line.settings)
    };
    assert_eq!(at(0.90), (0.4, Some((1.0, 4)), "category = 0.90".into()), "one held back is never set");
    assert_eq!(at(0.85), (0.6, Some((0.8, 5)), "category = 0.85".into()));
    assert_eq!(at(0.30).0, 0.9);
    assert_eq!(at(0.99).1, Some((1.0, 1)));
}

#[test]
fn categories_come_worst_first_and_months_in_order() {
    let report = report(ten());
    let task = &report.tasks[0];
    let names: Vec<&str> = task.categories.iter().map(|category| category.category.as_str()).collect();
    assert_eq!(names, ["B", "C", "A"]);
    let b = &task.categories[0];
    assert_eq!((b.tickets, b.auto, b.wrong, b.taken_for.as_deref()), (2, 2, 1, Some("A")));
    let months: Vec<(&str, u64)> =
        task.months.iter().map(|month| (month.month.as_str(), month.tickets)).collect();
    assert_eq!(months, [("2026-07", 3), ("2026-08", 7)]);
    assert_eq!(task.months[0].right.unwrap().share, 1.0);
}

#[test]
fn what_submitters_chose_is_set_against_what_was_settled() {
    let found = &report(ten()).mismatches;
    let expected =
        Mismatches { task: Task::Category, compared: 4, wrong: 2, caught: 2, flagged: 2, contradicted: 1 };
    assert_eq!(*found, [expected]);
}

#[test]
fn a_ticket_that_comes_again_counts_once() {
    let mut tickets = ten();
    tickets.push(ticket("1", "2026-07-01T00:00:00Z", guess(&["B"], 0.99, Deed::Auto), Some("A"), None));
    let report = report(tickets);
    assert_eq!((report.tickets, report.tasks[0].auto.right.unwrap().share), (10, 0.6));
}

#[test]
fn missed_and_found_p1_are_told() {
    let of = |id: &str, says: &str, settled: &str, deed| Replayed {
        id: id.into(),
        guesses: [(Task::Priority, guess(&[says], 0.9, deed))].into(),
        settled: [(Task::Priority, settled.to_owned())].into(),
        ..Replayed::default()
    };
    let mut replay = Replay::default();
    for (id, says, settled, deed) in [
        ("1", "P1", "P1", Deed::Auto),
        ("2", "P1", "P1", Deed::Suggest),
        ("3", "P2", "P1", Deed::Auto),
        ("4", "P1", "P3", Deed::Auto),
        ("5", "P3", "P3", Deed::Auto),
    ] {
        replay.add(of(id, says, settled, deed));
    }
    let known = [(Task::Priority, ["P1", "P2", "P3", "P4"].map(str::to_owned).into())].into();
    let p1 = replay.report(replayer(), "x", &known, Assumptions::default()).p1.unwrap();
    assert_eq!((p1.tickets, p1.set, p1.suggested, p1.missed, p1.false_alarms), (3, 1, 1, 1, 1));
}

#[test]
fn the_faces_show_the_same_and_the_page_asks_nobody() {
    let mut tickets = ten();
    tickets[5].settled.insert(Task::Category, "<script src=//x.example>".into());
    let report = report(tickets);
    let (text, html) = (report.text(), report.html().unwrap());
    let table = |line: &&str| line.contains("   ");
    assert!(text.lines().filter(table).all(|line| line.chars().count() <= 120), "{text}");
    for part in ["category = 0.90", "80.0 % (37.6–96.4)", "2026-08"] {
        assert!(text.contains(part) && html.contains(part), "{part}\n{text}");
    }
    for outside in ["http:", "https:", "<script", "src=", "@import", "url("] {
        let quoted = html.replace("&#60;script src=//x.example&#62;", "");
        assert!(!quoted.replace("http://www.w3.org/2000/svg", "").contains(outside), "{outside}");
    }
}

#[test]
fn no_tickets_make_an_empty_report() {
    let report = report(Vec::new());
    assert!(report.tasks.is_empty() && report.html().unwrap().contains("0 tickets"));
    assert!(report.text().contains("0 tickets"));
}

fn any_ticket() -> impl Strategy<Value = Replayed> {
    let label = prop::sample::select(vec!["A", "B", "C", "Odd"]);
    let deed = prop::sample::select(vec![Deed::Auto, Deed::Suggest, Deed::Abstain]);
    (0_u32..50, label.clone(), prop::option::of(label), 0_f32..=1.0, deed).prop_map(
        |(id, says, settled, p, deed)| {
            ticket(&id.to_string(), "2026-07-01T00:00:00Z", guess(&[says], p, deed), settled, None)
        },
    )
}

proptest! {
    #[test]
    fn whatever_came_in_all_tickets_are_accounted_for(tickets in prop::collection::vec(any_ticket(), 1..60)) {
        let report = report(tickets);
        let task = &report.tasks[0];
        prop_assert_eq!(task.auto.tickets + task.suggest.tickets + task.abstain.tickets, task.tickets);
        let unknown: u64 = task.unknown.iter().map(|unknown| unknown.tickets).sum();
        prop_assert_eq!(task.compared + task.without_label + unknown, task.tickets);
        prop_assert_eq!(task.categories.iter().map(|category| category.tickets).sum::<u64>(), task.compared);
        for pair in task.thresholds.windows(2) {
            prop_assert!(pair[0].auto.unwrap().share >= pair[1].auto.unwrap().share);
        }
        prop_assert!(report.html().is_ok());
    }
}
