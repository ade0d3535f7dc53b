//! Fitting a head and finding out how far it can be trusted.

use super::calibrate::{HeldOut, class_thresholds, fit_temperature, softmax_at, threshold_for_precision};
use super::corpus::Task;
use super::fit::{Beginning, Features, FitSettings, Linear, fit};
use super::onward::Known;
use super::prior::prior;
use super::scope::{Seen, fit_scope, means};
use super::train::TrainError;
use crate::model::{Head, HeadSpec, Reads, Signs, Thresholds};

/// Penalties that are tried; the one with the best held-out likelihood is taken.
const PENALTIES: [f64; 4] = [0.003, 0.01, 0.03, 0.1];

/// The penalty where labels are described that have no rows, since rows cannot tell how far they may push such
/// a label aside. Of .003 to .3 this was best for all labels together where two of 30 were held back
/// altogether, beside 30 rows and beside 150 of each of the others.
const BESIDE_UNSEEN: f64 = 0.1;

/// A suggestion is worth an agent's look when it is likelier right than wrong: of a calibrated confidence
/// that is this.
const SUGGEST: f32 = 0.5;

/// A label that is described is automatic only if so many rows of it were held out at least.
const LEAST_PROOF: usize = 5;

/// Rows of a task that train, and rows of it that the fit does not see.
#[derive(Debug, Clone, Default)]
pub(super) struct Split {
    /// Places in the task's rows.
    pub(super) train: Vec<usize>,
    /// Places in the task's rows.
    pub(super) held_out: Vec<usize>,
}

/// A fitted head with what it said about rows that it was not fitted on.
#[derive(Debug)]
pub(super) struct Fitted {
    pub(super) head: Head,
    /// Text, label, and calibrated probabilities, for each held-out row.
    pub(super) held_out: Vec<(usize, usize, Vec<f64>)>,
}

/// The features of all texts.
#[derive(Debug, Clone, Copy)]
pub(super) struct FeaturesOf<'a> {
    pub(super) rows: &'a Features,
    /// Their last numbers, as many as the encoder is wide, are the text's embedding before it is scaled.
    pub(super) embedding: usize,
}

/// Fits the head of a task. `splits` give held-out predictions for calibration; the head that ships is
/// fitted on the rows `last`.
pub(super) fn fit_head(
    task: &Task,
    features: FeaturesOf<'_>,
    splits: &[Split],
    last: &[usize],
    auto_precision: f64,
    calibrated_on: &str,
) -> Result<Fitted, TrainError> {
    let labels = labels_by_text(task, features.rows.len());
    let rows = |places: &[usize]| -> Vec<(usize, usize)> { places.iter().map(|&p| task.rows[p]).collect() };
    let fitted = |places: &[usize], l2: f64| {
        let prior = prior(task, features, &rows(places));
        if let (Some(prior), []) = (&prior, places) {
            return Ok(prior.clone());
        }
        let settings = FitSettings { l2, ..FitSettings::default() };
        let from = prior.as_ref().map_or(Beginning::Zero, Beginning::Described);
        fit(from, features.rows, &labels, &task.texts(places), task.labels.len(), settings)
            .map_err(|e| TrainError::Fit { task: task.name.clone(), source: e })
    };
    let l2 = match splits.first() {
        _ if task.rows_by_label().contains(&0) => BESIDE_UNSEEN,
        Some(split) => best_penalty(task, features.rows, split, &fitted)?,
        None => FitSettings::default().l2,
    };
    let mut held_out = Vec::new();
    for split in splits {
        let linear = fitted(&split.train, l2)?;
        held_out.extend(features.held_out(task, &linear, &rows(&split.train), &rows(&split.held_out)));
    }
    calibrate(task, fitted(last, l2)?, features, held_out, (auto_precision, calibrated_on), None)
}

/// What a head says of a row that it was not fitted on.
#[derive(Debug, Clone)]
pub(super) struct HeldOutRow {
    pub(super) text: usize,
    pub(super) label: usize,
    pub(super) logits: Vec<f32>,
    /// Of the encoder's part alone.
    signs: Signs,
}

impl FeaturesOf<'_> {
    /// What `linear` says of the rows (text and label) `held_out`, and how near they are to the rows
    /// `trained` that it was fitted on.
    pub(super) fn held_out(
        &self,
        task: &Task,
        linear: &Linear,
        trained: &[(usize, usize)],
        held_out: &[(usize, usize)],
    ) -> Vec<HeldOutRow> {
        let means = means(self.rows, self.embedding, task.labels.len(), trained.iter().copied());
        let says = |&(text, label): &(usize, usize)| {
            let features = self.rows.row(text);
            let logits = linear.logits(features);
            HeldOutRow { text, label, signs: means.signs(features, &logits), logits }
        };
        held_out.iter().map(says).collect()
    }
}

