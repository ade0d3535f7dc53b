//! What a head knows of its labels before it has seen a row: their descriptions' place in the embedding.
//!
//! A label's prototype is the mean embedding of its described texts, and the prior's logits are the cosines
//! to the prototypes, sharpened. The fit on rows begins there and its penalty draws back to there, so that
//! descriptions count for much beside few rows and for little beside many. Tried on authored tickets and on
//! BANKING77 (rows that are never reported on): the regression fitted on described texts as if they were rows
//! is far behind (macro-F1 .37 against .51 without rows), and prototypes that rows move along are no better
//! than this with one, three or ten rows a label.

use super::corpus::Task;
use super::fit::{Features, Linear};
use super::heads::FeaturesOf;
use super::scope::means;

/// What cosines are multiplied by. The likelihood of the right label was greatest at 20 on authored tickets
/// and at 18 on BANKING77.
const SHARPNESS: f32 = 20.0;
/// Embeddings of tickets are shorter than those of the few words of a description: .53 of them on authored
/// tickets, .72 on BANKING77. Used where no rows tell.
const SHORTER: f32 = 0.6;

/// A label that has no rows yet is expected as often as so many average ones: the others, which have been
/// fitted, take more than their part. Of .03 to 3, this found most rows of labels that were held back
/// altogether, at a loss of some half a percent of the others' accuracy.
const EXPECTED: f32 = 3.0;
/// The logit of a label without rows while rows are fitted: rows of others say nothing against it.
const OUT_OF_QUESTION: f32 = -30.0;

/// The prior of a task, where labels are described. `rows` are those that are to be fitted: a label without
/// a description has its prototype from them.
pub(super) fn prior(task: &Task, features: FeaturesOf<'_>, rows: &[(usize, usize)]) -> Option<Linear> {
    if task.described.is_empty() {
        return None;
    }
    let FeaturesOf { rows: all, embedding } = features;
    let mut described = vec![false; task.labels.len()];
    task.described.iter().for_each(|&(_, label)| described[label] = true);
    let others = rows.iter().filter(|(_, label)| !described[*label]);
    let known = task.described.iter().chain(others).copied();
    let prototypes = means(all, embedding, task.labels.len(), known);
    let length = match mean_length(all, embedding, rows) {
        Some(length) => length,
        None => SHORTER * mean_length(all, embedding, &task.described)?,
    };
    let mut weight = vec![0.0; task.labels.len() * all.width()];
    for (row, prototype) in weight.chunks_exact_mut(all.width().max(1)).zip(prototypes.rows()) {
        let place = row.len().saturating_sub(embedding);
        row[place..].iter_mut().zip(prototype).for_each(|(w, x)| *w = x * SHARPNESS / length);
    }
    Some(Linear::new(weight, vec![0.0; task.labels.len()], all.width()))
}

/// Mean length of the texts' embeddings; `None` without texts.
fn mean_length(features: &Features, embedding: usize, texts: &[(usize, usize)]) -> Option<f32> {
    let length = |&(text, _): &(usize, usize)| {
        let row = features.row(text);
        row[row.len().saturating_sub(embedding)..].iter().map(|x| x * x).sum::<f32>().sqrt()
    };
    let sum: f32 = texts.iter().map(length).sum();
    (sum > 0.0).then(|| sum / texts.len() as f32)
}

/// How often labels come, as logits.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Frequencies {
    /// Among the rows that are fitted.
    pub(super) among_rows: Vec<f32>,
    /// As expected of texts to come: a label's rows, and what is still expected beyond them.
    pub(super) expected: Vec<f32>,
}

impl Frequencies {
    /// Those of a head that goes on: it knows already how often its labels come. One without rows is left out
    /// of the question.
    pub(super) fn as_before(labels: impl Iterator<Item = usize>, classes: usize) -> Self {
        let mut among_rows = vec![OUT_OF_QUESTION; classes];
        labels.for_each(|label| among_rows[label] = 0.0);
        Self { among_rows, expected: vec![0.0; classes] }
    }

