//! Fitting a head and finding out how far it can be trusted.

use super::calibrate::{HeldOut, class_thresholds, fit_temperature, softmax_at, threshold_for_precision};
use super::corpus::Task;
use super::fit::{Features, FitSettings, Linear, fit};
use super::train::TrainError;
use crate::model::{Head, HeadSpec, Thresholds};

/// Penalties that are tried; the one with the best held-out likelihood is taken.
const PENALTIES: [f64; 4] = [0.003, 0.01, 0.03, 0.1];

/// A suggestion is worth an agent's look when it is likelier right than wrong: of a calibrated confidence
/// that is this.
const SUGGEST: f32 = 0.5;

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

/// Fits the head of a task. `splits` give held-out predictions for calibration; the head that ships is
/// fitted on the rows `last`.
pub(super) fn fit_head(
    task: &Task,
    features: &Features,
    splits: &[Split],
    last: &[usize],
    auto_precision: f64,
    calibrated_on: &str,
) -> Result<Fitted, TrainError> {
    let labels = labels_by_text(task, features.len());
    let texts = |places: &[usize]| -> Vec<usize> { places.iter().map(|&place| task.rows[place].0).collect() };
    let fitted = |places: &[usize], l2: f64| {
        fit(
            features,
            &labels,
            &texts(places),
            task.labels.len(),
            FitSettings { l2, ..FitSettings::default() },
        )
        .map_err(|e| TrainError::Fit { task: task.name.clone(), source: e })
    };
    let l2 = match splits.first() {
        Some(split) => best_penalty(task, features, split, &fitted)?,
        None => FitSettings::default().l2,
    };
    let mut held_out = Vec::new();
    for split in splits {
        let linear = fitted(&split.train, l2)?;
        for &place in &split.held_out {
            let (text, label) = task.rows[place];
            held_out.push((text, label, linear.logits(features.row(text))));
        }
    }
    let linear = fitted(last, l2)?;
    calibrate(task, linear, features.width(), held_out, auto_precision, calibrated_on)
}

/// A head with its temperature and thresholds, from text, label and logits of rows that it was not fitted on.
pub(super) fn calibrate(
    task: &Task,
    linear: Linear,
    features: usize,
    held_out: Vec<(usize, usize, Vec<f32>)>,
    auto_precision: f64,
    calibrated_on: &str,
) -> Result<Fitted, TrainError> {
    let logits: Vec<Vec<f32>> = held_out.iter().map(|(_, _, logits)| logits.clone()).collect();
    let truths: Vec<usize> = held_out.iter().map(|(_, label, _)| *label).collect();
    let temperature = fit_temperature(&logits, &truths).unwrap_or(1.0);
    let held_out: Vec<(usize, usize, Vec<f64>)> = held_out
        .into_iter()
        .map(|(text, label, logits)| (text, label, softmax_at(&logits, temperature)))
        .collect();
    let spec = HeadSpec {
        task: task.name.clone(),
        reads: task.reads,
        labels: task.labels.clone(),
        temperature,
        calibrated_on: (!held_out.is_empty()).then(|| format!("{} rows, {calibrated_on}", held_out.len())),
        thresholds: thresholds(
            held_out.iter().map(|(_, label, p)| (*label, p.as_slice())),
            &task.labels,
            auto_precision,
        ),
    };
    let Linear { weight, bias, .. } = linear;
    let head = Head::new(spec, features, weight, bias).map_err(TrainError::Head)?;
    Ok(Fitted { head, held_out })
}

/// The label of each text for this task; texts without one are never asked for.
fn labels_by_text(task: &Task, texts: usize) -> Vec<usize> {
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
