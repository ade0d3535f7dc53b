//! Heads: from mean hidden states to a calibrated distribution over a closed set of labels.

use candle_core::{Device, Tensor};

use super::manifest::HeadSpec;
use super::scope::Scope;
use super::terms::TermWeights;
use super::weights::Weights;

/// A linear head: logits = weight · features + bias, probabilities = softmax(logits / temperature).
#[derive(Debug, Clone)]
pub struct Head {
    spec: HeadSpec,
    /// A row for each label, a number for each feature.
    weight: Vec<f32>,
    bias: Vec<f32>,
    scope: Option<Scope>,
    /// What the text's own words add.
    terms: Option<TermWeights>,
}

impl Head {
    /// A head of the given weights: `weight` has a row for each label, `bias` a number for each.
    /// Errors tell which count does not fit.
    pub fn new(spec: HeadSpec, features: usize, weight: Vec<f32>, bias: Vec<f32>) -> Result<Self, String> {
        let labels = spec.labels.len();
        if labels < 2 {
            return Err(format!("the head {:?} has fewer than two labels", spec.task));
        }
        if weight.len() != labels * features || bias.len() != labels {
            return Err(format!(
                "the head {:?} has {labels} labels but {} weights and {} biases (expected {} and {labels})",
                spec.task,
                weight.len(),
                bias.len(),
                labels * features,
            ));
        }
        if !spec.temperature.is_finite() || spec.temperature <= 0.0 {
            return Err(format!("the head {:?} has the temperature {}", spec.task, spec.temperature));
        }
        Ok(Self { spec, weight, bias, scope: None, terms: None })
    }

    pub(super) fn from_weights(spec: HeadSpec, features: usize, weights: &Weights) -> Result<Self, String> {
        let task = spec.task.clone();
        let values = |part: &str| {
            let name = format!("{task}.{part}");
            let tensor = weights.get(&name).ok_or(format!("the tensor {name} is missing"))?;
            tensor.flatten_all().and_then(|t| t.to_vec1::<f32>()).map_err(|e| format!("{name}: {e}"))
        };
        let (weight, bias) = (values("weight")?, values("bias")?);
        let head = Self::new(spec, features, weight, bias)?;
        // Older bundles, and heads fitted on few rows, have none.
        if !weights.contains_key(&format!("{task}.scope")) {
            return Ok(head);
        }
        let scope = Scope::from_values(values("means")?, &values("scope")?, head.bias.len(), features);
        Ok(head.with_scope(scope.map_err(|e| format!("the head {task:?} cannot be used: {e}"))?))
    }

    pub(super) fn to_weights(&self) -> candle_core::Result<Vec<(String, Tensor)>> {
        let labels = self.bias.len();
        let shape = (labels, self.weight.len() / labels);
        let mut tensors = vec![
            ("weight", Tensor::from_slice(&self.weight, shape, &Device::Cpu)?),
            ("bias", Tensor::from_slice(&self.bias, labels, &Device::Cpu)?),
        ];
        if let Some(scope) = &self.scope {
            tensors.extend(scope.to_tensors()?);
        }
        let named = |(part, tensor)| (format!("{}.{part}", self.spec.task), tensor);
        Ok(tensors.into_iter().map(named).collect())
    }

    /// The same head with what it knows of the texts that its labels are for.
    pub fn with_scope(self, scope: Scope) -> Self {
        Self { scope: Some(scope), ..self }
    }

    /// How surely a text belongs to one of the labels (see [`Scope::score`]), and from which score on it
    /// does; `None` where the head cannot tell.
    pub fn scope_score(&self, features: &[f32]) -> Option<(f32, f32)> {
        let scope = self.scope.as_ref()?;
        let signs = scope.means.signs(features, &self.logits(features, &[]));
        Some((scope.score(signs), scope.from))
    }

    /// Whether a text belongs to one of the labels; `None` where the head cannot tell, as of one that is
    /// likeliest of a label known by its description alone.
    pub fn in_scope(&self, features: &[f32]) -> Option<bool> {
        let scope = self.scope.as_ref()?;
        let logits = self.logits(features, &[]);
        let inside = scope.score(scope.means.signs(features, &logits)) >= scope.from;
        let likeliest = self.calibrated(&logits).top().0;
        (!self.spec.thresholds.is_never(likeliest)).then_some(inside)
    }

    /// The head with weights for the text's own words, which the bundle's terms must fit.
    #[must_use]
    pub fn with_terms(self, terms: Option<TermWeights>) -> Self {
        Self { terms, ..self }
    }

    /// Weights for the text's own words, where it has them.
    pub fn terms(&self) -> Option<&TermWeights> {
        self.terms.as_ref()
    }

    /// What it knows of the texts that its labels are for, where it can tell.
    pub fn scope(&self) -> Option<&Scope> {
        self.scope.as_ref()
    }

