//! How useful articles have proved, and what that adds to their scores.
//!
//! On each occasion, a ticket as a rule, an article has at most one voice for it and one against it: for it
//! 1 if it solved the problem, or else 1/2 if it was sent; against it 1 if it was dismissed. A view is
//! neither, and being suggested never counts, or what stands first would stay there. A voice loses half its
//! weight in each half-life. Of these sums
//!
//! > p = (for + 4) / (for + against + 8)
//!
//! is how useful an article is, 1/2 where nothing was said, and
//!
//! > bonus = B · (2p − 1) = B · (for − against) / (for + against + 8)
//!
//! what it is worth in standard deviations of the candidates' scores. As it stays within ±B, however much
//! is said, it decides between articles that are nearly as good, and is only ever added to candidates that
//! were found without it.
//!
//! Voices are counted by the day, in whole numbers: neither their order nor one that was taken back leaves
//! a trace.

use std::collections::{BTreeMap, HashMap};
use std::sync::{PoisonError, RwLock};

use jiff::Timestamp;

use super::error::KnowledgeError;
use crate::config::SearchSettings;
use crate::store::{PlacedVoice, Store, Voice, VoiceChange};

/// Voices for and as many against that every article begins with: it takes some tickets to move it.
const PRIOR: f64 = 4.0;
const SECONDS_A_DAY: i64 = 86_400;
/// Voices read from the store at a time.
const ROWS: u32 = 1_000;

/// What was said about all articles, in memory.
#[derive(Debug)]
pub(super) struct Usefulness {
    /// B: most that feedback adds or takes, in standard deviations.
    weight: f32,
    half_life_days: f64,
    said: RwLock<HashMap<String, Days>>,
}

/// What was said about one article, by the day.
type Days = BTreeMap<i64, Said>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Said {
    /// Twice the voices for it, since a sent article is half a voice.
    halves_for: i64,
    against: i64,
}

impl Usefulness {
    /// Nothing was said yet.
    pub(super) fn new(settings: &SearchSettings) -> Self {
        Self {
            weight: settings.usefulness_weight,
            half_life_days: f64::from(settings.usefulness_half_life_days),
            said: RwLock::default(),
        }
    }

    /// What the store has of it.
    pub(super) async fn load(store: &Store, settings: &SearchSettings) -> Result<Self, KnowledgeError> {
        Self::new(settings).filled(store).await
    }

    /// With all that the store has.
    pub(super) async fn filled(self, store: &Store) -> Result<Self, KnowledgeError> {
        let usefulness = self;
        let mut after: Option<PlacedVoice> = None;
        loop {
            let page = store.voices_page(after.as_ref(), ROWS).await?;
            let Some(last) = page.last() else { return Ok(usefulness) };
            after = Some(last.clone());
            usefulness.apply(page.into_iter().map(|placed| VoiceChange {
                article_id: placed.article_id,
                before: Voice::default(),
                after: placed.voice,
            }));
        }
    }

    /// Takes in what counts otherwise than before.
    pub(super) fn apply(&self, changes: impl IntoIterator<Item = VoiceChange>) {
        let mut said = self.said.write().unwrap_or_else(PoisonError::into_inner);
        for change in changes {
            let days = said.entry(change.article_id.clone()).or_default();
            count(days, change.before, -1);
            count(days, change.after, 1);
            days.retain(|_, said| *said != Said::default());
            if days.is_empty() {
                said.remove(&change.article_id);
            }
        }
    }

    /// What is said about an article now, in place of what was counted before.
    pub(super) fn replace(&self, article_id: &str, voices: Vec<Voice>) {
        let mut days = Days::new();
        for voice in voices {
            count(&mut days, voice, 1);
        }
        days.retain(|_, said| *said != Said::default());
        let mut said = self.said.write().unwrap_or_else(PoisonError::into_inner);
        if days.is_empty() {
            said.remove(article_id);
        } else {
            said.insert(article_id.to_owned(), days);
        }
    }

    /// All that `other` has counted, in place of what was counted before.
    pub(super) fn replace_all(&self, other: Self) {
        let all = other.said.into_inner().unwrap_or_else(PoisonError::into_inner);
        *self.said.write().unwrap_or_else(PoisonError::into_inner) = all;
    }

    /// Nothing was counted yet, by the same weights.
    pub(super) fn afresh(&self) -> Self {
        Self { weight: self.weight, half_life_days: self.half_life_days, said: RwLock::default() }
    }

    /// p, how useful an article has proved at the time `now`: between 0 and 1, 1/2 where nothing was said.
    pub(super) fn of(&self, article_id: &str, now: Timestamp) -> f64 {
        let said = self.said.read().unwrap_or_else(PoisonError::into_inner);
        said.get(article_id).map_or(0.5, |days| self.share(days, day(now)))
    }

    /// What usefulness adds to an article's score, in standard deviations: at most the weight that the site
    /// has set, up or down.
    pub(super) fn bonus(&self, article_id: &str, now: Timestamp) -> f32 {
        let bonus = 2.0 * self.of(article_id, now) - 1.0;
        self.weight * bonus as f32
    }

    /// Adds to each candidate's score what its usefulness is worth among these.
    pub(super) fn add_to(&self, candidates: &mut [(String, f32)], now: Timestamp) {
        let deviation = deviation(candidates);
        for (id, score) in candidates {
            *score += deviation * self.bonus(id, now);
        }
    }

    fn share(&self, days: &Days, today: i64) -> f64 {
        let (mut in_favour, mut against) = (0.0, 0.0);
        for (day, said) in days {
            // A clock that runs ahead makes no voice heavier than one of today.
            let age = today.saturating_sub(*day).max(0) as f64;
            let weight = (-age / self.half_life_days).exp2();
            in_favour += weight * said.halves_for as f64 / 2.0;
            against += weight * said.against as f64;
        }
        (in_favour + PRIOR) / (in_favour + against + 2.0 * PRIOR)
    }
}

/// Counts a voice `times` times.
fn count(days: &mut Days, voice: Voice, times: i64) {
    let in_favour = voice.solved.map(|at| (at, 2)).or(voice.attached.map(|at| (at, 1)));
    if let Some((at, halves)) = in_favour {
        days.entry(day(at)).or_default().halves_for += times * halves;
    }
    if let Some(at) = voice.dismissed {
        days.entry(day(at)).or_default().against += times;
    }
}

/// The day of a time, in UTC, from 1970 on.
fn day(at: Timestamp) -> i64 {
    at.as_second().div_euclid(SECONDS_A_DAY)
}

/// The standard deviation of the candidates' scores.
fn deviation(candidates: &[(String, f32)]) -> f32 {
    let count = candidates.len().max(1) as f32;
    let mean = candidates.iter().map(|(_, score)| score).sum::<f32>() / count;
    (candidates.iter().map(|(_, score)| (score - mean).powi(2)).sum::<f32>() / count).sqrt()
}

#[cfg(test)]
mod tests;
