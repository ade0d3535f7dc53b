//! What was acknowledged survives `kill -9`, through the real binary.

#![allow(missing_docs, clippy::unwrap_used)]

mod process;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use process::{Service, deskhand, ok};
use serde_json::{Value, json};

fn data(dir: &tempfile::TempDir) -> String {
    dir.path().join("data").display().to_string()
}

#[test]
fn a_kill_while_articles_come_in_loses_none_that_was_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged: Vec<usize> = Vec::new();
    for round in 0..3 {
        let service = Service::start(&["--data", &data(&dir)]);
        let kept = Mutex::new(Vec::new());
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            for worker in 0..3 {
                let (service, kept, stop) = (&service, &kept, &stop);
                scope.spawn(move || {
                    for n in 0.. {
                        let id = round * 10_000 + worker * 1_000 + n;
                        let article = json!({"title": format!("Article zq{id}"), "body": format!("About the device zq{id}.")});
                        match service.request("PUT", &format!("/v1/articles/a{id}"), &article.to_string()) {
                            Some((200..=299, _)) => kept.lock().unwrap().push(id),
                            _ => return,
                        }
                        if stop.load(Ordering::Relaxed) {
                            return;
                        }
                    }
                });
            }
            thread::sleep(Duration::from_millis(400 + 350 * round as u64));
            let pid = service.id().to_string();
            std::process::Command::new("kill").args(["-9", &pid]).status().unwrap();
            stop.store(true, Ordering::Relaxed);
        });
        acknowledged.extend(kept.into_inner().unwrap());
    }
    assert!(!acknowledged.is_empty());
    let service = Service::start(&["--data", &data(&dir)]);
    for id in &acknowledged {
        assert_eq!(service.json("GET", &format!("/v1/articles/a{id}"), &Value::Null).0, 200, "a{id} is gone");
    }
    // The index agrees with the store: the newest acknowledged article is found by its own word.
    let newest = acknowledged.last().unwrap();
    let asked = json!({"text": format!("zq{newest}"), "audience": "agent", "top": 5});
    let (status, found) = service.json("POST", "/v1/suggest", &asked);
    assert_eq!(status, 200, "{found}");
    let ids: Vec<&str> =
        found["articles"].as_array().unwrap().iter().map(|a| a["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&format!("a{newest}").as_str()), "{ids:?}");
    assert!(service.terminate().success());
    assert!(ok(deskhand(&["doctor", "--data", &data(&dir)])).contains("is whole"));
}

#[test]
fn a_kill_during_triage_loses_no_ticket_that_was_answered() {
    let dir = tempfile::tempdir().unwrap();
    let service = Service::start(&["--data", &data(&dir)]);
    let answered = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for worker in 0..4 {
            let (service, answered) = (&service, &answered);
            scope.spawn(move || {
                for n in 0..10_000 {
                    let id = format!("t{worker}-{n}");
                    let body = json!({"ticket": {"id": id, "subject": "Printer", "body": "It jams again."}});
                    match service.request("POST", "/v1/triage", &body.to_string()) {
                        Some((200, answer)) => {
                            let answer: Value = serde_json::from_str(&answer).unwrap();
                            let prediction = answer["prediction_id"].as_str().unwrap().to_string();
                            answered.lock().unwrap().push((id, prediction));
                        }
                        _ => return,
                    }
                }
            });
        }
        thread::sleep(Duration::from_millis(1_500));
        let pid = service.id().to_string();
        std::process::Command::new("kill").args(["-9", &pid]).status().unwrap();
    });
    let answered = answered.into_inner().unwrap();
    assert!(!answered.is_empty());
    let service = Service::start(&["--data", &data(&dir)]);
    for (id, prediction) in &answered {
        let (status, ticket) = service.json("GET", &format!("/v1/tickets/{id}"), &Value::Null);
        assert_eq!(status, 200, "{id} is gone");
        assert!(ticket.to_string().contains(prediction), "the answer about {id} is gone");
    }
}

#[test]
fn a_kill_during_an_import_leaves_a_folder_that_can_be_imported_into_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_deskhand"))
        .args(["import", "articles", "samples/articles", "--data", &data(&dir)])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    thread::sleep(Duration::from_millis(1_200));
    child.kill().unwrap();
    child.wait().unwrap();
    let told = ok(deskhand(&["import", "articles", "samples/articles", "--data", &data(&dir)]));
    assert!(told.starts_with("64 articles"), "{told}");
    let doctor = ok(deskhand(&["doctor", "--data", &data(&dir)]));
    assert!(doctor.contains("64 articles"), "{doctor}");
}
