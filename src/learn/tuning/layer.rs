//! One transformer layer, forward and backward, over the tokens of several texts that lie one after the
//! other; only attention looks at the borders.

use std::ops::Range;

use deskhand_kernels::training::{Arithmetic, Heads, LayerNorm, Matrix, Onto};

/// What a layer's shape is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) hidden: usize,
    pub(super) inner: usize,
    pub(super) heads: Heads,
    pub(super) eps: f32,
}

/// Tensors of a layer by the names of checkpoints, in the order in which its numbers lie in memory: such
/// that queries, keys and values are one matrix with one bias.
pub(super) const TENSORS: [&str; 16] = [
    "attention.self.query.weight",
    "attention.self.key.weight",
    "attention.self.value.weight",
    "attention.self.query.bias",
    "attention.self.key.bias",
    "attention.self.value.bias",
    "attention.output.dense.weight",
    "attention.output.dense.bias",
    "attention.output.LayerNorm.weight",
    "attention.output.LayerNorm.bias",
    "intermediate.dense.weight",
    "intermediate.dense.bias",
    "output.dense.weight",
    "output.dense.bias",
    "output.LayerNorm.weight",
    "output.LayerNorm.bias",
];

/// A layer's numbers (weights or gradients) by what they are for.
struct Parts<T> {
    attend: Linear<T>,
    attended: Linear<T>,
    attention_norm: Norm<T>,
    inner: Linear<T>,
    outer: Linear<T>,
    output_norm: Norm<T>,
}

/// y = x Wᵀ + b.
struct Linear<T> {
    weight: T,
    bias: T,
}

struct Norm<T> {
    gain: T,
    shift: T,
}

impl<T> Parts<T> {
    /// `take` cuts off so many numbers, in the order of [`TENSORS`].
    fn new(shape: &Shape, take: &mut impl FnMut(usize) -> T) -> Self {
        let Shape { hidden, inner, .. } = *shape;
        Self {
            attend: Linear::new(3 * hidden, hidden, take),
            attended: Linear::new(hidden, hidden, take),
            attention_norm: Norm::new(hidden, take),
            inner: Linear::new(inner, hidden, take),
            outer: Linear::new(hidden, inner, take),
            output_norm: Norm::new(hidden, take),
        }
    }
}

impl<T> Linear<T> {
    fn new(rows: usize, columns: usize, take: &mut impl FnMut(usize) -> T) -> Self {
        Self { weight: take(rows * columns), bias: take(rows) }
    }
}

impl<T> Norm<T> {
    fn new(width: usize, take: &mut impl FnMut(usize) -> T) -> Self {
        Self { gain: take(width), shift: take(width) }
    }
}

impl Shape {
    /// Numbers of one layer.
    pub(super) fn numbers(&self) -> usize {
        let mut sum = 0;
        Parts::new(self, &mut |len| sum += len);
        sum
    }

    fn weights<'a>(&self, mut numbers: &'a [f32]) -> Parts<&'a [f32]> {
        Parts::new(self, &mut |len| {
            let (part, rest) = numbers.split_at(len);
            numbers = rest;
            part
        })
    }

    fn gradients<'a>(&self, numbers: &'a mut [f32]) -> Parts<&'a mut [f32]> {
        let mut numbers = Some(numbers);
        Parts::new(self, &mut |len| {
            let (part, rest) = numbers.take().unwrap_or_default().split_at_mut(len);
            numbers = Some(rest);
            part
        })
    }
}

/// What the way forward keeps for the way back.
#[derive(Debug, Default)]
pub(super) struct Trace {
    /// Queries, keys and values.
    attend: Vec<f32>,
    context: Vec<f32>,
    attention_norm: Normed,
    /// What the feed-forward block gets.
    middle: Vec<f32>,
    /// Its inner states before the activation.
    inner: Vec<f32>,
    output_norm: Normed,
}

/// What a layer norm keeps.
#[derive(Debug, Default)]
struct Normed {
    units: Vec<f32>,
    scales: Vec<f32>,
}

impl Trace {
    fn resize(&mut self, shape: &Shape, tokens: usize) {
        let Shape { hidden, inner, .. } = *shape;
        self.attend.resize(tokens * 3 * hidden, 0.0);
        self.inner.resize(tokens * inner, 0.0);
        for rows in
            [&mut self.context, &mut self.attention_norm.units, &mut self.middle, &mut self.output_norm.units]
        {
            rows.resize(tokens * hidden, 0.0);
        }
        self.attention_norm.scales.resize(tokens, 0.0);
        self.output_norm.scales.resize(tokens, 0.0);
    }
}

/// Room for what is not kept from one layer to the next.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// Inner states after the activation.
    active: Vec<f32>,
    active_gradient: Vec<f32>,
    context_gradient: Vec<f32>,
    attend_gradient: Vec<f32>,
}

/// A layer to be run: its shape, its weights, and the borders of the texts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layer<'a> {
    pub(super) arithmetic: &'a Arithmetic,
    pub(super) shape: &'a Shape,
    pub(super) weights: &'a [f32],
    pub(super) texts: &'a [Range<usize>],
}

