//! Unit vectors in 8 bits.
//!
//! A vector becomes whole numbers of steps, a step being its largest number / 127 in size. Of 384 numbers a
//! cosine is off by some .001 then, for a quarter of the memory and of the time to read it. The query keeps
//! 16 bits, which adds nothing to that.

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use deskhand_kernels::{Isa, Mapped, Scanner};

static SCANNER: LazyLock<Scanner> = LazyLock::new(|| Scanner::new(Isa::detect()));

/// Vectors of one dimension.
#[derive(Debug, Clone, Default)]
pub(super) struct Codes {
    /// In steps, one vector after another.
    numbers: Numbers,
    /// The size of a step, by vector.
    steps: Vec<f32>,
}

/// Numbers in memory of our own, or in a file until they change.
#[derive(Debug, Clone, Default)]
struct Numbers {
    own: Vec<i8>,
    mapped: Option<(Arc<Mapped>, Range<usize>)>,
}

impl Numbers {
    fn new(own: Vec<i8>) -> Self {
        Self { own, mapped: None }
    }

    fn all(&self) -> &[i8] {
        match &self.mapped {
            None => &self.own,
            Some((file, range)) => file.numbers().get(range.clone()).unwrap_or_default(),
        }
    }

    /// To change them; copied into memory if they are in a file.
    fn own(&mut self) -> &mut Vec<i8> {
        if self.mapped.is_some() {
            *self = Self::new(self.all().to_vec());
        }
        &mut self.own
    }
}

impl Codes {
    /// The vectors of `dimension` numbers each that lie one after another in `rows`.
    pub(super) fn new(rows: &[f32], dimension: usize) -> Self {
        let mut numbers = Vec::with_capacity(rows.len());
        let mut steps = Vec::with_capacity(rows.len() / dimension);
        for row in rows.chunks_exact(dimension) {
            let step = step(row, f32::from(i8::MAX));
            numbers.extend(row.iter().map(|x| in_steps(*x, step) as i8));
            steps.push(step);
        }
        Self { numbers: Numbers::new(numbers), steps }
    }

    /// Vectors with these steps whose numbers stand in a file, from the byte `at` on; `None` where the file
    /// ends before them.
    pub(super) fn mapped(file: &Arc<Mapped>, at: usize, steps: Vec<f32>, dimension: usize) -> Option<Self> {
        let range = at..at.checked_add(steps.len().checked_mul(dimension)?)?;
        file.bytes().get(range.clone())?;
        Some(Self { numbers: Numbers { own: Vec::new(), mapped: Some((Arc::clone(file), range)) }, steps })
    }

    /// In steps, one vector after another.
    pub(super) fn numbers(&self) -> &[i8] {
        self.numbers.all()
    }

    /// The size of a step, by vector.
    pub(super) fn steps(&self) -> &[f32] {
        &self.steps
    }

    /// How many vectors there are.
    pub(super) fn len(&self) -> usize {
        self.steps.len()
    }

    /// Puts other vectors in place of some.
    pub(super) fn replace(&mut self, places: Range<usize>, by: Self, dimension: usize) {
        let by_numbers = by.numbers.all().iter().copied();
        self.numbers.own().splice(places.start * dimension..places.end * dimension, by_numbers);
        self.steps.splice(places, by.steps);
    }

    /// Takes some vectors out.
    pub(super) fn take(&mut self, places: Range<usize>, dimension: usize) -> Self {
        let numbers = self.numbers.own().drain(places.start * dimension..places.end * dimension).collect();
        Self { numbers: Numbers::new(numbers), steps: self.steps.drain(places).collect() }
    }

    /// Gives back memory that growing has left over.
    pub(super) fn shrink(&mut self) {
        self.numbers.own.shrink_to_fit();
        self.steps.shrink_to_fit();
    }
}

/// A query as it is multiplied by vectors in 8 bits.
#[derive(Debug)]
pub(super) struct QueryCode {
    numbers: Vec<i16>,
    step: f32,
}

impl QueryCode {
    pub(super) fn new(query: &[f32]) -> Self {
        // So small that no sum of products is beyond 32 bits, whatever the vectors are.
        let most = i32::MAX / i32::from(i8::MAX) / i32::try_from(query.len().max(1)).unwrap_or(i32::MAX);
        let step = step(query, most.min(i32::from(i16::MAX)) as f32);
        Self { numbers: query.iter().map(|x| in_steps(*x, step) as i16).collect(), step }
    }

