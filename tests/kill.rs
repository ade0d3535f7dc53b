//! `kill -9` at any moment: what was acknowledged is there, nothing is there by half, and the search agrees with the
//! store, through the real binary. A few kills here; more by
//! `DESKHAND_KILLS=1000 cargo test --test kill -- --ignored --nocapture`, with `DESKHAND_KILL_SEED` for the same draws.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]
#![allow(clippy::print_stdout, reason = "the long run reports on standard output")]

#[path = "common/tiny_bundle.rs"]
mod tiny_bundle;

mod deliveries;
mod process;
#[path = "kill/writer.rs"]
mod writer;

use std::thread;
use std::time::{Duration, Instant};

use deskhand::model::{Bundle, Shelf};
use process::{Service, deskhand, ok, write};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use tiny_bundle::Tiny;
use writer::{Fact, Writer, deliver, get, imported, is_whole, post, title, word};

const WRITERS: usize = 6;
/// One start in so many is killed before it is ready.
const EARLY: u32 = 8;
/// After so many kills everything is looked at, not the newest and some of the others.
const ALL: usize = 100;

/// A data folder, and services on it one after another.
struct Site {
    dir: tempfile::TempDir,
    args: Vec<String>,
}

impl Site {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name).display().to_string();
        tiny_bundle::write(&dir.path().join("bundle"));
        let settings = format!("[integrations.generic.hook]\nsecrets = [\"{}\"]\n", deliveries::SECRET);
        let config = write(dir.path(), "deskhand.toml", &settings);
        let args = ["--data", &path("data"), "--model", &path("bundle"), "--config", &config];
        let args = args.map(str::to_owned).to_vec();
        Self { dir, args }
    }

    fn args(&self) -> Vec<&str> {
        self.args.iter().map(String::as_str).collect()
    }

    /// Starts one; and how long it took until it answers.
    fn start(&self) -> (Service, Duration) {
        let started = Instant::now();
        let service = Service::start(&self.args());
        while service.request("GET", "/health/ready", "").is_none_or(|(status, _)| status != 200) {
            thread::sleep(Duration::from_millis(1));
        }
        (service, started.elapsed())
    }
}

/// Looks for one thing that was acknowledged.
fn check(address: &str, fact: &Fact) {
    match fact {
        Fact::Answered { ticket, prediction } => {
            let kept = get(address, &format!("/v1/tickets/{ticket}"));
            let kept = kept.unwrap_or_else(|| panic!("the ticket {ticket} is gone"));
            let ids = kept["predictions"].as_array().unwrap().iter().map(|one| &one["prediction_id"]);
            assert!(ids.into_iter().any(|id| id == prediction), "the answer about {ticket} is gone");
        }
        Fact::Solved { ticket, resolution } => {
            let kept = get(address, &format!("/v1/tickets/{ticket}")).unwrap();
            assert_eq!(kept["outcome"]["status"], "solved", "{ticket}");
            assert_eq!(kept["outcome"]["resolution"], json!(resolution), "{ticket}");
        }
        Fact::Said { visit } => {
            let again = json!({"id": visit, "article_id": "base", "kind": "viewed"});
            let answer = post(address, "/v1/feedback", &again).unwrap();
            assert_eq!(answer["changed"], false, "the feedback of {visit} is gone");
        }
        Fact::Survey { id, comment } => {
            let kept = get(address, &format!("/v1/surveys/{id}"));
            let kept = kept.unwrap_or_else(|| panic!("the survey {id} is gone"));
            assert_eq!(kept["comment"], json!(comment));
            // A score so low opens a follow-up, in the same transaction.
            assert!(kept["follow_up"].is_object(), "the follow-up of {id} is gone: {kept}");
        }
        Fact::Delivery { id } => {
            assert_eq!(deliver(address, *id), Some(true), "the delivery {id} is gone");
        }
        Fact::Import { id } => {
            assert!(is_whole(imported(address, id)), "articles of the import {id} are gone")
        }
        Fact::Item { id, name } => {
            assert_eq!(get(address, &format!("/v1/configuration-items/{id}")).unwrap()["name"], json!(name));
        }
    }
}

/// Looks at every article of a writer: it is as it was acknowledged, or as it was asked for last; and the search says
/// the same.
fn check_articles(address: &str, writer: &mut Writer) {
    for (id, (known, asked)) in &mut writer.articles {
        let kept = get(address, &format!("/v1/articles/{id}"));
        let kept = kept.map(|article| article["title"].as_str().unwrap().to_owned());
        let is = |version: &Option<u64>| kept == version.map(|version| title(id, version));
        if let Some(asked) = asked.take_if(|asked| is(asked)) {
            *known = asked;
        }
        assert!(is(known), "{id} should be in version {known:?} or {asked:?}, and is {kept:?}");
        *asked = None;
        let Some(version) = *known else { continue };
        let word = word(id, version);
        let question = json!({"text": &word, "audience": "agent", "top": 3});
        let answer = post(address, "/v1/suggest", &question).unwrap();
        let found = |article: &&Value| {
            article["id"] == json!(id) && article["matched_terms"].as_array().unwrap().contains(&json!(word))
        };
        let articles = answer["articles"].as_array().unwrap();
        let found = articles.iter().find(found).unwrap_or_else(|| panic!("{word} is not found: {answer}"));
        assert_eq!(found["title"], json!(title(id, version)), "the search has another version");
    }
    for id in std::mem::take(&mut writer.unanswered_imports) {
        let count = imported(address, &id);
        assert!(count == 0 || is_whole(count), "{count} articles of the import {id} are there");
    }
}

