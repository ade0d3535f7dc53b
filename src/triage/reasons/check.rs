//! Whether reasons are reasons: reading a ticket without the words given must cost more confidence than
//! reading it without others.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use futures_util::future::join_all;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::index;
use serde::Serialize;

use super::Field;
use super::variants::Variants;
use crate::learn::metrics::{Interval, Z_TWO_SIDED_95, wilson_interval};
use crate::model::ModelError;
use crate::triage::original::{Place, places};
use crate::triage::{Options, Ticket, Triage};

/// Words that are deleted at a time.
const DELETED: usize = 3;
/// Random choices of as many words that the reasons are compared with, for each ticket.
const DRAWS: usize = 10;
/// Below this many different words, three random ones can hardly miss the reasons.
const FEW_WORDS: usize = 7;
/// Tickets worked on at a time.
const BATCH: usize = 16;

/// What deleting reasons does to confidence, on many tickets.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeletionReport {
    /// Tickets given.
    pub tickets: usize,
    /// Tickets with three or fewer different words, in which there is nothing to choose; left out.
    pub too_short: usize,
    /// Tickets in a foreign language, which get no reasons; left out.
    pub foreign: usize,
    /// By task.
    pub tasks: BTreeMap<String, DeletionTask>,
}

/// The same of one task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeletionTask {
    /// Tickets measured.
    pub tickets: usize,
    /// Share of them in which deleting the three top reasons leaves less confidence in the predicted label
    /// than deleting three random words, the mean over ten draws a ticket. Equal counts as a failure; a
    /// ticket with fewer reasons is deleted those that it has.
    pub share: f64,
    /// Wilson's 95 % interval of the share.
    pub interval: Interval,
    /// The same among tickets with four to six different words, in which random words often are reasons.
    pub share_of_short: Option<f64>,
    /// The same among those with seven and more.
    pub share_of_longer: Option<f64>,
    /// Mean confidence lost without the reasons.
    pub lost_without_reasons: f64,
    /// Mean confidence lost without random words.
    pub lost_without_random: f64,
}

/// One ticket under one task.
struct Trial {
    words: usize,
    /// Share of the draws that cost less than the reasons.
    won: f64,
    lost_without_reasons: f64,
    lost_without_random: f64,
}

enum Tried {
    TooShort,
    Foreign,
    Measured(BTreeMap<String, Trial>),
}

impl Triage {
    /// Measures reasons by deletion: the words are cut out of subject and body as they were sent, by the
    /// offsets given, and what remains is cleaned and read like any ticket. Random words are drawn from all
    /// that say something and could be reasons, with a seed, and cut out in the same way.
    pub async fn check_reasons(&self, tickets: &[Ticket]) -> Result<DeletionReport, ModelError> {
        let mut report =
            DeletionReport { tickets: tickets.len(), too_short: 0, foreign: 0, tasks: BTreeMap::new() };
        let mut trials: BTreeMap<String, Vec<Trial>> = BTreeMap::new();
        for (number, batch) in tickets.chunks(BATCH).enumerate() {
            let seeds = (number * BATCH) as u64..;
            let tried = batch.iter().zip(seeds).map(|(ticket, seed)| self.try_deleting(ticket, seed));
            for tried in join_all(tried).await {
                match tried? {
                    Tried::TooShort => report.too_short += 1,
                    Tried::Foreign => report.foreign += 1,
                    Tried::Measured(of_tasks) => {
                        for (task, trial) in of_tasks {
                            trials.entry(task).or_default().push(trial);
                        }
                    }
                }
            }
        }
        report.tasks = trials.into_iter().map(|(task, trials)| (task, DeletionTask::of(&trials))).collect();
        Ok(report)
    }

