//! Retention, one requester's data, and what `doctor` finds, through the real binary.

#![allow(missing_docs, clippy::unwrap_used)]

mod process;
#[path = "common/tiny_bundle.rs"]
mod tiny_bundle;

use std::path::Path;

use deskhand::acting::Acting;
use deskhand::config::StoreSettings;
use deskhand::model::{Bundle, Shelf};
use deskhand::store::{Change, FinalLabels, Store, TicketRecord};
use deskhand::text::Format;
use jiff::{SignedDuration, Timestamp};
use process::{Run, deskhand, ok, write};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

const MARKER: &str = "Zanzibar";

fn ticket(id: &str, requester: &str, days_ago: i64) -> TicketRecord {
    TicketRecord {
        id: id.into(),
        subject: format!("{requester} writes"),
        body: format!("{requester} has no VPN, and says so at length. ").repeat(200),
        body_format: Format::Text,
        channel: None,
        created_at: Some(Timestamp::now() - SignedDuration::from_hours(24 * days_ago)),
        requester_id: Some(requester.into()),
        organization_id: None,
        form: None,
        agent_group: None,
        due_at: None,
        first_response_due_at: None,
        submitted_category: None,
        submitted_priority: None,
        labels: FinalLabels::default(),
        status: None,
        solved_at: None,
        resolution: None,
        article_ids: Vec::new(),
        reopened: None,
        escalated: None,
        handling_minutes: None,
        embedding: None,
    }
}

/// A data folder with tickets of two requesters.
async fn folder() -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let store = Store::open(&data, &StoreSettings::default()).await.unwrap();
    for number in 0..40 {
        let requester = if number % 2 == 0 { MARKER } else { "other" };
        store.save_tickets(&[ticket(&format!("t{number}"), requester, 10 * number)]).await.unwrap();
    }
    store.close().await.unwrap();
    let data = data.display().to_string();
    (dir, data)
}

fn bytes(data: &str) -> String {
    let files = std::fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|file| file.is_file())
        .map(|file| String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned())
        .collect()
}

async fn change(data: &str, statement: &str) {
    let path = Path::new(data).join("deskhand.db");
    let mut database = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    sqlx::query(AssertSqlSafe(statement)).execute(&mut database).await.unwrap();
    database.close().await.unwrap();
}

#[tokio::test]
async fn erasing_a_requester_leaves_not_a_byte_of_them_and_the_others_whole() {
    let (_dir, data) = folder().await;
    assert!(bytes(&data).contains(MARKER));
    let export = ok(deskhand(&["requester", "export", "other", "--data", &data]));
    let told: Value = serde_json::from_str(&export).unwrap();
    assert_eq!(told["tickets"].as_array().unwrap().len(), 20);

    // Nobody answers yes.
    let refused = deskhand(&["requester", "erase", MARKER, "--data", &data]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.stderr.contains("20 tickets") && refused.stderr.contains("--yes"), "{}", refused.stderr);
    assert!(bytes(&data).contains(MARKER));
    let told = ok(deskhand(&["requester", "erase", MARKER, "--yes", "--data", &data]));
    assert!(told.contains("20 tickets") && told.contains("requester:"), "{told}");
    assert!(!bytes(&data).contains(MARKER), "left in a file");

    let unknown = deskhand(&["requester", "erase", MARKER, "--yes", "--data", &data]);
    assert!(unknown.stderr.contains("nothing is kept of this requester"), "{}", unknown.stderr);
    let again: Value =
        serde_json::from_str(&ok(deskhand(&["requester", "export", "other", "--data", &data]))).unwrap();
    let before: Value = serde_json::from_str(&export).unwrap();
    assert_eq!(again["tickets"], before["tickets"]);
    let trail = ok(deskhand(&["trail", "show", "--data", &data]));
    assert!(trail.contains("requester.erase") && !trail.contains(MARKER), "{trail}");
}

#[tokio::test]
async fn retention_shows_what_would_go_and_forgets_it_only_when_it_is_told_to() {
    let (dir, data) = folder().await;
    let none = ok(deskhand(&["retention", "--data", &data]));
    assert!(none.contains("Everything is kept"), "{none}");
    let config = write(dir.path(), "deskhand.toml", "[privacy.retention]\ntickets = 195\nsurveys = 30\n");
    let run =
        |more: &[&str]| ok(deskhand(&[&["retention", "--data", &data, "--config", &config], more].concat()));
    for _ in 0..2 {
        let table = run(&[]);
        let tickets = table.lines().find(|line| line.starts_with("tickets")).unwrap();
        let words: Vec<&str> = tickets.split_whitespace().collect();
        assert_eq!((words[1], words[2], words.len()), ("195", "20", 4), "{table}");
        assert!(table.lines().any(|line| line.split_whitespace().eq(["surveys", "30", "0", "-"])), "{table}");
    }
    assert!(run(&["--apply"]).contains("20 rows are forgotten"));
    assert!(run(&["--apply"]).contains("0 rows are forgotten"));
    assert!(!bytes(&data).contains("t39") && bytes(&data).contains("t19"));
    let wrong = write(dir.path(), "wrong.toml", "[privacy.retention]\ntickets = 0\n");
    let run = deskhand(&["retention", "--data", &data, "--config", &wrong]);
    assert!(run.stderr.contains("retention.tickets"), "{}", run.stderr);
}

