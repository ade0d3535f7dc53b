//! A newly promoted bundle takes over while requests are answered, through the real binary.

#![allow(missing_docs, clippy::unwrap_used)]

mod process;
#[path = "common/tiny_bundle.rs"]
mod tiny_bundle;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use process::{Service, deskhand, ok, write};
use serde_json::{Value, json};
use tiny_bundle::Tiny;

/// Worker threads of the service.
const THREADS: usize = 2;
/// Longest wait for a switch.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running service over a data folder in which version 1 is promoted.
struct House {
    dir: tempfile::TempDir,
    service: Service,
}

impl House {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        promote(dir.path(), Tiny { version: "1", category: 0, encoder: 0 });
        let config = format!("[inference]\nthreads = {THREADS}\nencoder = \"f32\"\n");
        let config = write(dir.path(), "deskhand.toml", &config);
        let service = Service::start(&["--data", &data(dir.path()), "--config", &config]);
        Self { dir, service }
    }

    fn promote(&self, tiny: Tiny) {
        promote(self.dir.path(), tiny);
    }

    /// What `/health/ready` says of the bundle.
    fn version(&self) -> String {
        let (status, ready) = self.service.json("GET", "/health/ready", &Value::Null);
        assert_eq!(status, 200, "{ready}");
        ready["model"]["version"].as_str().unwrap().to_owned()
    }

    fn wait_for(&self, version: &str) {
        self.wait(|| self.version() == version, version);
    }

    fn wait(&self, is_so: impl Fn() -> bool, what: &str) {
        let started = Instant::now();
        while !is_so() {
            assert!(started.elapsed() < PATIENCE, "waited for {what}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn metric(&self, line: &str) -> bool {
        let (_, metrics) = self.service.json("GET", "/metrics", &Value::Null);
        metrics.as_str().unwrap().lines().any(|found| found == line)
    }

    fn triage(&self, id: &str, body: &str) -> Value {
        let ticket = json!({"ticket": {"id": id, "body": body}, "options": {"similar": 3, "articles": 3}});
        let (status, answer) = self.service.json("POST", "/v1/triage", &ticket);
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// Worker threads of the process; `None` where the system does not tell.
    fn workers(&self) -> Option<usize> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.service.id())).ok()?;
        let name = |task: std::io::Result<std::fs::DirEntry>| {
            std::fs::read_to_string(task.ok()?.path().join("comm")).ok()
        };
        Some(tasks.filter_map(name).filter(|name| name.starts_with("worker-")).count())
    }
}

fn data(dir: &Path) -> String {
    dir.join("data").display().to_string()
}

fn promote(dir: &Path, tiny: Tiny) {
    let place: PathBuf = dir.join(format!("candidate-{}", tiny.version));
    tiny_bundle::write_as(&place, tiny);
    let rows = write(dir, "rows.jsonl", "{\"body\":\"a\",\"category\":\"Network\"}\n");
    let (place, data) = (place.display().to_string(), data(dir));
    ok(deskhand(&["promote", &place, "--data", &data, "--input", &rows, "--force"]));
}

/// Requests of each client after it was told to stop: two of each kind.
const LAST: usize = 8;

/// Asks over and over until it is told to stop, and a little longer: how often each version of the bundle answered.
fn ask(service: &Service, number: usize, stop: &AtomicBool) -> BTreeMap<String, usize> {
    let mut answered = BTreeMap::new();
    let (mut asked, mut last) = (0, LAST);
    while last > 0 {
        asked += 1;
        // However slow the machine is, the version that came last has answered a few then.
        last -= usize::from(stop.load(Ordering::Relaxed));
        let ticket = json!({"id": format!("{number}-{asked}"), "body": "the printer jams again"});
        let article = json!({"title": "Printer", "body": format!("Text {asked}."), "audience": "customer"});
        let path = format!("/v1/articles/busy-{number}");
        let (method, path, body) = match asked % 4 {
            0 => ("PUT", path.as_str(), article),
            1 => ("POST", "/v1/suggest", json!({"text": "printer jams"})),
            2 => ("POST", "/v1/sentiment", json!({"text": "thank you"})),
            _ => ("POST", "/v1/triage", json!({"ticket": ticket, "options": {"similar": 2}})),
        };
        let (status, answer) = service.json(method, path, &body);
        assert_eq!(status, 200, "{method} {path}: {answer}");
        if let Some(version) = answer["model"]["version"].as_str() {
            *answered.entry(version.to_owned()).or_default() += 1;
        }
    }
    answered
}

