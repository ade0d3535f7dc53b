//! The search over many made-up articles, through the same calls as a request: how long indexing takes, how
//! long a ticket of 40 words waits for articles found by words, by embeddings and by both, and how much
//! memory the process holds then.
//!
//! `cargo bench --bench search -- --articles 100000`; with `--passages 1000000` the vectors alone. With
//! `--write DIR` the articles, the tickets and the figures are left for `search_peers.py`.
//!
//! Words are drawn as in Zipf's law: the words of `samples/` by how often they stand there, then, as the long
//! tail that any large set of texts has, pairs of them joined; tickets have the former only. The articles' embeddings are made up from the
//! seed, because computing 100,000 would take half an hour; those of the tickets are real.

#![allow(missing_docs, clippy::expect_used, reason = "a bench that cannot start has nothing to report")]
#![allow(clippy::print_stdout, reason = "the table is its result")]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use deskhand::config::{InferenceSettings, SearchSettings, StoreSettings};
use deskhand::knowledge::{Channel, Knowledge, Query, passages};
use deskhand::model::{Input, Lane, Model};
use deskhand::store::{Article, ArticleStatus, Audience, EmbeddedArticle, Passage, Store};
use deskhand::text::Format;
use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// As in `main.rs`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SEED: u64 = 20_261_122;
/// Different words that may be drawn.
const VOCABULARY: usize = 200_000;
const ARTICLE_WORDS: usize = 150;
const TITLE_WORDS: usize = 7;
const TICKET_WORDS: usize = 40;
/// Articles that are kept in one transaction.
const BATCH: usize = 1_000;
/// Passages of an article where only vectors matter.
const PASSAGES: usize = 4;
/// Queries before those that count.
const WARM_UP: usize = 20;
/// Articles in an answer.
const TOP: usize = 10;

#[derive(Parser)]
struct Options {
    /// Articles of 150 words, searched by words and embeddings.
    #[arg(long, default_value_t = 20_000)]
    articles: usize,
    /// Instead, so many passages of which only the vectors matter, four to an article.
    #[arg(long)]
    passages: Option<usize>,
    /// Tickets of 40 words.
    #[arg(long, default_value_t = 500)]
    queries: usize,
    /// Folder for documents.jsonl, queries.txt and figures.json.
    #[arg(long)]
    write: Option<PathBuf>,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Words with how likely each is, summed up.
struct Words {
    words: Vec<String>,
    sums: Vec<f64>,
    /// How many of them stand in the samples: the first ones.
    real: usize,
}

impl Words {
    fn of_the_samples() -> Self {
        let mut text = fs::read_to_string("samples/tickets.jsonl").expect("the sample tickets");
        for file in fs::read_dir("samples/articles").expect("the sample articles") {
            text += &fs::read_to_string(file.expect("an article").path()).expect("an article");
        }
        let mut counts: HashMap<String, usize> = HashMap::new();
        for word in text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| word.len() > 1) {
            *counts.entry(word.to_lowercase()).or_default() += 1;
        }
        let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
        counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let mut words: Vec<String> = counts.into_iter().map(|(word, _)| word).collect();
        let real = words.len();
        let mut random = StdRng::seed_from_u64(SEED);
        for _ in real..VOCABULARY {
            let joined = [0; 2].map(|_| random.random_range(0..real)).map(|place| words[place].clone());
            words.push(joined.concat());
        }
        let sums = (1..=words.len()).scan(0.0, |sum, rank| {
            *sum += 1.0 / rank as f64;
            Some(*sum)
        });
        Self { sums: sums.collect(), words, real }
    }

    /// So many of the first `among` words.
    fn text(&self, random: &mut StdRng, count: usize, among: usize) -> String {
        let all = self.sums[among - 1];
        let word = |random: &mut StdRng| {
            let at = random.random_range(0.0..all);
            self.words[self.sums.partition_point(|sum| *sum <= at).min(among - 1)].as_str()
        };
        (0..count).map(|_| word(random)).collect::<Vec<_>>().join(" ")
    }
}

/// A vector of unit length.
fn direction(random: &mut StdRng, dimension: usize) -> Vec<f32> {
    // A sum of uniform numbers is nearly normal, so that no direction is preferred.
    let mut numbers: Vec<f32> =
        (0..dimension).map(|_| (0..4).map(|_| random.random::<f32>()).sum::<f32>() - 2.0).collect();
    let norm = numbers.iter().map(|x| x * x).sum::<f32>().sqrt();
    numbers.iter_mut().for_each(|x| *x /= norm);
    numbers
}

