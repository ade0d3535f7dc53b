#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

fn predictions(rows: &[(usize, f32)]) -> Vec<Prediction> {
    let prediction = |&(class, confidence): &(usize, f32)| Prediction { class, confidence };
    rows.iter().map(prediction).collect()
}

/// Eight tickets, of which the model gets six right and the baseline four.
fn report() -> EvaluationReport {
    let labels = ["high", "medium", "low"].map(str::to_owned);
    let truths = [0, 0, 1, 1, 1, 2, 2, 2];
    let ours = [(0, 0.97), (0, 0.91), (1, 0.93), (1, 0.55), (0, 0.62), (2, 0.95), (2, 0.9), (1, 0.41)];
    let theirs = [(0, 0.7), (1, 0.5), (1, 0.6), (2, 0.5), (1, 0.4), (2, 0.6), (0, 0.4), (1, 0.4)];
    let task = TaskReport::new(&TaskResults {
        labels: &labels,
        ordered: true,
        truths: &truths,
        predictions: &predictions(&ours),
        baseline: Some(&predictions(&theirs)),
        thresholds: Some(Thresholds { auto: 0.9, suggest: 0.5 }),
    });
    let priority = PriorityReport::new(&[0, 0, 3, 2], &[0, 1, 3, 2], Some(&[0, 0, 0, 2]));
    EvaluationReport {
        model: EvaluatedModel {
            name: "default".to_owned(),
            version: "1.0".to_owned(),
            taxonomy: "t1".to_owned(),
        },
        data: "<dev> & co.jsonl".to_owned(),
        rows: 8,
        skipped: 1,
        tasks: [("impact".to_owned(), task.unwrap())].into(),
        priority: Some(priority.unwrap()),
        warnings: vec!["labels in field \"impact\" had stray white space, which was removed: 1".to_owned()],
    }
}

