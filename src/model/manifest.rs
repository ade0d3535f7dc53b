//! What `bundle.toml` says of a bundle.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::p1::P1Point;
use super::search::SearchSpec;

/// What `bundle.toml` says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the bundle format; see [`FORMAT`].
    pub format: u32,
    /// Name of the bundle, as answers give it.
    pub name: String,
    /// Version of the bundle, as answers give it.
    pub version: String,
    /// Version of the label sets: it changes when a task or a label is added, renamed or removed.
    pub taxonomy: String,
    /// Languages (ISO 639-1) in which the heads were trained; in others they abstain.
    pub languages: Vec<String>,
    /// Where the encoder comes from.
    pub base: Base,
    /// The encoder's shape.
    pub encoder: EncoderSpec,
    /// When to act on a priority; there if the bundle has heads for impact and urgency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Thresholds>,
    /// From which P(P1) on how many P1 were found on rows that the heads were not fitted on, recall rising;
    /// absent in older bundles. P1 here is what the default matrix makes of impact and urgency.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub p1: Vec<P1Point>,
    /// How the search reads embeddings; absent where it takes them as the encoder gives them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<SearchSpec>,
    /// One head for each task.
    #[serde(default)]
    pub heads: Vec<HeadSpec>,
    /// SHA-256 of each file in the folder but this one, lower-case hexadecimal.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
}

impl Manifest {
    /// What answers say about the model that gave them.
    pub fn model_name(&self) -> ModelName {
        ModelName { name: self.name.clone(), version: self.version.clone(), taxonomy: self.taxonomy.clone() }
    }
}

/// The model that gave an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ModelName {
    /// Name of the bundle.
    pub name: String,
    /// Version of the bundle.
    pub version: String,
    /// Version of its label sets.
    pub taxonomy: String,
}

/// The pretrained model under a bundle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Base {
    /// Its name.
    pub name: String,
    /// Its licence, as an SPDX expression.
    pub licence: String,
}

/// Shape of a BERT-family encoder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderSpec {
    /// Family; `bert` is the one known.
    pub architecture: String,
    /// File of the weights.
    pub weights: String,
    /// Rows of the word embedding.
    pub vocab_size: usize,
    /// Width of a hidden state and of the embedding.
    pub hidden_size: usize,
    /// Transformer layers.
    pub layers: usize,
    /// Attention heads a layer; divides `hidden_size`.
    pub attention_heads: usize,
    /// Width of the feed-forward layer.
    pub intermediate_size: usize,
    /// Activation of the feed-forward layer: `gelu`, `gelu_new` or `relu`.
    pub hidden_act: String,
    /// Rows of the position embedding.
    pub max_positions: usize,
    /// Rows of the type embedding.
    pub type_vocab_size: usize,
    /// Added to variances in layer norms.
    pub layer_norm_eps: f64,
    /// Layers (from 1) whose mean hidden states the heads see side by side, rising, the last layer at the
    /// end. The upper layers of a sentence encoder forget what does not help similarity: of an untuned
    /// one, heads for impact and urgency read the lower layers better.
    pub taps: Vec<usize>,
    /// Longest text in tokens, special ones included; at most `max_positions`.
    pub max_tokens: usize,
}

impl EncoderSpec {
    /// Numbers that a head sees of a text: `hidden_size` for each tap.
    pub fn features(&self) -> usize {
        self.taps.len() * self.hidden_size
    }

    /// What does not fit together, in words.
    pub(super) fn problem(&self) -> Option<String> {
        let rising = self.taps.windows(2).all(|pair| pair[0] < pair[1]);
        if !rising
            || self.taps.first().is_none_or(|first| *first == 0)
            || self.taps.last() != Some(&self.layers)
        {
            Some(format!(
                "encoder.taps must rise from 1 at least to the last layer, {}; found {:?}",
                self.layers, self.taps
            ))
        } else if self.max_tokens < 8 || self.max_tokens > self.max_positions {
            Some(format!("encoder.max_tokens must be between 8 and {}", self.max_positions))
        } else if self.attention_heads == 0 || !self.hidden_size.is_multiple_of(self.attention_heads) {
            Some("encoder.attention_heads must divide encoder.hidden_size".into())
        } else {
            None
        }
    }
}

