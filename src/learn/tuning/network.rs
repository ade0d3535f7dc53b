//! A BERT encoder that gradients are computed through.
//!
//! Written out forward and backward over the operations of `deskhand-kernels`, on texts that lie one after
//! the other without padding. It is no part of candle's graph: candle adds each gradient to zeros of its
//! own, which for these sizes takes as long as a good part of the products. Words, positions and types
//! stay as they are: their tables hold half of the weights, and tuning them on a few thousand texts teaches
//! little that lasts.

use std::ops::Range;

use candle_core::{Device, Result, Tensor};
use deskhand_kernels::Isa;
use deskhand_kernels::training::{Arithmetic, Factors, Heads, LayerNorm};

use super::layer::{Layer, Room, Shape, TENSORS, Trace};
use super::optimizer::Optimizer;
use crate::model::weights::Weights;
use crate::model::{EncoderSpec, Tokens};

/// An encoder in training.
#[derive(Debug)]
pub(super) struct Network {
    arithmetic: Arithmetic,
    shape: Shape,
    tables: Tables,
    /// Layers, the first of them below those that are tuned, each with its numbers in the order of
    /// [`TENSORS`].
    frozen: Vec<Vec<f32>>,
    /// The numbers of the layers that are tuned, one layer after the other.
    tuned: Vec<f32>,
    /// Layers, counted from 1, whose mean hidden states are a part of the features.
    taps: Vec<usize>,
}

/// What tokens are looked up in.
#[derive(Debug)]
struct Tables {
    words: Vec<f32>,
    positions: Vec<f32>,
    types: Vec<f32>,
    gain: Vec<f32>,
    shift: Vec<f32>,
}

impl Network {
    /// Takes the weights by the names of checkpoints; only the upper `layers` will be tuned.
    pub(super) fn new(
        spec: &EncoderSpec,
        weights: &Weights,
        layers: usize,
        factors: Factors,
    ) -> Result<Self> {
        if spec.hidden_act != "gelu" {
            candle_core::bail!("tuning knows the activation gelu only, not {:?}", spec.hidden_act);
        }
        let table = |part: &str| numbers(weights, &format!("embeddings.{part}"));
        let tables = Tables {
            words: table("word_embeddings.weight")?,
            positions: table("position_embeddings.weight")?,
            types: table("token_type_embeddings.weight")?,
            gain: table("LayerNorm.weight")?,
            shift: table("LayerNorm.bias")?,
        };
        let layer = |number: usize| {
            let tensors = TENSORS.iter().map(|part| numbers(weights, &name(number, part)));
            Ok(tensors.collect::<Result<Vec<_>>>()?.concat())
        };
        let first = spec.layers.saturating_sub(layers);
        let frozen = (0..first).map(layer).collect::<Result<_>>()?;
        let tuned = (first..spec.layers).map(layer).collect::<Result<Vec<_>>>()?.concat();
        let width = spec.hidden_size / spec.attention_heads.max(1);
        let shape = Shape {
            hidden: spec.hidden_size,
            inner: spec.intermediate_size,
            heads: Heads { count: spec.attention_heads, width },
            eps: spec.layer_norm_eps as f32,
        };
        let arithmetic = Arithmetic::new(Isa::detect(), factors);
        let network = Self { arithmetic, shape, tables, frozen, tuned, taps: spec.taps.clone() };
        network.check(spec)?;
        Ok(network)
    }

    /// Whether the tensors are as large as the shape says.
    fn check(&self, spec: &EncoderSpec) -> Result<()> {
        let Shape { hidden, heads, .. } = self.shape;
        let layer = self.shape.numbers();
        let tables = &self.tables;
        let fits = heads.count * heads.width == hidden
            && self.frozen.iter().all(|numbers| numbers.len() == layer)
            && self.tuned.len() == (spec.layers - self.frozen.len()) * layer
            && tables.words.len() == spec.vocab_size * hidden
            && tables.positions.len() == spec.max_positions * hidden
            && tables.types.len() == spec.type_vocab_size * hidden
            && tables.gain.len() == hidden
            && tables.shift.len() == hidden;
        if !fits {
            candle_core::bail!("the base model's tensors do not have the shapes that its manifest says");
        }
        Ok(())
    }

