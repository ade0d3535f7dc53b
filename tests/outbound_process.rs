//! What goes out, through the real binary: after `kill -9` too, and as `doctor` sees it.

#![allow(missing_docs, clippy::unwrap_used)]

mod process;
mod stub;

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use deskhand::config::{Priority, StoreSettings};
use deskhand::integrations::{Note, OWN_TAG, Product, Update};
use deskhand::store::{EventType, JobFilter, JobState, Store};
use jiff::Timestamp;
use process::{Run, Service, deskhand, ok, write};
use serde_json::{Value, json};
use stub::{Fault, Stub, TOKEN};
use tokio::task::spawn_blocking;
use uuid::Uuid;

const HOOK_SECRET: &str = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==";
const HELPDESKS: [Product; 3] = [Product::Zendesk, Product::Zammad, Product::Freshdesk];

fn update(product: Product) -> Update {
    Update {
        product,
        ticket_id: "81".into(),
        version: "5d41402abc4b2a76b9719d911017c592".into(),
        prediction_id: Uuid::from_u128(0x81),
        category: Some("Network::VPN and remote access".into()),
        priority: Some(Priority::P1),
        impact: None,
        urgency: None,
        tags: vec![OWN_TAG.into()],
        note: Some(Note {
            lines: vec!["Category: Network::VPN and remote access".into()],
            ..Note::default()
        }),
    }
}

/// A settings file under which the binary writes to these stubs, and tells one of events.
fn settings(dir: &Path, stubs: &[Stub], events: Option<&Stub>) -> String {
    let mut text = "[outgoing]\ntimeout_s = 5\nallow_networks = [\"127.0.0.0/8\"]\n".to_owned();
    for stub in stubs {
        let name = stub.product.name();
        let (user, category) = match stub.product {
            Product::Zendesk => ("user = \"deskhand@acme.example\"\n", "360001"),
            Product::Zammad => ("", "category"),
            _ => ("", "cf_category"),
        };
        let url = format!("http://{}", stub.address);
        write!(
            text,
            "[integrations.{name}]\ndry_run = false\nticket_prefix = \"{name}-\"\n\
             [integrations.{name}.hook]\nsecrets = [\"{HOOK_SECRET}\"]\n[integrations.{name}.fields]\ncategory = \"{category}\"\n\
             [integrations.{name}.api]\nurl = \"{url}\"\ntoken = \"file:{}\"\n{user}",
            write(dir, "token", TOKEN)
        )
        .unwrap();
    }
    if let Some(stub) = events {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        write!(
            text,
            "[events.endpoints.pager]\nurl = \"http://{}/events\"\nsecrets = [\"{secret}\"]\n",
            stub.address
        )
        .unwrap();
    }
    write(dir, "deskhand.toml", &text)
}

/// Waits until it is so, or fails.
async fn until(what: &str, so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what} never came");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn serve(data: String, config: String) -> Service {
    spawn_blocking(move || Service::start(&["--data", &data, "--config", &config])).await.unwrap()
}

