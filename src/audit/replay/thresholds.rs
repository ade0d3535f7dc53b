//! What other thresholds would have done, and what it saves.

use serde::Serialize;

use super::count::Compared;
use super::{Assumptions, Guess, Task};
use crate::audit::stats::Share;

/// The thresholds that are shown, in hundredths.
const SHOWN: [u8; 14] = [30, 40, 50, 60, 65, 70, 75, 80, 85, 90, 93, 95, 97, 99];

/// One threshold for all labels of a task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ThresholdLine {
    /// From this confidence on labels would have been set.
    pub threshold: f32,
    /// Of how many tickets, among all.
    pub auto: Option<Share>,
    /// How often rightly, where the right label is known.
    pub right: Option<Share>,
    /// What that would have saved.
    pub saved: Saved,
    /// What to write into the settings file.
    pub settings: String,
}

/// Time of people, saved and lost, over tickets whose right label is known.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Saved {
    /// Minutes that people need not set labels.
    pub won_minutes: f64,
    /// Minutes that wrong labels cost.
    pub lost_minutes: f64,
    /// The difference; below 0 it costs more than it saves.
    pub minutes: f64,
    /// The same for each 1,000 tickets; null of no tickets.
    pub minutes_per_1000: Option<f64>,
}

impl Saved {
    /// `right` and `wrong` labels set among `compared` tickets: won = right × seconds a label / 60, lost = wrong ×
    /// minutes a wrong label costs.
    #[must_use]
    pub fn of(right: u64, wrong: u64, compared: u64, assumptions: Assumptions) -> Self {
        let won_minutes = right as f64 * assumptions.seconds_per_label / 60.0;
        let lost_minutes = wrong as f64 * assumptions.handling_minutes;
        let minutes = won_minutes - lost_minutes;
        let minutes_per_1000 = (compared > 0).then(|| minutes / compared as f64 * 1_000.0);
        Self { won_minutes, lost_minutes, minutes, minutes_per_1000 }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        let per_1000 = [self.minutes_per_1000, other.minutes_per_1000].into_iter().flatten();
        Self {
            won_minutes: self.won_minutes + other.won_minutes,
            lost_minutes: self.lost_minutes + other.lost_minutes,
            minutes: self.minutes + other.minutes,
            minutes_per_1000: per_1000.reduce(|a, b| a + b),
        }
    }
}

pub(super) fn lines(
    task: Task,
    guesses: &[&Guess],
    compared: &[Compared<'_>],
    assumptions: Assumptions,
) -> Vec<ThresholdLine> {
    let line = |hundredths: u8| {
        let threshold = f32::from(hundredths) / 100.0;
        let set = |guess: &Guess| !guess.held && guess.confidence >= threshold;
        let auto = guesses.iter().filter(|guess| set(guess)).count() as u64;
        let these = compared.iter().filter(|compared| set(compared.guess));
        let (right, all) = these.fold((0, 0), |(right, all), c| (right + u64::from(c.is_right()), all + 1));
        ThresholdLine {
            threshold,
            auto: Share::of(auto, guesses.len() as u64),
            right: Share::of(right, all),
            saved: Saved::of(right, all - right, compared.len() as u64, assumptions),
            settings: format!("{} = {threshold:.2}", task.name()),
        }
    };
    SHOWN.into_iter().map(line).collect()
}
