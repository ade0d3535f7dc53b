//! What training computes, forward and backward, for one thread; each pair of functions says what the
//! first keeps for the second. Matrices lie row after row without gaps. The sums of a product are in f32
//! whatever its factors are rounded to, and so is everything else.

pub(crate) mod adam;
pub(crate) mod attention;
pub(crate) mod bf16;
pub(crate) mod gelu;
pub(crate) mod norm;
pub(crate) mod product;
mod table;

use crate::Isa;
use crate::attention::Head;
use adam::Moving;
use attention::HeadBackward;
use norm::{Norm, NormBackward};
use product::{Base, Factor, Product};
use table::{RoundedProduct, Table};

pub use adam::AdamW;

/// The operations, for this CPU. They panic where lengths do not fit together.
#[derive(Debug, Clone, Copy)]
pub struct Arithmetic {
    table: Table,
    /// Where factors are rounded.
    rounded: Option<RoundedProduct>,
}

/// What becomes of the factors of a product; sums are in f32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factors {
    /// They stay as they are.
    F32,
    /// They are rounded to bfloat16, to nearest and even, where the CPU is faster with it.
    Bf16,
}

/// A factor of a product.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    values: &'a [f32],
    width: usize,
    transposed: bool,
}

impl<'a> Matrix<'a> {
    /// Rows of `width` numbers.
    pub fn rows(values: &'a [f32], width: usize) -> Self {
        rows(values, width);
        Self { values, width, transposed: false }
    }

    /// The same numbers with rows as columns.
    #[must_use]
    pub fn transposed(self) -> Self {
        Self { transposed: !self.transposed, ..self }
    }

    /// Rows and columns.
    fn shape(&self) -> (usize, usize) {
        let lines = self.values.len() / self.width;
        if self.transposed { (self.width, lines) } else { (lines, self.width) }
    }

    fn factor(&self) -> Factor {
        Factor { first: self.values.as_ptr(), stride: self.width, transposed: self.transposed }
    }
}

/// What the sums of a product are added to.
#[derive(Debug, Clone, Copy)]
pub enum Onto<'a> {
    /// Nothing.
    Nothing,
    /// These numbers in every row.
    Bias(&'a [f32]),
    /// What stands there already.
    Itself,
}

/// Gain and shift of a layer norm, and what it adds to the variance.
#[derive(Debug, Clone, Copy)]
pub struct LayerNorm<'a> {
    /// One number for each channel.
    pub gain: &'a [f32],
    /// One number for each channel.
    pub shift: &'a [f32],
    /// Added to the variance.
    pub eps: f32,
}

/// The heads of an attention.
#[derive(Debug, Clone, Copy)]
pub struct Heads {
    /// How many.
    pub count: usize,
    /// Channels of each.
    pub width: usize,
}

impl Heads {
    fn head(&self, number: usize, attend: &[f32], (output, output_stride): (*mut f32, usize)) -> Head {
        let part = self.count * self.width;
        Head {
            tokens: rows(attend, 3 * part),
            width: self.width,
            input: attend.as_ptr().wrapping_add(number * self.width),
            part,
            input_stride: 3 * part,
            output: output.wrapping_add(number * self.width),
            output_stride,
        }
    }
}

impl Arithmetic {
    /// By the instructions of `isa`, if the CPU has them, else by the portable kernels.
    pub fn new(isa: Isa, factors: Factors) -> Self {
        let isa = if isa.is_available() { isa } else { Isa::Portable };
        let rounded = if factors == Factors::Bf16 { table::rounded(isa) } else { None };
        Self { table: Table::new(isa), rounded }
    }

    /// What becomes of factors, on this CPU.
    pub fn factors(&self) -> Factors {
        if self.rounded.is_some() { Factors::Bf16 } else { Factors::F32 }
    }

    /// `c` = `a` × `b` and what the sums are added `onto`.
    pub fn product(&self, a: Matrix<'_>, b: Matrix<'_>, onto: Onto<'_>, c: &mut [f32]) {
        let ((rows, depth), (lines, columns)) = (a.shape(), b.shape());
        assert!(depth > 0 && depth == lines && c.len() == rows * columns, "a product's shapes fit together");
        let base = match onto {
            Onto::Nothing => Base::Nothing,
            Onto::Bias(bias) => {
                assert_eq!(bias.len(), columns, "a bias for each column");
                Base::Bias(bias.as_ptr())
            }
            Onto::Itself => Base::Itself,
        };
        let (a, b) = (a.factor(), b.factor());
        let product = Product { rows, depth, columns, a, b, c: c.as_mut_ptr(), base };
        // SAFETY: the shapes fit together; the table is for instructions that the CPU has, here and below.
        match self.rounded {
            Some(rounded) => bf16::with_scratch(|scratch| unsafe { rounded(&product, scratch) }),
            None => product::with_scratch(|scratch| unsafe { (self.table.product)(&product, scratch) }),
        }
    }

    /// `sums` = the sum of the rows of `from`, which are as long as `sums`.
    pub fn column_sums(&self, from: &[f32], sums: &mut [f32]) {
        let rows = rows(from, sums.len());
        // SAFETY: so many rows are there.
        unsafe { (self.table.column_sums)(from.as_ptr(), rows, sums.len(), sums.as_mut_ptr()) }
    }

    /// `to` = GELU of `from`.
    pub fn gelu(&self, from: &[f32], to: &mut [f32]) {
        assert_eq!(from.len(), to.len(), "a result for each number");
        // SAFETY: both are of that length.
        unsafe { (self.table.gelu)(from.as_ptr(), to.as_mut_ptr(), from.len()) }
    }

