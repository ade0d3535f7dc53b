//! A BERT encoder that gradients can flow through.
//!
//! The networks of candle-transformers use fused operations that have no backward pass, so training
//! has its own graph of the same layers. Words, positions and types stay as they are: their tables
//! hold half of the weights, and tuning them on a few thousand texts teaches little that lasts.

use candle_core::{D, DType, Tensor, Var};
use candle_nn::ops;

use crate::model::weights::Weights;
use crate::model::{EncoderSpec, Padded};

/// Added to the attention score of a position where there is no token.
const NO_TOKEN: f64 = -1e9;

/// An encoder in training.
pub(super) struct Network {
    words: Tensor,
    positions: Tensor,
    types: Tensor,
    norm: (Tensor, Tensor),
    layers: Vec<Layer>,
    heads: usize,
    eps: f64,
    taps: Vec<usize>,
}

struct Layer {
    names: Vec<String>,
    vars: Vec<Var>,
}

/// Tensors of a layer in the order in which [`Layer::forward`] uses them.
const PARTS: [&str; 8] = [
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "attention.output.LayerNorm",
    "intermediate.dense",
    "output.dense",
    "output.LayerNorm",
];

impl Network {
    pub(super) fn new(spec: &EncoderSpec, weights: &Weights) -> candle_core::Result<Self> {
        if spec.hidden_act != "gelu" {
            candle_core::bail!("tuning knows the activation gelu only, not {:?}", spec.hidden_act);
        }
        let get = |name: &str| {
            weights.get(name).cloned().ok_or_else(|| candle_core::Error::Msg(format!("{name} is missing")))
        };
        let layers = (0..spec.layers)
            .map(|number| {
                let mut layer = Layer { names: Vec::new(), vars: Vec::new() };
                for part in PARTS {
                    for kind in ["weight", "bias"] {
                        let name = format!("encoder.layer.{number}.{part}.{kind}");
                        layer.vars.push(Var::from_tensor(&get(&name)?)?);
                        layer.names.push(name);
                    }
                }
                Ok(layer)
            })
            .collect::<candle_core::Result<_>>()?;
        Ok(Self {
            words: get("embeddings.word_embeddings.weight")?,
            positions: get("embeddings.position_embeddings.weight")?,
            types: get("embeddings.token_type_embeddings.weight")?,
            norm: (get("embeddings.LayerNorm.weight")?, get("embeddings.LayerNorm.bias")?),
            layers,
            heads: spec.attention_heads,
            eps: spec.layer_norm_eps,
            taps: spec.taps.clone(),
        })
    }

    /// What is tuned.
    pub(super) fn vars(&self) -> Vec<Var> {
        self.layers.iter().flat_map(|layer| layer.vars.iter().cloned()).collect()
    }

    /// Writes the tuned tensors over those they came from.
    pub(super) fn store(&self, weights: &mut Weights) {
        for layer in &self.layers {
            for (name, var) in layer.names.iter().zip(&layer.vars) {
                weights.insert(name.clone(), var.as_detached_tensor());
            }
        }
    }

    /// Features `[texts, taps × hidden]`: the mean hidden state at each tap, the last layer's at the end.
    pub(super) fn features(&self, batch: &Padded) -> candle_core::Result<Tensor> {
        let (texts, tokens) = batch.ids.dims2()?;
        let hidden = self.words.dim(1)?;
        let look_up = |table: &Tensor, ids: &Tensor| {
            table.index_select(&ids.flatten_all()?, 0)?.reshape((texts, tokens, hidden))
        };
        let mut x = (look_up(&self.words, &batch.ids)? + look_up(&self.types, &batch.type_ids)?)?
            .broadcast_add(&self.positions.narrow(0, 0, tokens)?)?;
        x = ops::layer_norm_slow(&x, &self.norm.0, &self.norm.1, self.eps as f32)?;
        let mask = batch.mask.to_dtype(DType::F32)?;
        let penalty = mask.affine(-NO_TOKEN, NO_TOKEN)?.unsqueeze(1)?.unsqueeze(1)?;
        let mask = mask.unsqueeze(2)?;
        let counts = mask.sum(1)?;
        let mut means = Vec::with_capacity(self.taps.len());
        for (number, layer) in self.layers.iter().enumerate() {
            x = layer.forward(&x, &penalty, self.heads, self.eps as f32)?;
            if self.taps.contains(&(number + 1)) {
                means.push(x.broadcast_mul(&mask)?.sum(1)?.broadcast_div(&counts)?);
            }
        }
        Tensor::cat(&means, D::Minus1)
    }
}

impl Layer {
    fn forward(&self, x: &Tensor, penalty: &Tensor, heads: usize, eps: f32) -> candle_core::Result<Tensor> {
        let (texts, tokens, hidden) = x.dims3()?;
        let width = hidden / heads;
        let split = |t: Tensor| t.reshape((texts, tokens, heads, width))?.transpose(1, 2)?.contiguous();
        let query = split(self.linear(0, x)?)?;
        let key = split(self.linear(1, x)?)?;
        let value = split(self.linear(2, x)?)?;
        let scores = (query.matmul(&key.t()?)? * (1.0 / (width as f64).sqrt()))?.broadcast_add(penalty)?;
        let mixed = ops::softmax(&scores, D::Minus1)?.matmul(&value)?;
        let mixed = mixed.transpose(1, 2)?.reshape((texts, tokens, hidden))?;
        let x = self.norm(4, &(self.linear(3, &mixed)? + x)?, eps)?;
        let wide = self.linear(5, &x)?.gelu_erf()?;
        self.norm(7, &(self.linear(6, &wide)? + &x)?, eps)
    }

    fn linear(&self, part: usize, x: &Tensor) -> candle_core::Result<Tensor> {
        let (texts, tokens, width) = x.dims3()?;
        let flat = x.reshape((texts * tokens, width))?.matmul(&self.vars[2 * part].t()?)?;
        flat.broadcast_add(&self.vars[2 * part + 1])?.reshape((texts, tokens, ()))
    }

    fn norm(&self, part: usize, x: &Tensor, eps: f32) -> candle_core::Result<Tensor> {
        ops::layer_norm_slow(x, &self.vars[2 * part], &self.vars[2 * part + 1], eps)
    }
}
