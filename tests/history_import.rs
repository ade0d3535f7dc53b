//! `deskhand import tickets`: exports of other products, through the real binary into the store.

#![allow(missing_docs, clippy::unwrap_used)]

mod process;
#[path = "common/tiny_bundle.rs"]
mod tiny_bundle;

use std::fmt::Write as _;
use std::path::Path;

use deskhand::config::StoreSettings;
use deskhand::store::{EventKind, Feedback, FeedbackKind, Occasion, Store, TicketRecord};
use process::{Run, deskhand, ok, write};
use tempfile::TempDir;

struct Desk {
    dir: TempDir,
    bundle: String,
    data: String,
}

impl Desk {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        tiny_bundle::write(&dir.path().join("bundle"));
        let path = |name: &str| dir.path().join(name).display().to_string();
        Self { bundle: path("bundle"), data: path("data"), dir }
    }

    fn import(&self, file: &str, more: &[&str]) -> Run {
        let base = ["import", "tickets", file, "--data", &self.data, "--model", &self.bundle];
        deskhand(&[&base, more].concat())
    }

    fn fixture(&self, name: &str, more: &[&str]) -> Run {
        self.import(&format!("tests/fixtures/history/{name}"), more)
    }

    fn text(&self, name: &str, text: &str, more: &[&str]) -> Run {
        self.import(&write(self.dir.path(), name, text), more)
    }

    async fn store(&self) -> Store {
        Store::open(Path::new(&self.data), &StoreSettings::default()).await.unwrap()
    }

    async fn tickets(&self, ids: &[&str]) -> Vec<TicketRecord> {
        let store = self.store().await;
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let tickets = store.tickets(&ids).await.unwrap();
        store.close().await.unwrap();
        tickets
    }
}

/// A record as it stands in the store, its embedding by its length.
fn told(records: &[TicketRecord]) -> String {
    let mut out = String::new();
    for record in records {
        let embedding = record.embedding.as_ref().map_or(0, |embedding| embedding.vector.len());
        let plain = TicketRecord { embedding: None, ..record.clone() };
        writeln!(out, "{plain:#?}\nembedding of {embedding}").unwrap();
    }
    out
}

/// What a command says of a file, without the folder that it lies in.
fn said(run: &Run, desk: &Desk) -> String {
    run.stderr.replace(&desk.dir.path().display().to_string(), "DIR")
}

#[tokio::test]
async fn exports_of_every_product_come_into_the_store_field_by_field() {
    let berlin = ["--time-zone", "Europe/Berlin"];
    for (file, more, ids) in [
        ("zendesk.json", &["--column", "custom_fields.27642=category"][..], &["9001", "9002"][..]),
        ("zendesk.csv", &berlin, &["9001", "9002"]),
        ("zammad.json", &[], &["81", "82"]),
        ("zammad.csv", &[], &["22081"]),
        ("freshdesk.json", &[], &["301", "302"]),
        ("freshdesk.csv", &berlin, &["301"]),
        ("servicenow.json", &["--time-zone", "UTC"], &["INC0010042"]),
        ("servicenow-api.json", &berlin, &["INC0010043"]),
        ("servicenow.csv", &berlin, &["INC0010042", "INC0010044"]),
        ("jira.csv", &berlin, &["ITSM-7", "ITSM-8"]),
        ("plain.jsonl", &[], &["P-1"]),
    ] {
        let desk = Desk::new();
        let run = desk.fixture(file, more);
        assert_eq!(run.status.code(), Some(0), "{file}\n{}", run.stderr);
        let tickets = desk.tickets(ids).await;
        assert_eq!(tickets.len(), ids.len(), "{file}");
        insta::assert_snapshot!(format!("history_{file}"), format!("{}{}", run.stderr, told(&tickets)));
    }
}

#[tokio::test]
async fn a_table_with_names_of_its_own_is_read_as_somebody_says() {
    let desk = Desk::new();
    let run = desk.fixture(
        "plain.csv",
        &[
            "--column",
            "Ticket title=subject",
            "--column",
            "Nr=id",
            "--column",
            "Sev=priority",
            "--column",
            "Wanted=submitted_priority",
            "--column",
            "Reported=created_at",
            "--column",
            "Done on=solved_at",
            "--column",
            "Worked=handling_minutes",
            "--column",
            "Helped=article_ids",
            "--column",
            "Handed up=escalated",
            "--value",
            "priority:Sev1=P1",
            "--value",
            "priority:Sev3=P3",
            "--time-zone",
            "Europe/Berlin",
        ],
    );
    assert_eq!(
        run.stdout, "2 tickets are kept: 2 new, 0 changed, 0 as before; 0 refused\n",
        "{}",
        run.stderr
    );
    insta::assert_snapshot!(
        "history_plain.csv",
        format!("{}{}", run.stderr, told(&desk.tickets(&["G-1", "G-2"]).await))
    );
}

#[tokio::test]
async fn the_same_file_twice_changes_nothing() {
    let desk = Desk::new();
    ok(desk.fixture("zammad.json", &[]));
    let before = desk.tickets(&["81", "82"]).await;
    let run = desk.fixture("zammad.json", &[]);
    assert_eq!(run.stdout, "2 tickets are kept: 0 new, 0 changed, 2 as before; 0 refused\n");
    assert_eq!(desk.tickets(&["81", "82"]).await, before);
    let store = desk.store().await;
    let events = store.events_of("81").await.unwrap();
    assert_eq!(events.len(), 1, "the first answer is told once");
    assert_eq!(
        (events[0].kind, events[0].at.to_string().as_str()),
        (EventKind::AgentReply, "2026-07-04T09:30:00Z")
    );
    store.close().await.unwrap();
    let more =
        "{\"id\":82,\"title\":\"Paper tray\",\"body\":\"Where do I find paper?\",\"status\":\"solved\"}\n";
    assert!(desk.text("more.jsonl", more, &[]).stdout.contains("0 new, 1 changed"));
    let after = desk.tickets(&["82"]).await;
    assert_eq!(after[0].labels, before[1].labels, "what is not told stays");
}

