//! `deskhand import surveys` and `deskhand audit mismatches`, through the real binary.

#![allow(missing_docs, clippy::unwrap_used)]

mod process;
#[path = "common/tiny_bundle.rs"]
mod tiny_bundle;

use process::{Run, Service, deskhand, ok, write};
use serde_json::{Value, json};
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

    fn run(&self, args: &[&str]) -> Run {
        deskhand(&[args, &["--data", &self.data, "--model", &self.bundle]].concat())
    }

    fn serve(&self) -> Service {
        Service::start(&["--data", &self.data, "--model", &self.bundle])
    }

    fn file(&self, name: &str, text: &str) -> String {
        write(self.dir.path(), name, text)
    }
}

#[test]
fn surveys_of_a_file_are_kept_bad_rows_are_named_and_a_second_import_changes_nothing() {
    let desk = Desk::new();
    let file = desk.file(
        "answers.csv",
        "Response ID,Case-Number,Submitted At,Stars,Comments,Mood\n\
         r-1,81,2025-11-20,2,\"Slow, \nand rude\",x\n\
         r-2,82,2025-11-20,9,Fine,x\n\
         r-3,,2025-11-21 08:00,5,,x\n\
         ,,2025-11-21,5,,x\n",
    );
    for _ in 0..2 {
        let run = desk.run(&["import", "surveys", &file]);
        assert_eq!(run.status.code(), Some(1), "{}", run.stderr);
        assert_eq!(run.stdout, "2 surveys are kept; 2 refused, 1 warnings\n");
        for told in [
            "refused: ",
            "line 4: rating is not on the scale 1-5: it must be a number from 1 to 5",
            "line 6: the row has neither an id nor a ticket_id",
            "line 2: ticket_id: no such ticket is kept here",
            "columns: answered_at from Submitted At, comment from Comments, id from Response ID, \
             rating from Stars, ticket_id from Case-Number",
            "not used: Mood",
        ] {
            assert!(run.stderr.contains(told), "{told}\n{}", run.stderr);
        }
        assert!(!run.stderr.contains("rude"), "no comment is repeated");
    }
    let service = desk.serve();
    let (_, list) = service.json("GET", "/v1/surveys", &Value::Null);
    let ids: Vec<&str> =
        list["surveys"].as_array().unwrap().iter().map(|survey| survey["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["r-3", "r-1"]);
    assert_eq!(list["surveys"][1]["comment"], "Slow, \nand rude");
    assert_eq!(list["surveys"][1]["follow_up"]["state"], "overdue");
}

#[test]
fn surveys_of_old_open_no_follow_ups_where_that_is_said() {
    let desk = Desk::new();
    let file = desk.file("old.jsonl", "{\"id\":\"1\",\"date\":\"2024-01-01\",\"rating\":1}\n");
    ok(desk.run(&["import", "surveys", &file, "--no-follow-ups"]));
    let (_, survey) = desk.serve().json("GET", "/v1/surveys/1", &Value::Null);
    assert_eq!((&survey["low"], &survey["follow_up"]), (&json!(true), &Value::Null));
}

#[test]
fn a_file_of_another_kind_is_refused_with_what_to_do() {
    let desk = Desk::new();
    let run = desk.run(&["import", "surveys", &desk.file("answers.xlsx", "")]);
    assert_eq!(run.status.code(), Some(1));
    assert!(run.stderr.contains("name the file .jsonl"), "{}", run.stderr);
}

#[test]
fn a_survey_and_its_follow_up_survive_a_kill() {
    let desk = Desk::new();
    let service = desk.serve();
    for number in 0..10 {
        let survey = json!({"id": format!("s-{number}"), "rating": 1, "comment": "Slow"});
        assert_eq!(service.json("POST", "/v1/surveys", &survey).0, 200);
    }
    let told = json!({"owner": "kim", "outcome": "reached", "root_cause": "process", "closed": true});
    assert_eq!(service.json("POST", "/v1/surveys/s-9/follow-up", &told).0, 200);
    service.kill();
    let service = desk.serve();
    let (_, list) = service.json("GET", "/v1/surveys?limit=200", &Value::Null);
    assert_eq!(list["surveys"].as_array().unwrap().len(), 10);
    let (_, survey) = service.json("GET", "/v1/surveys/s-9", &Value::Null);
    assert_eq!(
        (&survey["follow_up"]["state"], &survey["follow_up"]["owner"]),
        (&json!("closed"), &json!("kim"))
    );
}

#[test]
fn the_ledger_of_a_folder_comes_as_text_json_and_csv() {
    let desk = Desk::new();
    let service = desk.serve();
    for (id, submitted, settled) in [("81", "P4", "P1"), ("82", "P3", "P3")] {
        let ticket = json!({
            "id": id, "body": "No VPN", "created_at": "2025-11-20T09:00:00Z", "form": "portal",
            "submitted": {"priority": submitted}
        });
        assert_eq!(service.json("POST", "/v1/triage", &json!({"ticket": ticket})).0, 200);
        let path = format!("/v1/tickets/{id}/outcome");
        assert_eq!(service.json("POST", &path, &json!({"priority": settled})).0, 200);
    }
    assert!(service.terminate().success());
    let audit = |more: &[&str]| desk.run(&[&["audit", "mismatches", "--by", "form"], more].concat());
    let text = ok(audit(&[]));
    assert!(text.contains("2 tickets with labels to compare") && text.contains("portal: 81"), "{text}");
    let found: Value =
        serde_json::from_str(&ok(audit(&["--format", "json", "--from", "2025-11-20"]))).unwrap();
    assert_eq!((&found["groups"][0]["name"], &found["groups"][0]["cost"]), (&json!("portal"), &json!(16.0)));
    let csv = ok(audit(&["--format", "csv", "--task", "priority"]));
    assert!(csv.lines().nth(2).unwrap().starts_with("portal,16.0,2,"), "{csv}");
    let backwards = audit(&["--from", "2025-11-20", "--to", "2025-11-19"]);
    assert_eq!(backwards.status.code(), Some(1));
    assert!(backwards.stderr.contains("to must be later than from"), "{}", backwards.stderr);
    assert!(audit(&["--from", "soon"]).stderr.contains("--from is no time"));
}