/// A head with its temperature, thresholds and scope, from rows that it was not fitted on. `asked` is the
/// precision that `auto` must hold, and how the rows were held out; `known` is what a head that goes on had
/// proved.
pub(super) fn calibrate(
    task: &Task,
    linear: Linear,
    features: FeaturesOf<'_>,
    held_out: Vec<HeldOutRow>,
    (auto_precision, calibrated_on): (f64, &str),
    known: Option<&Known<'_>>,
) -> Result<Fitted, TrainError> {
    let logits: Vec<Vec<f32>> = held_out.iter().map(|row| row.logits.clone()).collect();
    let truths: Vec<usize> = held_out.iter().map(|row| row.label).collect();
    let temperature = fit_temperature(&logits, &truths).unwrap_or(1.0);
    // Only decisions about tickets ask for it.
    let scope = (task.reads == Reads::Ticket).then(|| {
        let means = means(features.rows, features.embedding, task.labels.len(), task.rows.iter().copied());
        let right = |row: &HeldOutRow| row.logits.iter().all(|logit| *logit <= row.logits[row.label]);
        let seen: Vec<Seen> =
            held_out.iter().map(|row| Seen { signs: row.signs, right: right(row) }).collect();
        let former = known.and_then(|known| known.scope(&means));
        let means = former.as_ref().map_or(means, |former| former.means.clone());
        fit_scope(means, &seen).or(former)
    });
    let held_out: Vec<(usize, usize, Vec<f64>)> =
        held_out.into_iter().map(|row| (row.text, row.label, softmax_at(&row.logits, temperature))).collect();
    let found =
        thresholds(held_out.iter().map(|(_, label, p)| (*label, p.as_slice())), &task.labels, auto_precision);
    let found = match known {
        Some(known) => known.thresholds(found, task, &held_out, auto_precision),
        None => proven(task, &held_out, found),
    };
    let spec = HeadSpec {
        task: task.name.clone(),
        reads: task.reads,
        labels: task.labels.clone(),
        temperature,
        calibrated_on: (!held_out.is_empty()).then(|| format!("{} rows, {calibrated_on}", held_out.len())),
        thresholds: found,
    };
    let Linear { weight, bias, .. } = linear;
    let head = Head::new(spec, features.rows.width(), weight, bias).map_err(TrainError::Head)?;
    let head = match scope.flatten() {
        Some(scope) => head.with_scope(scope),
        None => head,
    };
    Ok(Fitted { head, held_out })
}

/// The thresholds of a task whose labels are described: those of which too few rows tell how far they can be
/// trusted are never automatic, whatever the others deserve.
fn proven(task: &Task, held_out: &[(usize, usize, Vec<f64>)], mut thresholds: Thresholds) -> Thresholds {
    if task.described.is_empty() {
        return thresholds;
    }
    if held_out.is_empty() {
        return Thresholds::new(Thresholds::NEVER, thresholds.suggest);
    }
    for (number, label) in task.labels.iter().enumerate() {
        if held_out.iter().filter(|(_, truth, _)| *truth == number).count() < LEAST_PROOF {
            thresholds.auto_of.insert(label.clone(), Thresholds::NEVER);
        }
    }
    thresholds
}

/// The label of each text for this task; texts without one are never asked for.
pub(super) fn labels_by_text(task: &Task, texts: usize) -> Vec<usize> {
    let mut labels = vec![0; texts];
    for &(text, label) in &task.rows {
        labels[text] = label;
    }
    labels
}

fn best_penalty(
    task: &Task,
    features: &Features,
    split: &Split,
    fitted: &impl Fn(&[usize], f64) -> Result<Linear, TrainError>,
) -> Result<f64, TrainError> {
    let mut best = (f64::INFINITY, PENALTIES[0]);
    for l2 in PENALTIES {
        let linear = fitted(&split.train, l2)?;
        let mut loss = 0.0;
        for &place in &split.held_out {
            let (text, label) = task.rows[place];
            let probabilities = softmax_at(&linear.logits(features.row(text)), 1.0);
            loss -= probabilities[label].max(1e-9).ln();
        }
        if loss < best.0 {
            best = (loss, l2);
        }
    }
    Ok(best.1)
}

/// Thresholds from held-out rows. Where no confidence holds the wanted precision, `auto` is 1, which
/// in practice is never.
pub(super) fn thresholds<'a>(
    rows: impl Iterator<Item = (usize, &'a [f64])>,
    labels: &[String],
    auto_precision: f64,
) -> Thresholds {
    let rows: Vec<HeldOut> = rows
        .filter_map(|(label, probabilities)| {
            let class =
                (0..probabilities.len()).max_by(|a, b| probabilities[*a].total_cmp(&probabilities[*b]))?;
            Some(HeldOut { class, confidence: probabilities[class] as f32, right: class == label })
        })
        .collect();
    let confidences: Vec<(f32, bool)> = rows.iter().map(|row| (row.confidence, row.right)).collect();
    let auto = threshold_for_precision(&confidences, auto_precision).map_or(1.0, |t| t.value);
    let own = class_thresholds(&rows, auto, auto_precision);
    let auto_of = own.into_iter().filter_map(|(class, auto)| Some((labels.get(class)?.clone(), auto)));
    Thresholds { auto, suggest: SUGGEST.min(auto), auto_of: auto_of.collect() }
}
