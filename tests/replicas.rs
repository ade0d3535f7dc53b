//! Several instances of the real binary on one PostgreSQL behind nginx: one dies, the server dies. Without a PostgreSQL
//! these say so and pass; without an nginx a client takes the instances in turn.

#![allow(missing_docs, clippy::unwrap_used)]

mod balancer;
mod deliveries;
mod desk;
mod postgres;
mod process;
#[path = "common/tiny_bundle.rs"]
mod tiny_bundle;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use balancer::Front;
use deliveries::{Delivery, SECRET, fixture, zendesk};
use desk::Desk;
use deskhand::config::Secret;
use jiff::Timestamp;
use postgres::Cluster;
use process::{Service, deskhand, ok, say, soon, write};
use serde_json::{Value, json};
use sqlx::PgConnection;
use tempfile::TempDir;

/// Callers at a time.
const WORKERS: usize = 4;
/// Longest until what one instance changed is found at all.
const SEEN: Duration = Duration::from_secs(2);

/// A number of instances on this store, each with a data folder of its own, what stands before them, and the helpdesk
/// that they write into.
struct House {
    front: Front,
    services: Vec<Service>,
    desk: Desk,
    url: String,
    dir: TempDir,
}

impl House {
    fn start(url: &str, instances: usize) -> Self {
        let (dir, desk) = (TempDir::new().unwrap(), Desk::start());
        tiny_bundle::write(&dir.path().join("bundle"));
        let config = write(dir.path(), "deskhand.toml", &settings(&desk.address));
        let bundle = dir.path().join("bundle").display().to_string();
        // At once, as a house is switched on: one makes the tables.
        let starting = |n: usize| {
            let data = dir.path().join(n.to_string()).display().to_string();
            let flags = ["--data", &data, "--store", url, "--model", &bundle, "--config", &config];
            let flags = flags.map(str::to_owned);
            thread::spawn(move || Service::start(&flags.each_ref().map(String::as_str)))
        };
        let starting: Vec<_> = (0..instances).map(starting).collect();
        let services: Vec<Service> = starting.into_iter().map(|service| service.join().unwrap()).collect();
        let addresses: Vec<String> = services.iter().map(|service| service.address.clone()).collect();
        let front = Front::before(&addresses, &dir.path().join("nginx"));
        Self { front, services, desk, url: url.to_owned(), dir }
    }

    /// Whether the chain of the trail holds, by a command with a data folder of its own.
    fn trail_holds(&self) -> bool {
        let data = self.dir.path().join("command").display().to_string();
        ok(deskhand(&["trail", "verify", "--data", &data, "--store", &self.url])).contains("entries")
    }
}

/// Zendesk tells of tickets and is written into, and the proxy is trusted.
fn settings(desk: &str) -> String {
    format!(
        "[access]\ntrusted_proxies = [\"127.0.0.1\"]\n[outgoing]\nallow_networks = [\"127.0.0.0/8\"]\n[integrations.zendesk]\ndry_run = false\nreasons = false\n[integrations.zendesk.hook]\nsecrets = [\"{SECRET}\"]\n[integrations.zendesk.api]\nurl = \"http://{desk}\"\nuser = \"deskhand@desk.example\"\ntoken = \"not-a-real-one\"\n"
    )
}

/// A new ticket of which Zendesk tells.
fn told(ticket: usize) -> Delivery {
    let mut body: Value = serde_json::from_str(&fixture("zendesk-ticket-created")).unwrap();
    body["detail"]["id"] = json!(ticket.to_string());
    zendesk(&body.to_string(), &format!("i-{ticket}"), Timestamp::now())
}

/// A request without a good answer.
#[derive(Debug)]
struct Failed {
    status: Option<u16>,
    method: &'static str,
    began: Instant,
}

/// What came of requests under load.
#[derive(Default)]
struct Load {
    /// Articles that were acknowledged.
    kept: Mutex<Vec<String>>,
    /// Tickets whose delivery was acknowledged.
    delivered: Mutex<Vec<usize>>,
    failed: Mutex<Vec<Failed>>,
    /// When each of the others was answered.
    answered: Mutex<Vec<Instant>>,
}