    /// The gradient of GELU's result becomes that of `from`; `to` = GELU of `from` again.
    pub fn gelu_backward(&self, from: &[f32], to: &mut [f32], gradient: &mut [f32]) {
        assert!(from.len() == to.len() && from.len() == gradient.len(), "a result for each number");
        let (to, gradient) = (to.as_mut_ptr(), gradient.as_mut_ptr());
        // SAFETY: all are of that length.
        unsafe { (self.table.gelu_backward)(from.as_ptr(), to, gradient, from.len()) }
    }

    /// `output` = layer norm of the rows of `units` + those of `addend`. Keeps the rows at mean 0 and
    /// deviation 1 in `units` and 1 / deviation of each row in `scales`.
    pub fn layer_norm(
        &self,
        how: LayerNorm<'_>,
        addend: Option<&[f32]>,
        units: &mut [f32],
        scales: &mut [f32],
        output: &mut [f32],
    ) {
        let width = how.gain.len();
        let rows = rows(units, width);
        assert!(width == how.shift.len() && rows == scales.len(), "a norm's lengths fit together");
        assert!(addend.is_none_or(|addend| addend.len() == units.len()) && output.len() == units.len());
        let norm = Norm {
            rows,
            width,
            gain: how.gain.as_ptr(),
            shift: how.shift.as_ptr(),
            eps: how.eps,
            addend: addend.map(<[f32]>::as_ptr),
            units: units.as_mut_ptr(),
            scales: scales.as_mut_ptr(),
            output: output.as_mut_ptr(),
        };
        // SAFETY: all lengths have been compared.
        unsafe { (self.table.norm)(&norm) }
    }

    /// The gradient of a layer norm's output becomes that of the sum which it normalised; those of gain and
    /// shift are put down beside.
    pub fn layer_norm_backward(
        &self,
        gain: &[f32],
        (units, scales): (&[f32], &[f32]),
        gradient: &mut [f32],
        (gain_gradient, shift_gradient): (&mut [f32], &mut [f32]),
    ) {
        let width = gain.len();
        let rows = rows(units, width);
        assert!(rows == scales.len() && gradient.len() == units.len(), "a norm's lengths fit together");
        assert!(gain_gradient.len() == width && shift_gradient.len() == width);
        let norm = NormBackward {
            rows,
            width,
            gain: gain.as_ptr(),
            units: units.as_ptr(),
            scales: scales.as_ptr(),
            gradient: gradient.as_mut_ptr(),
            gain_gradient: gain_gradient.as_mut_ptr(),
            shift_gradient: shift_gradient.as_mut_ptr(),
        };
        // SAFETY: all lengths have been compared.
        unsafe { (self.table.norm_backward)(&norm) }
    }

    /// `context` = softmax(Q Kᵀ / √width) V for each of the heads, over the tokens of one text. A row of
    /// `attend` is a token's queries, keys and values, all heads side by side in each.
    pub fn attention(&self, heads: Heads, attend: &[f32], context: &mut [f32]) {
        let part = heads.count * heads.width;
        assert_eq!(attend.len(), 3 * context.len(), "three numbers for each of the context");
        for number in 0..heads.count {
            let head = heads.head(number, attend, (context.as_mut_ptr(), part));
            // SAFETY: the head's columns of all rows are there, and `context` is borrowed uniquely.
            crate::attention::with_scratch(|scratch| unsafe { (self.table.attention)(&head, scratch) });
        }
    }

    /// The gradient of `attend`, from that of the context.
    pub fn attention_backward(&self, heads: Heads, attend: &[f32], gradient: &[f32], to: &mut [f32]) {
        let part = heads.count * heads.width;
        assert_eq!(attend.len(), 3 * gradient.len(), "three numbers for each of the context");
        assert_eq!(attend.len(), to.len(), "a gradient for each number");
        for number in 0..heads.count {
            let head = heads.head(number, attend, (to.as_mut_ptr(), 3 * part));
            let gradient = gradient.as_ptr().wrapping_add(number * heads.width);
            let head = HeadBackward { head, gradient, gradient_stride: part };
            // SAFETY: as above, and so are the gradient's columns.
            attention::with_scratch(|scratch| unsafe { (self.table.attention_backward)(&head, scratch) });
        }
    }

    /// Moves weights against the sum of the gradients, which is taken in their order. `mean` and `square`
    /// are what earlier steps have left, 0 before the first.
    pub fn adam(
        &self,
        how: &AdamW,
        gradients: &[&[f32]],
        weights: &mut [f32],
        mean: &mut [f32],
        square: &mut [f32],
    ) {
        let len = weights.len();
        assert!(mean.len() == len && square.len() == len, "two means for each weight");
        assert!(gradients.iter().all(|part| part.len() == len), "a gradient for each weight");
        let gradients: Vec<*const f32> = gradients.iter().map(|part| part.as_ptr()).collect();
        let moving = Moving {
            len,
            weights: weights.as_mut_ptr(),
            mean: mean.as_mut_ptr(),
            square: square.as_mut_ptr(),
        };
        // SAFETY: all are of that length.
        unsafe { (self.table.adam)(how, &gradients, &moving) }
    }
}

/// How many rows of `width` there are.
fn rows(values: &[f32], width: usize) -> usize {
    assert!(width > 0 && values.len().is_multiple_of(width), "whole rows");
    values.len() / width
}

/// What the tests compare: the operations by every set of instructions that this CPU has.
#[cfg(test)]
pub(crate) fn arithmetics() -> impl Iterator<Item = (Isa, Arithmetic)> {
    Isa::ALL.into_iter().filter(|isa| isa.is_available()).map(|isa| (isa, Arithmetic::new(isa, Factors::F32)))
}