/// A head: one task over the mean hidden states.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadSpec {
    /// Task, for instance `category` or `aspect/speed`.
    pub task: String,
    /// What kind of text it was trained on.
    pub reads: Reads,
    /// The closed set of labels, in the order of the head's outputs.
    pub labels: Vec<String>,
    /// Divides the logits before the softmax (Guo et al. 2017); 1 changes nothing.
    pub temperature: f32,
    /// On what data the temperature and thresholds were fitted; absent when they were not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibrated_on: Option<String>,
    /// When to act.
    pub thresholds: Thresholds,
}

/// The kind of text that a head reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reads {
    /// A ticket: subject and cleaned body.
    Ticket,
    /// A survey comment, with its question where there is one.
    Survey,
}

/// Confidences (0..1) from which a prediction is acted on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// From here on the decision is `auto`, for labels that have no threshold of their own. Above 1 it never
    /// is, whatever a site sets: nothing has shown how often this would be right.
    pub auto: f32,
    /// From here on it is `suggest`, below `abstain`.
    pub suggest: f32,
    /// Predicted label → from where on the decision is `auto`, for labels whose held-out rows proved that
    /// they need another threshold than the rest.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub auto_of: BTreeMap<String, f32>,
}

/// What holds for one predicted label.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// From this confidence (0..1) on the decision is `auto`.
    pub auto: f32,
    /// From here on it is `suggest`, below `abstain`; never above `auto`.
    pub suggest: f32,
}

impl Thresholds {
    /// Where nothing shows how often `auto` would be right.
    pub const NEVER: f32 = 2.0;

    /// The same for all labels.
    pub fn new(auto: f32, suggest: f32) -> Self {
        Self { auto, suggest, auto_of: BTreeMap::new() }
    }

    /// What holds where `label` is predicted. A threshold that the site has set wins over all of the bundle's,
    /// unless that is never to be automatic.
    pub fn limits(&self, label: &str, of_site: Option<f32>) -> Limits {
        let own = self.auto_of.get(label).copied().unwrap_or(self.auto);
        let auto = of_site.filter(|_| !never(own)).unwrap_or(own);
        Limits { auto, suggest: self.suggest.min(auto) }
    }

    /// Whether `label` is never automatic.
    pub fn is_never(&self, label: &str) -> bool {
        never(self.limits(label, None).auto)
    }

    /// These with what the site has set for all labels.
    #[must_use]
    pub fn with_site(&self, auto: f32) -> Self {
        let auto = if never(self.auto) { self.auto } else { auto };
        let auto_of = self.auto_of.iter().filter(|(_, own)| never(**own));
        let auto_of = auto_of.map(|(label, own)| (label.clone(), *own)).collect();
        Self { auto, suggest: self.suggest.min(auto), auto_of }
    }
}

fn never(auto: f32) -> bool {
    auto > 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_makes_nothing_automatic_that_nothing_speaks_for() {
        let never = Thresholds::NEVER;
        let mut thresholds = Thresholds::new(0.9, 0.5);
        thresholds.auto_of = [("early".into(), 0.7), ("new".into(), never)].into();
        let auto = |label| thresholds.limits(label, Some(0.6)).auto;
        assert_eq!([auto("any"), auto("early"), auto("new")], [0.6, 0.6, never]);
        let with_site = thresholds.with_site(0.6);
        assert_eq!((with_site.auto, with_site.auto_of), (0.6, [("new".into(), never)].into()));
        assert_eq!(
            Thresholds::new(never, 0.5).limits("any", Some(0.6)),
            Limits { auto: never, suggest: 0.5 }
        );
    }
}
