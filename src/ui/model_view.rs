//! A bundle as a page shows it: facts, tables and pictures.

use super::table::{Cell, Column, Filter, Table};
use super::view::{escaped, path};
use crate::charts::{Figure, IntervalBar, IntervalBars, Line, LinePoint, Naming};
use crate::model::{HeadSpec, Manifest, Promoted, Reads, Thresholds};

/// A fact: what it is about, and what it is.
pub(super) type Fact = (&'static str, String);

/// What a bundle is.
pub(super) fn facts(manifest: &Manifest) -> Vec<Fact> {
    let encoder = &manifest.encoder;
    vec![
        ("Name", manifest.name.clone()),
        ("Version", manifest.version.clone()),
        ("Taxonomy", manifest.taxonomy.clone()),
        ("Base model", manifest.base.name.clone()),
        ("Licence of the base", manifest.base.licence.clone()),
        ("Languages", manifest.languages.join(", ")),
        (
            "Encoder",
            format!(
                "{} layers, {} wide, reads up to {} tokens",
                encoder.layers, encoder.hidden_size, encoder.max_tokens
            ),
        ),
        ("Search", searched(manifest)),
    ]
}

fn searched(manifest: &Manifest) -> String {
    if manifest.search.is_some() { "learnt from answered tickets" } else { "as the encoder gives it" }
        .to_owned()
}

/// Which bundle answered before, in a sentence.
pub(super) fn before(promoted: Option<&Promoted>) -> String {
    let name = |bundle: &Option<String>| bundle.clone().unwrap_or_else(|| "the shipped bundle".to_owned());
    match promoted {
        None => {
            "No other bundle has answered here. \"deskhand promote\" lets another one take over.".to_owned()
        }
        Some(promoted) => {
            let note = promoted.note.as_ref().map_or_else(String::new, |note| format!(" Noted then: {note}"));
            format!(
                "Promoted here: {}. Before it: {}, which \"deskhand promote --back\" brings back.{note}",
                name(&promoted.bundle),
                name(&promoted.former)
            )
        }
    }
}

/// One row for each task.
pub(super) fn tasks(manifest: &Manifest) -> Table {
    let row = |head: &HeadSpec| {
        vec![
            Cell::Link {
                href: format!("/model?task={}#labels", escaped(&head.task)),
                words: head.task.clone(),
            },
            Cell::words(reads(head)),
            Cell::count(head.labels.len() as u64),
            threshold(head.thresholds.auto),
            Cell::number(head.thresholds.suggest.into(), 2),
            Cell::number(head.temperature.into(), 2),
            head.calibrated_on.as_ref().map_or(Cell::Nothing, Cell::words),
        ]
    };
    Table {
        id: "tasks",
        caption: "What it was trained for".into(),
        one_many: ["task", "tasks"],
        if_empty: "This bundle has no heads: it finds articles and predicts nothing.".into(),
        columns: vec![
            Column::words("task", "Task"),
            Column::words("reads", "Reads"),
            Column::numbers("labels", "Labels"),
            Column::numbers("auto", "Auto from"),
            Column::numbers("suggest", "Suggest from"),
            Column::numbers("temperature", "Temperature"),
            Column::words("calibrated_on", "Calibrated on"),
        ],
        rows: manifest.heads.iter().map(row).collect(),
    }
}

/// Chooses one task of [`labels`].
pub(super) fn task_filter(manifest: &Manifest) -> Filter {
    let tasks = manifest.heads.iter().map(|head| (head.task.clone(), head.task.clone()));
    let all = (String::new(), "all tasks".to_owned());
    Filter::choice("task", "Task", std::iter::once(all).chain(tasks))
}

/// One row for each label of `task`, or of all.
pub(super) fn labels(manifest: &Manifest, task: &str) -> Table {
    let heads = manifest.heads.iter().filter(|head| task.is_empty() || head.task == task);
    let rows = heads.flat_map(|head| {
        head.labels.iter().map(|label| {
            let limits = head.thresholds.limits(label, None);
            let own = if head.thresholds.auto_of.contains_key(label) { "its own" } else { "the task's" };
            vec![
                Cell::words(path(label)),
                Cell::words(&head.task),
                threshold(limits.auto),
                Cell::words(own),
                Cell::number(limits.suggest.into(), 2),
            ]
        })
    });
    Table {
        id: "labels",
        caption: "Labels and from where on they are acted on".into(),
        one_many: ["label", "labels"],
        if_empty: "This bundle has no labels.".into(),
        columns: vec![
            Column::words("label", "Label"),
            Column::words("task", "Task"),
            Column::numbers("auto", "Auto from"),
            Column::words("threshold", "Whose threshold"),
            Column::numbers("suggest", "Suggest from"),
        ],
        rows: rows.collect(),
    }
}

/// From which confidence each task is decided alone, and from which it is suggested.
pub(super) fn thresholds(manifest: &Manifest) -> Figure {
    let priority = manifest.priority.iter().map(|thresholds| ("priority", thresholds));
    let heads = manifest.heads.iter().map(|head| (head.task.as_str(), &head.thresholds));
    let bar = |(task, thresholds): (&str, &Thresholds)| IntervalBar {
        name: task.to_owned(),
        value: thresholds.auto.min(1.0).into(),
        interval: None,
        mark: Some(thresholds.suggest.into()),
        shown: if never(thresholds.auto) { "never".to_owned() } else { format!("{:.2}", thresholds.auto) },
    };
    IntervalBars {
        naming: Naming {
            id: "thresholds",
            title: "Confidence from which a task is decided without asking; the mark: from which it is suggested",
            if_empty: "This bundle has no heads, so nothing is decided.",
        },
        of: "task",
        value: "auto from",
        mark: "suggest from",
        most: Some(1.0),
        bars: priority.chain(heads).map(bar).collect(),
    }
    .figure()
}

/// How many of the most pressing tickets are found, by what is taken for one.
pub(super) fn p1(manifest: &Manifest) -> Figure {
    let point = |point: &crate::model::P1Point| LinePoint {
        name: format!("{:.2}", point.from),
        // Asking for less is going right.
        at: 1.0 - f64::from(point.from),
        value: Some(point.recall.into()),
        interval: Some((point.recall_at_least.into(), point.recall.into())),
    };
    Line {
        naming: Naming {
            id: "p1",
            title: "Share of all P1 that are found, if every ticket is P1 whose probability of it reaches this; the band reaches down to what is certain to 95 %",
            if_empty: "This bundle holds no figures about P1.",
        },
        across: "probability of P1 asked for",
        up: "share of all P1 found",
        range: Some((0.0, 1.0)),
        points: manifest.p1.iter().map(point).collect(),
        marked: None,
    }
    .figure()
}

fn reads(head: &HeadSpec) -> &'static str {
    match head.reads {
        Reads::Ticket => "tickets",
        Reads::Survey => "survey comments",
    }
}

fn never(auto: f32) -> bool {
    auto > 1.0
}

/// A threshold of `auto`, rounded up: what is shown is enough.
fn threshold(auto: f32) -> Cell {
    let value = f64::from(auto);
    let shown =
        if never(auto) { "never".to_owned() } else { format!("{:.2}", (value * 100.0).ceil() / 100.0) };
    Cell::Number { value, shown }
}
