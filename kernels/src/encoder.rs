//! The encoder: packed weights, and what is needed to run them.

use crate::kernels::Kernels;
use crate::memory::Aligned;
use crate::packed::{Matrix, PackedF32, PackedInt8, padded};
use crate::pass::Pass;
use crate::rows::Grid;
use crate::team::Team;
use crate::{Activation, Isa};

/// The shape of a BERT encoder.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// Width of the hidden states.
    pub hidden: usize,
    /// Transformer layers.
    pub layers: usize,
    /// Attention heads; they divide the hidden width.
    pub heads: usize,
    /// Width of the feed-forward blocks.
    pub inner: usize,
    /// Between the two products of a feed-forward block.
    pub activation: Activation,
    /// Added to the variance in layer norms.
    pub eps: f32,
    /// Layers, counted from 1 and rising, whose mean hidden state is a part of a text's features.
    pub taps: Vec<usize>,
}

/// In which numbers the linear layers are computed; everything else is in f32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// 32-bit floats.
    F32,
    /// 8-bit integers: weights with a scale for each output channel, activations with a scale and a zero
    /// for each token, found while running. In the last third of the layers queries, keys and values get
    /// 16 bits of their input, by a second product with what the rounding left over: of all places this
    /// is where rounding moves the embedding most.
    Int8,
}

/// Weights that do not make an encoder, or a text that it cannot read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid(pub String);

impl std::fmt::Display for Invalid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Invalid {}

/// The token ids of one text, and for each which sequence it is of.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    /// Vocabulary ids.
    pub ids: &'a [u32],
    /// As many as `ids`.
    pub type_ids: &'a [u32],
}

#[derive(Debug)]
pub(crate) enum Linear {
    F32(PackedF32),
    Int8(PackedInt8),
}

impl Linear {
    pub(crate) fn columns(&self) -> usize {
        match self {
            Self::F32(packed) => packed.columns,
            Self::Int8(packed) => packed.columns,
        }
    }
}

/// Gain and shift of a layer norm, padded with zeros.
#[derive(Debug)]
pub(crate) struct Norm {
    pub(crate) gain: Aligned<f32>,
    pub(crate) shift: Aligned<f32>,
}

#[derive(Debug)]
pub(crate) struct Layer {
    /// Queries, keys and values in one product.
    pub(crate) attend: Linear,
    /// Whether that product also takes what rounding its input left over.
    pub(crate) refined: bool,
    pub(crate) attended: Linear,
    pub(crate) attention_norm: Norm,
    pub(crate) inner: Linear,
    pub(crate) outer: Linear,
    pub(crate) output_norm: Norm,
}

/// A BERT encoder with its weights packed for this CPU. Shared by all threads.
#[derive(Debug)]
pub struct Encoder {
    pub(crate) shape: Shape,
    pub(crate) precision: Precision,
    pub(crate) kernels: Kernels,
    isa: Isa,
    pub(crate) words: Matrix,
    pub(crate) positions: Matrix,
    pub(crate) types: Matrix,
    pub(crate) norm: Norm,
    pub(crate) layers: Vec<Layer>,
}

/// What a pass writes between its beginning and its end; grows to what the largest pass needed.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(crate) hidden: Rows,
    /// What rounding the hidden states left over; bytes only.
    pub(crate) rest: Rows,
    pub(crate) context: Rows,
    pub(crate) inner: Rows,
    /// Queries, keys and values.
    pub(crate) attend: Aligned<f32>,
    pub(crate) features: Vec<f32>,
}

/// Rows of floats, and the same in 8 bits.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) floats: Aligned<f32>,
    pub(crate) bytes: Aligned<u8>,
    pub(crate) grids: Vec<Grid>,
}

impl Encoder {
    /// Packs the weights that `tensor` gives by the names that BERT checkpoints use (without a prefix;
    /// vectors as one row). `isa` is taken as it is if the CPU has it, else the portable kernels run.
    pub fn new(
        shape: Shape,
        precision: Precision,
        isa: Isa,
        tensor: &mut dyn FnMut(&str) -> Result<Matrix, Invalid>,
    ) -> Result<Self, Invalid> {
        shape.check()?;
        let isa = if isa.is_available() { isa } else { Isa::Portable };
        let kernels = Kernels::new(isa);
        let mut source = Source { tensor, precision, f32_columns: kernels.f32_columns };
        let words = source.table("embeddings.word_embeddings.weight", shape.hidden)?;
        let positions = source.table("embeddings.position_embeddings.weight", shape.hidden)?;
        let types = source.table("embeddings.token_type_embeddings.weight", shape.hidden)?;
        let norm = source.norm("embeddings.LayerNorm", shape.hidden)?;
        let layers = (0..shape.layers).map(|n| source.layer(n, &shape)).collect::<Result<_, _>>()?;
        Ok(Self { shape, precision, kernels, isa, words, positions, types, norm, layers })
    }

    /// The instructions that are used.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Numbers in the features of one text.
    pub fn features(&self) -> usize {
        self.shape.taps.len() * self.shape.hidden
    }

