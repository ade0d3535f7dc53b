//! From all kinds of evidence to one order.

use serde::Serialize;

use super::vectors::Cosines;

/// What each kind of evidence counts in the fused score: the best passage, the mean of the two best
/// passages, the words; together 1. Fitted by a softmax over candidates on the tickets of
/// `models/recipes/default/search`, with the default bundle's embeddings of other folds, and rounded.
const BEST: f32 = 0.33;
/// See [`BEST`]. An article of which two passages fit is about the matter as a whole.
const TWO_BEST: f32 = 0.25;
/// See [`BEST`].
const WORDS: f32 = 0.42;

/// What sharing a code that no other article has adds to the fused score: as much as being two
/// standard deviations better in everything. Who writes an error code means the article that has it,
/// while an embedding hardly tells one code from another. A judgement, not a measurement.
const CODE_BONUS: f32 = 2.0;

/// What the cosine that says how far an article answers ([`Signs::fitting`]) counts beside the fused score, among
/// the best candidates. Chosen on the tickets of `models/recipes/default/search` by bundles that were fitted without
/// them; from 2 to 4 the figures are alike.
const ANSWERS: f32 = 2.5;

/// Answer confidence = 1 / (1 + exp(-odds)), the odds being the sum of what each of the [`Signs`] counts and an
/// offset. Logistic regressions by `benches/answer_confidence.py` on the tickets of `models/recipes/default/search`,
/// with signs of bundles that were fitted without them. Platt's curve in [`crate::knowledge::SearchReport`] says how
/// far it is off on other tickets.
struct Weights {
    /// Of [`Signs::fitting`], or where there is none of [`Signs::nearest`].
    cosine: f32,
    lead: f32,
    unknown: f32,
    offset: f32,
}

/// Where the bundle has learnt what answers.
const LEARNT: Weights = Weights { cosine: 11.49, lead: 0.40, unknown: -0.40, offset: -5.65 };
/// Where it has not: fitted on the documentation and the four bases of the first writers, by bundle 2026.11.23.6,
/// whose projection had seen them.
const PLAIN: Weights = Weights { cosine: 11.5, lead: 1.1, unknown: -2.2, offset: -5.0 };

/// What tells whether anything answers a query at all.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Signs {
    /// Cosine of the best passage by the encoder's plain embedding, -1 to 1.
    pub nearest: f32,
    /// The same by [`crate::model::AnswerProjections`], where the bundle has them.
    pub fitting: Option<f32>,
    /// How far the first article stands before the second in the fused score, 0 or more; 0 if it is alone.
    pub lead: f32,
    /// Share of the query's words, counted by how telling they are, that no article has, 0 to 1.
    pub unknown: f32,
}

impl Signs {
    fn odds(self) -> f32 {
        // Beside the learnt cosine the plain one tells nothing more.
        let (cosine, weights) = self.fitting.map_or((self.nearest, PLAIN), |fitting| (fitting, LEARNT));
        weights.cosine * cosine + weights.lead * self.lead + weights.unknown * self.unknown + weights.offset
    }
}

/// What speaks for an article, or for one of its passages.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Evidence {
    /// Cosines of its passages with the query; `None` if there is no embedding.
    pub(super) cosines: Option<Cosines>,
    /// Score of the words that it shares with the query, 0 if it shares none.
    pub(super) words: f32,
    /// Rarity of the rarest exact code that it shares with the query, 0 to 1; 0 if it shares none.
    pub(super) code: f32,
}

/// The fused score of each candidate, higher is better: z-scores of all evidence among the candidates,
/// weighted, and the bonus for a code. Comparable within one query only.
pub(super) fn fuse(candidates: &[Evidence]) -> Vec<f32> {
    let cosines = || candidates.iter().filter_map(|c| c.cosines);
    let lowest = Cosines {
        best: cosines().map(|c| c.best).fold(1.0, f32::min),
        two_best: cosines().map(|c| c.two_best).fold(1.0, f32::min),
    };
    let of = |c: &Evidence| c.cosines.unwrap_or(lowest);
    let best = z_scores(candidates.iter().map(|c| of(c).best));
    let two_best = z_scores(candidates.iter().map(|c| of(c).two_best));
    let words = z_scores(candidates.iter().map(|c| c.words));
    let fused = best.into_iter().zip(two_best).zip(words);
    let fused = fused.map(|((best, two_best), words)| BEST * best + TWO_BEST * two_best + WORDS * words);
    fused.zip(candidates).map(|(evidence, c)| evidence + CODE_BONUS * c.code).collect()
}

/// What each candidate gains by how far it answers. Those of which that is not known gain as little as the least
/// fitting one; if it is known of none, all gain nothing.
pub(super) fn of_answers(fits: impl Iterator<Item = Option<f32>> + Clone) -> Vec<f32> {
    let least = fits.clone().flatten().min_by(f32::total_cmp).unwrap_or_default();
    fits.map(|fit| ANSWERS * fit.unwrap_or(least)).collect()
}

/// How far the first of these scores stands before the second; 0 if there is no second.
pub(super) fn lead<S>(fused: &[(S, f32)]) -> f32 {
    let (mut first, mut second) = (f32::NEG_INFINITY, f32::NEG_INFINITY);
    for (_, score) in fused {
        second = second.max(score.min(first));
        first = first.max(*score);
    }
    if second.is_finite() { first - second } else { 0.0 }
}