#[test]
fn no_request_fails_while_bundles_are_switched_and_the_answers_name_the_new_one() {
    let house = House::new();
    let stop = AtomicBool::new(false);
    let answered = thread::scope(|scope| {
        let clients: Vec<_> = (0..4)
            .map(|number| {
                scope.spawn({
                    let (house, stop) = (&house, &stop);
                    move || ask(&house.service, number, stop)
                })
            })
            .collect();
        house.wait_for("1");
        // The same encoder first, then another: the articles and tickets are embedded again beside.
        house.promote(Tiny { version: "2", category: 1, encoder: 0 });
        house.wait_for("2");
        house.promote(Tiny { version: "3", category: 2, encoder: 5 });
        house.wait_for("3");
        stop.store(true, Ordering::Relaxed);
        let answered = clients.into_iter().map(|client| client.join().unwrap());
        answered.fold(BTreeMap::<String, usize>::new(), |mut sum, one| {
            one.into_iter().for_each(|(version, count)| *sum.entry(version).or_default() += count);
            sum
        })
    });
    assert_eq!(answered.keys().collect::<Vec<_>>(), ["1", "2", "3"], "{answered:?}");
    assert!(answered.values().all(|count| *count > 3), "{answered:?}");
    assert_eq!(house.triage("last", "the printer jams")["predictions"]["category"]["label"], "Access");
    assert!(house.metric("deskhand_bundle_switches_total{result=\"switched\"} 2"));
    if house.workers().is_some() {
        house.wait(|| house.workers() == Some(THREADS), "the workers of the former bundles to stop");
    }
    assert!(house.service.terminate().success());
}

#[test]
fn articles_and_tickets_are_found_after_a_switch_to_another_encoder_and_after_a_restart() {
    let house = House::new();
    let put = |id: &str, text: &str| {
        let article = json!({"title": text, "body": text, "audience": "customer"});
        assert_eq!(house.service.json("PUT", &format!("/v1/articles/{id}"), &article).0, 200);
    };
    put("vpn", "qqqq zzzz");
    put("mail", "shared mailbox");
    house.triage("before", "the very same words");
    house.promote(Tiny { version: "2", category: 0, encoder: 9 });
    house.wait_for("2");
    put("late", "wwww kkkk");
    // Of a random encoder only the same words are alike for sure.
    let similar = |house: &House| {
        let answer = house.triage("after", "the very same words");
        answer["open_tickets"]
            .as_array()
            .unwrap()
            .iter()
            .any(|ticket| ticket["id"] == "before" && ticket["score"].as_f64().unwrap() > 0.999)
    };
    house.wait(|| similar(&house), "tickets from before the switch");
    let found = |house: &House, id: &str, text: &str| {
        let answer = house.service.json("POST", "/v1/suggest", &json!({"text": text})).1;
        answer["articles"].as_array().unwrap().iter().any(|article| article["id"] == id)
    };
    assert!(found(&house, "vpn", "qqqq zzzz") && found(&house, "late", "wwww kkkk"));

    let House { dir, service } = house;
    assert!(service.terminate().success());
    let service = Service::start(&["--data", &data(dir.path())]);
    let house = House { dir, service };
    assert_eq!(house.version(), "2", "what was promoted answers after a restart");
    assert!(found(&house, "mail", "shared mailbox") && similar(&house));
}

#[test]
fn a_broken_bundle_leaves_the_old_one_answering_until_another_is_promoted() {
    let house = House::new();
    let bundles = house.dir.path().join("data/bundles");
    let broken = bundles.join("broken");
    std::fs::create_dir(&broken).unwrap();
    std::fs::write(broken.join("bundle.toml"), "format = 1\n").unwrap();
    std::fs::write(bundles.join("current"), "bundle = \"broken\"\nformer = \"tiny-1\"\n").unwrap();
    let failed = "deskhand_bundle_switches_total{result=\"failed\"} 1";
    house.wait(|| house.metric(failed), "the refusal");
    thread::sleep(Duration::from_millis(1_500));
    assert!(house.metric(failed), "it is tried once, not over and over");
    assert_eq!(house.version(), "1");
    assert_eq!(house.triage("1", "a b c")["model"]["version"], "1");
    std::fs::write(bundles.join("current"), "no toml at all").unwrap();
    thread::sleep(Duration::from_millis(1_500));
    assert_eq!(house.version(), "1");
    std::fs::write(bundles.join("current"), "bundle = \"broken\"\nformer = \"tiny-1\"\n").unwrap();
    ok(deskhand(&["promote", "--back", "--data", &data(house.dir.path())]));
    house.promote(Tiny { version: "2", category: 1, encoder: 0 });
    house.wait_for("2");
    let info = house.service.json("GET", "/info", &Value::Null).1;
    assert_eq!(info["model"]["version"], "2");
    assert!(house.metric("deskhand_bundle_switches_total{result=\"switched\"} 1"));
}

#[test]
fn a_bundle_that_was_asked_for_by_name_stays() {
    let dir = tempfile::tempdir().unwrap();
    let model = dir.path().join("mine");
    tiny_bundle::write_as(&model, Tiny { version: "7", category: 0, encoder: 0 });
    let model = model.display().to_string();
    let service = Service::start(&["--data", &data(dir.path()), "--model", &model]);
    let house = House { dir, service };
    house.promote(Tiny { version: "8", category: 0, encoder: 0 });
    thread::sleep(Duration::from_millis(2_500));
    assert_eq!(house.version(), "7");
}