    /// The features of each text, one after the other: its mean hidden states at the taps. A text's
    /// features do not depend on the texts beside it, to the bit. The stages of the pass are shared with
    /// whoever helps `team`. A `scratch` is for one encoder.
    pub fn forward<'s>(
        &self,
        texts: &[Text<'_>],
        team: &Team,
        scratch: &'s mut Scratch,
    ) -> Result<&'s [f32], Invalid> {
        texts.iter().try_for_each(|text| self.check(text))?;
        Pass::new(self, texts, team, scratch).run(texts);
        Ok(&scratch.features[..texts.len() * self.features()])
    }

    fn check(&self, text: &Text<'_>) -> Result<(), Invalid> {
        let invalid = |detail: String| Err(Invalid(detail));
        if text.ids.is_empty() || text.ids.len() != text.type_ids.len() {
            return invalid(format!("{} ids with {} types", text.ids.len(), text.type_ids.len()));
        }
        if text.ids.len() > self.positions.rows {
            return invalid(format!("{} tokens, but at most {}", text.ids.len(), self.positions.rows));
        }
        if let Some(id) = text.ids.iter().find(|&&id| id as usize >= self.words.rows) {
            return invalid(format!("the id {id} in a vocabulary of {}", self.words.rows));
        }
        if let Some(id) = text.type_ids.iter().find(|&&id| id as usize >= self.types.rows) {
            return invalid(format!("the sequence {id} of {}", self.types.rows));
        }
        Ok(())
    }
}

impl Shape {
    fn check(&self) -> Result<(), Invalid> {
        let rising = self.taps.windows(2).all(|pair| pair[0] < pair[1]);
        let within = self.taps.iter().all(|tap| (1..=self.layers).contains(tap));
        if self.hidden == 0 || self.inner == 0 || self.heads == 0 || !self.hidden.is_multiple_of(self.heads) {
            return Err(Invalid(format!("{} heads over a width of {}", self.heads, self.hidden)));
        }
        if self.taps.is_empty() || !rising || !within {
            return Err(Invalid(format!("taps {:?} of {} layers", self.taps, self.layers)));
        }
        Ok(())
    }
}

/// Takes weights by name, checks their shapes and packs them.
struct Source<'a> {
    tensor: &'a mut dyn FnMut(&str) -> Result<Matrix, Invalid>,
    precision: Precision,
    f32_columns: usize,
}

impl Source<'_> {
    fn table(&mut self, name: &str, columns: usize) -> Result<Matrix, Invalid> {
        let matrix = (self.tensor)(name)?;
        if matrix.columns != columns || matrix.rows == 0 || !matrix.is_whole() {
            let shape = (matrix.rows, matrix.columns);
            return Err(Invalid(format!("{name} has the shape {shape:?}; {columns} columns are needed")));
        }
        Ok(matrix)
    }

    fn matrix(&mut self, name: &str, rows: usize, columns: usize) -> Result<Matrix, Invalid> {
        let matrix = self.table(name, columns)?;
        if matrix.rows != rows {
            let shape = (matrix.rows, matrix.columns);
            return Err(Invalid(format!("{name} has the shape {shape:?}; {rows} rows are needed")));
        }
        Ok(matrix)
    }

    fn vector(&mut self, name: &str, len: usize) -> Result<Vec<f32>, Invalid> {
        Ok(self.matrix(name, 1, len)?.row(0))
    }

    fn norm(&mut self, name: &str, width: usize) -> Result<Norm, Invalid> {
        let mut part = |part: &str| -> Result<Aligned<f32>, Invalid> {
            let values = self.vector(&format!("{name}.{part}"), width)?;
            Ok(Aligned::from_padded(values.into_iter(), padded(width)))
        };
        Ok(Norm { gain: part("weight")?, shift: part("bias")? })
    }

    /// The layers of these names, side by side.
    fn linear(&mut self, names: &[String], rows: usize, columns: usize) -> Result<Linear, Invalid> {
        let mut parts = Vec::with_capacity(names.len());
        for name in names {
            let weight = self.matrix(&format!("{name}.weight"), rows, columns)?;
            parts.push((weight, self.vector(&format!("{name}.bias"), rows)?));
        }
        let parts: Vec<_> = parts.iter().map(|(weight, bias)| (weight, bias.as_slice())).collect();
        Ok(match self.precision {
            Precision::F32 => Linear::F32(PackedF32::new(&parts, self.f32_columns)),
            Precision::Int8 => Linear::Int8(PackedInt8::new(&parts)),
        })
    }

    fn layer(&mut self, number: usize, shape: &Shape) -> Result<Layer, Invalid> {
        let name = |part: &str| format!("encoder.layer.{number}.{part}");
        let attend = ["query", "key", "value"].map(|part| name(&format!("attention.self.{part}")));
        let (hidden, inner) = (shape.hidden, shape.inner);
        Ok(Layer {
            attend: self.linear(&attend, hidden, hidden)?,
            refined: self.precision == Precision::Int8 && number >= shape.layers - shape.layers / 3,
            attended: self.linear(&[name("attention.output.dense")], hidden, hidden)?,
            attention_norm: self.norm(&name("attention.output.LayerNorm"), hidden)?,
            inner: self.linear(&[name("intermediate.dense")], inner, hidden)?,
            outer: self.linear(&[name("output.dense")], hidden, inner)?,
            output_norm: self.norm(&name("output.LayerNorm"), hidden)?,
        })
    }
}

#[cfg(test)]
mod tests;
