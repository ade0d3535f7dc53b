//! Whatever bytes come, every parser reads or refuses them: it does not panic, and it comes to an end in a time that
//! grows with the length alone. A few inputs for each here; for hours:
//! `DESKHAND_FUZZ_SECONDS=3600 cargo test --test fuzz -- --ignored --nocapture`, with `DESKHAND_FUZZ_SEED` for the
//! same inputs again, and `DESKHAND_FUZZ_ONLY` for the parsers whose name contains it.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the long run reports")]

mod common;
#[path = "fuzz/inputs.rs"]
mod inputs;
mod parsers;
#[path = "fuzz/routes.rs"]
mod routes;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use common::tiny_bundle;
use inputs::{Input, inputs, repeated};
use parsers::Parser;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

/// Longest repetition in the ordinary run, in bytes.
const LONGEST: usize = 16 << 10;
/// An input may keep a core busy for so long, in a build without optimisation, and so much more for each MiB.
const LONG: Duration = Duration::from_secs(5);
const LONG_A_MEBIBYTE: Duration = Duration::from_secs(60);
/// Four times the input may take so many times as long; what takes the square of its length takes sixteen times.
const STEEP: f64 = 9.0;
/// Nothing is said about how time grows from less than this.
const MEASURABLE: Duration = Duration::from_millis(200);
/// After this long without an end the long run gives up: a parser hangs.
const HANGS: Duration = Duration::from_secs(120);

fn seconds() -> u64 {
    std::env::var("DESKHAND_FUZZ_SECONDS").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(600)
}

fn seed() -> u64 {
    let given = std::env::var("DESKHAND_FUZZ_SEED").ok().and_then(|seed| seed.parse().ok());
    given.unwrap_or_else(|| jiff::Timestamp::now().as_second().unsigned_abs())
}

fn only() -> String {
    std::env::var("DESKHAND_FUZZ_ONLY").unwrap_or_default()
}

/// Draws that a number decides.
fn drawn(seed: u64) -> TestRng {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    TestRng::from_seed(RngAlgorithm::ChaCha, &bytes)
}

fn runner(cases: u32, seed: u64) -> TestRunner {
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new_with_rng(config, drawn(seed))
}

/// Time that this thread was at work, where the system tells it: on a busy machine it is less than what the clock says.
fn busy() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    told.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// Lets a parser read, and fails where that takes too long.
fn read(parser: &Parser, input: &[u8]) -> Result<Duration, TestCaseError> {
    let (started, before) = (Instant::now(), busy());
    (parser.read)(input);
    let took = before.zip(busy()).map_or_else(|| started.elapsed(), |(before, after)| after - before);
    let length = input.len();
    let allowed = LONG + LONG_A_MEBIBYTE.mul_f64(length as f64 / f64::from(1 << 20));
    if took > allowed {
        return Err(TestCaseError::fail(format!("{length} bytes took {took:?}")));
    }
    Ok(took)
}

fn check(parser: &Parser, cases: u32, longest: usize, seed: u64) -> Result<(), TestError<Input>> {
    runner(cases, seed).run(&inputs(parser, longest), |input| read(parser, &input.0).map(drop))
}

#[test]
fn every_parser_reads_or_refuses_whatever_comes() {
    // `PROPTEST_CASES` asks for more.
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    for parser in parsers::all().into_iter().filter(|parser| parser.name.contains(&only())) {
        if let Err(error) = check(&parser, asked.unwrap_or(24), LONGEST, seed()) {
            panic!("{}: {error}", parser.name);
        }
    }
}

#[test]
fn every_good_input_of_the_fixtures_is_taken() {
    for parser in parsers::all() {
        (parser.seeds)().iter().for_each(|seed| assert!(read(&parser, seed).is_ok()));
    }
}

#[test]
fn every_route_answers_or_refuses_whatever_comes() {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    routes::check(asked.unwrap_or(300), seed()).unwrap_or_else(|error| panic!("{error}"));
}

/// What the long run is at, so that a hang is seen and named.
struct At(Mutex<Option<(String, Instant)>>);

impl At {
    fn set(&self, what: Option<String>) {
        *self.0.lock().unwrap() = what.map(|what| (what, Instant::now()));
    }

