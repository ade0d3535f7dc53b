//! Heads that go on learning: a site's rows move the head that answers now, instead of replacing it.
//!
//! The fit begins at the head of the base, and its penalty draws back to there, so that few rows change little
//! and a label that no row has stays where it was. A label that the base does not know begins at zero. What a
//! text's own words say for the labels of the base stays too; of new labels they say nothing.

use super::calibrate::softmax_at;
use super::corpus::{Corpus, Task, Words, in_order};
use super::fit::{Beginning, Features, FitSettings, Linear, fit};
use super::heads::{FeaturesOf, Fitted, HeldOutRow, Split, calibrate, labels_by_text};
use super::train::TrainError;
use crate::model::{Bundle, BundleError, Head, TermWeights, Terms, Thresholds};

/// Penalties that are tried; the one with the best held-out likelihood is taken. They reach further up than
/// those of a head that begins anew: here the penalty holds to something that is known to be good.
const PENALTIES: [f64; 5] = [0.01, 0.03, 0.1, 0.3, 1.0];
/// A new label is automatic only if so many rows of it were held out at least.
const LEAST_PROOF: usize = 5;

/// The heads of a base that go on.
pub(super) struct Onward {
    heads: Vec<Head>,
    terms: Option<Terms>,
}

/// What a task's head was, seen from its new label set.
struct Former<'a> {
    head: &'a Head,
    /// For each label of the task its place in the former head.
    places: Vec<Option<usize>>,
    linear: Linear,
    /// What each text's own words add to the logits.
    extra: Features,
    terms: Option<TermWeights>,
}

impl Onward {
    /// The heads of `base` for the tasks of the corpus, whose label sets grow by those of the heads.
    pub(super) fn of(base: &Bundle, corpus: &mut Corpus) -> Result<Self, BundleError> {
        let (heads, terms) = (base.heads()?, base.terms()?);
        for task in &mut corpus.tasks {
            let Some(head) = heads.iter().find(|head| head.spec().task == task.name) else { continue };
            let mut labels = task.labels.clone();
            labels.extend(head.spec().labels.iter().filter(|label| !task.labels.contains(label)).cloned());
            labels.sort();
            task.relabel(in_order(labels));
        }
        Ok(Self { heads, terms })
    }

    /// Fits the head of a task further; `None` where the base has none. `splits` give held-out predictions for
    /// calibration.
    pub(super) fn fit(
        &self,
        task: &Task,
        corpus: &Corpus,
        features: FeaturesOf<'_>,
        splits: &[Split],
        auto_precision: f64,
        calibrated_on: &str,
    ) -> Result<Option<Fitted>, TrainError> {
        let Some(former) = self.former(task, &corpus.words, features)? else { return Ok(None) };
        let labels = labels_by_text(task, features.rows.len());
        let fitted = |places: &[usize], l2: f64| {
            let from = Beginning::Former { linear: &former.linear, extra: &former.extra };
            let settings = FitSettings { l2, ..FitSettings::default() };
            fit(from, features.rows, &labels, &task.texts(places), task.labels.len(), settings)
                .map_err(|source| TrainError::Fit { task: task.name.clone(), source })
        };
        let mut best = (f64::INFINITY, PENALTIES[2], Vec::new());
        for l2 in PENALTIES {
            let mut held_out = Vec::new();
            for split in splits {
                let linear = fitted(&split.train, l2)?;
                held_out.extend(former.held_out(task, features, &linear, split));
            }
            let loss = loss(&held_out);
            if loss < best.0 || best.2.is_empty() {
                best = (loss, l2, held_out);
            }
        }
        let (_, l2, held_out) = best;
        let all: Vec<usize> = (0..task.rows.len()).collect();
        let known = Known { head: former.head, places: &former.places };
        let linear = fitted(&all, l2)?;
        let mut fitted =
            calibrate(task, linear, features, held_out, (auto_precision, calibrated_on), Some(&known))?;
        fitted.head = fitted.head.with_terms(former.terms);
        Ok(Some(fitted))
    }