/// What doctor says of the data folder, with the small bundle.
fn doctor(dir: &Path, data: &str) -> Run {
    let bundle = dir.join("bundle");
    if !bundle.exists() {
        tiny_bundle::write(&bundle);
    }
    deskhand(&["doctor", "--data", data, "--model", &bundle.display().to_string()])
}

#[tokio::test]
async fn doctor_finds_a_trail_that_was_changed_a_clock_that_went_back_and_a_bundle_that_was_damaged() {
    let (dir, data) = folder().await;
    let store = Store::open(Path::new(&data), &StoreSettings::default()).await.unwrap();
    let act = async |at: Timestamp| {
        let change = Change { action: "article.put", subject: "a".into(), detail: json!({}) };
        Acting { who: "test".into(), at }.doing(store.record(change)).await.unwrap();
    };
    act(Timestamp::now()).await;
    act(Timestamp::now()).await;
    store.close().await.unwrap();
    let promoted = dir.path().join("promoted");
    tiny_bundle::write(&promoted);
    let place = Shelf::of(Path::new(&data)).promote(&Bundle::open(&promoted).unwrap(), None).unwrap();
    let well = ok(doctor(dir.path(), &data));
    for part in [
        "trail: 2 entries",
        "clock: goes on",
        "bundles: tiny-1 answers",
        "disk:",
        "database: is whole",
        "in step with 0 articles",
    ] {
        assert!(well.contains(part), "{part} is missing in {well}");
    }

    change(&data, "DROP TRIGGER trail_is_not_changed").await;
    change(&data, "UPDATE trail SET subject = 'b' WHERE seq = 2").await;
    change(&data, "INSERT INTO jobs (kind, key, payload, state, run_at, created_at) VALUES ('x', 'x', '{}', 'waiting', '2999-01-01T00:00:00.000000000Z', '2999-01-01T00:00:00.000000000Z')").await;
    let heads = place.join("heads.safetensors");
    let mut weights = std::fs::read(&heads).unwrap();
    *weights.last_mut().unwrap() ^= 1;
    std::fs::write(&heads, weights).unwrap();
    let run = doctor(dir.path(), &data);
    assert_eq!(run.status.code(), Some(1));
    for part in
        ["WRONG trail: it breaks at entry 2", "WRONG clock: it says", "2999", "WRONG bundles: ", "SHA-256"]
    {
        assert!(run.stdout.contains(part), "{part} is missing in {}", run.stdout);
    }
}

#[tokio::test]
async fn doctor_mends_a_torn_index_and_finds_a_torn_database() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data").display().to_string();
    let articles: String = (0..30)
        .map(|n| format!("{{\"id\":\"a{n}\",\"title\":\"Reset {n}\",\"body\":\"Press reset.\"}}\n"))
        .collect();
    let articles = write(dir.path(), "articles.jsonl", &articles);
    let bundle = dir.path().join("bundle");
    tiny_bundle::write(&bundle);
    let model = bundle.display().to_string();
    ok(deskhand(&["import", "articles", &articles, "--data", &data, "--model", &model]));
    for torn in ["index", "vectors"] {
        let files: Vec<_> = std::fs::read_dir(Path::new(&data).join(torn))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        for file in files.iter().filter(|file| file.is_file()) {
            let length = file.metadata().unwrap().len();
            std::fs::File::options().write(true).open(file).unwrap().set_len(length / 2).unwrap();
        }
        let told = ok(doctor(dir.path(), &data));
        assert!(told.contains("in step with 30 articles"), "{torn}: {told}");
    }
    let database = Path::new(&data).join("deskhand.db");
    let length = database.metadata().unwrap().len();
    std::fs::File::options().write(true).open(&database).unwrap().set_len(length / 2).unwrap();
    let run = doctor(dir.path(), &data);
    assert_eq!(run.status.code(), Some(1));
    assert!(run.stdout.contains("WRONG"), "{}", run.stdout);
}
