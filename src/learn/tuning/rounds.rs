//! Tuning several times, and the mean of what comes of it.

use std::path::{Path, PathBuf};

use super::trainer::Trainer;
use super::{Job, Step, TuneSettings, round};
use crate::model::weights::Weights;

/// What one tuning came to.
struct Outcome {
    encoder: Vec<f32>,
    heads: Vec<f32>,
    /// The pass that it is from.
    passes: usize,
    /// Wrong labels on held-out texts.
    wrong: usize,
}

/// Tunes as often as the settings say, first what is in `trainer`, and leaves there the mean of all numbers, or those of the best tuning
/// where that has fewer wrong labels on held-out texts; the pass that they are from, of several the latest.
pub(super) fn tune(
    job: &Job<'_>,
    weights: &Weights,
    trainer: &mut Trainer,
    watch: &dyn Fn(Step),
) -> candle_core::Result<usize> {
    let rounds = job.settings.rounds.max(1);
    let mut outcomes = Vec::with_capacity(rounds);
    for number in 0..rounds {
        let settings = TuneSettings { seed: job.settings.seed.wrapping_add(number as u64), ..*job.settings };
        let checkpoint = job.checkpoint.map(|path| of_round(path, number));
        let this = Job { settings: &settings, checkpoint: checkpoint.as_deref(), ..*job };
        if rounds > 1 {
            watch(Step::Round(number + 1, rounds));
        }
        if number > 0 {
            *trainer = Trainer::new(&this, weights)?;
        }
        let (passes, wrong) = round(&this, weights, trainer, &|step| watch(of_all(step, number, rounds)))?;
        let (encoder, heads) = (trainer.network.tuned().to_vec(), trainer.heads.numbers.clone());
        outcomes.push(Outcome { encoder, heads, passes, wrong });
    }
    let passes = settle(job, trainer, outcomes, watch)?;
    for path in (0..rounds).filter_map(|number| job.checkpoint.map(|path| of_round(path, number))) {
        // What is left of it is written over by the next training.
        let _ = std::fs::remove_file(path);
    }
    Ok(passes)
}

/// Gives the trainer the mean of all tunings, or the best of them.
fn settle(
    job: &Job<'_>,
    trainer: &mut Trainer,
    outcomes: Vec<Outcome>,
    watch: &dyn Fn(Step),
) -> candle_core::Result<usize> {
    let latest = outcomes.iter().map(|outcome| outcome.passes).max().unwrap_or_default();
    let Some(best) = outcomes.iter().min_by_key(|outcome| outcome.wrong) else { return Ok(latest) };
    if outcomes.len() == 1 {
        return Ok(latest);
    }
    trainer.network.set_tuned(&mean(outcomes.iter().map(|outcome| outcome.encoder.as_slice())));
    trainer.heads.numbers = mean(outcomes.iter().map(|outcome| outcome.heads.as_slice()));
    if job.held_out.is_empty() {
        return Ok(latest);
    }
    let wrong = trainer.tally(job.held_out)?.wrong;
    watch(Step::Mean(wrong, best.wrong));
    if wrong <= best.wrong {
        return Ok(latest);
    }
    trainer.network.set_tuned(&best.encoder);
    trainer.heads.numbers = best.heads.clone();
    Ok(best.passes)
}

/// The mean of numbers of equal count.
fn mean<'a>(parts: impl ExactSizeIterator<Item = &'a [f32]>) -> Vec<f32> {
    let share = 1.0 / parts.len().max(1) as f32;
    let mut mean = Vec::new();
    for part in parts {
        mean.resize(part.len(), 0.0);
        mean.iter_mut().zip(part).for_each(|(sum, x)| *sum += x * share);
    }
    mean
}

/// The checkpoint of a round; of the first the one that was asked for.
fn of_round(path: &Path, number: usize) -> PathBuf {
    match number {
        0 => path.to_owned(),
        _ => path.with_extension(format!("{}.safetensors", number + 1)),
    }
}

/// A step of one round among the steps of all.
fn of_all(step: Step, number: usize, rounds: usize) -> Step {
    match step {
        Step::Done(done, total) => Step::Done(number * total + done, rounds * total),
        other => other,
    }
}
