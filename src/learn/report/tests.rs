#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::model::Thresholds;

fn predictions(rows: &[(usize, f32)]) -> Vec<Prediction> {
    let prediction = |&(class, confidence): &(usize, f32)| Prediction { class, confidence };
    rows.iter().map(prediction).collect()
}

fn row(line: usize) -> RowName {
    RowName { id: format!("t-{line}"), line, subject: None }
}

/// What a model gives the labels, where `class` gets `confidence` and the others share the rest.
fn distribution(classes: usize, class: usize, confidence: f64) -> Vec<f64> {
    let rest = (1.0 - confidence) / (classes - 1) as f64;
    (0..classes).map(|other| if other == class { confidence } else { rest }).collect()
}

fn labels<const N: usize>(labels: [&str; N]) -> Vec<String> {
    labels.map(str::to_owned).to_vec()
}

/// Eight tickets, of which the model gets six right and the baseline four.
fn impact() -> TaskReport {
    let labels = labels(["high", "medium", "low"]);
    let truths = [0, 0, 1, 1, 1, 2, 2, 2];
    let ours = [(0, 0.97), (0, 0.91), (1, 0.93), (1, 0.55), (0, 0.92), (2, 0.95), (2, 0.9), (1, 0.41)];
    let theirs = [(0, 0.7), (1, 0.5), (1, 0.6), (2, 0.5), (1, 0.4), (2, 0.6), (0, 0.4), (1, 0.4)];
    let thresholds = Thresholds { auto_of: [("high".to_owned(), 0.95)].into(), ..Thresholds::new(0.9, 0.5) };
    let report = TaskReport::new(&TaskResults {
        labels: &labels,
        ordered: true,
        truths: &truths,
        predictions: &predictions(&ours),
        baseline: Some(&predictions(&theirs)),
        thresholds: Some(&thresholds),
    });
    let names: Vec<RowName> = (1..=8).map(row).collect();
    let distributions: Vec<Vec<f64>> =
        ours.iter().map(|&(class, p)| distribution(3, class, f64::from(p))).collect();
    let named = NamedRows { labels: &labels, names: &names, truths: &truths, distributions: &distributions };
    report.unwrap().with_suspects(named.suspects())
}

/// Four tickets, of which the model misses a P1.
fn priority() -> PriorityReport {
    let labels = labels(PRIORITIES);
    let truths = [0, 0, 3, 2];
    let ours = [(0, 0.8), (1, 0.7), (3, 0.9), (2, 0.6)];
    let theirs = [(0, 0.5), (0, 0.5), (0, 0.5), (2, 0.5)];
    let report = TaskReport::new(&TaskResults {
        labels: &labels,
        ordered: true,
        truths: &truths,
        predictions: &predictions(&ours),
        baseline: Some(&predictions(&theirs)),
        thresholds: None,
    });
    let names: Vec<RowName> = (1..=4).map(row).collect();
    let distributions: Vec<Vec<f64>> =
        ours.iter().map(|&(class, p)| distribution(4, class, f64::from(p))).collect();
    let named = NamedRows { labels: &labels, names: &names, truths: &truths, distributions: &distributions };
    let p1_floor = Some(P1FloorReport::new(0.95, 0.08, &truths, &distributions));
    PriorityReport { report: report.unwrap(), p1_misses: named.p1_misses(), p1_floor }
}

fn scope() -> ScopeReport {
    let row = |score, right| ScopedRow { score, inside: score > 0.0, right };
    let rows = [row(1.0, true), row(0.5, false), row(-1.0, true), row(2.0, true)];
    ScopeReport::new(&rows, Some(&[(-2.0, false), (0.7, true)])).unwrap()
}

fn report() -> EvaluationReport {
    let group = |name: &str, rows| GroupReport {
        name: name.to_owned(),
        prefixes: vec!["t-".to_owned()],
        rows,
        tasks: [
            ("impact".to_owned(), KeyFigures::from(&impact())),
            ("priority".to_owned(), KeyFigures::from(&priority().report)),
        ]
        .into(),
    };
    EvaluationReport {
        model: EvaluatedModel {
            name: "default".to_owned(),
            version: "1.0".to_owned(),
            taxonomy: "t1".to_owned(),
        },
        data: "<dev> & co.jsonl".to_owned(),
        rows: 8,
        skipped: 1,
        skipped_rows: vec![SkippedRow { line: 3, reason: "no label in field \"impact\"".to_owned() }],
        groups: vec![group("plain", 8)],
        tasks: [("impact".to_owned(), impact())].into(),
        priority: Some(priority()),
        scope: [("impact".to_owned(), scope())].into(),
        warnings: vec!["labels in field \"impact\" had stray white space, which was removed: 1".to_owned()],
    }
}