fn article(number: usize, title: String, body: String) -> Article {
    Article {
        id: format!("kb-{number:07}"),
        title,
        body,
        body_format: Format::Text,
        url: None,
        audience: if number.is_multiple_of(4) { Audience::Agent } else { Audience::Customer },
        status: ArticleStatus::Published,
        category: Some(format!("Category {}", number % 30)),
        tags: Vec::new(),
        language: Some("en".into()),
        updated_at: None,
        product: None,
        expires_at: None,
        review_at: None,
        attachments: Vec::new(),
        version: 0,
        kept_at: None,
    }
}

/// The articles with their made-up embeddings.
struct Made {
    words: Words,
    random: StdRng,
    dimension: usize,
}

impl Made {
    fn article(&mut self, number: usize) -> EmbeddedArticle {
        let title = self.words.text(&mut self.random, TITLE_WORDS, VOCABULARY);
        let body = self.words.text(&mut self.random, ARTICLE_WORDS, VOCABULARY);
        let article = article(number, title, body);
        let cut = passages::split(&article);
        let passage = |cut: passages::PassageText| Passage {
            heading: cut.heading,
            text: cut.text,
            embedding: direction(&mut self.random, self.dimension),
        };
        EmbeddedArticle { passages: cut.into_iter().map(passage).collect(), article }
    }

    /// An article of few words and several passages.
    fn vectors(&mut self, number: usize) -> EmbeddedArticle {
        let embedding = |_| direction(&mut self.random, self.dimension);
        let passage = |embedding| Passage { heading: String::new(), text: "x".into(), embedding };
        let passages = (0..PASSAGES).map(embedding).map(passage).collect();
        EmbeddedArticle { article: article(number, "x".into(), "x".into()), passages }
    }
}

/// What was measured, as lines of a table and as numbers for other programs.
#[derive(Default)]
struct Figures {
    table: String,
    numbers: serde_json::Map<String, Value>,
}

impl Figures {
    fn one(&mut self, name: &str, unit: &str, value: f64) {
        let _ = writeln!(self.table, "| {name}, {unit} | {value:.1} | |");
        self.numbers.insert(name.into(), json!(value));
    }

    /// The middle one of some times, and the one that one in a hundred exceeds, in milliseconds.
    fn times(&mut self, name: &str, mut times: Vec<Duration>) {
        times.sort_unstable();
        let at = |share: f64| {
            let place = (times.len() as f64 * share) as usize;
            times.get(place.min(times.len() - 1)).map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
        };
        let (p50, p99) = (at(0.5), at(0.99));
        let _ = writeln!(self.table, "| {name}, ms | {p50:.2} | {p99:.2} |");
        self.numbers.insert(name.into(), json!({"p50": p50, "p99": p99}));
    }

    /// What the process holds now: its own memory, and pages of files that the system may take back.
    fn memory(&mut self) {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        for (name, field) in [("resident", "VmRSS:"), ("of it files", "RssFile:"), ("at most", "VmHWM:")] {
            let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
            let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse().unwrap_or_default();
            self.one(name, "MB", kilobytes / 1_000.0);
        }
    }
}

/// Everything that is measured needs these.
struct Bench {
    options: Options,
    runtime: Runtime,
    model: Arc<Model>,
    figures: Figures,
    data: tempfile::TempDir,
}