impl Layer<'_> {
    /// `output` = the layer's hidden states.
    pub(super) fn forward(&self, input: &[f32], trace: &mut Trace, room: &mut Room, output: &mut [f32]) {
        let Shape { hidden, inner, heads, .. } = *self.shape;
        let tokens = input.len() / hidden;
        trace.resize(self.shape, tokens);
        room.active.resize(tokens * inner, 0.0);
        let weights = self.shape.weights(self.weights);
        self.linear(&weights.attend, input, &mut trace.attend);
        for text in self.texts {
            let attend = &trace.attend[3 * hidden * text.start..3 * hidden * text.end];
            let context = &mut trace.context[hidden * text.start..hidden * text.end];
            self.arithmetic.attention(heads, attend, context);
        }
        self.linear(&weights.attended, &trace.context, &mut trace.attention_norm.units);
        self.norm(&weights.attention_norm, input, &mut trace.attention_norm, &mut trace.middle);
        self.linear(&weights.inner, &trace.middle, &mut trace.inner);
        self.arithmetic.gelu(&trace.inner, &mut room.active);
        self.linear(&weights.outer, &room.active, &mut trace.output_norm.units);
        self.norm(&weights.output_norm, &trace.middle, &mut trace.output_norm, output);
    }

    fn linear(&self, linear: &Linear<&[f32]>, input: &[f32], output: &mut [f32]) {
        let width = linear.weight.len() / linear.bias.len();
        let weight = Matrix::rows(linear.weight, width).transposed();
        self.arithmetic.product(Matrix::rows(input, width), weight, Onto::Bias(linear.bias), output);
    }

    fn norm(&self, norm: &Norm<&[f32]>, addend: &[f32], normed: &mut Normed, output: &mut [f32]) {
        let how = LayerNorm { gain: norm.gain, shift: norm.shift, eps: self.shape.eps };
        let Normed { units, scales } = normed;
        self.arithmetic.layer_norm(how, Some(addend), units, scales, output);
    }

    /// The gradients of the layer's weights, from that of its output, which becomes that of its input if
    /// `further`; otherwise it is of no more use.
    pub(super) fn backward(
        &self,
        input: &[f32],
        trace: &Trace,
        room: &mut Room,
        gradient: &mut [f32],
        to: &mut [f32],
        further: bool,
    ) {
        let Shape { hidden, heads, .. } = *self.shape;
        let weights = self.shape.weights(self.weights);
        let to = self.shape.gradients(to);
        let Room { active, active_gradient, context_gradient, attend_gradient } = room;
        active.resize(trace.inner.len(), 0.0);
        active_gradient.resize(trace.inner.len(), 0.0);
        context_gradient.resize(trace.context.len(), 0.0);
        attend_gradient.resize(trace.attend.len(), 0.0);

        self.norm_backward(&weights.output_norm, &trace.output_norm, gradient, to.output_norm);
        self.input_gradient(&weights.outer, gradient, Onto::Nothing, active_gradient);
        self.arithmetic.gelu_backward(&trace.inner, active, active_gradient);
        self.weight_gradient(gradient, active, to.outer);
        self.weight_gradient(active_gradient, &trace.middle, to.inner);
        self.input_gradient(&weights.inner, active_gradient, Onto::Itself, gradient);

        self.norm_backward(&weights.attention_norm, &trace.attention_norm, gradient, to.attention_norm);
        self.input_gradient(&weights.attended, gradient, Onto::Nothing, context_gradient);
        self.weight_gradient(gradient, &trace.context, to.attended);
        for text in self.texts {
            let attend = 3 * hidden * text.start..3 * hidden * text.end;
            let context = &context_gradient[hidden * text.start..hidden * text.end];
            let to = &mut attend_gradient[attend.clone()];
            self.arithmetic.attention_backward(heads, &trace.attend[attend], context, to);
        }
        self.weight_gradient(attend_gradient, input, to.attend);
        if further {
            self.input_gradient(&weights.attend, attend_gradient, Onto::Itself, gradient);
        }
    }

    fn norm_backward(
        &self,
        norm: &Norm<&[f32]>,
        normed: &Normed,
        gradient: &mut [f32],
        to: Norm<&mut [f32]>,
    ) {
        let kept = (normed.units.as_slice(), normed.scales.as_slice());
        self.arithmetic.layer_norm_backward(norm.gain, kept, gradient, (to.gain, to.shift));
    }

    /// dx = dy W.
    fn input_gradient(&self, linear: &Linear<&[f32]>, gradient: &[f32], onto: Onto<'_>, to: &mut [f32]) {
        let rows = linear.bias.len();
        let weight = Matrix::rows(linear.weight, linear.weight.len() / rows);
        self.arithmetic.product(Matrix::rows(gradient, rows), weight, onto, to);
    }

    /// dW = dyᵀ x, db = the sum of dy over the tokens.
    fn weight_gradient(&self, gradient: &[f32], input: &[f32], to: Linear<&mut [f32]>) {
        let rows = to.bias.len();
        let width = to.weight.len() / rows;
        let gradients = Matrix::rows(gradient, rows).transposed();
        self.arithmetic.product(gradients, Matrix::rows(input, width), Onto::Nothing, to.weight);
        self.arithmetic.column_sums(gradient, to.bias);
    }
}
