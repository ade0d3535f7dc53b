//! What a bundle knows about search: how embeddings are turned so that tickets lie near the articles that
//! answer them.

use std::path::Path;

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::weights::{self, Weights};

/// Name of the one tensor in the file.
const PROJECTION: &str = "projection";

/// What `bundle.toml` says of search.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchSpec {
    /// Tickets that the projection was fitted on.
    pub tickets: usize,
    /// nDCG@10 of the embeddings alone on tickets that it was not fitted on, without it.
    pub ndcg_before: f64,
    /// The same with it.
    pub ndcg_after: f64,
}

/// A square matrix that an embedding is multiplied by: embedding × matrix, then scaled to unit length.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    /// Row by row; row i is what number i of an embedding becomes.
    numbers: Vec<f32>,
    size: usize,
}

impl Projection {
    /// From `size` rows of `size` numbers; `None` for another amount or where one is not finite.
    pub fn new(numbers: Vec<f32>, size: usize) -> Option<Self> {
        let fits = size > 0 && numbers.len() == size * size && numbers.iter().all(|x| x.is_finite());
        fits.then_some(Self { numbers, size })
    }

    /// The projected embedding, at unit length.
    pub fn apply(&self, embedding: &[f32]) -> Vec<f32> {
        let mut projected = vec![0f32; self.size];
        for (x, row) in embedding.iter().zip(self.numbers.chunks_exact(self.size)) {
            projected.iter_mut().zip(row).for_each(|(sum, weight)| *sum += x * weight);
        }
        unit(projected)
    }

    pub(super) fn read(path: &Path, size: usize) -> candle_core::Result<Self> {
        let mut weights = weights::read(path)?;
        let Some(tensor) = weights.remove(PROJECTION) else {
            candle_core::bail!("it has no tensor {PROJECTION:?}");
        };
        let shape = tensor.dims().to_vec();
        match Self::new(tensor.flatten_all()?.to_vec1()?, size).filter(|_| shape == [size, size]) {
            Some(projection) => Ok(projection),
            None => candle_core::bail!("the projection is no finite matrix of {size} × {size}: {shape:?}"),
        }
    }

    pub(super) fn write(&self, path: &Path) -> candle_core::Result<()> {
        let tensor = Tensor::from_slice(&self.numbers, (self.size, self.size), &Device::Cpu)?;
        weights::write_f32(path, &Weights::from([(PROJECTION.to_owned(), tensor)]))
    }
}

/// The same direction at length 1; nothing becomes of a vector of zeros.
pub(super) fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let norm = vector.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-12);
    vector.iter_mut().for_each(|x| *x /= norm);
    vector
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_projection_is_the_same_after_it_was_written_and_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("search.safetensors");
        let projection = Projection::new(vec![1.0, 2.0, 3.0, 4.0], 2).unwrap();
        projection.write(&path).unwrap();
        assert_eq!(Projection::read(&path, 2).unwrap(), projection);
        assert!(Projection::read(&path, 3).is_err());
    }

    #[test]
    fn a_row_says_what_becomes_of_one_number() {
        let projection = Projection::new(vec![0.0, 1.0, 1.0, 0.0], 2).unwrap();
        assert_eq!(projection.apply(&[0.6, 0.8]), [0.8, 0.6]);
        assert!(Projection::new(vec![f32::NAN; 4], 2).is_none());
        assert!(Projection::new(vec![1.0; 3], 2).is_none());
    }
}
