//! What a helpdesk was answered 202 for is done, whenever the process is killed; and it is done once.

#![allow(clippy::unwrap_used)]
#![allow(clippy::print_stdout, reason = "the load run reports on standard output")]

#[path = "common/tiny_bundle.rs"]
mod tiny_bundle;

mod deliveries;
mod desk;
mod process;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use deliveries::{Delivery, SECRET, fixture, zendesk};
use desk::Desk;
use deskhand::config::StoreSettings;
use deskhand::store::{JobFilter, JobState, Store};
use jiff::{SignedDuration, Timestamp};
use process::{Service, write};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

/// Threads that send, each for its own tickets, as a helpdesk sends those of one ticket one after another.
const SENDERS: usize = 8;

/// A folder with a bundle, settings and data.
struct Site {
    dir: tempfile::TempDir,
    config: String,
    /// The helpdesk that is written to.
    desk: Desk,
}

impl Site {
    fn new(more: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        tiny_bundle::write(&dir.path().join("bundle"));
        let desk = Desk::start();
        let settings = format!(
            "[server]\nshutdown_grace_s = 60\n[outgoing]\nallow_networks = [\"127.0.0.0/8\"]\n[integrations.zendesk]\ndry_run = false\n{more}\n[integrations.zendesk.hook]\nsecrets = [\"{SECRET}\"]\nreplay_window_s = 86400\n[integrations.zendesk.api]\nurl = \"http://{}\"\nuser = \"deskhand@desk.example\"\ntoken = \"not-a-real-one\"\n",
            desk.address
        );
        let config = write(dir.path(), "deskhand.toml", &settings);
        Self { dir, config, desk }
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    fn start(&self) -> Service {
        Service::start(&[
            "--data",
            &self.path("data"),
            "--model",
            &self.path("bundle"),
            "--config",
            &self.config,
        ])
    }

    /// Looks into the data folder while no service has it.
    fn look<T>(&self, look: impl AsyncFnOnce(&Store) -> T) -> T {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let data = self.path("data");
            let store = Store::open(Path::new(&data), &StoreSettings::default()).await.unwrap();
            let seen = look(&store).await;
            store.close().await.unwrap();
            seen
        })
    }

    fn waiting(&self, kind: &str) -> u64 {
        self.look(async |store| {
            let counts = store.job_counts().await.unwrap();
            counts.get(&(kind.to_owned(), JobState::Waiting)).copied().unwrap_or(0)
        })
    }
}

/// A ticket in one version of its words, as Zendesk tells of it.
fn told(ticket: usize, version: usize) -> Delivery {
    let mut body: Value = serde_json::from_str(&fixture("zendesk-ticket-created")).unwrap();
    let detail = &mut body["detail"];
    detail["id"] = json!(format!("{ticket}"));
    detail["subject"] = json!(format!("VPN drops, line {ticket}"));
    detail["description"] = json!(format!("It happened {version} times since this morning."));
    let changed =
        "2026-11-21T09:40:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(version as i64);
    detail["updated_at"] = json!(changed.to_string());
    zendesk(&body.to_string(), &format!("i-{ticket}-{version}"), Timestamp::now())
}

/// Sends until it is kept, as helpdesks do; whether it was new.
fn send(address: &RwLock<String>, delivery: &Delivery) -> bool {
    let body = String::from_utf8(delivery.body.clone()).unwrap();
    loop {
        let at = address.read().unwrap().clone();
        match Service::request_at(&at, "POST", delivery.path, &delivery.headers, &body) {
            Some((202, answer)) => return answer.contains("\"duplicate\":false"),
            Some((status @ 400..=499, answer)) if status != 429 => unreachable!("{status} {answer}"),
            _ => thread::sleep(Duration::from_millis(20)),
        }
    }
}

#[test]
fn what_was_received_before_a_kill_is_worked_off_after_it() {
    let site = Site::new("");
    let service = site.start();
    let address = RwLock::new(service.address.clone());
    thread::scope(|scope| {
        for sender in 0..SENDERS {
            let address = &address;
            scope.spawn(move || (0..8).for_each(|n| assert!(send(address, &told(sender * 100 + n, 1)))));
        }
    });
    service.kill();
    assert!(site.waiting("hook") > 0, "it was killed between receipt and work");
    let service = site.start();
    wait_until_idle(&service.address);
    assert!(service.terminate().success());
    let tickets = site.look(async |store| {
        let updates =
            store.updates(&deskhand::store::UpdateFilter { limit: 1_000, ..Default::default() }).await;
        updates.unwrap().into_iter().map(|kept| kept.update.ticket_id).collect::<Vec<_>>()
    });
    assert_eq!(tickets.len(), SENDERS * 8);
    assert!(site.desk.tickets().values().all(|ticket| ticket.changes == 1 && ticket.notes.len() == 1));
    assert_eq!(site.desk.tickets().len(), SENDERS * 8);
    assert_eq!(tickets.iter().collect::<BTreeSet<_>>().len(), SENDERS * 8);
}

/// Whether no delivery is left to be worked on, and no update to be written.
fn is_idle(address: &str) -> bool {
    ["hook", "write_back"].iter().all(|kind| {
        let path = format!("/v1/jobs?kind={kind}&state=waiting&limit=1");
        let (status, page) = Service::request_at(address, "GET", &path, &[], "").unwrap();
        status == 200 && page.contains("\"jobs\":[]")
    })
}

fn wait_until_idle(address: &str) {
    let started = Instant::now();
    while !is_idle(address) {
        assert!(started.elapsed() < Duration::from_secs(3_600), "some are left");
        thread::sleep(Duration::from_millis(50));
    }
}