async fn run(args: &[&str]) -> Run {
    let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
    let run = move || deskhand(&args.iter().map(String::as_str).collect::<Vec<_>>());
    spawn_blocking(run).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_while_updates_are_written_neither_loses_nor_doubles_one() {
    // Before the helpdesk has done anything, and after it has done everything.
    for fault in [Fault::Hang, Fault::DoneThenHang] {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let mut stubs = Vec::new();
        for product in HELPDESKS {
            // The last request of an update is the one with the note.
            let before = usize::from(product != Product::Zendesk);
            let stub = Stub::start(product).await;
            stub.state()
                .faults
                .extend(std::iter::repeat_n(Fault::Slow(Duration::ZERO), before).chain([fault]));
            stubs.push(stub);
        }
        let config = settings(dir.path(), &stubs, None);
        let store = Store::open(&data, &StoreSettings::default()).await.unwrap();
        let now = Timestamp::now();
        let jobs = HELPDESKS.iter().map(|product| update(*product).job(now).unwrap()).collect();
        store.enqueue(jobs, now).await.unwrap();
        store.close().await.unwrap();
        drop(store);

        let data = data.display().to_string();
        let service = serve(data.clone(), config.clone()).await;
        until("the request", || stubs.iter().all(|stub| stub.state().faults.is_empty())).await;
        service.kill();
        let service = serve(data.clone(), config).await;
        let waiting = "/v1/jobs?kind=write_back&state=waiting";
        until("the end", || service.json("GET", waiting, &Value::Null).1["jobs"] == json!([])).await;
        assert!(service.terminate().success());

        let store = Store::open(Path::new(&data), &StoreSettings::default()).await.unwrap();
        let jobs = store.jobs(&JobFilter { limit: 9, ..JobFilter::default() }).await.unwrap();
        assert!(jobs.iter().all(|job| job.state == JobState::Done), "{fault:?}: {jobs:?}");
        for stub in &stubs {
            let notes = stub.notes_with(&update(stub.product).marker());
            assert_eq!(notes.len(), 1, "{}, {fault:?}", stub.product);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_tells_of_what_was_kept_before_it_started() {
    let dir = tempfile::tempdir().unwrap();
    let stub = Stub::start(Product::Generic).await;
    let config = settings(dir.path(), &[], Some(&stub));
    let data = dir.path().join("data");
    let store = Store::open(&data, &StoreSettings::default()).await.unwrap();
    let now = Timestamp::now();
    let event = EventType::SlaAtRisk.job("81", &json!({"ticket_id": "81"}), now);
    store.enqueue(vec![event], now).await.unwrap();
    store.close().await.unwrap();
    drop(store);
    let service = serve(data.display().to_string(), config).await;
    until("the event", || !stub.writes().is_empty()).await;
    assert!(service.terminate().success());
    assert_eq!(stub.writes()[0].json()["type"], "sla.at_risk");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_says_what_of_the_helpdesks_is_right_and_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data").display().to_string();
    let mut stubs = Vec::new();
    for product in HELPDESKS {
        stubs.push(Stub::start(product).await);
    }
    let config = settings(dir.path(), &stubs, None);
    let told = run(&["doctor", "--data", &data, "--config", &config]).await;
    assert_eq!(told.status.code(), Some(1), "{}", told.stdout);
    for line in [
        "ok    zendesk credentials: are good, of a user with the role agent",
        "WRONG zendesk fields.category: 360001 has no option ",
        "ok    zendesk priority: all of ours are known: urgent, high, normal, low",
        "ok    zendesk hook: has a secret",
        "ok    zammad credentials: are good, of a user with the roles Agent",
        "WRONG zammad fields.category: category has no option ",
        "ok    zammad priority: all of ours are known: 3 high, 3 high, 2 normal, 1 low",
        "ok    freshdesk credentials: are good, of an agent who sees all tickets",
        "WRONG freshdesk fields.category: cf_category has no option ",
        "ok    freshdesk priority: all of ours are known: 4, 3, 2, 1",
    ] {
        assert!(told.stdout.contains(line), "{line} is not in\n{}", told.stdout);
    }
    assert!(!told.stdout.contains("Network::VPN and remote access,"), "that option is there");
    assert!(!told.stdout.contains(TOKEN) && !told.stderr.contains(TOKEN));
    assert!(stubs.iter().all(|stub| stub.writes().is_empty()), "it only looks");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_tells_of_wrong_credentials_and_of_addresses_that_must_not_be_asked() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data").display().to_string();
    let stub = Stub::start(Product::Zammad).await;
    let config = settings(dir.path(), std::slice::from_ref(&stub), None);
    write(dir.path(), "token", "another");
    let told = run(&["doctor", "--data", &data, "--config", &config]).await;
    assert!(
        told.stdout.contains("WRONG zammad credentials: zammad answered the request for the user with 401"),
        "{}",
        told.stdout
    );
    let text = std::fs::read_to_string(&config).unwrap().replace("allow_networks = [\"127.0.0.0/8\"]\n", "");
    std::fs::write(&config, text).unwrap();
    let told = run(&["doctor", "--data", &data, "--config", &config]).await;
    assert!(
        told.stdout.contains("WRONG zammad interface") && told.stdout.contains("outgoing.allow_networks"),
        "{}",
        told.stdout
    );
    let refused = run(&["serve", "--data", &data, "--config", &config]).await;
    assert!(
        !refused.status.success() && refused.stderr.contains("integrations.zammad"),
        "{}",
        refused.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_event_shows_whether_an_endpoint_listens() {
    let dir = tempfile::tempdir().unwrap();
    let stub = Stub::start(Product::Generic).await;
    let config = settings(dir.path(), &[], Some(&stub));
    let told = ok(run(&["events", "test", "--config", &config]).await);
    assert_eq!(told, "ok    pager: answered 202\n");
    assert_eq!(stub.writes()[0].json()["type"], "test");
    stub.state().faults.push_back(Fault::Status(500));
    let told = run(&["events", "test", "--config", &config, "--endpoint", "pager"]).await;
    assert_eq!((told.status.code(), told.stdout.as_str()), (Some(1), "WRONG pager: answered 500, not 2xx\n"));
    let told = run(&["events", "test", "--config", &config, "--endpoint", "nobody"]).await;
    assert!(told.stderr.contains("no events.endpoints.nobody"), "{}", told.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_ticket_goes_the_whole_way_from_the_hook_into_the_helpdesk() {
    let dir = tempfile::tempdir().unwrap();
    let mut stubs = Vec::new();
    for product in HELPDESKS {
        stubs.push(Stub::start(product).await);
    }
    let config = settings(dir.path(), &stubs, None);
    let service = serve(dir.path().join("data").display().to_string(), config.clone()).await;
    let address = format!("http://{}", service.address);
    for stub in &stubs {
        let ticket = format!("{}:81", stub.product);
        let flags = ["doctor", "--config", &config, "--send-test-ticket", &ticket, "--service", &address];
        let told = ok(run(&flags).await);
        assert!(
            told.contains("ok    test ticket: written into the helpdesk: category Network::VPN"),
            "{told}"
        );
        assert_eq!(stub.notes_with("Deskhand ").len(), 1, "{}", stub.product);
        let again = ok(run(&flags).await);
        assert!(again.contains("written into the helpdesk"), "{again}");
        assert_eq!(stub.notes_with("Deskhand ").len(), 2, "its words are new each time: {}", stub.product);
    }
    assert!(service.terminate().success());
    // With another secret the service does not believe it.
    let service = serve(dir.path().join("data").display().to_string(), config.clone()).await;
    let text =
        std::fs::read_to_string(&config).unwrap().replace(HOOK_SECRET, "another-secret-of-some-length");
    std::fs::write(&config, text).unwrap();
    let address = format!("http://{}", service.address);
    let told =
        run(&["doctor", "--config", &config, "--send-test-ticket", "zammad:81", "--service", &address]).await;
    assert!(!told.status.success() && told.stderr.contains("answered 401"), "{}", told.stderr);
}
