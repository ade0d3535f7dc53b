//! The report's numbers as words, line by line, the same for text and page.

use super::decisions::{CoveragePoint, DecisionShare, Decisions};
use super::rows::{P1Miss, Suspect};
use super::task::{Figures, TaskReport};
use super::{EvaluationReport, PriorityReport, RowName};
use crate::learn::card::auto_from;
use crate::learn::metrics::{Interval, ReliabilityBin};

/// One figure of the model, and of the baseline where there is one.
pub(super) struct FigureLine {
    pub(super) name: &'static str,
    pub(super) model: String,
    pub(super) baseline: Option<String>,
}

/// A table: titles, and lines of as many cells.
pub(super) struct Lines {
    pub(super) titles: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
}

pub(super) fn figure_lines(task: &TaskReport) -> Vec<FigureLine> {
    let line = |name, get: fn(&Figures) -> Option<f64>| FigureLine {
        name,
        model: figure(get(&task.figures)),
        baseline: task.baseline.as_ref().map(|b| figure(get(b))),
    };
    let mut lines = vec![line("accuracy", |f| f.accuracy), line("macro-F1", |f| f.macro_f1)];
    if task.figures.kappa.is_some() {
        lines.push(line("kappa, quadratic", |f| f.kappa));
    }
    if task.figures.p1.is_some() {
        lines.push(line("P1 recall", |f| f.p1?.p1_recall));
        lines.push(line("P1 precision", |f| f.p1?.p1_precision));
    }
    lines.push(line("calibration error", |f| f.ece));
    lines
}

pub(super) fn decision_lines(decisions: &Decisions) -> Lines {
    let line = |name: &str, share: &DecisionShare| {
        vec![
            name.to_owned(),
            auto_from(share.from_confidence),
            share.rows.to_string(),
            percent(share.share),
            figure(share.precision),
            figure(share.precision_at_least),
        ]
    };
    Lines {
        titles: vec!["decision", "from", "rows", "share", "precision", "at least"],
        rows: vec![
            line("auto", &decisions.auto),
            line("suggest", &decisions.suggest),
            line("abstain", &decisions.abstain),
        ],
    }
}

pub(super) fn class_lines(task: &TaskReport) -> Lines {
    let decides = task.decisions.is_some();
    let mut titles = vec!["class", "rows", "precision", "recall", "F1"];
    titles.extend(task.baseline.map(|_| "baseline F1"));
    titles.extend(decides.then_some("auto"));
    let rows = task.classes.iter().map(|class| {
        let mut cells = vec![
            class.label.clone(),
            class.support.to_string(),
            figure(class.precision),
            figure(class.recall),
            figure(class.f1),
        ];
        cells.extend(task.baseline.map(|_| figure(class.baseline_f1)));
        cells.extend(class.auto_from.map(auto_from));
        cells
    });
    Lines { titles, rows: rows.collect() }
}

/// Every `step`th point of the curve, and the last.
pub(super) fn coverage_lines(points: &[CoveragePoint], step: usize) -> Lines {
    let chosen = points.iter().enumerate();
    let chosen = chosen.filter(|(n, _)| (n + 1) % step == 0 || n + 1 == points.len());
    let rows = chosen.map(|(_, point)| {
        vec![
            percent(Some(point.share)),
            point.rows.to_string(),
            format!("{:.3}", point.from_confidence),
            figure(Some(point.precision)),
            between(point.interval),
        ]
    });
    Lines {
        titles: vec!["share", "rows", "from confidence", "precision", "95 % between"],
        rows: rows.collect(),
    }
}

pub(super) fn reliability_lines(bins: &[ReliabilityBin]) -> Lines {
    let filled = bins.iter().filter(|bin| bin.rows > 0);
    let rows = filled.map(|bin| {
        vec![
            format!("{:.2}–{:.2}", bin.lower, bin.upper),
            bin.rows.to_string(),
            figure(bin.confidence),
            figure(bin.accuracy),
        ]
    });
    Lines { titles: vec!["confidence", "rows", "mean", "right"], rows: rows.collect() }
}

pub(super) fn suspect_lines(suspects: &[Suspect]) -> Lines {
    let rows = suspects.iter().map(|suspect| {
        let mut cells = named(&suspect.row);
        cells.extend([
            suspect.label.clone(),
            suspect.predicted.clone(),
            format!("{:.3}", suspect.confidence),
            format!("{:.3}", suspect.label_confidence),
        ]);
        cells
    });
    let titles = ["label", "predicted", "surely", "label's own"];
    Lines { titles: titles_with(suspects.first().map(|s| &s.row), &titles), rows: rows.collect() }
}