impl Load {
    /// Whether the answer was a good one.
    fn ask(
        &self,
        front: &Front,
        method: &'static str,
        path: &str,
        headers: &[(String, String)],
        body: &str,
    ) -> bool {
        let began = Instant::now();
        let status = front.ask(method, path, headers, body);
        let good = matches!(status, Some(200..=299));
        if good {
            self.answered.lock().unwrap().push(Instant::now());
        } else {
            self.failed.lock().unwrap().push(Failed { status, method, began });
        }
        good
    }

    /// Puts an article, asks about a ticket, and tells of one as a helpdesk does: until it is acknowledged.
    fn round(&self, front: &Front, worker: usize, n: usize) {
        let id = format!("w{worker}-{n}");
        let article = json!({"title": format!("Article {id}"), "body": format!("About the device {id}.")});
        if self.ask(front, "PUT", &format!("/v1/articles/{id}"), &[], &article.to_string()) {
            self.kept.lock().unwrap().push(id.clone());
        }
        let ticket = json!({"ticket": {"id": id, "body": "It jams again."}});
        self.ask(front, "POST", "/v1/triage", &[], &ticket.to_string());
        let ticket = (worker + 1) * 1_000_000 + n;
        let delivery = told(ticket);
        let body = String::from_utf8(delivery.body).unwrap();
        while !self.ask(front, "POST", delivery.path, &delivery.headers, &body) {
            thread::sleep(Duration::from_millis(100));
        }
        self.delivered.lock().unwrap().push(ticket);
    }
}

/// Sends rounds of requests from several threads, while `meanwhile` happens.
fn under_load(front: &Front, meanwhile: impl FnOnce()) -> Load {
    let (load, stop) = (Load::default(), AtomicBool::new(false));
    thread::scope(|scope| {
        for worker in 0..WORKERS {
            let (load, stop) = (&load, &stop);
            scope.spawn(move || {
                (0..)
                    .take_while(|_| !stop.load(Ordering::Relaxed))
                    .for_each(|n| load.round(front, worker, n));
            });
        }
        meanwhile();
        stop.store(true, Ordering::Relaxed);
    });
    load
}

/// The jobs that are not done, each with how often it was begun.
async fn open_jobs(connection: &mut PgConnection) -> BTreeMap<i64, i64> {
    let open = sqlx::query_as("SELECT id, attempts FROM jobs WHERE state = 'waiting'");
    open.fetch_all(connection).await.unwrap().into_iter().collect()
}

/// Waits until nothing more is done; gives what an instance that died had begun, and ends its leases, which would take
/// minutes to end by themselves.
async fn jobs_of_the_dead(connection: &mut PgConnection) -> BTreeMap<i64, i64> {
    let mut open = open_jobs(connection).await;
    loop {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let now = open_jobs(connection).await;
        if now == open {
            break;
        }
        open = now;
    }
    let ended = sqlx::query("UPDATE jobs SET run_at = created_at WHERE state = 'waiting'");
    ended.execute(connection).await.unwrap();
    open
}

/// Changes an article at the first of these; how long until all of them find it.
fn changed_article_is_found(services: &[&Service], word: &str) -> Duration {
    let article =
        json!({"title": format!("The {word} device"), "body": format!("How to reset the {word} device.")});
    assert_eq!(services[0].json("PUT", "/v1/articles/changed", &article).0, 200);
    let everywhere = || services.iter().all(|service| finds(service, word, "changed"));
    soon("an article that one instance changed", SEEN, everywhere)
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
    let dies = house.services.pop().unwrap();
    let [one, other] = [&house.services[0], &house.services[1]];
    let (mut found, mut died) = (Duration::ZERO, Instant::now());
    let load = under_load(&house.front, || {
        thread::sleep(Duration::from_millis(1_000));
        found = changed_article_is_found(&[&dies, one, other], "zq76");
        thread::sleep(Duration::from_millis(500));
        dies.kill();
        died = Instant::now();
        thread::sleep(Duration::from_millis(1_500));
    });
    let (kept, failed) = (load.kept.into_inner().unwrap(), load.failed.into_inner().unwrap());
    let answered = load.answered.into_inner().unwrap();
    let after = answered.iter().filter(|at| **at > died).count();
    say(&format!(
        "one of three died: {} requests were answered, {after} of them afterwards; {} failed: {failed:?}",
        answered.len(),
        failed.len()
    ));
    assert!(after > 0 && !kept.is_empty() && failed.len() <= WORKERS, "{failed:?}");
    for failed in &failed {
        assert!(matches!(failed.status, None | Some(502 | 504)) && failed.began < died, "{failed:?}");
        // nginx asks another instance for what may be asked twice.
        assert!(failed.method == "POST" || matches!(house.front, Front::Turns { .. }), "{failed:?}");
    }
    for id in &kept {
        let (status, _) = one.json("GET", &format!("/v1/articles/{id}"), &Value::Null);
        assert_eq!(status, 200, "{id} is gone");
    }
    let then = changed_article_is_found(&[one, other], "zq77");
    say(&format!(
        "a changed article was found at all three after {found:?} under load, at the other two after {then:?}"
    ));
    assert!(house.trail_holds());
    every_job_ran_once(&house, &url, load.delivered.into_inner().unwrap()).await;
}

