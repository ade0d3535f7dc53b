//! The report's numbers as cells, for text and page alike.

use super::report::{Decided, ReplayReport, TaskReplay};
use super::thresholds::Saved;
use crate::audit::stats::Share;

/// A table: titles, and rows with as many cells.
pub(super) struct Table {
    pub(super) titles: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
}

pub(super) fn percent(share: Option<&Share>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", 100.0 * share.share))
}

/// `97.1 % (94.0–98.6)`: a share with the interval in which it lies with 95 % certainty.
pub(super) fn between(share: Option<&Share>) -> String {
    let told = |s: &Share| format!("{:.1} % ({:.1}–{:.1})", 100.0 * s.share, 100.0 * s.low, 100.0 * s.high);
    share.map_or_else(|| "–".to_owned(), told)
}

/// Minutes in words: `5.2 h`, `-12 min`.
pub(super) fn span(minutes: f64) -> String {
    if minutes.abs() >= 120.0 { format!("{:.1} h", minutes / 60.0) } else { format!("{minutes:.1} min") }
}

pub(super) fn decided(task: &TaskReplay) -> Table {
    let line = |name: &str, decided: &Decided| {
        vec![
            name.to_owned(),
            decided.tickets.to_string(),
            percent(decided.share.as_ref()),
            between(decided.right.as_ref()),
            between(decided.in_top.as_ref()),
        ]
    };
    Table {
        titles: vec!["decision", "tickets", "share", "right (95 %)", "right in first 3 (95 %)"],
        rows: vec![
            line("set automatically", &task.auto),
            line("suggested", &task.suggest),
            line("left alone", &task.abstain),
        ],
    }
}

pub(super) fn thresholds(task: &TaskReplay) -> Table {
    let rows = task.thresholds.iter().map(|line| {
        vec![
            format!("{:.2}", line.threshold),
            percent(line.auto.as_ref()),
            between(line.right.as_ref()),
            span(line.saved.minutes),
            line.settings.clone(),
        ]
    });
    let now = vec![
        "in use".to_owned(),
        percent(task.auto.share.as_ref()),
        between(task.auto.right.as_ref()),
        span(task.saved.minutes),
        String::new(),
    ];
    Table {
        titles: vec!["threshold", "set", "right (95 %)", "saved", "line for [triage.auto_threshold]"],
        rows: std::iter::once(now).chain(rows).collect(),
    }
}

pub(super) fn categories(task: &TaskReplay, most: usize) -> Table {
    let rows = task.categories.iter().take(most).map(|category| {
        vec![
            category.category.clone(),
            category.tickets.to_string(),
            category.auto.to_string(),
            category.wrong.to_string(),
            percent(category.right.as_ref()),
            format!("{}/{}", category.in_top, category.suggested),
            category.abstained.to_string(),
            category.taken_for.clone().unwrap_or_default(),
        ]
    });
    Table {
        titles: vec!["category", "tickets", "set", "wrong", "right", "in 3/sugg.", "left", "taken for"],
        rows: rows.collect(),
    }
}

pub(super) fn months(task: &TaskReplay) -> Table {
    let rows = task.months.iter().map(|month| {
        vec![
            month.month.clone(),
            month.tickets.to_string(),
            percent(month.auto.as_ref()),
            between(month.right.as_ref()),
        ]
    });
    Table { titles: vec!["month", "tickets", "set", "right (95 %)"], rows: rows.collect() }
}

pub(super) fn unknown(task: &TaskReplay) -> Table {
    let rows = task.unknown.iter().map(|unknown| vec![unknown.label.clone(), unknown.tickets.to_string()]);
    Table { titles: vec!["label that the bundle does not know", "tickets"], rows: rows.collect() }
}

pub(super) fn mismatches(report: &ReplayReport) -> Table {
    let rows = report.mismatches.iter().map(|found| {
        let numbers = [found.compared, found.wrong, found.caught, found.flagged, found.contradicted];
        std::iter::once(found.task.name().to_owned()).chain(numbers.map(|n| n.to_string())).collect()
    });
    Table {
        titles: vec!["submitted", "compared", "wrong", "model right", "flagged", "flagged but right"],
        rows: rows.collect(),
    }
}

/// What is counted and what is not, in one sentence.
pub(super) fn basis(task: &TaskReplay) -> String {
    let unknown: u64 = task.unknown.iter().map(|unknown| unknown.tickets).sum();
    format!(
        "{} tickets; right or wrong is counted on {}. {} have no settled label, {unknown} have one that the bundle \
         does not know.",
        task.tickets, task.compared, task.without_label
    )
}

pub(super) fn saved(saved: &Saved) -> String {
    let each =
        saved.minutes_per_1000.map_or_else(String::new, |m| format!("; {} for each 1,000 tickets", span(m)));
    format!(
        "{} saved: {} not spent on setting labels, less {} that wrong labels cost{each}",
        span(saved.minutes),
        span(saved.won_minutes),
        span(saved.lost_minutes)
    )
}

pub(super) fn assumed(report: &ReplayReport) -> String {
    let a = report.assumptions;
    format!(
        "Assumed: setting a label takes a person {} seconds (--seconds-per-label), a wrong one costs {} minutes \
         (--handling-minutes). Counted over category and priority, on tickets whose right label is known.",
        a.seconds_per_label, a.handling_minutes
    )
}

pub(super) fn p1(report: &ReplayReport) -> Option<String> {
    let p1 = report.p1.as_ref()?;
    Some(format!(
        "{} tickets were P1: {} found ({}), {} of them set, {} suggested, {} left alone; {} missed. {} others were taken for \
         P1.",
        p1.tickets,
        p1.tickets - p1.missed,
        between(p1.found.as_ref()),
        p1.set,
        p1.suggested,
        p1.tickets - p1.missed - p1.set - p1.suggested,
        p1.missed,
        p1.false_alarms
    ))
}