/// Distances from the mean in standard deviations; all 0 where all values are alike.
fn z_scores(values: impl Iterator<Item = f32> + Clone) -> Vec<f32> {
    let count = values.clone().count().max(1) as f32;
    let mean = values.clone().sum::<f32>() / count;
    let deviation = (values.clone().map(|x| (x - mean).powi(2)).sum::<f32>() / count).sqrt();
    // Below this the differences are rounding errors.
    let scale = if deviation > 1e-6 { 1.0 / deviation } else { 0.0 };
    values.map(|x| (x - mean) * scale).collect()
}

/// How a house reads the answer confidence.
#[derive(Debug, Clone, Copy)]
pub(super) struct AnswerRule {
    /// From which confidence on a ticket counts as answered, 0 to 1.
    pub(super) threshold: f32,
    /// The log odds of the [`Signs`] times this,
    pub(super) slope: f32,
    /// and this added, are those that are right in this house.
    pub(super) offset: f32,
}

impl AnswerRule {
    /// How likely it is that some article answers, 0 to 1.
    pub(super) fn confidence(self, signs: Signs) -> f32 {
        1.0 / (1.0 + (-(self.slope * signs.odds() + self.offset)).exp())
    }
}

/// The score that people see, 0 to 1: the answer confidence for the best article, and less by the
/// factor e for each further point of the fused score that an article stands below it.
pub(super) fn shown_score(confidence: f32, best: f32, fused: f32) -> f32 {
    confidence * (fused - best).min(0.0).exp()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    fn evidence(cosine: Option<f32>, words: f32) -> Evidence {
        let cosines = cosine.map(|cosine| Cosines { best: cosine, two_best: cosine });
        Evidence { cosines, words, code: 0.0 }
    }

    #[test]
    fn the_only_article_with_the_word_stands_out() {
        let mut candidates: Vec<_> = (0..99).map(|i| evidence(Some(0.30 + 0.001 * i as f32), 0.0)).collect();
        candidates.push(evidence(Some(0.30), 9.0));
        let fused = fuse(&candidates);
        assert!(fused[..99].iter().all(|score| *score < fused[99]));
    }

    #[test]
    fn the_lead_is_that_of_the_first_over_the_second_in_whatever_order() {
        assert_eq!(lead(&[("a", 1.0), ("b", 3.5), ("c", 3.0)]), 0.5);
        assert_eq!(lead(&[("a", 2.0), ("b", 2.0)]), 0.0);
        assert_eq!(lead(&[("a", 2.0)]), 0.0);
        assert_eq!(lead::<&str>(&[]), 0.0);
    }

    #[test]
    fn one_candidate_alone_and_equal_candidates_score_zero() {
        assert_eq!(fuse(&[evidence(Some(0.4), 3.0)]), [0.0]);
        assert_eq!(fuse(&[evidence(None, 3.0), evidence(None, 3.0)]), [0.0, 0.0]);
        assert!(fuse(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn scores_stay_between_0_and_1_and_keep_the_order(
            confidence in 0f32..1.0, fused in prop::collection::vec(-9f32..9.0, 1..20)
        ) {
            let best = fused.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let mut fused = fused;
            fused.sort_by(|a, b| b.total_cmp(a));
            let shown: Vec<f32> = fused.iter().map(|f| shown_score(confidence, best, *f)).collect();
            prop_assert!(shown.iter().all(|s| (0.0..=1.0).contains(s)));
            prop_assert!(shown.is_sorted_by(|a, b| a >= b));
        }

        #[test]
        fn confidence_rises_with_nearness_and_lead_falls_with_unknown_words_and_stays_between_0_and_1(
            (nearest, fitting) in (-1f32..1.0, prop::option::of(-1f32..1.0)),
            lead in 0f32..9.0, unknown in 0f32..1.0, more in 0f32..1.0
        ) {
            let signs = Signs { nearest, fitting, lead, unknown };
            for (slope, offset) in [(1.0, 0.0), (0.3, -2.0), (4.0, 1.0)] {
                let rule = AnswerRule { threshold: 0.5, slope, offset };
                let confidence = rule.confidence(signs);
                prop_assert!((0.0..=1.0).contains(&confidence));
                let fitting = fitting.map(|fitting| fitting + more);
                let nearer = rule.confidence(Signs { nearest: nearest + more, fitting, ..signs });
                let farther_ahead = rule.confidence(Signs { lead: lead + more, ..signs });
                let stranger = rule.confidence(Signs { unknown: unknown + more, ..signs });
                prop_assert!(nearer >= confidence && farther_ahead >= confidence && stranger <= confidence);
            }
        }

        #[test]
        fn who_answers_better_gains_more_and_who_is_not_known_to_answer_gains_least(
            fits in prop::collection::vec(prop::option::of(-1f32..1.0), 1..30)
        ) {
            let gained = of_answers(fits.iter().copied());
            let least = gained.iter().copied().fold(f32::INFINITY, f32::min);
            for (one, gain) in fits.iter().zip(&gained) {
                prop_assert!(one.is_some() || *gain == least);
                for (other, other_gain) in fits.iter().zip(&gained).filter(|(other, _)| *other < one) {
                    prop_assert!(gain >= other_gain, "{one:?} {other:?}");
                }
            }
        }

        #[test]
        fn better_in_both_kinds_of_evidence_is_never_ranked_lower(
            rows in prop::collection::vec((-1f32..1.0, 0f32..30.0), 2..30)
        ) {
            let candidates: Vec<_> = rows.iter().map(|&(c, w)| evidence(Some(c), w)).collect();
            let fused = fuse(&candidates);
            for (i, a) in rows.iter().enumerate() {
                for (j, b) in rows.iter().enumerate() {
                    if a.0 >= b.0 && a.1 >= b.1 {
                        prop_assert!(fused[i] >= fused[j] - 1e-3);
                    }
                }
            }
        }
    }
}
