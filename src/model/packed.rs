//! The encoder on our own kernels: weights packed for this CPU, texts side by side without padding.

use std::path::Path;

use deskhand_kernels::{self as kernels, Activation, Invalid, Isa, Matrix, Precision, Shape, Text};

use super::encoder::{Desk, Encoder};
use super::manifest::EncoderSpec;
use super::weights::{self, Weights};
use super::{ModelError, Tokens};

/// BERT on a CPU, in f32 or in 8-bit integers.
#[derive(Debug)]
pub struct PackedEncoder {
    inner: kernels::Encoder,
}

impl PackedEncoder {
    /// Packs the weights of a bundle, for `isa` or the best that this CPU has.
    pub fn open(
        spec: &EncoderSpec,
        path: &Path,
        precision: Precision,
        isa: Option<Isa>,
    ) -> candle_core::Result<Self> {
        let mut matrices = weights::read_matrices(path)?;
        let mut take = |name: &str| matrices.remove(name).ok_or_else(|| missing(name));
        Self::build(spec, precision, isa, &mut take)
    }

    /// Packs weights that were read already.
    pub fn new(
        spec: &EncoderSpec,
        weights: &Weights,
        precision: Precision,
        isa: Option<Isa>,
    ) -> candle_core::Result<Self> {
        let mut take = |name: &str| {
            let tensor = weights.get(name).ok_or_else(|| missing(name))?;
            weights::f32_matrix(tensor).map_err(|e| Invalid(format!("{name}: {e}")))
        };
        Self::build(spec, precision, isa, &mut take)
    }

    fn build(
        spec: &EncoderSpec,
        precision: Precision,
        isa: Option<Isa>,
        take: &mut dyn FnMut(&str) -> Result<Matrix, Invalid>,
    ) -> candle_core::Result<Self> {
        let isa = isa.unwrap_or_else(Isa::detect);
        let inner =
            kernels::Encoder::new(shape(spec)?, precision, isa, take).map_err(candle_core::Error::wrap)?;
        Ok(Self { inner })
    }

    /// The instructions in use.
    pub fn isa(&self) -> Isa {
        self.inner.isa()
    }
}

impl Encoder for PackedEncoder {
    fn forward(&self, texts: &[Tokens], desk: &mut Desk) -> Result<Vec<Vec<f32>>, ModelError> {
        let inputs: Vec<Text<'_>> =
            texts.iter().map(|text| Text { ids: &text.ids, type_ids: &text.type_ids }).collect();
        let features = self
            .inner
            .forward(&inputs, &desk.team, &mut desk.scratch)
            .map_err(|e| ModelError::Inference(e.to_string()))?;
        Ok(features.chunks_exact(self.inner.features()).map(<[f32]>::to_vec).collect())
    }

    fn can_share(&self) -> bool {
        true
    }
}

fn missing(name: &str) -> Invalid {
    Invalid(format!("the tensor {name} is missing"))
}

fn shape(spec: &EncoderSpec) -> candle_core::Result<Shape> {
    #[expect(clippy::cast_possible_truncation, reason = "layer norms are computed in f32")]
    let eps = spec.layer_norm_eps as f32;
    Ok(Shape {
        hidden: spec.hidden_size,
        layers: spec.layers,
        heads: spec.attention_heads,
        inner: spec.intermediate_size,
        activation: match spec.hidden_act.as_str() {
            "gelu" => Activation::Gelu,
            "gelu_new" | "gelu_pytorch_tanh" => Activation::GeluTanh,
            "relu" => Activation::Relu,
            other => candle_core::bail!("hidden_act {other:?} is not one of gelu, gelu_new, relu"),
        },
        eps,
        taps: spec.taps.clone(),
    })
}

#[cfg(test)]
mod tests;