    /// How many numbers are tuned.
    pub(super) fn len(&self) -> usize {
        self.tuned.len()
    }

    /// Writes the tuned tensors over those they came from.
    pub(super) fn store(&self, weights: &mut Weights) -> Result<()> {
        let mut rest = self.tuned.as_slice();
        for number in self.frozen.len()..self.layers() {
            for part in TENSORS {
                if let Some(tensor) = weights.get_mut(&name(number, part)) {
                    let (numbers, after) = rest.split_at(tensor.elem_count());
                    *tensor = Tensor::from_slice(numbers, tensor.dims(), &Device::Cpu)?;
                    rest = after;
                }
            }
        }
        Ok(())
    }

    /// Moves what is tuned against the sum of the gradients, each layer at a rate of its own.
    pub(super) fn step(
        &mut self,
        optimizer: &mut Optimizer,
        rates: &[f64],
        gradients: &[&[f32]],
        threads: usize,
    ) {
        optimizer.step(&self.arithmetic, rates, gradients, &mut self.tuned, threads);
    }

    /// Layers that are tuned.
    pub(super) fn tuned_layers(&self) -> usize {
        self.tuned.len() / self.shape.numbers()
    }

    /// All numbers that are tuned.
    pub(super) fn tuned(&self) -> &[f32] {
        &self.tuned
    }

    /// Puts other numbers in their place, as many.
    pub(super) fn set_tuned(&mut self, numbers: &[f32]) {
        self.tuned.copy_from_slice(numbers);
    }

    /// The kernels.
    pub(super) fn arithmetic(&self) -> &Arithmetic {
        &self.arithmetic
    }

    fn layers(&self) -> usize {
        self.frozen.len() + self.tuned_layers()
    }

    fn layer<'a>(&'a self, number: usize, texts: &'a [Range<usize>]) -> Layer<'a> {
        let weights = match self.frozen.get(number) {
            Some(numbers) => numbers,
            None => &self.tuned[self.place(number)],
        };
        Layer { arithmetic: &self.arithmetic, shape: &self.shape, weights, texts }
    }

    /// Where the numbers of a tuned layer lie among all that are tuned.
    fn place(&self, number: usize) -> Range<usize> {
        let start = (number - self.frozen.len()) * self.shape.numbers();
        start..start + self.shape.numbers()
    }
}

fn name(layer: usize, part: &str) -> String {
    format!("encoder.layer.{layer}.{part}")
}

fn numbers(weights: &Weights, name: &str) -> Result<Vec<f32>> {
    match weights.get(name) {
        Some(tensor) => tensor.flatten_all()?.to_vec1(),
        None => candle_core::bail!("{name} is missing"),
    }
}

/// What one thread works with: the states of its texts on the way forward, and room for the way back.
/// Grows to what the largest share needed.
#[derive(Debug, Default)]
pub(super) struct Pass {
    texts: Vec<Range<usize>>,
    /// The input of each layer, and the output of the last.
    states: Vec<Vec<f32>>,
    /// Of each tuned layer.
    traces: Vec<Trace>,
    /// Of the layer in work, where it is not tuned.
    spare: Trace,
    room: Room,
    gradient: Vec<f32>,
}

