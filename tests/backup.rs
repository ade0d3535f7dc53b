//! A backup of a running service, and the way back, through the real binary.

#![allow(missing_docs, clippy::unwrap_used)]

mod process;
#[path = "common/tiny_bundle.rs"]
mod tiny_bundle;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use process::{Service, deskhand, ok};
use serde_json::{Value, json};
use tempfile::TempDir;

struct Site(TempDir);

impl Site {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        tiny_bundle::write(&dir.path().join("bundle"));
        Self(dir)
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn serve(&self, data: &str) -> Service {
        Service::start(&["--data", &self.path(data), "--model", &self.path("bundle")])
    }
}

fn put(service: &Service, id: usize) -> bool {
    let article = json!({"title": format!("Article zq{id}"), "body": format!("About the device zq{id}.")});
    service
        .request("PUT", &format!("/v1/articles/a{id}"), &article.to_string())
        .is_some_and(|(status, _)| status == 200)
}

#[test]
fn what_was_acknowledged_before_a_backup_of_a_running_service_is_there_after_restoring_it() {
    let site = Site::new();
    let service = site.serve("data");
    assert!((0..20).all(|id| put(&service, id)));
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        // Others go on writing meanwhile.
        scope.spawn(|| (1_000..).take_while(|_| !stop.load(Ordering::Relaxed)).all(|id| put(&service, id)));
        let told = ok(deskhand(&["backup", "--data", &site.path("data"), "--to", &site.path("backup")]));
        stop.store(true, Ordering::Relaxed);
        assert!(told.contains("files are in"), "{told}");
    });
    service.kill();
    ok(deskhand(&["restore", "--from", &site.path("backup"), "--data", &site.path("restored")]));
    let restored = site.serve("restored");
    for id in 0..20 {
        assert_eq!(
            restored.json("GET", &format!("/v1/articles/a{id}"), &Value::Null).0,
            200,
            "a{id} is gone"
        );
    }
    // The index was built from what was restored.
    let (_, found) = restored.json("POST", "/v1/suggest", &json!({"text": "zq7", "audience": "agent"}));
    assert_eq!(found["articles"][0]["id"], "a7");
}

#[test]
fn a_backup_that_is_not_as_it_was_written_is_refused_and_nothing_is_begun() {
    let site = Site::new();
    assert!(put(&site.serve("data"), 1));
    let (data, copy, restored) = (site.path("data"), site.path("backup"), site.path("restored"));
    let backup = ["backup", "--data", &data, "--to", &copy];
    ok(deskhand(&backup));
    let again = deskhand(&backup);
    assert!(!again.status.success() && again.stderr.contains("is there already"), "{}", again.stderr);
    let full = deskhand(&["restore", "--from", &site.path("backup"), "--data", &site.path("data")]);
    assert!(full.stderr.contains("holds something already"), "{}", full.stderr);
    let database = site.path("backup/deskhand.db");
    let mut bytes = std::fs::read(&database).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&database, bytes).unwrap();
    let restore = ["restore", "--from", &copy, "--data", &restored];
    let refused = deskhand(&restore);
    assert!(!refused.status.success() && refused.stderr.contains("deskhand.db"), "{}", refused.stderr);
    std::fs::remove_file(site.path("backup/backup.toml")).unwrap();
    assert!(deskhand(&restore).stderr.contains("no complete backup"));
    assert!(!std::path::Path::new(&restored).exists());
    let nowhere = deskhand(&["backup", "--data", &site.path("none"), "--to", &site.path("other")]);
    assert!(!nowhere.status.success() && !std::path::Path::new(&site.path("other")).exists());
}
