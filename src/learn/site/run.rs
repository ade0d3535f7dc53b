//! Training in a working folder, and the comparison with the bundle that answers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::CATEGORY;
use super::gate::{Verdict, judge};
use super::work::{Order, RowFile, WorkError, candidate, read_order, write_verdict};
use crate::learn::judge::JudgeError;
use crate::learn::promote::compare;
use crate::learn::recipe::{Recipe, Source, default_precision};
use crate::learn::train::{Event, Start, TrainError, train};
use crate::model::{BundleError, Model, Reads};

/// A training on a site's tickets that could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The working folder.
    #[error(transparent)]
    Work(#[from] WorkError),
    /// There is no complete order.
    #[error("{}: holds no training; it is written by the service and by `deskhand retrain`", .0.display())]
    NoOrder(PathBuf),
    /// The training.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// A bundle that cannot be used.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The comparison.
    #[error(transparent)]
    Judge(#[from] JudgeError),
}

/// Trains what the order in `dir` asks for, compares, and leaves the verdict there. A training that was cut off
/// begins anew: heads take seconds to minutes. The candidate lies in the folder until it is promoted.
///
/// # Errors
/// [`RunError`] with what to do; then there is no verdict.
pub fn retrain(dir: &Path, watch: &mut dyn FnMut(Event)) -> Result<Verdict, RunError> {
    let order = read_order(dir)?.ok_or_else(|| RunError::NoOrder(dir.to_owned()))?;
    let began = Instant::now();
    let out = candidate(dir);
    train(&Start::Bundle(order.current.clone()), &recipe(&order), &out, &order.inference, watch)?;
    watch(Event::Note("comparing with the bundle that answers".to_owned()));
    let current = Model::load(&order.current, &order.inference)?;
    let new = Model::load(&out, &order.inference)?;
    let held_out = order.files.iter().filter_map(|file| Some((file.held_out.clone()?, source(file))));
    let sources: Vec<(PathBuf, Source)> = held_out.collect();
    let comparison = compare(&current, &new, &sources, order.margin, order.triage.clone())?;
    let trained: BTreeSet<String> = order.files.iter().flat_map(|file| file.tasks.clone()).collect();
    let before = current.head(CATEGORY).map(|head| head.spec().labels.clone()).unwrap_or_default();
    let after = new.head(CATEGORY).map(|head| head.spec().labels.clone()).unwrap_or_default();
    let added: BTreeSet<String> = after.into_iter().filter(|label| !before.contains(label)).collect();
    let (refusals, gains) = judge(&comparison, &trained, &added, order.min_held_out);
    let verdict = Verdict {
        name: order.name,
        version: order.version,
        refusals,
        gains,
        comparison: comparison.text(),
        seconds: began.elapsed().as_secs_f64(),
    };
    write_verdict(dir, &verdict)?;
    Ok(verdict)
}

fn recipe(order: &Order) -> Recipe {
    let selected = &order.selected;
    let remark = format!(
        "Heads that go on from those of the bundle before, on {} tickets of the site ({} corrected by agents), masked where the site says so; {} tickets were held out.",
        selected.rows, selected.corrections, selected.held_out
    );
    Recipe {
        name: order.name.clone(),
        version: order.version.clone(),
        languages: vec!["en".into()],
        taps: None,
        tune: None,
        auto_precision: default_precision(),
        remarks: vec![remark],
        go_on: true,
        files: order.files.iter().map(source).collect(),
        holds: Vec::new(),
    }
}

fn source(file: &RowFile) -> Source {
    Source {
        reads: Reads::Ticket,
        train: Some(file.train.clone()),
        dev: file.held_out.clone(),
        labels: file.tasks.iter().map(|task| (task.clone(), task.clone())).collect::<BTreeMap<_, _>>(),
        descriptions: BTreeMap::new(),
        aspects: false,
        weight: 1.0,
        times: 1.0,
        auxiliary: false,
        counts: Some("count".to_owned()),
        without: None,
    }
}
