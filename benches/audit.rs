//! How long an audit of many tickets takes, and how much memory: made-up tickets with stored answers in a
//! store of their own, read as the service reads them.
//!
//! `cargo bench --bench audit -- 1000000` (20,000 without a number). The rows are written by SQL, since only
//! reading is measured; texts are of some 700 bytes, embeddings of 384 numbers.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

use std::time::Instant;

use deskhand::audit::{Base, DEFAULT_TOP, Filter, Question, Rules, Window, coverage, from_store};
use deskhand::config::Settings;
use deskhand::store::Store;
use jiff::Timestamp;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

const DEFAULT: u64 = 20_000;

/// Articles, then tickets over half a year in thirty categories, then what was answered.
const ROWS: [&str; 3] = [
    "INSERT INTO articles (id, title, body, body_format, audience, status, tags, updated_at, encoder)
     WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 1999)
     SELECT printf('kb-%04d', n), 'LarkVPN ' || (n % 5) || '.2', 'Restart LarkVPN ' || (n % 5) || '.2 on Windows 10.',
         'text', 'agent', 'published', '[]', printf('202%d-05-01T00:00:00.000000000Z', n % 7), 'made up' FROM n",
    "INSERT INTO tickets (id, subject, body, body_format, channel, created_at, organization_id, agent_group,
         article_ids, reopened, escalated, handling_minutes, encoder, embedding)
     WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < ?1 - 1)
     SELECT printf('t-%09d', n), 'LarkVPN ' || (n % 8) || '.2 drops', hex(randomblob(350)), 'text',
         iif(n % 3, 'email', 'web'), strftime('%Y-%m-%dT%H:%M:%S.000000000Z', 1780000000 + n * 15552000 / ?1, 'unixepoch'),
         'o-' || (n % 500), 'g-' || (n % 20), iif(n % 4, '[]', printf('[\"kb-%04d\"]', n % 2000)), n % 20 = 0, n % 50 = 0,
         n % 60, 'made up', zeroblob(1536) FROM n",
    "INSERT INTO findings (ticket_id, found_at, category, priority, answer_confidence, best_article)
     SELECT id, created_at, 'Category ' || (rowid % 30), 'P3', (rowid % 30) / 40.0 + abs(random() % 1000) / 4000.0,
         printf('kb-%04d', rowid % 2000) FROM tickets",
];

#[tokio::main]
async fn main() {
    let tickets: u64 = std::env::args().find_map(|arg| arg.parse().ok()).unwrap_or(DEFAULT);
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings::default();
    fill(dir.path(), tickets, &settings).await;

    let store = Store::open(dir.path(), &settings.store).await.unwrap();
    let now: Timestamp = "2026-11-24T00:00:00Z".parse().unwrap();
    let started = Instant::now();
    let base = Base::load(&store).await.unwrap();
    let seen = from_store(&store, &base, now).await.unwrap();
    println!(
        "{} tickets, {} s to read, peak {} MiB",
        seen.len(),
        started.elapsed().as_secs_f32(),
        peak_mib()
    );
    let question = Question {
        window: Window::quarter_before(now),
        filter: Filter::default(),
        top: DEFAULT_TOP,
        reviewed_since: None,
    };
    let rules =
        Rules { settings: settings.audit.clone(), answer_threshold: settings.search.answer_threshold };
    for _ in 0..3 {
        let started = Instant::now();
        let report = coverage(&seen, &base, &question, &rules).unwrap();
        let flags: usize = report.categories.iter().map(|category| category.flags.len()).sum();
        println!(
            "{} in the window, {} flags: {} ms, peak {} MiB",
            report.tickets,
            flags,
            started.elapsed().as_millis(),
            peak_mib()
        );
    }
    store.close().await.unwrap();
}

async fn fill(dir: &std::path::Path, tickets: u64, settings: &Settings) {
    Store::open(dir, &settings.store).await.unwrap().close().await.unwrap();
    let started = Instant::now();
    let options = SqliteConnectOptions::new().filename(dir.join("deskhand.db")).pragma("synchronous", "OFF");
    let mut connection = options.connect().await.unwrap();
    for statement in ROWS {
        sqlx::query(statement).bind(i64::try_from(tickets).unwrap()).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
    println!("made up in {} s", started.elapsed().as_secs_f32());
}

/// The most memory that this process has held.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}
