//! Several instances of the real binary on one PostgreSQL: one dies, the server dies. Without a PostgreSQL these say so
//! and pass.

#![allow(missing_docs, clippy::unwrap_used)]

mod postgres;
mod process;
#[path = "common/tiny_bundle.rs"]
mod tiny_bundle;

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use deskhand::config::Secret;
use postgres::Cluster;
use process::{Service, deskhand, ok};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Callers at a time.
const WORKERS: usize = 4;

/// A number of instances on this store, each with a data folder of its own, and one folder more.
struct House {
    dir: TempDir,
    url: String,
    services: Vec<Option<Service>>,
}

impl House {
    fn start(url: &str, instances: usize) -> Self {
        let dir = TempDir::new().unwrap();
        tiny_bundle::write(&dir.path().join("bundle"));
        let mut house = Self { dir, url: url.to_owned(), services: Vec::new() };
        // At once, as a house is switched on: one makes the tables.
        let starting = |n: usize| {
            let flags = house.flags(&n.to_string());
            let bundle = house.dir.path().join("bundle").display().to_string();
            move || {
                let mut flags: Vec<&str> = flags.iter().map(String::as_str).collect();
                flags.extend(["--model", &bundle]);
                Service::start(&flags)
            }
        };
        let starting: Vec<_> = (0..instances).map(|n| thread::spawn(starting(n))).collect();
        house.services = starting.into_iter().map(|service| Some(service.join().unwrap())).collect();
        house
    }

    fn flags(&self, data: &str) -> Vec<String> {
        let data = self.dir.path().join(data).display().to_string();
        vec!["--data".into(), data, "--store".into(), self.url.clone()]
    }

    fn addresses(&self) -> Vec<String> {
        self.services.iter().flatten().map(|service| service.address.clone()).collect()
    }

    /// Whether the chain of the trail holds, by a command with a data folder of its own.
    fn trail_holds(&self) -> bool {
        let flags = self.flags("command");
        let mut args = vec!["trail", "verify"];
        args.extend(flags.iter().map(String::as_str));
        ok(deskhand(&args)).contains("entries")
    }
}

/// A request as a load balancer sends it: to one after another, and on to the next where the connection is refused.
fn balanced(addresses: &[String], turn: &AtomicUsize, method: &str, path: &str, body: &Value) -> Option<u16> {
    for _ in addresses {
        let address = &addresses[turn.fetch_add(1, Ordering::Relaxed) % addresses.len()];
        if TcpStream::connect(address).is_err() {
            continue;
        }
        return Service::request_at(address, method, path, &[], &body.to_string()).map(|(status, _)| status);
    }
    None
}

/// What came of requests under load: ids of articles that were acknowledged, and the others' statuses.
#[derive(Default)]
struct Load {
    kept: Mutex<Vec<String>>,
    failed: Mutex<Vec<Option<u16>>>,
}

/// Puts articles and asks about tickets from several threads, while `meanwhile` happens.
fn under_load(addresses: &[String], meanwhile: impl FnOnce()) -> (Vec<String>, Vec<Option<u16>>) {
    let (load, stop, turn) = (Load::default(), AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for worker in 0..WORKERS {
            let (load, stop, turn) = (&load, &stop, &turn);
            scope.spawn(move || {
                for n in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let id = format!("w{worker}-{n}");
                    let article =
                        json!({"title": format!("Article {id}"), "body": format!("About the device {id}.")});
                    match balanced(addresses, turn, "PUT", &format!("/v1/articles/{id}"), &article) {
                        Some(200..=299) => load.kept.lock().unwrap().push(id.clone()),
                        other => load.failed.lock().unwrap().push(other),
                    }
                    let ticket = json!({"ticket": {"id": id, "body": "It jams again."}});
                    match balanced(addresses, turn, "POST", "/v1/triage", &ticket) {
                        Some(200) => {}
                        other => load.failed.lock().unwrap().push(other),
                    }
                }
            });
        }
        meanwhile();
        stop.store(true, Ordering::Relaxed);
    });
    (load.kept.into_inner().unwrap(), load.failed.into_inner().unwrap())
}