#[tokio::test]
async fn articles_that_solved_a_past_ticket_count_as_feedback_of_that_time_once_and_may_be_taken_back() {
    let desk = Desk::new();
    ok(desk.fixture("plain.jsonl", &[]));
    ok(desk.fixture("plain.jsonl", &[]));
    let store = desk.store().await;
    assert_eq!(store.feedback_counts("badges").await.unwrap().solved, 1);
    let page = store.voices_page(None, 10).await.unwrap();
    assert_eq!(page.len(), 1);
    assert_eq!(page[0].voice.solved.unwrap().to_string(), "2026-07-09T09:00:00Z");
    let said = Feedback {
        occasion: Occasion::Ticket("P-1".into()),
        article_id: "badges".into(),
        kind: FeedbackKind::Solved,
        at: "2026-07-10T09:00:00Z".parse().unwrap(),
    };
    assert!(store.take_back(&said).await.unwrap().changed);
    store.close().await.unwrap();
    let changed = std::fs::read_to_string("tests/fixtures/history/plain.jsonl")
        .unwrap()
        .replace("A new badge", "One more badge");
    assert!(desk.text("changed.jsonl", &changed, &[]).stdout.contains("1 changed"));
    let store = desk.store().await;
    assert_eq!(store.feedback_counts("badges").await.unwrap().solved, 0, "a person said otherwise");
    store.close().await.unwrap();
}

#[test]
fn what_could_be_read_in_more_than_one_way_is_refused_with_what_to_write() {
    let desk = Desk::new();
    let cases = [
        ("two-columns.csv", "id,Title,Subject\n1,a,b\n", &[][..]),
        ("repeated-header.csv", "id,subject,subject\n1,a,b\n", &[]),
        ("unknown-value.csv", "id,subject,priority\n1,a,Sev1\n2,a,Sev2\n3,a,low\n", &[]),
        ("number-as-priority.csv", "id,subject,priority\n1,a,1\n", &[]),
        ("date-order.csv", "id,subject,created\n1,a,03/04/2026 10:00\n", &["--time-zone", "UTC"]),
        ("both-orders.csv", "id,subject,created\n1,a,31/12/2026\n2,a,12/31/2026\n", &["--time-zone", "UTC"]),
        ("no-zone.csv", "id,subject,created\n1,a,2026-04-03 10:00\n", &[]),
        ("no-times.csv", "id,subject,created\n1,a,soon\n", &[]),
        ("no-id.csv", "name,subject\n1,a\n", &[]),
        ("no-such-column.csv", "id,subject\n1,a\n", &["--column", "Titel=subject"]),
        (
            "text-as-label.csv",
            "id,subject,note\n1,a,a long text that somebody wrote and that nobody should see again\n",
            &["--column", "note=impact"],
        ),
        ("two-products.csv", "Issue key,Summary,number,short_description\n1,a,1,a\n", &[]),
        ("no-rows.json", "[]", &[]),
        ("broken.json", "[{\"id\":1,", &[]),
    ];
    for (name, text, more) in cases {
        let run = desk.text(name, text, more);
        assert_eq!((run.status.code(), run.stdout.as_str()), (Some(1), ""), "{name}\n{}", run.stderr);
        assert!(!run.stderr.contains("somebody wrote"));
        insta::assert_snapshot!(format!("refused_{name}"), said(&run, &desk));
    }
    assert!(!Path::new(&desk.data).exists(), "nothing was kept");
}

#[test]
fn rows_that_cannot_be_taken_are_named_and_the_rest_are_kept() {
    let desk = Desk::new();
    let text = "id,subject,created,reopened\n1,SECRET,2026-03-29 02:30,0\n2,b,2026-10-25 02:30,0\n,c,2026-10-26,0\n\
                4,,2026-10-26,0\n5,e,yesterday,0\n6,f,2026-10-26,often\n7,g,2026-10-26\n8,h,2026-10-26,1\n\
                8,h,2026-10-26,2\n";
    let run = desk.text("rows.csv", text, &["--time-zone", "Europe/Berlin"]);
    assert_eq!(run.status.code(), Some(1));
    assert_eq!(run.stdout, "2 tickets are kept: 2 new, 0 changed, 0 as before; 6 refused\n");
    insta::assert_snapshot!("rows", said(&run, &desk));
    assert!(!run.stderr.contains("SECRET"));
}

#[test]
fn a_dry_run_shows_lengths_and_labels_and_keeps_nothing() {
    let desk = Desk::new();
    let run = desk.fixture("servicenow.csv", &["--time-zone", "Europe/Berlin", "--dry-run"]);
    insta::assert_snapshot!("dry_run", run.stdout);
    for text in ["Timesheets", "certificate", "Ada"] {
        assert!(!run.stdout.contains(text) && !run.stderr.contains(text), "{text}\n{}", run.stderr);
    }
    assert!(!Path::new(&desk.data).exists());
}

#[tokio::test]
async fn a_product_may_be_named_where_its_columns_do_not_tell() {
    let desk = Desk::new();
    let text = "{\"id\":1,\"subject\":\"a\",\"priority\":4}\n";
    assert_eq!(desk.text("a.jsonl", text, &[]).status.code(), Some(1));
    ok(desk.text("a.jsonl", text, &["--product", "freshdesk"]));
    assert_eq!(desk.tickets(&["1"]).await[0].labels.priority.as_deref(), Some("P1"));
}
