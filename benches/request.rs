//! A whole request through the real router, with the bundle that ships and the sample articles: one after
//! the other, and as many at once as there are cores. In the end it prints which share of a request
//! tokenization, the forward pass, the heads and the rest take.

#![allow(missing_docs, clippy::expect_used, reason = "a bench that cannot start has nothing to report")]
#![allow(clippy::print_stdout, reason = "the table of shares is its result")]

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use deskhand::config::Settings;
use deskhand::http::{App, AppState, router};
use deskhand::knowledge::{Query, import};
use deskhand::model::{Input, Lane, Reading, Reads};
use deskhand::store::Audience;
use deskhand::triage::{Ticket, TicketRow};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

/// Of the sample tickets every so many are sent.
const EVERY: usize = 10;
/// How often the parts of a request are measured, in turns.
const ROUNDS: usize = 20;

/// The service over the sample articles, and some sample tickets.
struct Service {
    runtime: Runtime,
    app: AppState,
    router: Router,
    tickets: Vec<Value>,
    _dir: TempDir,
}

impl Service {
    fn start() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let dir = tempfile::tempdir().expect("a temporary folder");
        let app = runtime.block_on(async {
            let app = App::open(Settings::default(), dir.path(), Path::new("models/default")).await;
            let app = app.expect("the bundle and an empty data folder");
            let articles = import::read(Path::new("samples/articles")).expect("the sample articles");
            app.now().knowledge.import(articles, &|_| ()).await.expect("the articles are kept");
            AppState::new(app)
        });
        let file = fs::read_to_string("samples/tickets.jsonl").expect("the sample tickets");
        let rows = file.lines().step_by(EVERY).map(|line| serde_json::from_str(line).expect("a ticket"));
        Self { router: router(app.clone()), runtime, app, tickets: rows.map(ticket).collect(), _dir: dir }
    }

    /// The answers to `bodies`, `at_once` at a time.
    fn post(&self, path: &'static str, bodies: &[Arc<str>], at_once: usize) {
        self.runtime.block_on(async {
            let share = bodies.len().div_ceil(at_once);
            let callers: Vec<_> = bodies.chunks(share).map(|bodies| self.caller(path, bodies)).collect();
            for caller in callers {
                caller.await.expect("a caller");
            }
        });
    }

    /// Sends one request after the other.
    fn caller(&self, path: &'static str, bodies: &[Arc<str>]) -> tokio::task::JoinHandle<()> {
        let (router, bodies) = (self.router.clone(), bodies.to_vec());
        self.runtime.spawn(async move {
            for body in bodies {
                let request = Request::post(path).header("content-type", "application/json");
                let request = request.body(Body::from(body.to_string())).expect("a request");
                let answer = router.clone().oneshot(request).await.expect("an answer");
                assert!(answer.status().is_success(), "{path} answers {}", answer.status());
                black_box(answer.into_body().collect().await.expect("a whole answer"));
            }
        })
    }
}

/// What a helpdesk sends of a row of the samples.
fn ticket(row: Value) -> Value {
    let mut ticket = json!({"body_format": "text"});
    for field in ["id", "subject", "body", "channel", "created_at"] {
        ticket[field] = row[field].clone();
    }
    ticket
}

/// Bodies of requests about `tickets`; those without an id are answered but not kept.
fn bodies(tickets: &[Value], kept: bool) -> Vec<Arc<str>> {
    let body = |ticket: &Value| {
        let mut ticket = ticket.clone();
        if !kept {
            ticket["id"] = Value::Null;
        }
        Arc::from(json!({"ticket": ticket}).to_string())
    };
    tickets.iter().map(body).collect()
}

fn requests(c: &mut Criterion) {
    let service = Service::start();
    let cores = available_parallelism().map_or(1, usize::from);
    let (kept, unkept) = (bodies(&service.tickets, true), bodies(&service.tickets, false));
    let mut group = c.benchmark_group("request");
    group.sample_size(10).throughput(Throughput::Elements(service.tickets.len() as u64));
    let kinds = [
        ("triage", "/v1/triage", &kept),
        ("triage unkept", "/v1/triage", &unkept),
        ("suggest", "/v1/suggest", &unkept),
    ];
    for (name, path, bodies) in kinds {
        for at_once in [1, cores] {
            group.bench_with_input(
                BenchmarkId::new(name, format!("{at_once} at once")),
                &at_once,
                |b, at_once| b.iter(|| service.post(path, bodies, *at_once)),
            );
        }
    }
    group.finish();
    shares(&service, &kept);
}