#[test]
fn the_text_shows_every_figure_with_the_baseline_beside_it() {
    insta::assert_snapshot!(report().text(), @r#"
    default 1.0 (taxonomy t1) on <dev> & co.jsonl: 8 rows, 1 skipped
    ! labels in field "impact" had stray white space, which was removed: 1
    skipped: line 3: no label in field "impact"

    groups
    ======

    group      task  rows     F1  accur.  kappa  P1 rec  P1 prec  error    auto  precise
    plain    impact     8  0.756   0.750  0.805       –        –  0.200  50.0 %    1.000
    plain  priority     4  0.667   0.750  0.917   0.500    1.000  0.350       –        –

    text that belongs to no label
    =============================

    scope   rows  accuracy  turned away  then accuracy  others  turned away  AUROC
    impact     4     0.750       25.0 %          0.500       2       50.0 %  0.750

    priority: 4 rows, 4 classes
    ===========================

                       model  baseline
    accuracy           0.750     0.750
    macro-F1           0.667     0.600
    kappa, quadratic   0.917     0.250
    P1 recall          0.500     1.000
    P1 precision       1.000     0.667
    calibration error  0.350     0.250
    With 95 % certainty the accuracy lies between 0.301 and 0.954.

    share    rows  from confidence  precision  95 % between
    100.0 %     4            0.600      0.750   0.301–0.954

    confidence  rows   mean  right
    0.60–0.67      1  0.600  1.000
    0.67–0.73      1  0.700  0.000
    0.80–0.87      1  0.800  1.000
    0.87–0.93      1  0.900  1.000

    class  rows  precision  recall     F1  baseline F1
    P1        2      1.000   0.500  0.667        0.800
    P2        0      0.000       –  0.000            –
    P3        1      1.000   1.000  1.000        1.000
    P4        1      1.000   1.000  1.000        0.000

    true \ predicted  P1  P2  P3  P4
    P1                 1   1   0   0
    P2                 0   0   0   0
    P3                 0   0   1   0
    P4                 0   0   0   1

    P1 from P(P1) = 0.080 on, so that recall is at least 0.95; rows raised: 2
    P1 recall then 1.000 (95 % between 0.342–1.000), precision 0.667 (95 % between 0.208–0.939)

    P1 that were missed: 1 of 2

    id   line  predicted  surely  P1's own
    t-2     2         P2   0.700     0.100

    impact: 8 rows, 3 classes
    =========================

                       model  baseline
    accuracy           0.750     0.500
    macro-F1           0.756     0.490
    kappa, quadratic   0.805     0.222
    calibration error  0.200     0.287
    With 95 % certainty the accuracy lies between 0.409 and 0.929.

    decision  from  rows   share  precision  at least
    auto      0.90     4  50.0 %      1.000     0.597
    suggest   0.50     3  37.5 %      0.667     0.254
    abstain   0.00     1  12.5 %      0.000     0.000

    share    rows  from confidence  precision  95 % between
    62.5 %      5            0.910      0.800   0.376–0.964
    100.0 %     8            0.410      0.750   0.409–0.929

    confidence  rows   mean  right
    0.40–0.47      1  0.410  0.000
    0.53–0.60      1  0.550  1.000
    0.87–0.93      4  0.915  0.750
    0.93–1.00      2  0.960  1.000

    class   rows  precision  recall     F1  baseline F1  auto
    high       2      0.667   1.000  0.800        0.500  0.95
    medium     3      0.667   0.667  0.667        0.571  0.90
    low        3      1.000   0.667  0.800        0.400  0.90

    true \ predicted  high  medium  low
    high                 2       0    0
    medium               1       2    0
    low                  0       1    2

    labels that the model contradicts with a confidence of 0.9 or more: 1

    id   line   label  predicted  surely  label's own
    t-5     5  medium       high   0.920        0.040
    "#);
}

#[test]
fn the_json_names_each_figure_where_scripts_look_for_it() {
    let json: serde_json::Value = serde_json::from_str(&report().json().unwrap()).unwrap();
    let impact = &json["tasks"]["impact"];
    assert_eq!(impact["accuracy"], 0.75);
    assert_eq!(impact["baseline"]["accuracy"], 0.5);
    assert_eq!(impact["decisions"]["auto"]["rows"], 4, "high needs 0.95");
    assert_eq!(impact["decisions"]["auto"]["precision"], 1.0);
    assert_eq!(impact["decisions"]["suggest"]["rows"], 3);
    assert_eq!(impact["decisions"]["abstain"]["rows"], 1);
    assert_eq!(impact["confusion"][1], serde_json::json!([1, 2, 0]));
    assert_eq!(impact["reliability"].as_array().unwrap().len(), 15);
    assert_eq!(impact["classes"][0]["auto_from"], 0.95_f32);
    assert_eq!(impact["coverage"][0]["rows"], 1);
    assert_eq!(impact["coverage"][7]["share"], 1.0);
    assert_eq!(impact["suspects"][0]["id"], "t-5");
    assert_eq!(json["skipped_rows"][0]["line"], 3);
    assert_eq!(json["groups"][0]["tasks"]["priority"]["p1_recall"], 0.5);
    assert_eq!(json["priority"]["p1_misses"][0]["line"], 2);
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
        let distributions: Vec<Vec<f64>> =
            (0..classes - 1).map(|n| distribution(8, (n + 1) % 8, 0.99)).collect();
        let named = |line| RowName {
            id: "long-id".repeat(9),
            line: 100_000 + line,
            subject: Some("subject ".repeat(9)),
        };
        let names: Vec<RowName> = (1..classes).map(named).collect();
        let truths = &truths[..classes - 1];
        let rows = NamedRows { labels: &labels, names: &names, truths, distributions: &distributions };
        report.tasks.insert("category".to_owned(), task.unwrap().with_suspects(rows.suspects()));
        report.groups.iter_mut().for_each(|group| group.name = "a group with a long name".to_owned());
        report.groups[0].tasks.insert("aspect/communication".to_owned(), KeyFigures::from(&impact()));
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
    // Of impact and of the priority.
    assert_eq!(page.matches("<rect class=\"c-bar\"").count(), 4 + 4);
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
        thresholds: Some(&Thresholds::new(0.9, 0.5)),
    });
    let mut report = report();
    report.priority = None;
    report.groups.clear();
    report.tasks = [("empty".to_owned(), task.unwrap())].into();
    insta::assert_snapshot!(report.text(), @r#"
    default 1.0 (taxonomy t1) on <dev> & co.jsonl: 8 rows, 1 skipped
    ! labels in field "impact" had stray white space, which was removed: 1
    skipped: line 3: no label in field "impact"

    text that belongs to no label
    =============================

    scope   rows  accuracy  turned away  then accuracy  others  turned away  AUROC
    impact     4     0.750       25.0 %          0.500       2       50.0 %  0.750

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

    class  rows  precision  recall  F1  auto
    a         0          –       –   –  0.90
    b         0          –       –   –  0.90

    true \ predicted  a  b
    a                 0  0
    b                 0  0

    labels that the model contradicts with a confidence of 0.9 or more: 0
    "#);
    assert!(report.html().unwrap().contains("empty"));
}

