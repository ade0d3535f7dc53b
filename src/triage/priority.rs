//! Priority from impact and urgency.

use crate::config::{Matrix, Priority};
use crate::model::Distribution;

/// The priorities that follow from the distributions over impact and urgency, see
/// [`Matrix::distribution`]. Most likely first; of equals the more pressing first.
pub(super) fn distribution(
    matrix: &Matrix,
    impact: &Distribution<'_>,
    urgency: &Distribution<'_>,
) -> Vec<(Priority, f32)> {
    let sums = matrix
        .distribution(|level| impact.probability(level.label()), |level| urgency.probability(level.label()));
    let mut ranking: Vec<(Priority, f32)> = Priority::ALL.into_iter().zip(sums).collect();
    ranking.sort_by(|a, b| b.1.total_cmp(&a.1));
    ranking
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::Level;
    use crate::model::{Head, HeadSpec, Reads, Thresholds};
    use proptest::prelude::*;

    /// A head whose logits are its biases, so that a test can say what the distribution is.
    fn head(task: &str, logits: [f32; 3]) -> Head {
        let spec = HeadSpec {
            task: task.into(),
            reads: Reads::Ticket,
            labels: Level::ALL.map(|level| level.label().to_string()).to_vec(),
            temperature: 1.0,
            calibrated_on: None,
            thresholds: Thresholds::new(0.8, 0.4),
        };
        Head::new(spec, 1, vec![0.0; 3], logits.to_vec()).unwrap()
    }

    proptest! {
        #[test]
        fn priorities_sum_to_one_whatever_the_heads_say(
            impact in prop::array::uniform3(-6f32..6.0), urgency in prop::array::uniform3(-6f32..6.0)
        ) {
            let (impact, urgency) = (head("impact", impact), head("urgency", urgency));
            let ranking =
                distribution(&Matrix::default(), &impact.distribution(&[1.0], &[]), &urgency.distribution(&[1.0], &[]));
            let sum: f32 = ranking.iter().map(|(_, p)| p).sum();
            prop_assert!((sum - 1.0).abs() < 1e-4, "{}", sum);
        }
    }

    #[test]
    fn sure_heads_give_the_cell_of_the_matrix() {
        for (i, impact) in Level::ALL.into_iter().enumerate() {
            for (u, urgency) in Level::ALL.into_iter().enumerate() {
                let sure = |n| std::array::from_fn(|k| if k == n { 20.0 } else { 0.0 });
                let (ih, uh) = (head("impact", sure(i)), head("urgency", sure(u)));
                let (id, ud) = (ih.distribution(&[1.0], &[]), uh.distribution(&[1.0], &[]));
                let (priority, confidence) = distribution(&Matrix::default(), &id, &ud)[0];
                assert_eq!(priority, Matrix::default().priority(impact, urgency));
                assert!(confidence > 0.99);
            }
        }
    }
}
