//! What a bundle knows about search: how embeddings are turned so that tickets lie near the articles that
//! answer them, and so that a cosine says whether a passage answers at all.

use std::path::Path;

use candle_core::{Device, Tensor};
use deskhand_kernels::Isa;
use deskhand_kernels::training::{Arithmetic, Factors, Matrix, Onto};
use serde::{Deserialize, Serialize};

use super::weights::{self, Weights};

/// Names of the tensors in the file; the two of [`AnswerProjections`] may be missing.
const PROJECTION: &str = "projection";
const ANSWER_TICKET: &str = "answer.ticket";
const ANSWER_PASSAGE: &str = "answer.passage";

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
    /// What tells whether anything answers, where that was learnt too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<AnswerSpec>,
}

/// What `bundle.toml` says of [`AnswerProjections`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerSpec {
    /// Tickets that they were fitted on.
    pub tickets: usize,
    /// Those of them that no article answers.
    pub gaps: usize,
    /// AUROC of the nearest passage's cosine for tickets with an answer among those without, by plain
    /// embeddings: the mean over knowledge bases.
    pub auroc_before: f64,
    /// The same by projections that were fitted without the base.
    pub auroc_after: f64,
}

/// How a bundle reads embeddings for the search.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchWeights {
    /// What brings tickets and the articles that answer them together.
    pub projection: Projection,
    /// What tells whether anything answers, where that was learnt too.
    pub answers: Option<AnswerProjections>,
}

/// Two matrices, one for tickets and one for passages: the cosine of what they make of both, -1 to 1, says how far
/// the passage answers the ticket, which may be little for one that is about the same matter.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswerProjections {
    /// Turns a ticket's embedding.
    pub ticket: Projection,
    /// Turns a passage's.
    pub passage: Projection,
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

    /// Projected embeddings, each at unit length, of several that lie one after the other; in a fraction of the
    /// time that one by one takes. Numbers beyond the last whole embedding are left out.
    pub fn apply_to_all(&self, embeddings: &[f32]) -> Vec<f32> {
        let whole = embeddings.len() - embeddings.len() % self.size;
        let mut projected = vec![0f32; whole];
        let (rows, matrix) = (&embeddings[..whole], Matrix::rows(&self.numbers, self.size));
        let arithmetic = Arithmetic::new(Isa::detect(), Factors::F32);
        arithmetic.product(Matrix::rows(rows, self.size), matrix, Onto::Nothing, &mut projected);
        projected.chunks_exact_mut(self.size).for_each(to_unit);
        projected
    }

    fn taken(weights: &mut Weights, name: &str, size: usize) -> candle_core::Result<Option<Self>> {
        let Some(tensor) = weights.remove(name) else { return Ok(None) };
        let shape = tensor.dims().to_vec();
        match Self::new(tensor.flatten_all()?.to_vec1()?, size).filter(|_| shape == [size, size]) {
            Some(projection) => Ok(Some(projection)),
            None => candle_core::bail!("{name} is no finite matrix of {size} × {size}: {shape:?}"),
        }
    }

    fn tensor(&self) -> candle_core::Result<Tensor> {
        Tensor::from_slice(&self.numbers, (self.size, self.size), &Device::Cpu)
    }
}

impl SearchWeights {
    pub(super) fn read(path: &Path, size: usize) -> candle_core::Result<Self> {
        let mut weights = weights::read(path)?;
        let mut taken = |name| Projection::taken(&mut weights, name, size);
        let Some(projection) = taken(PROJECTION)? else {
            candle_core::bail!("it has no tensor {PROJECTION:?}");
        };
        let answers = match (taken(ANSWER_TICKET)?, taken(ANSWER_PASSAGE)?) {
            (Some(ticket), Some(passage)) => Some(AnswerProjections { ticket, passage }),
            (None, None) => None,
            _ => {
                candle_core::bail!("it has one of {ANSWER_TICKET:?} and {ANSWER_PASSAGE:?} without the other")
            }
        };
        Ok(Self { projection, answers })
    }

    pub(super) fn write(&self, path: &Path) -> candle_core::Result<()> {
        let mut tensors = Weights::from([(PROJECTION.to_owned(), self.projection.tensor()?)]);
        if let Some(answers) = &self.answers {
            tensors.insert(ANSWER_TICKET.to_owned(), answers.ticket.tensor()?);
            tensors.insert(ANSWER_PASSAGE.to_owned(), answers.passage.tensor()?);
        }
        weights::write_f32(path, &tensors)
    }
}

/// The same direction at length 1; nothing becomes of a vector of zeros.
pub(super) fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    to_unit(&mut vector);
    vector
}

fn to_unit(vector: &mut [f32]) {
    let norm = vector.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-12);
    vector.iter_mut().for_each(|x| *x /= norm);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    fn matrix(numbers: [f32; 4]) -> Projection {
        Projection::new(numbers.to_vec(), 2).unwrap()
    }

    #[test]
    fn what_was_written_is_the_same_when_it_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("search.safetensors");
        let projection = matrix([1.0, 2.0, 3.0, 4.0]);
        let answers =
            AnswerProjections { ticket: matrix([5.0, 6.0, 7.0, 8.0]), passage: matrix([0.0, 1.0, 1.0, 0.0]) };
        for answers in [None, Some(answers)] {
            let weights = SearchWeights { projection: projection.clone(), answers };
            weights.write(&path).unwrap();
            assert_eq!(SearchWeights::read(&path, 2).unwrap(), weights);
            assert!(SearchWeights::read(&path, 3).is_err());
        }
    }

    #[test]
    fn a_matrix_for_tickets_without_one_for_passages_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("search.safetensors");
        let tensor = matrix([1.0, 2.0, 3.0, 4.0]).tensor().unwrap();
        let tensors = [PROJECTION, ANSWER_TICKET].map(|name| (name.to_owned(), tensor.clone()));
        weights::write_f32(&path, &Weights::from(tensors)).unwrap();
        let refused = SearchWeights::read(&path, 2).unwrap_err().to_string();
        assert!(refused.contains("answer.passage"), "{refused}");
    }

    proptest! {
        #[test]
        fn several_embeddings_become_what_each_becomes_alone(
            (size, numbers, embeddings) in (1usize..40).prop_flat_map(|size| {
                let numbers = |count| prop::collection::vec(-1f32..1.0, count);
                (Just(size), numbers(size * size), (0..9 * size).prop_flat_map(numbers))
            })
        ) {
            let projection = Projection::new(numbers, size).unwrap();
            let alone = embeddings.chunks_exact(size).flat_map(|embedding| projection.apply(embedding));
            let together = projection.apply_to_all(&embeddings);
            prop_assert_eq!(together.len(), embeddings.len() / size * size);
            for (together, alone) in together.into_iter().zip(alone) {
                prop_assert!((together - alone).abs() < 1e-3, "{} {}", together, alone);
            }
        }
    }

    #[test]
    fn a_row_says_what_becomes_of_one_number() {
        let projection = Projection::new(vec![0.0, 1.0, 1.0, 0.0], 2).unwrap();
        assert_eq!(projection.apply(&[0.6, 0.8]), [0.8, 0.6]);
        assert!(Projection::new(vec![f32::NAN; 4], 2).is_none());
        assert!(Projection::new(vec![1.0; 3], 2).is_none());
    }
}