/// What is sent for the tickets of one sender: versions in order, one delivery in ten twice.
fn stream(sender: usize, deliveries: usize, random: &mut StdRng) -> (Vec<Delivery>, usize) {
    let (mut sent, mut distinct) = (Vec::<Delivery>::new(), 0);
    for n in 0.. {
        if sent.len() >= deliveries {
            break;
        }
        let ticket = sender + SENDERS * n;
        for version in 1..=random.random_range(1..=2_usize) {
            sent.push(told(ticket, version));
            distinct += 1;
            // One in nine, which makes one in ten of all.
            if random.random_range(0..9) == 0 {
                let again = sent[random.random_range(0..sent.len())].clone();
                sent.push(again);
            }
        }
    }
    (sent, distinct)
}

/// Sends `total` deliveries, one in ten twice, while the process is killed `kills` times, and as often again while
/// it works them off; then each version of each ticket has one update, one job that writes it, and one event.
fn exactly_once(total: usize, kills: usize) {
    let site = Site::new("reasons = false");
    let running = Mutex::new(Some(site.start()));
    let address = RwLock::new(running.lock().unwrap().as_ref().unwrap().address.clone());
    let (sent, expected, duplicates) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let (done, killed) = (AtomicBool::new(false), AtomicUsize::new(0));
    let started = Instant::now();
    thread::scope(|scope| {
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let (address, sent, expected, duplicates) = (&address, &sent, &expected, &duplicates);
                scope.spawn(move || {
                    let mut random = StdRng::seed_from_u64(sender as u64);
                    let (stream, distinct) = stream(sender, total / SENDERS, &mut random);
                    expected.fetch_add(distinct, Ordering::Relaxed);
                    for delivery in &stream {
                        if !send(address, delivery) {
                            duplicates.fetch_add(1, Ordering::Relaxed);
                        }
                        sent.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        let killer = scope.spawn(|| {
            let mut random = StdRng::seed_from_u64(99);
            for round in 1..=kills {
                let at = total * round / (kills + 1) + random.random_range(0..total / (kills + 1));
                while sent.load(Ordering::Relaxed) < at && !done.load(Ordering::Relaxed) {
                    thread::sleep(Duration::from_millis(1));
                }
                let mut running = running.lock().unwrap();
                running.take().unwrap().kill();
                let service = site.start();
                *address.write().unwrap() = service.address.clone();
                *running = Some(service);
                killed.fetch_add(1, Ordering::Relaxed);
            }
        });
        senders.into_iter().for_each(|sender| sender.join().unwrap());
        done.store(true, Ordering::Relaxed);
        killer.join().unwrap();
    });
    let received = started.elapsed();
    let (mut service, mut random) = (running.into_inner().unwrap().unwrap(), StdRng::seed_from_u64(7));
    for _ in 0..kills {
        thread::sleep(Duration::from_millis(random.random_range(100..3_000)));
        if is_idle(&service.address) {
            break;
        }
        service.kill();
        service = site.start();
        killed.fetch_add(1, Ordering::Relaxed);
    }
    wait_until_idle(&service.address);
    let worked = started.elapsed();
    assert!(service.terminate().success());
    let expected = expected.into_inner();
    let (updates, jobs, dead) = site.look(async |store| {
        let counts = store.job_counts().await.unwrap();
        let count = |kind: &str| -> u64 {
            counts.iter().filter(|((known, _), _)| known == kind).map(|(_, count)| count).sum()
        };
        let dead = Some(JobState::Dead);
        let dead = JobFilter { state: dead, limit: 10, ..JobFilter::default() };
        let (jobs, dead) = ((count("write_back"), count("event")), store.jobs(&dead).await.unwrap());
        (every_update(store).await, jobs, dead)
    });
    println!(
        "{} deliveries, {} of them answered as duplicates, {} kills: received in {:.0} s, worked off after {:.0} s; {} updates",
        sent.into_inner(),
        duplicates.into_inner(),
        killed.into_inner(),
        received.as_secs_f64(),
        worked.as_secs_f64(),
        updates.len(),
    );
    assert_eq!(dead, [], "nothing is given up");
    assert_eq!(updates.len(), expected, "an update for each version of each ticket");
    assert_eq!(updates.iter().collect::<BTreeSet<_>>().len(), expected, "and no more");
    assert_eq!(jobs, (expected as u64, expected as u64), "one job that writes it, one event");
    let written = site.desk.tickets();
    for (ticket, version) in &updates {
        let notes = written.get(ticket).map(|ticket| ticket.notes.as_slice()).unwrap_or_default();
        let of_version = notes.iter().filter(|note| note.contains(&version[..12])).count();
        assert_eq!(of_version, 1, "ticket {ticket} has one note for each version of its words: {notes:?}");
    }
    let changes: usize = written.values().map(|ticket| ticket.changes as usize).sum();
    assert_eq!(changes, expected, "and was written into as often");
}

/// Ticket and version of every update.
async fn every_update(store: &Store) -> Vec<(String, String)> {
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let filter = deskhand::store::UpdateFilter { before, limit: 5_000, ..Default::default() };
        let page = store.updates(&filter).await.unwrap();
        let Some(last) = page.last() else { return all };
        before = Some(last.id);
        all.extend(page.into_iter().map(|kept| (kept.update.ticket_id, kept.update.version)));
    }
}

#[test]
fn each_version_of_a_ticket_is_written_once_whatever_comes_twice_and_whenever_it_is_killed() {
    exactly_once(400, 3);
}

/// `DESKHAND_DELIVERIES=100000 cargo test --test deliveries_crash -- --ignored --nocapture`
#[test]
#[ignore = "takes minutes"]
fn a_hundred_thousand_deliveries_with_random_restarts() {
    let total = std::env::var("DESKHAND_DELIVERIES").ok().and_then(|total| total.parse().ok());
    exactly_once(total.unwrap_or(100_000), 20);
}