#[allow(clippy::explicit_write, reason = "eprintln! is kept by the test harness")]
fn say(told: &str) {
    writeln!(std::io::stderr(), "{told}").unwrap();
}

fn soon(what: &str, within: Duration, ask: impl Fn() -> bool) -> Duration {
    let began = Instant::now();
    while !ask() {
        assert!(began.elapsed() < within, "{what}: not within {within:?}");
        thread::sleep(Duration::from_millis(20));
    }
    began.elapsed()
}

fn finds(service: &Service, word: &str, id: &str) -> bool {
    let asked = json!({"text": word, "audience": "agent", "top": 3});
    let (status, found) = service.json("POST", "/v1/suggest", &asked);
    status == 200 && found["articles"].as_array().unwrap().iter().any(|article| article["id"] == id)
}

#[tokio::test]
async fn one_of_three_dies_under_load_and_no_request_fails_but_those_in_flight() {
    let folder = TempDir::new().unwrap();
    let Some(url) = postgres::store_of(folder.path()).await else { return };
    let mut house = House::start(url.expose(), 3);
    let addresses = house.addresses();
    let dies = house.services.remove(0).unwrap();
    let (kept, failed) = under_load(&addresses, || {
        thread::sleep(Duration::from_millis(1_500));
        dies.kill();
        thread::sleep(Duration::from_millis(1_500));
    });
    say(&format!(
        "one of three died: {} articles were kept, {} requests failed: {failed:?}",
        kept.len(),
        failed.len()
    ));
    assert!(!kept.is_empty());
    assert!(failed.len() <= WORKERS && failed.iter().all(Option::is_none), "{failed:?}");
    let [one, other] = [&house.services[0], &house.services[1]].map(|service| service.as_ref().unwrap());
    for id in &kept {
        assert_eq!(one.json("GET", &format!("/v1/articles/{id}"), &Value::Null).0, 200, "{id} is gone");
    }
    let article = json!({"title": "The zq77 device", "body": "How to reset the zq77 device."});
    assert_eq!(one.json("PUT", "/v1/articles/changed", &article).0, 200);
    let seen = soon("an article of one", Duration::from_secs(2), || finds(other, "zq77", "changed"));
    say(&format!("an article that one instance changed was found on another after {seen:?}"));
    assert!(house.trail_holds());
}

#[test]
fn the_server_dies_under_load_and_nothing_that_was_acknowledged_is_lost() {
    let Some(cluster) = Cluster::start() else {
        say("NOT TESTED: there is no PostgreSQL here");
        return;
    };
    let house = House::start(&cluster.url(), 2);
    let addresses = house.addresses();
    let mut down = Duration::ZERO;
    let (kept, failed) = under_load(&addresses, || {
        thread::sleep(Duration::from_millis(1_000));
        let began = Instant::now();
        cluster.restart();
        down = began.elapsed();
        thread::sleep(Duration::from_millis(2_000));
    });
    let service = house.services[0].as_ref().unwrap();
    let article = json!({"title": "The zq78 device", "body": "How to reset the zq78 device."});
    let again = soon("a write", Duration::from_secs(10), || {
        service.json("PUT", "/v1/articles/changed", &article).0 == 200
    });
    say(&format!(
        "the server was away for {down:?}: {} articles were kept, {} requests were refused, writes went on after {again:?}",
        kept.len(),
        failed.len()
    ));
    assert!(failed.iter().all(|status| *status == Some(503)), "{failed:?}");
    for id in &kept {
        assert_eq!(service.json("GET", &format!("/v1/articles/{id}"), &Value::Null).0, 200, "{id} is gone");
    }
    let other = house.services[1].as_ref().unwrap();
    soon("an article of one", Duration::from_secs(5), || finds(other, "zq78", "changed"));
    assert!(house.trail_holds());
}