pub(super) fn miss_lines(misses: &[P1Miss]) -> Lines {
    let rows = misses.iter().map(|miss| {
        let mut cells = named(&miss.row);
        cells.extend([
            miss.predicted.clone(),
            format!("{:.3}", miss.confidence),
            format!("{:.3}", miss.p1_confidence),
        ]);
        cells
    });
    let titles = ["predicted", "surely", "P1's own"];
    Lines { titles: titles_with(misses.first().map(|miss| &miss.row), &titles), rows: rows.collect() }
}

/// Key figures of all groups in one table.
pub(super) fn group_lines(report: &EvaluationReport) -> Lines {
    let mut rows = Vec::new();
    for group in &report.groups {
        for (task, figures) in &group.tasks {
            let p1 = figures.figures.p1;
            rows.push(vec![
                group.name.clone(),
                task.clone(),
                figures.rows.to_string(),
                figure(figures.figures.macro_f1),
                figure(figures.figures.accuracy),
                figure(figures.figures.kappa),
                figure(p1.and_then(|p1| p1.p1_recall)),
                figure(p1.and_then(|p1| p1.p1_precision)),
                figure(figures.figures.ece),
                percent(figures.auto.and_then(|auto| auto.share)),
                figure(figures.auto.and_then(|auto| auto.precision)),
            ]);
        }
    }
    let titles =
        ["group", "task", "rows", "F1", "accur.", "kappa", "P1 rec", "P1 prec", "error", "auto", "precise"];
    Lines { titles: titles.to_vec(), rows }
}

/// How many P1 were missed, out of how many.
pub(super) fn missed(priority: &PriorityReport) -> String {
    let of = priority.report.classes.first().map_or(0, |class| class.support);
    format!("P1 that were missed: {} of {of}", priority.p1_misses.len())
}

/// What a floor for the recall of P1 makes of it.
pub(super) fn floored(priority: &PriorityReport) -> Option<String> {
    let of = priority.p1_floor.as_ref()?;
    Some(format!(
        "P1 from P(P1) = {:.3} on, so that recall is at least {}; rows raised: {}\n\
         P1 recall then {} (95 % between {}), precision {} (95 % between {})",
        of.from,
        of.floor,
        of.raised,
        figure(of.recall),
        between(of.recall_interval),
        figure(of.precision),
        between(of.precision_interval),
    ))
}

/// How well text that belongs to no label is told apart, task by task.
pub(super) fn scope_lines(report: &EvaluationReport) -> Lines {
    let rows = report.scope.iter().map(|(task, scope)| {
        let outside = scope.outside;
        vec![
            task.clone(),
            scope.rows.to_string(),
            figure(scope.accuracy_without),
            percent(scope.turned_away),
            figure(scope.accuracy),
            outside.map_or_else(|| "–".to_owned(), |outside| outside.rows.to_string()),
            percent(outside.and_then(|outside| outside.recall)),
            figure(outside.and_then(|outside| outside.auroc)),
        ]
    });
    let titles =
        ["scope", "rows", "accuracy", "turned away", "then accuracy", "others", "turned away", "AUROC"];
    Lines { titles: titles.to_vec(), rows: rows.collect() }
}

/// How many rows look wrongly labelled.
pub(super) fn suspected(task: &TaskReport) -> String {
    format!(
        "labels that the model contradicts with a confidence of {} or more: {}",
        super::SUSPECT_FROM,
        task.suspect_rows
    )
}

fn titles_with(first: Option<&RowName>, titles: &[&'static str]) -> Vec<&'static str> {
    let subject = first.and_then(|row| row.subject.as_ref()).map(|_| "subject");
    ["id", "line"].into_iter().chain(subject).chain(titles.iter().copied()).collect()
}

fn named(row: &RowName) -> Vec<String> {
    [row.id.clone(), row.line.to_string()].into_iter().chain(row.subject.clone()).collect()
}

fn between(interval: Interval) -> String {
    format!("{:.3}–{:.3}", interval.low, interval.high)
}

/// A figure to three places, or a dash where there is none.
fn figure(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"))
}

/// A share in per cent, or a dash where there is none.
fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", share * 100.0))
}