    /// The weights and the bias of the label at this place, without those of the text's own words.
    pub fn row(&self, label: usize) -> Option<(&[f32], f32)> {
        let width = self.weight.len() / self.bias.len().max(1);
        Some((self.weight.get(label * width..(label + 1) * width)?, *self.bias.get(label)?))
    }

    /// Task, labels, thresholds.
    pub fn spec(&self) -> &HeadSpec {
        &self.spec
    }

    /// Raw scores, one for each label, before temperature and softmax. `features` are a text's, as many as
    /// the bundle's encoder gives; `terms` are its own words, in the bundle's buckets.
    pub fn logits(&self, features: &[f32], terms: &[(u32, f32)]) -> Vec<f32> {
        let mut logits: Vec<f32> = self
            .weight
            .chunks_exact(features.len().max(1))
            .zip(&self.bias)
            .map(|(row, bias)| row.iter().zip(features).map(|(w, x)| w * x).sum::<f32>() + bias)
            .collect();
        if let Some(weights) = &self.terms {
            weights.add(terms, &mut logits);
        }
        logits
    }

    /// The calibrated distribution over the labels.
    pub fn distribution(&self, features: &[f32], terms: &[(u32, f32)]) -> Distribution<'_> {
        self.calibrated(&self.logits(features, terms))
    }

    fn calibrated(&self, logits: &[f32]) -> Distribution<'_> {
        Distribution { labels: &self.spec.labels, probabilities: softmax(logits, self.spec.temperature) }
    }
}

/// softmax(logits / temperature); sums to 1.
fn softmax(logits: &[f32], temperature: f32) -> Vec<f32> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f32> = logits.iter().map(|x| ((x - largest) / temperature).exp()).collect();
    let sum: f32 = powers.iter().sum();
    powers.into_iter().map(|x| x / sum).collect()
}

/// Probabilities over a closed set of labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Distribution<'a> {
    labels: &'a [String],
    probabilities: Vec<f32>,
}

impl<'a> Distribution<'a> {
    /// Labels with their probabilities, most likely first.
    pub fn ranking(&self) -> Vec<(&'a str, f32)> {
        let mut ranking: Vec<_> =
            self.labels.iter().map(String::as_str).zip(self.probabilities.iter().copied()).collect();
        ranking.sort_by(|a, b| b.1.total_cmp(&a.1));
        ranking
    }

    /// The most likely label and its probability.
    pub fn top(&self) -> (&'a str, f32) {
        let best = |best: (&'a str, f32), next: (&'a str, f32)| if next.1 > best.1 { next } else { best };
        self.labels
            .iter()
            .map(String::as_str)
            .zip(self.probabilities.iter().copied())
            .fold(("", f32::NEG_INFINITY), best)
    }

    /// The probability of `label`; 0 for a label that the head does not know.
    pub fn probability(&self, label: &str) -> f32 {
        self.labels.iter().position(|l| l == label).map_or(0.0, |i| self.probabilities[i])
    }

    /// Probabilities in the order of the head's labels.
    pub fn probabilities(&self) -> &[f32] {
        &self.probabilities
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::model::{Reads, Thresholds};
    use proptest::prelude::*;

    fn spec(labels: usize, temperature: f32) -> HeadSpec {
        HeadSpec {
            task: "category".into(),
            reads: Reads::Ticket,
            labels: (0..labels).map(|i| format!("label {i}")).collect(),
            temperature,
            calibrated_on: None,
            thresholds: Thresholds::new(0.8, 0.4),
        }
    }

    proptest! {
        #[test]
        fn probabilities_sum_to_one_and_rank_like_the_logits(
            pooled in prop::collection::vec(-5f32..5.0, 4),
            weight in prop::collection::vec(-5f32..5.0, 12),
            temperature in 0.1f32..10.0,
        ) {
            let head = Head::new(spec(3, temperature), 4, weight, vec![0.0, 0.1, -0.2]).unwrap();
            let distribution = head.distribution(&pooled, &[]);
            prop_assert!((distribution.probabilities().iter().sum::<f32>() - 1.0).abs() < 1e-4);
            let logits = head.logits(&pooled, &[]);
            let best = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let (top, _) = distribution.top();
            let top_index: usize = top.trim_start_matches("label ").parse().unwrap();
            prop_assert!((logits[top_index] - best).abs() < 1e-3);
            prop_assert_eq!(distribution.ranking()[0].1, distribution.top().1);
        }
    }

    #[test]
    fn a_head_of_the_wrong_size_is_refused_with_both_counts() {
        let error = Head::new(spec(3, 1.0), 4, vec![0.0; 11], vec![0.0; 3]).unwrap_err();
        assert!(error.contains("11") && error.contains("12"), "{error}");
    }
}