    pub(super) fn of(labels: impl Iterator<Item = usize>, classes: usize) -> Self {
        let mut counts = vec![0.0f32; classes];
        labels.for_each(|label| counts[label] += 1.0);
        let mean = counts.iter().sum::<f32>() / classes.max(1) as f32;
        let among = |count: &f32| if *count > 0.0 { count.ln() } else { OUT_OF_QUESTION };
        let expected = |count: &f32| (count + EXPECTED * (mean + 1.0) / (count + 1.0)).ln();
        Self {
            among_rows: counts.iter().map(among).collect(),
            expected: counts.iter().map(expected).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::learn::fit::{Beginning, FitSettings, fit};
    use crate::model::Reads;

    /// Texts about three things, of two features of which the last two are the embedding; the first three are
    /// descriptions, the others rows.
    fn texts() -> Features {
        let mut features = Features::new(3);
        for [x, y] in [[2.0, 0.0], [0.0, 2.0], [-2.0, -2.0], [1.0, 0.1], [1.1, 0.0], [0.0, 0.9], [0.1, 1.0]] {
            features.push(&[0.5, x, y]);
        }
        features
    }

    fn task(rows: &[(usize, usize)]) -> Task {
        Task {
            name: "queue".into(),
            reads: Reads::Ticket,
            labels: ["right", "up", "away"].map(str::to_owned).to_vec(),
            ordered: false,
            weight: 1.0,
            times: 1.0,
            rows: rows.to_vec(),
            described: vec![(0, 0), (1, 1), (2, 2)],
            counts: Default::default(),
        }
    }

    fn top(linear: &Linear, text: [f32; 2]) -> usize {
        let logits = linear.logits(&[0.5, text[0], text[1]]);
        (0..3).max_by(|a, b| logits[*a].total_cmp(&logits[*b])).unwrap()
    }

    #[test]
    fn without_rows_the_nearest_description_answers() {
        let features = texts();
        let of = FeaturesOf { rows: &features, embedding: 2 };
        let prior = prior(&task(&[]), of, &[]).unwrap();
        assert_eq!([[1.0, 0.3], [0.2, 0.7], [-0.3, -0.1]].map(|text| top(&prior, text)), [0, 1, 2]);
        let undescribed = Task { described: Vec::new(), ..task(&[]) };
        assert!(super::prior(&undescribed, of, &[]).is_none());
    }

    #[test]
    fn a_label_without_rows_is_still_found_beside_labels_with_rows() {
        let features = texts();
        let rows = [(3, 0), (4, 0), (5, 1), (6, 1)];
        let prior = prior(&task(&rows), FeaturesOf { rows: &features, embedding: 2 }, &rows).unwrap();
        let labels = [0, 1, 2, 0, 0, 1, 1];
        let settings = FitSettings { l2: 0.1, ..FitSettings::default() };
        let fitted =
            fit(Beginning::Described(&prior), &features, &labels, &[3, 4, 5, 6], 3, settings).unwrap();
        assert_eq!([[1.0, 0.3], [0.2, 0.7], [-1.0, -1.0]].map(|text| top(&fitted, text)), [0, 1, 2]);
    }

    #[test]
    fn what_is_expected_of_a_label_beyond_its_rows_fades_with_each_row() {
        let of = |counts: [usize; 3]| {
            let labels = counts.iter().enumerate().flat_map(|(label, count)| vec![label; *count]);
            Frequencies::of(labels, 3).expected.into_iter().map(f32::exp).collect::<Vec<_>>()
        };
        let beyond = |count: usize| of([count, 100, 100])[0] - count as f32;
        assert!(beyond(0) > 200.0 && beyond(5) < 50.0 && beyond(100) < 4.0);
        let even = of([4, 4, 4]);
        assert!(even.iter().all(|share| (share - even[0]).abs() < 1e-4), "no label is preferred");
    }
}
