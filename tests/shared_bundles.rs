//! A bundle that is promoted once answers on all instances that share a store, through the real binary. Without a
//! PostgreSQL this says so and passes.

#![allow(missing_docs, clippy::unwrap_used)]

mod postgres;
mod process;
#[path = "common/tiny_bundle.rs"]
mod tiny_bundle;

use std::path::Path;
use std::time::Duration;

use deskhand::config::Secret;
use process::{Run, Service, deskhand, ok, soon, write};
use serde_json::Value;
use tempfile::TempDir;
use tiny_bundle::Tiny;

/// Longest wait for a switch.
const PATIENCE: Duration = Duration::from_secs(60);

/// A store, and a folder for each that uses it.
struct House {
    dir: TempDir,
    url: String,
}

impl House {
    fn flags(&self, data: &str) -> [String; 4] {
        let data = self.dir.path().join(data).display().to_string();
        ["--data".into(), data, "--store".into(), self.url.clone()]
    }

    fn start(&self, data: &str) -> Service {
        let flags = self.flags(data);
        Service::start(&flags.each_ref().map(String::as_str))
    }

    /// By a command with a data folder of its own.
    fn command(&self, args: &[&str]) -> Run {
        let flags = self.flags("command");
        deskhand(&[args, &flags.each_ref().map(String::as_str)].concat())
    }

    fn promote(&self, tiny: Tiny) {
        let place = self.dir.path().join(format!("candidate-{}", tiny.version));
        tiny_bundle::write_as(&place, tiny);
        let rows = write(self.dir.path(), "rows.jsonl", "{\"body\":\"a\",\"category\":\"Network\"}\n");
        ok(self.command(&["promote", &place.display().to_string(), "--input", &rows, "--force"]));
        // What other instances get, they get from the store.
        std::fs::remove_dir_all(place).unwrap();
    }
}

/// What `/health/ready` says of the bundle.
fn version(service: &Service) -> String {
    let (status, ready) = service.json("GET", "/health/ready", &Value::Null);
    assert_eq!(status, 200, "{ready}");
    ready["model"]["version"].as_str().unwrap().to_owned()
}

fn wait_for(services: &[&Service], wanted: &str) {
    let all = || services.iter().all(|service| version(service) == wanted);
    soon(wanted, PATIENCE, all);
}

async fn house() -> Option<(House, Secret)> {
    let dir = TempDir::new().unwrap();
    let url = postgres::store_of(dir.path()).await?;
    Some((House { dir, url: url.expose().to_owned() }, url))
}

#[tokio::test]
async fn a_bundle_promoted_once_answers_on_every_instance_and_going_back_goes_back_on_all() {
    let Some((house, _)) = house().await else { return };
    house.promote(Tiny { version: "1", category: 0, encoder: 0 });
    let (one, other) = (house.start("one"), house.start("other"));
    assert_eq!([version(&one), version(&other)], ["1", "1"], "from the first request on");
    house.promote(Tiny { version: "2", category: 1, encoder: 0 });
    wait_for(&[&one, &other], "2");
    let later = house.start("later");
    assert_eq!(version(&later), "2");
    assert!(ok(house.command(&["promote", "--back"])).contains("tiny 1 answers again"));
    // The one that came later never had it.
    wait_for(&[&one, &other, &later], "1");
    assert!(ok(house.command(&["trail", "verify"])).contains("entries"));
    let trail = ok(house.command(&["trail", "show"]));
    assert_eq!(trail.matches("bundle.promote").count(), 3, "{trail}");
}

#[tokio::test]
async fn a_bundle_that_is_damaged_in_the_store_never_answers() {
    let Some((house, url)) = house().await else { return };
    house.promote(Tiny { version: "1", category: 0, encoder: 0 });
    let mut connection = postgres::connection(&url).await;
    sqlx::query("UPDATE bundle_parts SET bytes = '\\x00' WHERE file = 'heads.safetensors'")
        .execute(&mut connection)
        .await
        .unwrap();
    let service = house.start("one");
    assert_ne!(version(&service), "1", "the shipped one answers");
    assert!(!landed(&house.dir.path().join("one")));
}

/// Whether something of a fetched bundle was left.
fn landed(data: &Path) -> bool {
    data.join("bundles/.landing").exists()
}
