//! The encoder: token ids in, the features of each text out.

use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertEncoder, BertModel, Config, HiddenAct, PositionEmbeddingType};

use deskhand_kernels::{Scratch, Team};

use super::manifest::EncoderSpec;
use super::weights::Weights;
use super::{ModelError, Tokens};

/// A forward pass through a transformer.
pub trait Encoder: Send + Sync {
    /// The features of each text: its mean hidden states at the encoder's taps, side by side. A text's
    /// features do not depend on the texts beside it.
    fn forward(&self, texts: &[Tokens], desk: &mut Desk) -> Result<Vec<Vec<f32>>, ModelError>;

    /// Whether helpers of a desk's team make a pass faster.
    fn can_share(&self) -> bool {
        false
    }
}

/// What one worker works with: room for intermediate numbers, and a team that idle workers may join.
#[derive(Debug, Default)]
pub struct Desk {
    /// Idle workers that call [`Team::help`] share the pass that runs here.
    pub team: Arc<Team>,
    pub(super) scratch: Scratch,
}

/// The portable encoder: candle's BERT in f32, on the CPU or, with the feature `cuda`, on a card.
pub struct CandleEncoder {
    /// Embeddings and the layers up to the first tap.
    lower: BertModel,
    /// The layers between one tap and the next.
    upper: Vec<BertEncoder>,
    device: Device,
}

impl CandleEncoder {
    /// Builds the network from a bundle's weights.
    pub fn new(spec: &EncoderSpec, weights: Weights) -> candle_core::Result<Self> {
        let device = Device::cuda_if_available(0)?;
        Self::build(spec, VarBuilder::from_tensors(weights, DType::F32, &device), device)
    }

    fn build(spec: &EncoderSpec, vars: VarBuilder<'_>, device: Device) -> candle_core::Result<Self> {
        let shape = config(spec)?;
        let layers = |count| Config { num_hidden_layers: count, ..shape.clone() };
        let first = spec.taps.first().copied().unwrap_or(spec.layers);
        let lower = BertModel::load(vars.clone(), &layers(first))?;
        let upper = spec
            .taps
            .windows(2)
            .map(|tap| {
                let from = tap[0];
                BertEncoder::load(shifted(vars.clone(), from), &layers(tap[1] - from))
            })
            .collect::<candle_core::Result<_>>()?;
        Ok(Self { lower, upper, device })
    }

    /// Hidden states at each tap, `[texts, tokens, hidden]`.
    fn hidden(&self, ids: &Tensor, type_ids: &Tensor, mask: &Tensor) -> candle_core::Result<Vec<Tensor>> {
        let mut states = vec![self.lower.forward(ids, type_ids, Some(mask))?];
        // As candle's BertModel makes it: 0 where a token is, the lowest number where none is.
        let absent = mask.to_dtype(DType::F32)?.affine(-1.0, 1.0)?.unsqueeze(1)?.unsqueeze(1)?;
        let penalty = (absent * f64::from(f32::MIN))?;
        for layers in &self.upper {
            if let Some(below) = states.last() {
                states.push(layers.forward(below, &penalty)?);
            }
        }
        Ok(states)
    }

    fn forward_one(&self, text: &Tokens) -> candle_core::Result<Vec<f32>> {
        let ids = Tensor::new(text.ids.as_slice(), &self.device)?.unsqueeze(0)?;
        let type_ids = Tensor::new(text.type_ids.as_slice(), &self.device)?.unsqueeze(0)?;
        let means = self
            .hidden(&ids, &type_ids, &ids.ones_like()?)?
            .iter()
            .map(|state| state.squeeze(0)?.mean(0))
            .collect::<candle_core::Result<Vec<_>>>()?;
        Tensor::cat(&means, 0)?.to_vec1()
    }

    /// Padded to the longest: worth it only where one launch costs more than the padding.
    fn forward_padded(&self, texts: &[Tokens]) -> candle_core::Result<Vec<Vec<f32>>> {
        let Padded { ids, type_ids, mask } = Padded::new(texts, &self.device)?;
        let states = self.hidden(&ids, &type_ids, &mask)?;
        let mask = mask.to_dtype(DType::F32)?.unsqueeze(2)?;
        let counts = mask.sum(1)?;
        let means = states
            .iter()
            .map(|state| state.broadcast_mul(&mask)?.sum(1)?.broadcast_div(&counts))
            .collect::<candle_core::Result<Vec<_>>>()?;
        Tensor::cat(&means, 1)?.to_vec2()
    }
}

/// Texts side by side, padded to the longest, each `[texts, tokens]`.
struct Padded {
    /// Vocabulary ids, 0 where there is no token.
    ids: Tensor,
    /// Which sequence a token is of.
    type_ids: Tensor,
    /// 1 where a token is, 0 where none is.
    mask: Tensor,
}

impl Padded {
    fn new(texts: &[Tokens], device: &Device) -> candle_core::Result<Self> {
        let longest = texts.iter().map(|text| text.ids.len()).max().unwrap_or(0);
        let shape = (texts.len(), longest);
        let padded = |field: fn(&Tokens) -> &[u32]| {
            let rows = texts.iter().flat_map(|text| {
                let row = field(text);
                row.iter().copied().chain(std::iter::repeat_n(0, longest - row.len()))
            });
            Tensor::from_iter(rows, device)?.reshape(shape)
        };
        let mask = texts.iter().flat_map(|text| (0..longest).map(|i| u32::from(i < text.ids.len())));
        Ok(Self {
            ids: padded(|text| &text.ids)?,
            type_ids: padded(|text| &text.type_ids)?,
            mask: Tensor::from_iter(mask, device)?.reshape(shape)?,
        })
    }
}