impl Bench {
    fn new(options: Options) -> Self {
        let model = Model::load(Path::new("models/default"), &InferenceSettings::default());
        Self {
            options,
            runtime: Runtime::new().expect("a runtime"),
            model: Arc::new(model.expect("the bundle that ships")),
            figures: Figures::default(),
            data: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    /// Keeps so many articles.
    fn keep(&mut self, count: usize, mut next: impl FnMut(usize) -> EmbeddedArticle) {
        let began = Instant::now();
        let mut documents = String::new();
        self.runtime.block_on(async {
            let store = Store::open(self.data.path(), &StoreSettings::default()).await.expect("a store");
            for first in (0..count).step_by(BATCH) {
                let batch: Vec<_> = (first..count.min(first + BATCH)).map(&mut next).collect();
                if self.options.write.is_some() {
                    for EmbeddedArticle { article, .. } in &batch {
                        let line = json!({"id": article.id, "title": article.title, "body": article.body});
                        let _ = writeln!(documents, "{line}");
                    }
                }
                store.put_articles(&batch, self.model.encoder_id()).await.expect("the articles are kept");
            }
            store.close().await.expect("the store closes");
        });
        self.write("documents.jsonl", &documents);
        self.figures.one("made and kept in the store", "s", began.elapsed().as_secs_f64());
    }

    fn write(&self, name: &str, text: &str) {
        if let Some(folder) = &self.options.write {
            fs::create_dir_all(folder).expect("the folder to write to");
            fs::write(folder.join(name), text).expect("the folder to write to");
        }
    }

    fn open(&self) -> (Store, Knowledge, f64) {
        self.runtime.block_on(async {
            let store = Store::open(self.data.path(), &StoreSettings::default()).await.expect("the store");
            let (model, settings) = (Arc::clone(&self.model), SearchSettings::default());
            let began = Instant::now();
            let opened = Knowledge::open(store.clone(), model, self.data.path(), &settings, &|_, _| ()).await;
            (store, opened.expect("the knowledge base"), began.elapsed().as_secs_f64())
        })
    }

    /// Opens the search twice, without an index and with one: the difference is what indexing takes.
    fn opened(&mut self) -> Knowledge {
        let (store, knowledge, without) = self.open();
        drop(knowledge);
        self.runtime.block_on(store.close()).expect("the store closes");
        let (_, knowledge, with) = self.open();
        self.figures.one("start", "s", with);
        if self.options.passages.is_none() {
            self.figures.one("indexing", "s", without - with);
        }
        knowledge
    }

    /// The time of each query after the first ones.
    fn times<'a>(&self, texts: &'a [String], ask: impl AsyncFn(usize, &'a str)) -> Vec<Duration> {
        self.runtime.block_on(async {
            let mut times = Vec::new();
            for (number, text) in texts.iter().enumerate() {
                let began = Instant::now();
                ask(number, text).await;
                times.push(began.elapsed());
            }
            times.split_off(WARM_UP)
        })
    }

    fn search(&mut self, knowledge: &Knowledge, texts: &[String]) {
        let model = &self.model;
        let read = async |text: &str| {
            let readings = model.read(&[Input::text(text)], Lane::Interactive).await.expect("a reading");
            readings[0].embedding()
        };
        let embeddings: Vec<Vec<f32>> = self.runtime.block_on(async {
            let mut embeddings = Vec::new();
            for text in texts {
                embeddings.push(read(text).await);
            }
            embeddings
        });
        let rank = async |number: usize, text: &str, channel| {
            black_box(knowledge.rank(&query(text, &embeddings[number], Audience::Customer), channel).await)
                .expect("articles");
        };
        let channels: &[_] = match self.options.passages {
            Some(_) => &[("vectors", Channel::Dense)],
            None => &[("words", Channel::Bm25), ("vectors", Channel::Dense), ("both", Channel::Hybrid)],
        };
        for (name, channel) in channels {
            let times = self.times(texts, async |number, text| rank(number, text, *channel).await);
            self.figures.times(name, times);
        }
        let times = self.times(texts, async |_, text| drop(black_box(read(text).await)));
        self.figures.times("embedding of the ticket", times);
        for (name, audience) in
            [("all of it", Audience::Customer), ("all of it, for agents", Audience::Agent)]
        {
            let times = self.times(texts, async |_, text| {
                let embedding = read(text).await;
                black_box(knowledge.suggest(&query(text, &embedding, audience)).await).expect("articles");
            });
            self.figures.times(name, times);
        }
        self.figures.memory();
    }
}

fn query<'a>(text: &'a str, embedding: &'a [f32], audience: Audience) -> Query<'a> {
    Query::unfiltered(text, embedding, audience, Timestamp::UNIX_EPOCH, TOP)
}

fn main() {
    let mut bench = Bench::new(Options::parse());
    let dimension = bench.model.manifest().encoder.hidden_size;
    let mut made = Made { words: Words::of_the_samples(), random: StdRng::seed_from_u64(SEED), dimension };
    let texts: Vec<String> = (0..bench.options.queries.max(1) + WARM_UP)
        .map(|_| made.words.text(&mut made.random, TICKET_WORDS, made.words.real))
        .collect();
    let title = match bench.options.passages {
        Some(passages) => {
            bench.keep(passages.div_ceil(PASSAGES), |number| made.vectors(number));
            format!("{passages} passages")
        }
        None => {
            let articles = bench.options.articles;
            bench.keep(articles, |number| made.article(number));
            format!("{articles} articles")
        }
    };
    drop(made);
    let knowledge = bench.opened();
    bench.search(&knowledge, &texts);
    bench.write("queries.txt", &texts.join("\n"));
    bench.write("figures.json", &Value::Object(bench.figures.numbers.clone()).to_string());
    println!("| {title} | p50 | p99 |\n|---|---|---|\n{}", bench.figures.table);
}