    async fn try_deleting(&self, ticket: &Ticket, seed: u64) -> Result<Tried, ModelError> {
        let (words, reading) = self.read(ticket).await?;
        if words.foreign {
            return Ok(Tried::Foreign);
        }
        let variants = Variants::of(&words.text, self.model.tokenizer())?;
        let everywhere = variants.everywhere(0..variants.len());
        let known: Vec<Place> = places(ticket, &words, everywhere).into_values().collect();
        if known.len() <= DELETED {
            return Ok(Tried::TooShort);
        }
        let mut random = StdRng::seed_from_u64(seed);
        let mut draws = Vec::with_capacity(DRAWS);
        for _ in 0..DRAWS {
            let drawn = index::sample(&mut random, known.len(), DELETED);
            let without: Vec<Place> = drawn.iter().map(|at| known[at]).collect();
            draws.push(self.read(&shortened(ticket, &without)).await?.1);
        }
        let (mut predictions, _) = self.predictions(ticket, &Options::default(), &words, &reading);
        self.explain(ticket, &words, &reading, &mut predictions).await?;
        let mut trials = BTreeMap::new();
        for (task, prediction) in predictions {
            let reasons = prediction.reasons.iter().flatten().take(DELETED);
            let top: Vec<Place> =
                reasons.map(|r| Place { field: r.field, start: r.start, end: r.end }).collect();
            let (_, without_reasons) = self.read(&shortened(ticket, &top)).await?;
            let lost = |without| {
                let of = |reading| f64::from(self.confidence(&task, &prediction.label, reading));
                of(&reading) - of(without)
            };
            let lost_without_reasons = lost(&without_reasons);
            let lost_at_random: Vec<f64> = draws.iter().map(lost).collect();
            let won = lost_at_random.iter().filter(|random| **random < lost_without_reasons).count();
            let trial = Trial {
                words: known.len(),
                won: won as f64 / DRAWS as f64,
                lost_without_reasons,
                lost_without_random: mean(lost_at_random.into_iter()),
            };
            trials.insert(task, trial);
        }
        Ok(Tried::Measured(trials))
    }
}

/// A ticket without what stands at these places.
fn shortened(ticket: &Ticket, without: &[Place]) -> Ticket {
    let cut = |text: &str, field: Field| -> String {
        let gone = |at: &usize| without.iter().any(|p| p.field == field && (p.start..p.end).contains(at));
        text.chars().enumerate().filter(|(at, _)| !gone(at)).map(|(_, letter)| letter).collect()
    };
    Ticket {
        subject: cut(&ticket.subject, Field::Subject),
        body: cut(&ticket.body, Field::Body),
        ..ticket.clone()
    }
}

impl DeletionTask {
    fn of(trials: &[Trial]) -> Self {
        let share = |chosen: &dyn Fn(&&Trial) -> bool| {
            let won: Vec<f64> = trials.iter().filter(chosen).map(|trial| trial.won).collect();
            (!won.is_empty()).then(|| mean(won.into_iter()))
        };
        let all = share(&|_| true).unwrap_or(0.0);
        let won = (all * trials.len() as f64).round() as u64;
        Self {
            tickets: trials.len(),
            share: all,
            interval: wilson_interval(won, trials.len() as u64, Z_TWO_SIDED_95),
            share_of_short: share(&|trial| trial.words < FEW_WORDS),
            share_of_longer: share(&|trial| trial.words >= FEW_WORDS),
            lost_without_reasons: mean(trials.iter().map(|trial| trial.lost_without_reasons)),
            lost_without_random: mean(trials.iter().map(|trial| trial.lost_without_random)),
        }
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len().max(1) as f64;
    values.sum::<f64>() / count
}

impl DeletionReport {
    /// The report as a table.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = format!(
            "{} tickets; left out: {} with three or fewer different words, {} in a foreign language\n\n\
             Confidence in the predicted label falls more without the three top reasons than without three\n\
             random words, in this share of tickets (ten draws each, equal counts against it):\n\n",
            self.tickets, self.too_short, self.foreign
        );
        let percent =
            |share: Option<f64>| share.map_or("–".into(), |share| format!("{:.1} %", share * 100.0));
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "{:<10} {:>8} {:>9} {:>17} {:>12} {:>12} {:>15} {:>15}",
            "task",
            "tickets",
            "share",
            "95 % interval",
            "4–6 words",
            "7 and more",
            "lost, reasons",
            "lost, random"
        );
        for (task, of) in &self.tasks {
            let interval = format!("{:.1} to {:.1} %", of.interval.low * 100.0, of.interval.high * 100.0);
            let _ = writeln!(
                out,
                "{task:<10} {:>8} {:>9} {interval:>17} {:>12} {:>12} {:>15.3} {:>15.3}",
                of.tickets,
                percent(Some(of.share)),
                percent(of.share_of_short),
                percent(of.share_of_longer),
                of.lost_without_reasons,
                of.lost_without_random,
            );
        }
        out
    }
}
