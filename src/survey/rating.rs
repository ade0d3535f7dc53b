//! Ratings: stars, numbers up to ten, recommendations, thumbs.

use serde::de::{Deserializer, Error, Unexpected, Visitor};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::store::RatingScale;

/// A rating as the customer gave it. It is compared with their words and never read by the model.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Rating {
    /// A number on the scale of the survey.
    Number(f64),
    /// A thumb: true is up. The words `up`, `down`, `good` and `bad` are read as such too.
    Thumb(bool),
}

/// What a rating says of how the customer feels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Good,
    Between,
    Bad,
}

impl RatingScale {
    /// The scale of a rating that came without one: of the question that asks for a recommendation 0 to 10,
    /// else 1 to 5.
    pub(super) fn usual(question: Option<&str>) -> Self {
        if question.is_some_and(|question| question.trim() == "nps") { Self::Nps } else { Self::OneToFive }
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::OneToFive => "1-5",
            Self::OneToTen => "1-10",
            Self::Nps => "nps",
            Self::Thumbs => "thumbs",
        }
    }

    /// Its lowest and its highest rating.
    pub(super) fn ends(self) -> [f64; 2] {
        self.limits().2
    }

    /// Where a rating on it lies between its ends, 0 (worst) to 1.
    pub(super) fn satisfaction(self, rating: f64) -> f64 {
        let [lowest, highest] = self.ends();
        ((rating - lowest) / (highest - lowest)).clamp(0.0, 1.0)
    }

    /// The scale of this name, as surveys write it.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "1-5" | "csat" | "stars" => Some(Self::OneToFive),
            "1-10" => Some(Self::OneToTen),
            "nps" | "0-10" => Some(Self::Nps),
            "thumbs" => Some(Self::Thumbs),
            _ => None,
        }
    }

    /// Up to which number a rating is bad, from which on it is good, and the ends of the scale. On 1 to 10
    /// that is as far up and down as on 1 to 5: the outer thirds.
    fn limits(self) -> (f64, f64, [f64; 2]) {
        match self {
            Self::OneToFive => (2.0, 4.0, [1.0, 5.0]),
            Self::OneToTen => (3.0, 8.0, [1.0, 10.0]),
            Self::Nps => (6.0, 9.0, [0.0, 10.0]),
            Self::Thumbs => (0.0, 1.0, [0.0, 1.0]),
        }
    }
}

impl Rating {
    /// The number and the scale on which it stands; `None` where it is not on the scale. A thumb is 0 or 1 on
    /// its own scale, whichever is asked for.
    pub(super) fn on(self, scale: RatingScale) -> Option<(f64, RatingScale)> {
        match self {
            Self::Thumb(up) => Some((f64::from(u8::from(up)), RatingScale::Thumbs)),
            Self::Number(number) => {
                let [lowest, highest] = scale.ends();
                (lowest..=highest).contains(&number).then_some((number, scale))
            }
        }
    }

    /// What it says; `None` where it is not on the scale.
    pub(super) fn verdict(self, scale: RatingScale) -> Option<Verdict> {
        let number = match self {
            Self::Thumb(true) => return Some(Verdict::Good),
            Self::Thumb(false) => return Some(Verdict::Bad),
            Self::Number(number) => number,
        };
        let (bad, good, [lowest, highest]) = scale.limits();
        if !(lowest..=highest).contains(&number) {
            None
        } else if number <= bad {
            Some(Verdict::Bad)
        } else if number >= good {
            Some(Verdict::Good)
        } else {
            Some(Verdict::Between)
        }
    }
}

impl<'de> Deserialize<'de> for Rating {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RatingVisitor)
    }
}

struct RatingVisitor;

impl Visitor<'_> for RatingVisitor {
    type Value = Rating;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a number, or of a thumb true, false, `up`, `down`, `good` or `bad`")
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Rating, E> {
        Ok(Rating::Number(number))
    }

    #[expect(clippy::cast_precision_loss, reason = "no scale has so many steps")]
    fn visit_u64<E: Error>(self, number: u64) -> Result<Rating, E> {
        Ok(Rating::Number(number as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "no scale has so many steps")]
    fn visit_i64<E: Error>(self, number: i64) -> Result<Rating, E> {
        Ok(Rating::Number(number as f64))
    }

    fn visit_bool<E: Error>(self, up: bool) -> Result<Rating, E> {
        Ok(Rating::Thumb(up))
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Rating, E> {
        match word {
            "up" | "good" => Ok(Rating::Thumb(true)),
            "down" | "bad" => Ok(Rating::Thumb(false)),
            _ => Err(E::invalid_type(Unexpected::Str(word), &self)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn verdicts(scale: RatingScale, ratings: &[f64]) -> String {
        let letter = |rating: &f64| match Rating::Number(*rating).verdict(scale) {
            Some(Verdict::Good) => '+',
            Some(Verdict::Between) => '0',
            Some(Verdict::Bad) => '-',
            None => '?',
        };
        ratings.iter().map(letter).collect()
    }

    #[test]
    fn each_scale_has_its_own_good_and_bad_ratings() {
        let numbers: Vec<f64> = (-1..=11).map(f64::from).collect();
        assert_eq!(verdicts(RatingScale::OneToFive, &numbers), "??--0++??????");
        assert_eq!(verdicts(RatingScale::OneToTen, &numbers), "??---0000+++?");
        assert_eq!(verdicts(RatingScale::Nps, &numbers), "?-------00++?");
        assert_eq!(verdicts(RatingScale::Thumbs, &numbers), "?-+??????????");
        assert_eq!(Rating::Thumb(false).verdict(RatingScale::OneToFive), Some(Verdict::Bad));
    }

    #[test]
    fn a_thumb_may_be_a_word_and_anything_else_is_refused() {
        let read = |json: &str| serde_json::from_str::<Rating>(json).ok();
        assert_eq!(read("4"), Some(Rating::Number(4.0)));
        assert_eq!(read("true"), Some(Rating::Thumb(true)));
        assert_eq!(read("\"bad\""), Some(Rating::Thumb(false)));
        assert_eq!(read("\"five\""), None);
        assert_eq!(read("[5]"), None);
    }

    #[test]
    fn a_rating_lies_between_the_ends_of_its_scale_or_is_not_on_it() {
        let place = |number: f64, scale: RatingScale| {
            Rating::Number(number).on(scale).map(|(number, scale)| scale.satisfaction(number))
        };
        assert_eq!(place(3.0, RatingScale::OneToFive), Some(0.5));
        assert_eq!(place(1.0, RatingScale::OneToTen), Some(0.0));
        assert_eq!(place(10.0, RatingScale::Nps), Some(1.0));
        assert_eq!(place(0.0, RatingScale::OneToFive), None);
        assert_eq!(place(f64::NAN, RatingScale::Nps), None);
        assert_eq!(Rating::Thumb(true).on(RatingScale::OneToFive), Some((1.0, RatingScale::Thumbs)));
    }

    #[test]
    fn the_question_for_a_recommendation_has_its_own_scale() {
        assert_eq!(RatingScale::usual(Some(" nps ")), RatingScale::Nps);
        assert_eq!(RatingScale::usual(Some("why_score")), RatingScale::OneToFive);
        assert_eq!(RatingScale::usual(None), RatingScale::OneToFive);
    }
}
