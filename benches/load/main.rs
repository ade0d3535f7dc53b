//! The live service under load, beside what the bare model can do on the same machine.
//!
//! `cargo bench --bench load [-- --seconds 5]` starts the real binary with the samples, sends it their
//! tickets, and prints requests a second, waits, refusals, memory and the time on the cores; at the end
//! each claim with what was measured. The client has one thread, a second one that sleeps from one
//! request to the next, and a third that looks at the memory: all on the cores that the service uses.
//! Settings come from the environment for the service and the bare model alike
//! (`DESKHAND_INFERENCE__ENCODER=f32`, `TOKIO_WORKER_THREADS=1` …).

#![allow(missing_docs, unreachable_pub, clippy::print_stdout, reason = "a bench reports on standard output")]

mod bare;
mod client;
mod process;
mod report;
mod run;
mod service;
mod tickets;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use deskhand::config::Settings;
use deskhand::model::Model;
use deskhand::triage::Ticket;

use bare::{Rate, Steps};
use client::Connection;
use run::{Arrivals, Figures, Target};
use service::Service;
use tickets::{Asked, Requests};

/// Starts of the service on a warm disk; the median counts.
const STARTS: usize = 5;

/// What the bare model does.
pub struct Bare {
    pub forward: Rate,
    pub steps: Steps,
}

/// What one kind of request showed.
pub struct Pass {
    pub asked: Asked,
    /// By concurrency: 1, the cores, and more.
    pub closed: Vec<(usize, Figures)>,
    /// By share of the capacity.
    pub open: Vec<(f64, Arrivals, Figures)>,
    pub overload: Option<Overload>,
}

/// Twice the load that can be carried.
pub struct Overload {
    pub figures: Figures,
    pub resident_before: f64,
    /// The wait of a lone request right after it.
    pub after: Duration,
}

impl Pass {
    pub fn all(&self) -> impl Iterator<Item = &Figures> {
        let closed = self.closed.iter().map(|(_, figures)| figures);
        let open = self.open.iter().map(|(.., figures)| figures);
        closed.chain(open).chain(self.overload.iter().map(|overload| &overload.figures))
    }

    /// The most requests a second that were answered.
    pub fn capacity(&self) -> f64 {
        self.closed.iter().map(|(_, figures)| figures.per_second).fold(0.0, f64::max)
    }
}

fn main() -> anyhow::Result<()> {
    let time = Duration::from_secs_f64(seconds()?);
    let inference = Settings::load(None)?.inference;
    let threads = inference.worker_count();
    let tickets = tickets::read(Path::new("samples/tickets.jsonl"))?;
    let dir = tempfile::tempdir()?;
    let service = start(dir.path())?;
    let resident_at_start = process::resident_mb(service.pid());

    let model = Arc::new(Model::load(Path::new("models/default"), &inference)?);
    let texts = bare::tokens(&model, &tickets)?;
    report::machine(threads, &texts);
    let encoder = model.bundle().encoder(&inference)?;
    // A moment to warm up, and for a core to reach its speed.
    bare::forward(encoder.as_ref(), &texts, threads, time.mul_f64(0.2));
    let forward = bare::forward(encoder.as_ref(), &texts, threads, time);
    let bare = Bare { forward, steps: bare::steps(&model, &tickets)? };
    drop((encoder, model));
    report::bare(&bare, threads);

    // One thread: the cores are for the service.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut passes = Vec::new();
    report::header();
    for asked in [Asked::Predictions, Asked::Answer, Asked::Kept] {
        passes.push(runtime.block_on(pass(&service, &tickets, asked, threads, time))?);
    }
    report::claims(&bare, &passes, threads, resident_at_start, service.ready_after);
    service.stop()
}

/// The value of `--seconds`, else 5. Cargo gives `--bench` too.
fn seconds() -> anyhow::Result<f64> {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let seconds = match (arguments.next().as_deref(), arguments.next()) {
        (None, _) => 5.0,
        (Some("--seconds"), Some(seconds)) => seconds.parse().context("--seconds wants a number")?,
        _ => anyhow::bail!("usage: cargo bench --bench load [-- --seconds 5]"),
    };
    ensure!(seconds > 0.0, "--seconds wants more than 0");
    Ok(seconds)
}

/// The service with the samples in its data folder, started on a warm disk.
fn start(dir: &Path) -> anyhow::Result<Service> {
    let first = Service::start(dir)?;
    report::first_start(first.ready_after);
    first.stop()?;
    let mut times = Vec::with_capacity(STARTS);
    for _ in 1..STARTS {
        let service = Service::start(dir)?;
        times.push(service.ready_after);
        service.stop()?;
    }
    let mut service = Service::start(dir)?;
    times.push(service.ready_after);
    times.sort_unstable();
    service.ready_after = times[times.len() / 2];
    report::starts(&times);
    Ok(service)
}

async fn pass(
    service: &Service,
    tickets: &[Ticket],
    asked: Asked,
    threads: usize,
    time: Duration,
) -> anyhow::Result<Pass> {
    let target = Target {
        address: service.address.as_str().into(),
        pid: service.pid(),
        requests: Arc::new(Requests::new(tickets, asked, &service.address)?),
    };
    let mut pass = Pass { asked, closed: Vec::new(), open: Vec::new(), overload: None };
    for concurrency in [1, threads, 4 * threads, 16 * threads] {
        let figures = run::closed(&target, concurrency, time).await;
        report::row(asked, &format!("{concurrency} callers"), &figures);
        pass.closed.push((concurrency, figures));
    }
    if asked == Asked::Kept {
        return Ok(pass);
    }
    for (share, arrivals) in [(0.2, Arrivals::ByChance), (0.8, Arrivals::Even), (0.8, Arrivals::ByChance)] {
        let figures = run::open(&target, share * pass.capacity(), arrivals, time).await;
        report::row(asked, &format!("{:.0} % {}", share * 100.0, arrivals.name()), &figures);
        pass.open.push((share, arrivals, figures));
    }
    let resident_before = process::resident_mb(target.pid);
    let figures = run::open(&target, 2.0 * pass.capacity(), Arrivals::ByChance, time).await;
    report::row(asked, "200 % by chance", &figures);
    let after = lone(&target).await?;
    pass.overload = Some(Overload { figures, resident_before, after });
    Ok(pass)
}

/// The wait of a request on a connection of its own, which must be answered.
async fn lone(target: &Target) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let answer = Connection::open(&target.address).await?.send(&target.requests.next()).await?;
    ensure!(answer.status == 200, "after the overload the service answered {}", answer.status);
    Ok(started.elapsed())
}