/// Lets layers be asked for from 0 again, above the first `from`.
fn shifted(vars: VarBuilder<'_>, from: usize) -> VarBuilder<'_> {
    vars.rename_f(move |name| match name.strip_prefix("layer.").and_then(|rest| rest.split_once('.')) {
        Some((number, rest)) => {
            let number = number.parse::<usize>().unwrap_or(0);
            format!("encoder.layer.{}.{rest}", number + from)
        }
        None => name.to_string(),
    })
}

impl Encoder for CandleEncoder {
    fn forward(&self, texts: &[Tokens], _: &mut Desk) -> Result<Vec<Vec<f32>>, ModelError> {
        if self.device.is_cpu() {
            texts.iter().map(|text| self.forward_one(text)).collect::<candle_core::Result<_>>()
        } else {
            self.forward_padded(texts)
        }
        .map_err(|e| ModelError::Inference(e.to_string()))
    }
}

pub(super) fn config(spec: &EncoderSpec) -> candle_core::Result<Config> {
    let hidden_act = match spec.hidden_act.as_str() {
        "gelu" => HiddenAct::Gelu,
        "gelu_new" | "gelu_pytorch_tanh" => HiddenAct::GeluApproximate,
        "relu" => HiddenAct::Relu,
        other => candle_core::bail!("hidden_act {other:?} is not one of gelu, gelu_new, relu"),
    };
    Ok(Config {
        vocab_size: spec.vocab_size,
        hidden_size: spec.hidden_size,
        num_hidden_layers: spec.layers,
        num_attention_heads: spec.attention_heads,
        intermediate_size: spec.intermediate_size,
        hidden_act,
        hidden_dropout_prob: 0.0,
        max_position_embeddings: spec.max_positions,
        type_vocab_size: spec.type_vocab_size,
        layer_norm_eps: spec.layer_norm_eps,
        position_embedding_type: PositionEmbeddingType::Absolute,
        model_type: Some("bert".into()),
        ..Config::default()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn spec() -> EncoderSpec {
        EncoderSpec {
            architecture: "bert".into(),
            weights: "encoder.safetensors".into(),
            vocab_size: 50,
            hidden_size: 12,
            layers: 3,
            attention_heads: 3,
            intermediate_size: 20,
            hidden_act: "gelu".into(),
            max_positions: 32,
            type_vocab_size: 2,
            layer_norm_eps: 1e-12,
            taps: vec![1, 3],
            max_tokens: 32,
        }
    }

    fn small_encoder() -> CandleEncoder {
        let varmap = candle_nn::VarMap::new();
        let vars = VarBuilder::from_varmap(&varmap, DType::F32, &Device::Cpu);
        // Loading the whole network first makes every tensor exist before the shifted names are looked up.
        BertModel::load(vars.clone(), &config(&spec()).unwrap()).unwrap();
        CandleEncoder::build(&spec(), vars, Device::Cpu).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn a_padded_batch_equals_its_singles(
            texts in prop::collection::vec(prop::collection::vec(1u32..50, 1..32), 1..6)
        ) {
            let encoder = small_encoder();
            let texts: Vec<Tokens> = texts
                .into_iter()
                .map(|ids| Tokens { type_ids: vec![0; ids.len()], ids, truncated: false })
                .collect();
            let batch = encoder.forward_padded(&texts).unwrap();
            for (text, row) in texts.iter().zip(batch) {
                let single = encoder.forward_one(text).unwrap();
                for (a, b) in row.iter().zip(single) {
                    prop_assert!((a - b).abs() < 1e-4, "{a} {b}");
                }
            }
        }
    }

    #[test]
    fn tapping_a_layer_changes_nothing_above_it() {
        let varmap = candle_nn::VarMap::new();
        let vars = VarBuilder::from_varmap(&varmap, DType::F32, &Device::Cpu);
        let whole = BertModel::load(vars.clone(), &config(&spec()).unwrap()).unwrap();
        let tapped = CandleEncoder::build(&spec(), vars, Device::Cpu).unwrap();
        let text = Tokens { ids: vec![3, 7, 11, 2], type_ids: vec![0; 4], truncated: false };
        let ids = Tensor::new(text.ids.as_slice(), &Device::Cpu).unwrap().unsqueeze(0).unwrap();
        let expected = whole.forward(&ids, &ids.zeros_like().unwrap(), None).unwrap();
        let expected: Vec<f32> = expected.squeeze(0).unwrap().mean(0).unwrap().to_vec1().unwrap();
        let features = tapped.forward_one(&text).unwrap();
        assert_eq!(features.len(), 24);
        for (a, b) in features[12..].iter().zip(expected) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }

    #[test]
    fn an_unknown_activation_is_named() {
        let spec = EncoderSpec { hidden_act: "swish".into(), ..spec() };
        assert!(config(&spec).unwrap_err().to_string().contains("swish"));
    }
}
