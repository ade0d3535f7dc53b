//! The report's numbers as words, line by line, the same for text and page.

use super::task::{DecisionShare, Decisions, Figures, TaskReport};
use super::{PriorityFigures, PriorityReport};

/// One figure of the model, and of the baseline where there is one.
pub(super) struct FigureLine {
    pub(super) name: &'static str,
    pub(super) model: String,
    pub(super) baseline: Option<String>,
}

/// Titles of the cells that [`decision_lines`] gives.
pub(super) const DECISION_TITLES: [&str; 6] = ["decision", "from", "rows", "share", "precision", "at least"];

pub(super) fn priority_lines(priority: &PriorityReport) -> Vec<FigureLine> {
    let line = |name, get: fn(&PriorityFigures) -> Option<f64>| FigureLine {
        name,
        model: figure(get(&priority.figures)),
        baseline: priority.baseline.as_ref().map(|b| figure(get(b))),
    };
    vec![
        line("accuracy", |f| f.accuracy),
        line("macro-F1", |f| f.macro_f1),
        line("kappa, quadratic", |f| f.kappa),
        line("P1 recall", |f| f.p1_recall),
        line("P1 precision", |f| f.p1_precision),
    ]
}

pub(super) fn task_lines(task: &TaskReport) -> Vec<FigureLine> {
    let line = |name, get: fn(&Figures) -> Option<f64>| FigureLine {
        name,
        model: figure(get(&task.figures)),
        baseline: task.baseline.as_ref().map(|b| figure(get(b))),
    };
    let mut lines = vec![line("accuracy", |f| f.accuracy), line("macro-F1", |f| f.macro_f1)];
    if task.figures.kappa.is_some() {
        lines.push(line("kappa, quadratic", |f| f.kappa));
    }
    lines.push(line("calibration error", |f| f.ece));
    lines
}

pub(super) fn decision_lines(decisions: &Decisions) -> Vec<Vec<String>> {
    let line = |name: &str, share: &DecisionShare| {
        vec![
            name.to_owned(),
            format!("{:.2}", share.from_confidence),
            share.rows.to_string(),
            percent(share.share),
            figure(share.precision),
            figure(share.precision_at_least),
        ]
    };
    vec![
        line("auto", &decisions.auto),
        line("suggest", &decisions.suggest),
        line("abstain", &decisions.abstain),
    ]
}

/// Titles of the cells that [`class_lines`] gives.
pub(super) fn class_titles(task: &TaskReport) -> Vec<&'static str> {
    let mut titles = vec!["class", "rows", "precision", "recall", "F1"];
    titles.extend(task.baseline.map(|_| "baseline F1"));
    titles
}

pub(super) fn class_lines(task: &TaskReport) -> Vec<Vec<String>> {
    let lines = task.classes.iter().map(|class| {
        let mut cells = vec![
            class.label.clone(),
            class.support.to_string(),
            figure(class.precision),
            figure(class.recall),
            figure(class.f1),
        ];
        cells.extend(task.baseline.map(|_| figure(class.baseline_f1)));
        cells
    });
    lines.collect()
}

/// A figure to three places, or a dash where there is none.
fn figure(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"))
}

/// A share in per cent, or a dash where there is none.
fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", share * 100.0))
}