    /// The cosines with the vectors at `places`, written over those of `scratch`.
    pub(super) fn cosines(&self, codes: &Codes, places: Range<usize>, scratch: &mut Scratch) {
        let dimension = self.numbers.len();
        let Scratch { sums, cosines } = scratch;
        sums.clear();
        sums.resize(places.len(), 0);
        let rows = &codes.numbers()[places.start * dimension..places.end * dimension];
        SCANNER.products(&self.numbers, rows, sums);
        let cosine = |(&sum, &step): (&i32, &f32)| (sum as f32 * (step * self.step)).clamp(-1.0, 1.0);
        cosines.clear();
        cosines.extend(sums.iter().zip(&codes.steps[places]).map(cosine));
    }
}

/// What one thread needs while it multiplies.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    sums: Vec<i32>,
    /// The cosines that were asked for last.
    pub(super) cosines: Vec<f32>,
}

/// The size of a step of which the largest number of `row` has `most`.
fn step(row: &[f32], most: f32) -> f32 {
    row.iter().fold(0f32, |largest, x| largest.max(x.abs())) / most
}

/// How many steps a number is; 0 in a vector of zeros.
fn in_steps(x: f32, step: f32) -> f32 {
    if step > 0.0 { (x / step).round() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;

    /// A vector of unit length in any direction.
    fn unit(random: &mut StdRng, dimension: usize) -> Vec<f32> {
        // A sum of uniform numbers is nearly normal, so that no direction is preferred.
        let normal: Vec<f32> =
            (0..dimension).map(|_| (0..12).map(|_| random.random::<f32>()).sum::<f32>() - 6.0).collect();
        let norm = normal.iter().map(|x| x * x).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
        normal.iter().map(|x| x / norm).collect()
    }

    fn dot(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    fn cosine(query: &[f32], row: &[f32]) -> f32 {
        let mut scratch = Scratch::default();
        QueryCode::new(query).cosines(&Codes::new(row, row.len()), 0..1, &mut scratch);
        scratch.cosines[0]
    }

    #[test]
    fn of_an_encoder_s_dimensions_no_cosine_is_off_by_more_than_five_thousandths() {
        for dimension in [384, 768, 1024] {
            let mut random = StdRng::seed_from_u64(dimension as u64);
            for nearness in [0.0, 0.5, 0.9, 1.0] {
                for _ in 0..500 {
                    let (query, other) = (unit(&mut random, dimension), unit(&mut random, dimension));
                    let mixed: Vec<f32> =
                        query.iter().zip(other).map(|(a, b)| nearness * a + (1.0 - nearness) * b).collect();
                    let norm = dot(&mixed, &mixed).sqrt();
                    let row: Vec<f32> = mixed.iter().map(|x| x / norm).collect();
                    let error = (cosine(&query, &row) - dot(&query, &row)).abs();
                    assert!(error < 0.005, "{error} of {dimension} numbers");
                }
            }
        }
    }

    #[test]
    fn a_vector_of_zeros_and_one_that_is_no_number_are_near_to_nothing() {
        assert_eq!(cosine(&[0.6, 0.8], &[0.0, 0.0]), 0.0);
        assert_eq!(cosine(&[0.0, 0.0], &[0.6, 0.8]), 0.0);
        assert!(cosine(&[0.6, 0.8], &[f32::NAN, 1.0]).is_finite());
    }

    proptest! {
        #[test]
        fn the_error_is_at_most_half_a_step_for_each_number_of_the_query(
            pairs in prop::collection::vec((-1f32..1.0, -1f32..1.0), 1..70)
        ) {
            let (query, row): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
            let (query_norm, row_norm) = (dot(&query, &query).sqrt(), dot(&row, &row).sqrt());
            prop_assume!(query_norm > 0.01 && row_norm > 0.01);
            let query: Vec<f32> = query.iter().map(|x| x / query_norm).collect();
            let row: Vec<f32> = row.iter().map(|x| x / row_norm).collect();
            let bound = query.iter().map(|x| x.abs()).sum::<f32>() * step(&row, 127.0) / 2.0;
            prop_assert!((cosine(&query, &row) - dot(&query, &row)).abs() <= bound + 1e-3);
        }
    }
}
