//! What the words of a text themselves add to a head that was tuned with the encoder.
//!
//! A logistic regression over the text's terms is fitted beside the encoder, and its logits are added to the
//! head's with the weight that makes held-out rows likeliest; where that is none, the head goes without.

use super::baseline::BaselineSettings;
use super::baseline::logistic::Logistic;
use super::calibrate::{fit_temperature, softmax_at};
use super::corpus::{Corpus, Task, Words};
use super::encoder::TunedHeads;
use super::heads::HeldOutRow;
use super::train::TrainError;
use crate::model::{TermRow, TermWeights, Terms};

/// Most buckets.
const MOST_BUCKETS: usize = 1 << 14;
/// Most weights of one head while it is fitted; beyond it there are fewer buckets.
const MOST_WEIGHTS: usize = 2_500_000;
/// How much the terms' logits may count beside the head's own.
const SHARES: [f32; 8] = [0.0, 0.15, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0];
/// Strength of the regression's penalty, steps: as the baseline does well with.
const SETTINGS: BaselineSettings = BaselineSettings { min_df: 1, c: 10.0, max_steps: 60 };

/// The terms of all texts of a corpus.
#[derive(Debug)]
pub(super) struct Lexicon {
    pub(super) terms: Terms,
    rows: Vec<TermRow>,
}

/// What was fitted for one head.
pub(super) struct Lexical {
    /// For the head that ships; none where words add nothing.
    pub(super) weights: Option<TermWeights>,
    /// Rows that neither was fitted on, with the logits of head and terms together.
    pub(super) held_out: Vec<HeldOutRow>,
}

impl Lexicon {
    pub(super) fn new(corpus: &Corpus) -> Self {
        let labels = corpus.tasks.iter().map(|task| task.labels.len()).max().unwrap_or(1);
        let mut buckets = MOST_BUCKETS;
        while buckets * labels > MOST_WEIGHTS && buckets > 1 {
            buckets /= 2;
        }
        let terms = Terms::fit(corpus.words.iter().map(Words::input), buckets);
        let rows = corpus.words.iter().map(|words| terms.row(&words.input())).collect();
        Self { terms, rows }
    }

    /// Fits the terms of the task's head, on the rows that the encoder saw for the choice of their weight,
    /// and on all rows for what ships.
    pub(super) fn fit(
        &self,
        task: &Task,
        tuned: &TunedHeads,
        own: &[HeldOutRow],
    ) -> Result<Lexical, TrainError> {
        let seen = |text: usize| !tuned.kept_back[text];
        let first = self.weights(task, 1.0, seen)?;
        let added = |share: f32| -> Vec<HeldOutRow> {
            let with = |row: &HeldOutRow| {
                let mut terms = vec![0.0; row.logits.len()];
                first.add(&self.rows[row.text], &mut terms);
                let mut row = row.clone();
                row.logits.iter_mut().zip(&terms).for_each(|(logit, term)| *logit += share * term);
                row
            };
            own.iter().map(with).collect()
        };
        let (mut best, mut least) = (0.0, f64::INFINITY);
        for share in SHARES {
            let loss = likelihood(&added(share));
            // Ties, and what cannot be told, go to the smaller share.
            if loss < least {
                (best, least) = (share, loss);
            }
        }
        if best == 0.0 {
            return Ok(Lexical { weights: None, held_out: own.to_vec() });
        }
        let weights = self.weights(task, best, |_| true)?;
        Ok(Lexical { weights: Some(weights), held_out: added(best) })
    }

    /// The regression's weights times `share`, fitted on the rows whose text is `wanted`.
    fn weights(
        &self,
        task: &Task,
        share: f32,
        wanted: impl Fn(usize) -> bool,
    ) -> Result<TermWeights, TrainError> {
        let rows = task.rows.iter().filter(|(text, _)| wanted(*text));
        let chosen = rows.chain(&task.described);
        let (rows, labels): (Vec<TermRow>, Vec<usize>) =
            chosen.map(|&(text, label)| (self.rows[text].clone(), label)).unzip();
        let classes = task.labels.len();
        let fitted = Logistic::fit(&rows, self.terms.buckets(), &labels, classes, &SETTINGS);
        let weights = fitted.weights().into_iter().map(|weight| weight * share).collect();
        TermWeights::new(weights, classes)
            .map_err(|source| TrainError::Fit { task: task.name.clone(), source })
    }
}

/// Mean negative log-likelihood of the labels at the best temperature.
fn likelihood(rows: &[HeldOutRow]) -> f64 {
    let logits: Vec<Vec<f32>> = rows.iter().map(|row| row.logits.clone()).collect();
    let labels: Vec<usize> = rows.iter().map(|row| row.label).collect();
    let Ok(temperature) = fit_temperature(&logits, &labels) else { return f64::INFINITY };
    let loss = |(logits, label): (&Vec<f32>, &usize)| {
        -softmax_at(logits, temperature)[*label].max(f64::MIN_POSITIVE).ln()
    };
    logits.iter().zip(&labels).map(loss).sum::<f64>() / labels.len().max(1) as f64
}