impl Pass {
    /// Features `[texts, taps × hidden]`: the mean hidden state at each tap, the last layer's at the end.
    pub(super) fn forward(&mut self, network: &Network, texts: &[&Tokens]) -> Result<Vec<f32>> {
        let hidden = network.shape.hidden;
        self.embed(network, texts)?;
        self.traces.resize_with(network.layers() - network.frozen.len(), Trace::default);
        let mut features = vec![0.0; texts.len() * network.taps.len() * hidden];
        for number in 0..network.layers() {
            let (below, above) = self.states.split_at_mut(number + 1);
            let (Some(input), Some(output)) = (below.last(), above.first_mut()) else { continue };
            let trace = match number.checked_sub(network.frozen.len()) {
                Some(tuned) => &mut self.traces[tuned],
                None => &mut self.spare,
            };
            network.layer(number, &self.texts).forward(input, trace, &mut self.room, output);
            if let Some(tap) = network.taps.iter().position(|&tap| tap == number + 1) {
                let places = features.chunks_exact_mut(network.taps.len() * hidden);
                for (text, features) in self.texts.iter().zip(places) {
                    let mean = &mut features[tap * hidden..(tap + 1) * hidden];
                    network.arithmetic.column_sums(&output[rows(text, hidden)], mean);
                    mean.iter_mut().for_each(|x| *x /= text.len() as f32);
                }
            }
        }
        Ok(features)
    }

    /// Sums of the three embeddings, normalised, as the first layer's input; and room for the others'.
    fn embed(&mut self, network: &Network, texts: &[&Tokens]) -> Result<()> {
        let Shape { hidden, eps, .. } = network.shape;
        let Tables { words, positions, types, gain, shift } = &network.tables;
        self.texts.clear();
        let mut sums = Vec::new();
        for text in texts {
            let start = sums.len() / hidden;
            for (position, (&id, &kind)) in text.ids.iter().zip(&text.type_ids).enumerate() {
                let row = |entry: usize| entry * hidden..(entry + 1) * hidden;
                let (id, kind) = (id as usize, kind as usize);
                let rows = (words.get(row(id)), positions.get(row(position)), types.get(row(kind)));
                let (Some(word), Some(position), Some(kind)) = rows else {
                    candle_core::bail!("a text does not fit the encoder: id {id}, position {position}");
                };
                sums.extend(word.iter().zip(position).zip(kind).map(|((a, b), c)| a + b + c));
            }
            let end = sums.len() / hidden;
            if start == end {
                candle_core::bail!("a text has no tokens");
            }
            self.texts.push(start..end);
        }
        self.states.resize_with(network.layers() + 1, Vec::new);
        self.states.iter_mut().for_each(|state| state.resize(sums.len(), 0.0));
        let mut scales = vec![0.0; sums.len() / hidden];
        let norm = LayerNorm { gain, shift, eps };
        network.arithmetic.layer_norm(norm, None, &mut sums, &mut scales, &mut self.states[0]);
        Ok(())
    }

    /// The gradients of what is tuned, from that of the features which `forward` gave.
    pub(super) fn backward(&mut self, network: &Network, features: &[f32], to: &mut [f32]) {
        let first = network.frozen.len();
        self.gradient.clear();
        self.gradient.resize(self.states[0].len(), 0.0);
        for number in (first..network.layers()).rev() {
            if let Some(tap) = network.taps.iter().position(|&tap| tap == number + 1) {
                self.add_mean_gradient(network, tap, features);
            }
            network.layer(number, &self.texts).backward(
                &self.states[number],
                &self.traces[number - first],
                &mut self.room,
                &mut self.gradient,
                &mut to[network.place(number)],
                number > first,
            );
        }
    }

    /// Every token of a text has the same part in its mean.
    fn add_mean_gradient(&mut self, network: &Network, tap: usize, features: &[f32]) {
        let hidden = network.shape.hidden;
        for (text, features) in self.texts.iter().zip(features.chunks_exact(network.taps.len() * hidden)) {
            let mean = &features[tap * hidden..(tap + 1) * hidden];
            for row in self.gradient[rows(text, hidden)].chunks_exact_mut(hidden) {
                row.iter_mut().zip(mean).for_each(|(x, mean)| *x += mean / text.len() as f32);
            }
        }
    }
}

/// Where the hidden states of a text lie.
fn rows(text: &Range<usize>, hidden: usize) -> Range<usize> {
    text.start * hidden..text.end * hidden
}