#[test]
fn the_most_likely_class_is_the_first_of_equals() {
    let found = Prediction::most_likely(&[0.2, 0.4, 0.4]).unwrap();
    assert_eq!(found.class, 1);
    assert_eq!(Prediction::most_likely(&[]), None);
}

#[test]
fn a_label_is_suspect_only_where_another_is_likely_and_the_surest_comes_first() {
    let labels = labels(["a", "b"]);
    let names: Vec<RowName> = (1..=4).map(row).collect();
    let distributions =
        [distribution(2, 0, 0.95), distribution(2, 0, 0.89), distribution(2, 0, 0.99), vec![0.01, 0.99]];
    let rows =
        NamedRows { labels: &labels, names: &names, truths: &[1, 1, 1, 1], distributions: &distributions };
    let lines: Vec<usize> = rows.suspects().iter().map(|suspect| suspect.row.line).collect();
    assert_eq!(lines, [3, 1]);
    let many = impact().with_suspects(vec![rows.suspects()[0].clone(); 250]);
    assert_eq!((many.suspect_rows, many.suspects.len()), (250, MAX_SUSPECTS));
}

#[test]
fn the_coverage_curve_has_at_most_fifty_points_and_ends_with_all_rows() {
    let truths = vec![0; 1_000];
    let mut rows: Vec<_> = (0..1_000).map(|n| (usize::from(n % 10 == 0), n as f32 / 1_000.0)).collect();
    let points = |rows: &[(usize, f32)]| super::decisions::coverage(&truths, &predictions(rows));
    let curve = points(&rows);
    assert_eq!(curve.len(), 50);
    assert!(curve.windows(2).all(|pair| pair[0].share < pair[1].share));
    assert_eq!((curve[49].rows, curve[49].precision), (1_000, 0.9));
    assert!(curve[0].interval.low < curve[0].precision && curve[0].precision < curve[0].interval.high);
    rows.iter_mut().for_each(|row| row.1 = 0.5);
    assert_eq!(points(&rows).len(), 1, "rows of equal confidence are decided together");
}
