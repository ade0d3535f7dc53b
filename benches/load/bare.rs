//! The model without the service: how fast this machine reads the same texts, and what the steps beside
//! the forward pass cost.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use deskhand::config::TriageSettings;
use deskhand::model::{Desk, Encoder, Input, Model, Tokens};
use deskhand::triage::{Ticket, Triage};

use crate::process::own_cpu;

/// How fast texts are read.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    /// By all threads together.
    pub per_second: f64,
    /// Seconds on a core for each.
    pub cpu: f64,
}

/// What one thread takes for each ticket, in seconds on a core.
#[derive(Debug, Clone, Copy)]
pub struct Steps {
    /// JSON to ticket.
    pub json: f64,
    /// Markup, quoted mail and signature off; the language.
    pub words: f64,
    pub tokens: f64,
    /// All heads of the bundle.
    pub heads: f64,
}

/// The tickets' texts, cleaned and cut into tokens as the service does it.
pub fn tokens(model: &Arc<Model>, tickets: &[Ticket]) -> anyhow::Result<Vec<Tokens>> {
    let triage = Triage::new(Arc::clone(model), TriageSettings::default(), None);
    let texts = tickets.iter().map(|ticket| triage.words(ticket).text);
    Ok(texts.map(|text| model.tokenizer().encode(&Input::text(&text))).collect::<Result<_, _>>()?)
}

/// The forward pass alone: on each of `threads` threads one text after another.
pub fn forward(encoder: &dyn Encoder, texts: &[Tokens], threads: usize, time: Duration) -> Rate {
    let next = AtomicUsize::new(0);
    let started = Instant::now();
    let cpu: f64 = std::thread::scope(|scope| {
        let work = || {
            let mut desk = Desk::default();
            let before = own_cpu();
            while started.elapsed() < time {
                let text = &texts[next.fetch_add(1, Ordering::Relaxed) % texts.len()];
                // What fails here failed in the warm-up of the model already.
                let _ = encoder.forward(std::slice::from_ref(text), &mut desk);
            }
            own_cpu() - before
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or(0.0)).sum()
    });
    let count = next.into_inner() as f64;
    Rate { per_second: count / started.elapsed().as_secs_f64(), cpu: cpu / count }
}

/// The steps before and after the forward pass, each alone on this thread.
pub fn steps(model: &Arc<Model>, tickets: &[Ticket]) -> anyhow::Result<Steps> {
    let triage = Triage::new(Arc::clone(model), TriageSettings::default(), None);
    let bodies: Vec<String> = tickets.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
    let texts: Vec<String> = tickets.iter().map(|ticket| triage.words(ticket).text).collect();
    let inputs: Vec<Input<'_>> = texts.iter().map(|text| Input::text(text)).collect();
    let readings = model.read_blocking(&inputs)?;
    Ok(Steps {
        json: each(&bodies, |body| serde_json::from_str::<Ticket>(body).is_ok()),
        words: each(tickets, |ticket| triage.words(ticket)),
        tokens: each(&inputs, |input| model.tokenizer().encode(input).is_ok()),
        heads: each(&readings, |reading| {
            model
                .heads()
                .iter()
                .map(|head| head.distribution(&reading.features, &reading.terms).top().1)
                .sum::<f32>()
        }),
    })
}

/// Seconds on a core for each item, after one round to warm up.
fn each<I, O>(items: &[I], step: impl Fn(&I) -> O) -> f64 {
    const ROUNDS: usize = 20;
    let round = || {
        for item in items {
            std::hint::black_box(step(item));
        }
    };
    round();
    let before = own_cpu();
    (0..ROUNDS).for_each(|_| round());
    (own_cpu() - before) / (ROUNDS * items.len()) as f64
}