    fn former(
        &self,
        task: &Task,
        words: &[Words],
        features: FeaturesOf<'_>,
    ) -> Result<Option<Former<'_>>, TrainError> {
        let Some(head) = self.heads.iter().find(|head| head.spec().task == task.name) else {
            return Ok(None);
        };
        let of_head = &head.spec().labels;
        let places: Vec<Option<usize>> =
            task.labels.iter().map(|label| of_head.iter().position(|known| known == label)).collect();
        let width = features.rows.width();
        let (mut weight, mut bias) = (Vec::new(), Vec::new());
        for place in &places {
            match place.and_then(|place| head.row(place)).filter(|(row, _)| row.len() == width) {
                Some((row, of_label)) => {
                    weight.extend_from_slice(row);
                    bias.push(of_label);
                }
                None => {
                    weight.extend(std::iter::repeat_n(0.0, width));
                    bias.push(0.0);
                }
            }
        }
        let terms = head.terms().map(|terms| terms.relabelled(&places)).transpose();
        let terms = terms.map_err(|source| TrainError::Fit { task: task.name.clone(), source })?;
        let mut extra = Features::new(task.labels.len());
        for words in words {
            let mut logits = vec![0.0; task.labels.len()];
            if let (Some(weights), Some(terms)) = (&terms, &self.terms) {
                weights.add(&terms.row(&words.input()), &mut logits);
            }
            extra.push(&logits);
        }
        Ok(Some(Former { head, places, linear: Linear::new(weight, bias, width), extra, terms }))
    }
}

impl Former<'_> {
    /// What `linear` and the text's own words say of the rows that a split holds out.
    fn held_out(
        &self,
        task: &Task,
        features: FeaturesOf<'_>,
        linear: &Linear,
        split: &Split,
    ) -> Vec<HeldOutRow> {
        let rows =
            |places: &[usize]| -> Vec<(usize, usize)> { places.iter().map(|&p| task.rows[p]).collect() };
        let mut held_out = features.held_out(task, linear, &rows(&split.train), &rows(&split.held_out));
        for row in &mut held_out {
            row.logits.iter_mut().zip(self.extra.row(row.text)).for_each(|(logit, extra)| *logit += extra);
        }
        held_out
    }
}

fn loss(rows: &[HeldOutRow]) -> f64 {
    rows.iter().map(|row| -softmax_at(&row.logits, 1.0)[row.label].max(1e-9).ln()).sum()
}

/// What a former head had proved, for the label set of the new one.
pub(super) struct Known<'a> {
    head: &'a Head,
    places: &'a [Option<usize>],
}

impl Known<'_> {
    /// Its scope with means for labels that are new, from `means`; none where it had none.
    pub(super) fn scope(&self, means: &crate::model::Means) -> Option<crate::model::Scope> {
        let scope = self.head.scope()?;
        Some(crate::model::Scope { means: scope.means.relabelled(self.places, means), ..scope.clone() })
    }

    /// Thresholds where both had a say. Those of the new rows hold where they prove something. Where they are
    /// too few for that, the former ones stay, unless the new rows speak against them: among those that the
    /// former threshold accepts fewer are right than `wanted`. A new label of which hardly any row was held out
    /// is never automatic.
    pub(super) fn thresholds(
        &self,
        found: Thresholds,
        task: &Task,
        held_out: &[(usize, usize, Vec<f64>)],
        wanted: f64,
    ) -> Thresholds {
        let former = &self.head.spec().thresholds;
        let mut thresholds = found;
        if thresholds.auto >= 1.0 && !contradicted(former.auto, held_out, wanted) {
            thresholds.auto = former.auto;
            thresholds.suggest = former.suggest.min(former.auto);
            for (label, auto) in &former.auto_of {
                thresholds.auto_of.entry(label.clone()).or_insert(*auto);
            }
        }
        for (number, label) in task.labels.iter().enumerate() {
            let proof = held_out.iter().filter(|(_, truth, _)| *truth == number).count();
            let before = self.places[number].map(|_| former.limits(label, None).auto);
            if proof < LEAST_PROOF {
                let auto = before.map_or(Thresholds::NEVER, |before| before.max(thresholds.auto));
                thresholds.auto_of.insert(label.clone(), auto);
            }
        }
        thresholds
    }
}

/// Whether fewer than `wanted` of the rows that a threshold accepts are right.
fn contradicted(threshold: f32, held_out: &[(usize, usize, Vec<f64>)], wanted: f64) -> bool {
    let (mut accepted, mut right) = (0u32, 0u32);
    for (_, truth, probabilities) in held_out {
        let top = (0..probabilities.len()).max_by(|a, b| probabilities[*a].total_cmp(&probabilities[*b]));
        if let Some(top) = top.filter(|top| probabilities[*top] >= f64::from(threshold)) {
            accepted += 1;
            right += u32::from(top == *truth);
        }
    }
    f64::from(right) < wanted * f64::from(accepted)
}