/// Measures the parts of a triage request in turns and prints what each takes. The rest is HTTP, JSON,
/// decisions, similar tickets and keeping the answer.
fn shares(service: &Service, kept: &[Arc<str>]) {
    let Service { runtime, app, .. } = service;
    let now = app.now();
    let tickets: Vec<Ticket> = service.tickets.iter().map(parsed).collect();
    let texts: Vec<String> = tickets.iter().map(|ticket| now.triage.words(ticket).text).collect();
    let inputs: Vec<Input<'_>> = texts.iter().map(|text| Input::text(text)).collect();
    let read = |input: Input<'_>| {
        let reading = runtime.block_on(now.model.read(&[input], Lane::Interactive));
        reading.expect("a reading").remove(0)
    };
    let readings: Vec<Reading> = inputs.iter().map(|input| read(*input)).collect();
    let embeddings: Vec<Vec<f32>> = readings.iter().map(Reading::embedding).collect();
    let knowledge = &now.knowledge;
    let search = |text: &str, embedding: &[f32]| {
        let (audience, category, language) = (Audience::Agent, None, None);
        let (product, labels, now) = (None, &[], Timestamp::now());
        let query = Query { text, embedding, audience, category, language, product, labels, now, top: 5 };
        runtime.block_on(knowledge.suggest(&query)).expect("articles")
    };
    let predict = |reading: &Reading| {
        let heads = now.model.heads().iter().filter(|head| head.spec().reads == Reads::Ticket);
        heads.for_each(|head| _ = black_box(head.distribution(&reading.features, &reading.terms)));
    };
    let tokenizer = now.model.tokenizer();
    let whole = || service.post("/v1/triage", kept, 1);
    let clean = || tickets.iter().for_each(|ticket| _ = black_box(now.triage.words(ticket)));
    let tokenize = || inputs.iter().for_each(|input| _ = black_box(tokenizer.encode(input)));
    let forward = || inputs.iter().for_each(|input| _ = black_box(read(*input)));
    let heads = || readings.iter().for_each(predict);
    let articles = || texts.iter().zip(&embeddings).for_each(|(text, e)| _ = black_box(search(text, e)));
    let parts: [&dyn Fn(); 6] = [&whole, &clean, &tokenize, &forward, &heads, &articles];
    let [whole, clean, tokenize, read, heads, articles] =
        in_turns(parts).map(|time| time / tickets.len() as f64);
    let forward = read - tokenize;
    let rest = whole - clean - read - heads - articles;
    println!("\nA triage request that is kept, alone: {:.2} ms", whole * 1e3);
    let names = ["clean, tell the language", "tokenize", "forward", "heads", "search articles", "the rest"];
    for (name, part) in names.into_iter().zip([clean, tokenize, forward, heads, articles, rest]) {
        let (of_whole, of_forward) = (part / whole * 100.0, part / forward * 100.0);
        println!("{name:25} {:8.3} ms {of_whole:6.1} % of it {of_forward:6.1} % of the forward", part * 1e3);
    }
}

fn parsed(row: &Value) -> Ticket {
    let row: TicketRow = serde_json::from_value(row.clone()).expect("a row");
    row.into()
}

/// Median seconds that each of `parts` takes, measured in turns so that noise meets all of them.
fn in_turns<const N: usize>(parts: [&dyn Fn(); N]) -> [f64; N] {
    let mut times = [const { Vec::new() }; N];
    for _ in 0..ROUNDS {
        for (part, times) in parts.iter().zip(&mut times) {
            let started = Instant::now();
            part();
            times.push(started.elapsed().as_secs_f64());
        }
    }
    times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[ROUNDS / 2]
    })
}

criterion_group!(benches, requests);
criterion_main!(benches);