#[test]
fn the_text_shows_every_figure_with_the_baseline_beside_it() {
    insta::assert_snapshot!(report().text(), @r#"
    default 1.0 (taxonomy t1) on <dev> & co.jsonl: 8 rows, 1 skipped
    ! labels in field "impact" had stray white space, which was removed: 1

    priority: 4 rows
    ================

                      model  baseline
    accuracy          0.750     0.750
    macro-F1          0.667     0.600
    kappa, quadratic  0.917     0.250
    P1 recall         0.500     1.000
    P1 precision      1.000     0.667

    true \ predicted  P1  P2  P3  P4
    P1                 1   1   0   0
    P2                 0   0   0   0
    P3                 0   0   1   0
    P4                 0   0   0   1

    impact: 8 rows, 3 classes
    =========================

                       model  baseline
    accuracy           0.750     0.500
    macro-F1           0.756     0.490
    kappa, quadratic   0.805     0.222
    calibration error  0.227     0.287
    With 95 % certainty the accuracy lies between 0.409 and 0.929.

    decision  from  rows   share  precision  at least
    auto      0.90     5  62.5 %      1.000     0.649
    suggest   0.50     2  25.0 %      0.500     0.121
    abstain   0.00     1  12.5 %      0.000     0.000

    class   rows  precision  recall     F1  baseline F1
    high       2      0.667   1.000  0.800        0.500
    medium     3      0.667   0.667  0.667        0.571
    low        3      1.000   0.667  0.800        0.400

    true \ predicted  high  medium  low
    high                 2       0    0
    medium               1       2    0
    low                  0       1    2
    "#);
}

#[test]
fn the_json_names_each_figure_where_scripts_look_for_it() {
    let json: serde_json::Value = serde_json::from_str(&report().json().unwrap()).unwrap();
    let impact = &json["tasks"]["impact"];
    assert_eq!(impact["accuracy"], 0.75);
    assert_eq!(impact["baseline"]["accuracy"], 0.5);
    assert_eq!(impact["decisions"]["auto"]["rows"], 5);
    assert_eq!(impact["decisions"]["auto"]["precision"], 1.0);
    assert_eq!(impact["decisions"]["suggest"]["rows"], 2);
    assert_eq!(impact["decisions"]["abstain"]["rows"], 1);
    assert_eq!(impact["confusion"][1], serde_json::json!([1, 2, 0]));
    assert_eq!(impact["reliability"].as_array().unwrap().len(), 15);
    assert_eq!(json["priority"]["p1_recall"], 0.5);
    assert_eq!(json["priority"]["p1_precision"], 1.0);
    assert_eq!(json["priority"]["baseline"]["p1_recall"], 1.0);
}

#[test]
fn no_line_of_the_text_is_wider_than_100_columns_whatever_the_labels() {
    let labels: Vec<String> = (0..8).map(|n| format!("{n}::{}", "long label ".repeat(9))).collect();
    let truths: Vec<usize> = (0..8).collect();
    let guesses: Vec<_> = (0..8).map(|n| ((n + 1) % 8, 0.5)).collect();
    for classes in [5, 8] {
        let mut report = report();
        let few = predictions(&guesses[..classes - 1]);
        let task = TaskReport::new(&TaskResults {
            labels: &labels[..classes],
            ordered: false,
            truths: &truths[..classes - 1],
            predictions: &few,
            baseline: Some(&few),
            thresholds: None,
        });
        report.tasks.insert("category".to_owned(), task.unwrap());
        for line in report.text().lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }
}

#[test]
fn the_page_escapes_what_comes_from_files_and_loads_nothing() {
    let mut report = report();
    let task = report.tasks.get_mut("impact").unwrap();
    task.classes[0].label = "<script>alert(1)</script>".to_owned();
    let page = report.html().unwrap();
    assert!(!page.contains("<script") && !page.contains("<dev>"));
    assert!(page.contains("&#60;script&#62;"));
    assert!(!page.contains("http") && !page.contains("src="));
}

#[test]
fn the_page_draws_a_bar_per_filled_bin_and_a_cell_per_pair_of_classes() {
    let page = report().html().unwrap();
    assert_eq!(page.matches("class=\"bar\"").count(), 5);
    // 3 × 3 for impact and 4 × 4 for the priority.
    assert_eq!(page.matches("<td class=\"s").count(), 25);
    insta::assert_snapshot!(page);
}

#[test]
fn a_report_without_rows_has_dashes_and_no_figures() {
    let labels = ["a", "b"].map(str::to_owned);
    let task = TaskReport::new(&TaskResults {
        labels: &labels,
        ordered: true,
        truths: &[],
        predictions: &[],
        baseline: None,
        thresholds: Some(Thresholds { auto: 0.9, suggest: 0.5 }),
    });
    let mut report = report();
    report.priority = None;
    report.tasks = [("empty".to_owned(), task.unwrap())].into();
    insta::assert_snapshot!(report.text(), @r#"
    default 1.0 (taxonomy t1) on <dev> & co.jsonl: 8 rows, 1 skipped
    ! labels in field "impact" had stray white space, which was removed: 1

    empty: 0 rows, 2 classes
    ========================

                       model
    accuracy               –
    macro-F1               –
    calibration error      –
    With 95 % certainty the accuracy lies between 0.000 and 1.000.

    decision  from  rows  share  precision  at least
    auto      0.90     0      –          –         –
    suggest   0.50     0      –          –         –
    abstain   0.00     0      –          –         –

    class  rows  precision  recall  F1
    a         0          –       –   –
    b         0          –       –   –

    true \ predicted  a  b
    a                 0  0
    b                 0  0
    "#);
    assert!(report.html().unwrap().contains("empty"));
}

#[test]
fn the_most_likely_class_is_the_first_of_equals() {
    let found = Prediction::most_likely(&[0.2, 0.4, 0.4]).unwrap();
    assert_eq!(found.class, 1);
    assert_eq!(Prediction::most_likely(&[]), None);
}