    fn watch(&'static self) {
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(Duration::from_secs(1));
                let at = self.0.lock().unwrap().clone();
                if let Some((what, since)) = at
                    && since.elapsed() > HANGS
                {
                    eprintln!("HANGS for {HANGS:?}: {what}");
                    std::process::abort();
                }
            }
        });
    }
}

static AT: At = At(Mutex::new(None));

/// Cycles over all parsers and all routes until the time is up.
#[test]
#[ignore = "takes as long as DESKHAND_FUZZ_SECONDS says"]
fn every_parser_and_every_route_for_as_long_as_asked() {
    let (seconds, seed) = (seconds(), seed());
    let only = only();
    println!("seed {seed}, {seconds} s");
    AT.watch();
    // What fails is told once it is made small; not each time on the way there.
    std::panic::set_hook(Box::new(|_| ()));
    let end = Instant::now() + Duration::from_secs(seconds);
    let (all, mut tally) = (parsers::all(), Tally::default());
    for round in 0.. {
        for parser in all.iter().filter(|parser| parser.name.contains(&only)) {
            if Instant::now() >= end {
                report(&tally);
                return;
            }
            long(parser, seed.wrapping_add(round), &mut tally);
        }
        if "routes".contains(&only) {
            AT.set(Some("routes".to_owned()));
            let checked = routes::check(300, seed.wrapping_add(round));
            AT.set(None);
            *tally.counts.entry("routes").or_default() += 300;
            if let Err(error) = checked {
                tally.found("routes", seed.wrapping_add(round), &[], &error);
            }
        }
        if Instant::now() >= end {
            report(&tally);
            return;
        }
    }
}

/// Some hundred small inputs, and one of a megabyte.
fn long<'a>(parser: &'a Parser, seed: u64, tally: &mut Tally<'a>) {
    const CASES: u32 = 200;
    let kept = inputs(parser, LONGEST).prop_map(|input| {
        AT.set(Some(format!("{}: {input:?}", parser.name)));
        input
    });
    let checked = runner(CASES, seed).run(&kept, |input| read(parser, &input.0).map(drop));
    if let Err(error) = checked {
        let input = if let TestError::Fail(_, Input(bytes)) = &error { bytes.as_slice() } else { &[] };
        tally.found(parser.name, seed, input, &error.to_string());
    }
    let mut once = runner(1, seed);
    let large = repeated(parser.words, 1 << 20).new_tree(&mut once).unwrap().current();
    AT.set(Some(format!("{}: {:?}", parser.name, Input(large.clone()))));
    match std::panic::catch_unwind(|| grows(parser, &large)) {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tally.found(parser.name, seed, &large, &error.to_string()),
        Err(_) => tally.found(parser.name, seed, &large, "panics"),
    }
    AT.set(None);
    *tally.counts.entry(parser.name).or_default() += u64::from(CASES) + 1;
}

/// Fails where a long input takes much longer than the same four times as long allows.
fn grows(parser: &Parser, large: &[u8]) -> Result<(), TestCaseError> {
    let quarter = read(parser, &large[..large.len() / 4])?;
    let whole = read(parser, large)?;
    if whole > MEASURABLE && whole > quarter.max(MEASURABLE / 20).mul_f64(STEEP) {
        return Err(TestCaseError::fail(format!("a quarter took {quarter:?}, the whole {whole:?}")));
    }
    Ok(())
}

/// What was read, and what was found.
#[derive(Default)]
struct Tally<'a> {
    counts: BTreeMap<&'a str, u64>,
    findings: BTreeMap<String, String>,
}

impl Tally<'_> {
    /// Says it, and keeps the input in `target/fuzz`.
    fn found(&mut self, name: &str, seed: u64, input: &[u8], error: &str) {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/target/fuzz");
        std::fs::create_dir_all(folder).unwrap();
        let path = format!("{folder}/{name}-{seed}");
        std::fs::write(&path, input).unwrap();
        let error: String = error.chars().take(1_000).collect();
        eprintln!("FOUND {name} ({path}): {error}");
        self.findings.entry(name.to_owned()).or_insert(error);
    }
}

fn report(Tally { counts, findings: found }: &Tally<'_>) {
    counts.iter().for_each(|(name, count)| println!("{name}: {count} inputs"));
    println!("{} inputs in all, {} findings", counts.values().sum::<u64>(), found.len());
    assert!(found.is_empty(), "{found:#?}");
}