fn check_all(address: &str, writers: &mut [Writer], seen: &[usize], all: bool, random: &mut StdRng) {
    for (writer, seen) in writers.iter_mut().zip(seen) {
        let facts = &writer.facts;
        let newest = &facts[(*seen).min(facts.len())..];
        let old = (0..if all { 0 } else { 5.min(facts.len()) })
            .map(|_| &facts[random.random_range(0..facts.len())]);
        let every = if all { facts.iter() } else { newest.iter() };
        every.chain(old).for_each(|fact| check(address, fact));
        check_articles(address, writer);
    }
}

fn kill_again_and_again(kills: usize, seed: u64) {
    println!("seed {seed}, {kills} kills");
    let (site, mut random) = (Site::new(), StdRng::seed_from_u64(seed));
    let mut writers: Vec<Writer> = (0..WRITERS).map(|name| Writer::new(name, seed)).collect();
    let mut recoveries = Vec::new();
    let (mut service, _) = site.start();
    let base = json!({"title": "A base", "body": "What is said of it."});
    assert_eq!(service.json("PUT", "/v1/articles/base", &base).0, 200);
    for round in 1..=kills {
        let seen: Vec<usize> = writers.iter().map(|writer| writer.facts.len()).collect();
        let pause = Duration::from_millis(random.random_range(5..500));
        let address = service.address.clone();
        thread::scope(|scope| {
            let writing: Vec<_> =
                writers.iter_mut().map(|writer| scope.spawn(|| writer.write(&address))).collect();
            thread::sleep(pause);
            service.kill();
            writing.into_iter().for_each(|writer| writer.join().unwrap());
        });
        while random.random_range(0..EARLY) == 0 {
            Service::start_and_kill(&site.args(), Duration::from_millis(random.random_range(1..400)));
        }
        let took;
        (service, took) = site.start();
        recoveries.push(took);
        let all = round.is_multiple_of(ALL) || round == kills;
        check_all(&service.address, &mut writers, &seen, all, &mut random);
        if all {
            println!("{}", report(round, &writers, &mut recoveries.clone()));
        }
    }
    assert!(service.terminate().success());
    let data = site.dir.path().join("data").display().to_string();
    assert!(ok(deskhand(&["doctor", "--data", &data])).contains("is whole"));
    for kind in ["Answered", "Solved", "Said", "Survey", "Delivery"] {
        let is_there = |fact: &Fact| format!("{fact:?}").starts_with(kind);
        assert!(writers.iter().any(|writer| writer.facts.iter().any(is_there)), "no {kind} was written");
    }
}

fn report(kills: usize, writers: &[Writer], recoveries: &mut [Duration]) -> String {
    recoveries.sort();
    let facts: u64 = writers.iter().map(|writer| writer.acknowledged).sum();
    let (median, longest) = (recoveries[recoveries.len() / 2], recoveries[recoveries.len() - 1]);
    format!(
        "{kills} kills: {facts} acknowledged writes are there; from start to ready {median:.2?} in the median, {longest:.2?} at most"
    )
}

#[test]
fn whatever_was_acknowledged_is_there_after_every_kill() {
    kill_again_and_again(6, 8);
}

#[test]
fn a_killed_promotion_leaves_a_whole_bundle_that_answers_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let rows = "{\"id\":\"1\",\"body\":\"No VPN\",\"category\":\"Network\"}\n".repeat(3);
    let rows = write(dir.path(), "rows.jsonl", &rows);
    let shelf = Shelf::of(&dir.path().join("data"));
    let candidate = |version: &'static str| {
        tiny_bundle::write_as(&dir.path().join(version), Tiny { version, category: 0, encoder: 0 });
        Bundle::open(&dir.path().join(version)).unwrap()
    };
    shelf.promote(&candidate("a0"), None).unwrap();
    let mut random = StdRng::seed_from_u64(8);
    let mut promoted = 0;
    for version in ["a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8"] {
        let before = shelf.current().unwrap();
        candidate(version);
        let args = ["promote", &path(version), "--data", &path("data"), "--input", &rows, "--force"];
        process::run_and_kill(&args, Duration::from_millis(random.random_range(20..900)));
        let now = shelf.current().unwrap();
        let bundle = Bundle::open(now.as_ref().unwrap()).unwrap();
        assert!(now == before || bundle.manifest().version == version, "{now:?}");
        promoted += usize::from(now != before);
    }
    println!("{promoted} of 8 promotions were done before the kill");
    shelf.promote(&candidate("a9"), None).unwrap();
    let left = std::fs::read_dir(dir.path().join("data/bundles")).unwrap().flatten();
    let left: Vec<_> = left
        .map(|entry| entry.file_name())
        .filter(|name| name.to_string_lossy().starts_with(".new"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
#[ignore = "takes as long as DESKHAND_KILLS says"]
fn a_thousand_kills() {
    let number = |name: &str| std::env::var(name).ok().and_then(|number| number.parse().ok());
    let seed = number("DESKHAND_KILL_SEED").unwrap_or(8);
    kill_again_and_again(usize::try_from(number("DESKHAND_KILLS").unwrap_or(1_000)).unwrap(), seed);
}
