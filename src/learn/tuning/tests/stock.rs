//! The same encoder as a graph of candle's own operations: the definition that the tests compare with, and
//! what the bench is measured against.

use candle_core::{D, Device, Result, Tensor, Var};
use candle_nn::ops;

use super::{EncoderSpec, Tokens, Weights};

/// Added to the attention score of a position where there is no token.
const NO_TOKEN: f64 = -1e9;

/// An encoder whose layers are variables.
pub(crate) struct Stock<'a> {
    spec: &'a EncoderSpec,
    weights: &'a Weights,
    vars: Vec<(String, Var)>,
}

/// Tensors of a layer in the order in which [`Stock::layer`] uses them.
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

impl<'a> Stock<'a> {
    pub(crate) fn new(spec: &'a EncoderSpec, weights: &'a Weights) -> Result<Self> {
        let mut vars = Vec::new();
        for number in 0..spec.layers {
            for part in PARTS {
                for kind in ["weight", "bias"] {
                    let name = format!("encoder.layer.{number}.{part}.{kind}");
                    let var = Var::from_tensor(&weights[&name])?;
                    vars.push((name, var));
                }
            }
        }
        Ok(Self { spec, weights, vars })
    }

    /// The variables by their names in checkpoints.
    pub(crate) fn vars(&self) -> &[(String, Var)] {
        &self.vars
    }

    /// Features `[texts, taps × hidden]` of texts that are padded to the longest.
    pub(crate) fn features(&self, texts: &[&Tokens]) -> Result<Tensor> {
        let longest = texts.iter().map(|text| text.ids.len()).max().unwrap_or(0);
        let padded = |field: fn(&Tokens) -> &[u32]| {
            let row = |text: &&Tokens| [field(text), &vec![0; longest - text.ids.len()]].concat();
            Tensor::from_vec(
                texts.iter().flat_map(row).collect::<Vec<u32>>(),
                texts.len() * longest,
                &Device::Cpu,
            )
        };
        let there = texts.iter().flat_map(|text| (0..longest).map(|i| f32::from(i < text.ids.len())));
        let mask = Tensor::from_iter(there, &Device::Cpu)?.reshape((texts.len(), longest))?;
        let table = |part: &str| &self.weights[&format!("embeddings.{part}")];
        let hidden = (texts.len(), longest, self.spec.hidden_size);
        let words = table("word_embeddings.weight").index_select(&padded(|text| &text.ids)?, 0)?;
        let types = table("token_type_embeddings.weight").index_select(&padded(|text| &text.type_ids)?, 0)?;
        let positions = table("position_embeddings.weight").narrow(0, 0, longest)?;
        let x = (words + types)?.reshape(hidden)?.broadcast_add(&positions)?;
        let norm = (table("LayerNorm.weight"), table("LayerNorm.bias"));
        let mut x = ops::layer_norm_slow(&x, norm.0, norm.1, self.spec.layer_norm_eps as f32)?;
        let penalty = mask.affine(-NO_TOKEN, NO_TOKEN)?.unsqueeze(1)?.unsqueeze(1)?;
        let mask = mask.unsqueeze(2)?;
        let counts = mask.sum(1)?;
        let mut means = Vec::new();
        for (number, vars) in self.vars.chunks(2 * PARTS.len()).enumerate() {
            x = self.layer(vars, &x, &penalty)?;
            if self.spec.taps.contains(&(number + 1)) {
                means.push(x.broadcast_mul(&mask)?.sum(1)?.broadcast_div(&counts)?);
            }
        }
        Tensor::cat(&means, D::Minus1)
    }

    fn layer(&self, vars: &[(String, Var)], x: &Tensor, penalty: &Tensor) -> Result<Tensor> {
        let (texts, tokens, hidden) = x.dims3()?;
        let heads = self.spec.attention_heads;
        let width = hidden / heads;
        let linear = |part: usize, x: &Tensor| {
            let (weight, bias) = (&vars[2 * part].1, &vars[2 * part + 1].1);
            let flat = x.reshape((texts * tokens, ()))?.matmul(&weight.t()?)?;
            flat.broadcast_add(bias)?.reshape((texts, tokens, ()))
        };
        let norm = |part: usize, x: &Tensor| {
            let (gain, shift) = (&vars[2 * part].1, &vars[2 * part + 1].1);
            ops::layer_norm_slow(x, gain, shift, self.spec.layer_norm_eps as f32)
        };
        let split = |t: Tensor| t.reshape((texts, tokens, heads, width))?.transpose(1, 2)?.contiguous();
        let (query, key, value) = (split(linear(0, x)?)?, split(linear(1, x)?)?, split(linear(2, x)?)?);
        let scores = (query.matmul(&key.t()?)? * (1.0 / (width as f64).sqrt()))?.broadcast_add(penalty)?;
        let mixed = ops::softmax(&scores, D::Minus1)?.matmul(&value)?;
        let mixed = mixed.transpose(1, 2)?.reshape((texts, tokens, hidden))?;
        let x = norm(4, &(linear(3, &mixed)? + x)?)?;
        let wide = linear(5, &x)?.gelu_erf()?;
        norm(7, &(linear(6, &wide)? + &x)?)
    }
}