/// Each ticket of which was told is answered and written once, whoever died meanwhile.
async fn every_job_ran_once(house: &House, url: &Secret, mut delivered: Vec<usize>) {
    let mut connection = postgres::connection(url).await;
    let begun = jobs_of_the_dead(&mut connection).await;
    // Whoever hears of a new job looks for all that are due.
    let last = told(999);
    let body = String::from_utf8(last.body).unwrap();
    assert_eq!(house.front.ask("POST", last.path, &last.headers, &body), Some(202));
    delivered.push(999);
    let began = Instant::now();
    while !open_jobs(&mut connection).await.is_empty() {
        assert!(began.elapsed() < Duration::from_secs(60), "jobs of the dead instance are left");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let every: Vec<(i64, String, String, i64)> = sqlx::query_as("SELECT id, kind, state, attempts FROM jobs")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    let of = |kind: &str| every.iter().filter(|job| job.1 == kind && job.2 == "done").count();
    say(&format!("{} jobs were done; {} had been begun by the one that died", every.len(), begun.len()));
    assert_eq!((of("hook"), of("write_back")), (delivered.len(), delivered.len()));
    let again: BTreeSet<i64> = every.iter().filter(|job| job.3 > 1).map(|job| job.0).collect();
    assert!(again.iter().all(|id| begun.contains_key(id)), "begun twice while nobody had died: {again:?}");
    let written = house.desk.tickets();
    assert_eq!(written.len(), delivered.len());
    for ticket in delivered {
        let ticket = &written[&ticket.to_string()];
        assert_eq!((ticket.changes, ticket.notes.len()), (1, 1), "{ticket:?}");
    }
}

#[test]
fn the_server_dies_under_load_and_nothing_that_was_acknowledged_is_lost() {
    let Some(cluster) = Cluster::start() else {
        say("NOT TESTED: there is no PostgreSQL here");
        return;
    };
    let house = House::start(&cluster.url(), 2);
    let mut down = Duration::ZERO;
    let load = under_load(&house.front, || {
        thread::sleep(Duration::from_millis(1_000));
        let began = Instant::now();
        cluster.restart();
        down = began.elapsed();
        thread::sleep(Duration::from_millis(2_000));
    });
    let (kept, failed) = (load.kept.into_inner().unwrap(), load.failed.into_inner().unwrap());
    let service = &house.services[0];
    let article = json!({"title": "The zq78 device", "body": "How to reset the zq78 device."});
    let again = soon("a write", Duration::from_secs(10), || {
        service.json("PUT", "/v1/articles/changed", &article).0 == 200
    });
    say(&format!(
        "the server was away for {down:?}: {} articles were kept, {} requests were refused, writes went on after {again:?}",
        kept.len(),
        failed.len()
    ));
    assert!(failed.iter().all(|failed| failed.status == Some(503)), "{failed:?}");
    for id in &kept {
        assert_eq!(service.json("GET", &format!("/v1/articles/{id}"), &Value::Null).0, 200, "{id} is gone");
    }
    soon("an article of one", Duration::from_secs(5), || finds(&house.services[1], "zq78", "changed"));
    assert!(house.trail_holds());
}
