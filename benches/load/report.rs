//! What a load run prints.

use std::time::Duration;

use deskhand::model::Tokens;

use crate::process::load_average;
use crate::run::Figures;
use crate::tickets::Asked;
use crate::{Bare, Pass};

pub fn first_start(ready_after: Duration) {
    println!("first start, samples taken in: ready after {:.0} ms", ms(ready_after));
}

pub fn starts(sorted: &[Duration]) {
    let list: Vec<String> = sorted.iter().map(|time| format!("{:.0}", ms(*time))).collect();
    println!("starts on a warm disk: ready after {} ms", list.join(", "));
}

pub fn machine(threads: usize, texts: &[Tokens]) {
    let mut lengths: Vec<usize> = texts.iter().map(|text| text.ids.len()).collect();
    lengths.sort_unstable();
    println!(
        "{threads} workers; load average {} before the run; {} tickets of {} to {} tokens, mean {:.0}, median {}",
        load_average(),
        lengths.len(),
        lengths.first().unwrap_or(&0),
        lengths.last().unwrap_or(&0),
        lengths.iter().sum::<usize>() as f64 / lengths.len().max(1) as f64,
        lengths.get(lengths.len() / 2).unwrap_or(&0),
    );
}

pub fn bare(bare: &Bare, threads: usize) {
    let micros = |seconds: f64| seconds * 1e6;
    let Bare { forward, steps } = bare;
    println!(
        "forward pass alone, {threads} threads, one text each: {:.0} texts/s, {:.0} µs on a core for each",
        forward.per_second,
        micros(forward.cpu),
    );
    println!(
        "beside it, µs on a core for each: JSON {:.0}, cleaning and language {:.0}, tokenization {:.0}, all heads {:.0}",
        micros(steps.json),
        micros(steps.words),
        micros(steps.tokens),
        micros(steps.heads),
    );
}

pub fn header() {
    println!("\nwaits in ms, of answers with 200; µs on a core for each answer of whatever status");
    println!(
        "{:<12} {:<16} {:>8} {:>7} {:>7} {:>7} {:>7} | {:>6} {:>6} {:>5} {:>5} | {:>7} {:>6} {:>6} | {:>5}",
        "asked",
        "load",
        "200s/s",
        "p50",
        "p95",
        "p99",
        "most",
        "200",
        "429",
        "503",
        "other",
        "encoder",
        "rest",
        "client",
        "MB",
    );
}

pub fn row(asked: Asked, load: &str, figures: &Figures) {
    let answers = figures.answers().max(1) as f64;
    let micros = |seconds: f64| seconds * 1e6 / answers;
    let [ok, overloaded, unavailable] = [200, 429, 503].map(|status| figures.count(status));
    println!(
        "{:<12} {load:<16} {:>8.0} {:>7.2} {:>7.2} {:>7.2} {:>7.1} | {ok:>6} {overloaded:>6} {unavailable:>5} {:>5} | {:>7.0} {:>6.0} {:>6.0} | {:>5.0}",
        asked.name(),
        figures.per_second,
        figures.ms(0.5),
        figures.ms(0.95),
        figures.ms(0.99),
        figures.ms(1.0),
        figures.answers() - ok - overloaded - unavailable,
        micros(figures.cpu.encoder),
        micros(figures.cpu.rest()),
        micros(figures.client_cpu),
        figures.resident,
    );
}

/// Each claim with what was measured.
pub fn claims(bare: &Bare, passes: &[Pass], threads: usize, resident_at_start: f64, ready_after: Duration) {
    println!("\n{:<64} {:>10} {:>12}", "claim", "target", "measured");
    for pass in passes {
        if pass.asked == Asked::Predictions {
            overhead(bare, pass, threads);
        }
        spread(pass);
        overload(pass);
    }
    claim("MB after the start, samples in", 250.0, resident_at_start);
    let all = passes.iter().filter(|pass| pass.asked != Asked::Kept).flat_map(Pass::all);
    claim("MB at most, all runs that keep nothing", 250.0, all.map(|f| f.most_resident).fold(0.0, f64::max));
    claim("ms to the ready line on a warm disk, median", 500.0, ms(ready_after));
    println!("load average {} after the run", load_average());
}

/// What the service adds to the forward pass when there are as many callers as cores.
fn overhead(bare: &Bare, pass: &Pass, threads: usize) {
    let Some((_, figures)) = pass.closed.iter().find(|(concurrency, _)| *concurrency == threads) else {
        return;
    };
    let by_rate = 100.0 * (bare.forward.per_second / figures.per_second - 1.0);
    claim(
        &format!("{}: % over the forward pass, by rate, {threads} callers", pass.asked.name()),
        15.0,
        by_rate,
    );
    let rest = figures.cpu.rest() / figures.answers().max(1) as f64;
    let by_cpu = 100.0 * rest / bare.forward.cpu;
    claim(&format!("{}: the same by time on a core beside the encoder", pass.asked.name()), 15.0, by_cpu);
}

/// How much longer some wait when there is much to do.
fn spread(pass: &Pass) {
    let lone = pass.closed.first().map(|(_, figures)| figures.ms(0.5));
    let busy = pass.open.iter().filter(|(share, ..)| *share == 0.8);
    for (_, arrivals, figures) in busy {
        let (name, come) = (pass.asked.name(), arrivals.name());
        let ratio = lone.map_or(f64::NAN, |lone| figures.ms(0.99) / lone);
        claim(&format!("{name}: p99 at 80 % ({come}) / median of one caller"), 4.0, ratio);
    }
}

fn overload(pass: &Pass) {
    let Some(overload) = &pass.overload else { return };
    let (name, figures) = (pass.asked.name(), &overload.figures);
    let lost = 100.0 * (1.0 - figures.per_second / pass.capacity());
    claim(&format!("{name}: % of throughput lost at 200 %"), 5.0, lost);
    let other = figures.answers() - figures.count(200) - figures.count(429);
    claim(&format!("{name}: answers at 200 % other than 200 and 429"), 1.0, other as f64);
    let grown = figures.most_resident - overload.resident_before;
    claim(&format!("{name}: MB more at 200 % than before"), 10.0, grown);
    claim(&format!("{name}: ms of a lone request after it"), 100.0, ms(overload.after));
}

fn claim(what: &str, below: f64, measured: f64) {
    let holds = if measured < below { "yes" } else { "no" };
    println!("{what:<64} {:>10} {measured:>12.1}  {holds}", format!("< {below:.0}"));
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
