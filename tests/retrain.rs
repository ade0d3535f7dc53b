//! A site's own tickets make a better bundle, or the reasons why not: through the real binary, with real training
//! on the encoder that ships.

#![allow(missing_docs, clippy::unwrap_used)]

mod process;

use std::path::Path;
use std::time::{Duration, Instant};

use process::{Run, Service, deskhand, lines, ok, write};
use serde_json::{Value, json};

/// What tickets about a new category say: something that none of the default categories is for.
const DRONES: [&str; 10] = [
    "The delivery drone of the north yard does not take off, its rotor blinks red",
    "Drone 7 lost its flight plan after the update and hovers above the dock",
    "Please calibrate the compass of our survey drone, it flies in circles",
    "The drone battery swells while it charges in the hangar",
    "Two quadcopters collided over the loading bay and one rotor is bent",
    "Flight permission for the inspection drone on Friday is missing",
    "The gimbal of the camera drone shakes in wind",
    "Our drone lands by itself after two minutes of flight",
    "The propeller guard of the warehouse drone is cracked",
    "The drone does not return to its base when the signal is weak",
];
const WHERE: [&str; 5] =
    ["at the north gate", "in hall 4", "since Monday", "for the second crew", "near the depot"];

struct House {
    dir: tempfile::TempDir,
}

impl House {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn data(&self) -> String {
        self.dir.path().join("data").display().to_string()
    }

    /// Brings tickets with final categories into the data folder, through the service.
    fn settle(&self, tickets: &[(String, String)], settings: &str) -> Service {
        let config = write(self.dir.path(), "site.toml", settings);
        let service = Service::start(&["--data", &self.data(), "--config", &config]);
        settle(&service, tickets);
        service
    }

    fn retrain(&self, with: &[&str]) -> Run {
        let config = self.dir.path().join("site.toml").display().to_string();
        deskhand(&[&["retrain", "--data", &self.data(), "--config", &config], with].concat())
    }

    fn category(&self, body: &str) -> String {
        let ticket = write(self.dir.path(), "t.jsonl", &format!("{}\n", json!({ "body": body })));
        let answers = ok(deskhand(&["triage", "--input", &ticket, "--data", &self.data()]));
        lines(&answers)[0]["predictions"]["category"]["label"].as_str().unwrap().to_owned()
    }
}

fn settle(service: &Service, tickets: &[(String, String)]) {
    for (number, (body, category)) in tickets.iter().enumerate() {
        let id = format!("t{number}");
        let asked = json!({"ticket": {"id": id, "body": body}, "options": {"articles": 0, "similar": 0}});
        assert_eq!(service.json("POST", "/v1/triage", &asked).0, 200);
        let told = json!({"status": "solved", "category": category});
        let (status, answer) = service.json("POST", &format!("/v1/tickets/{id}/outcome"), &told);
        assert_eq!(status, 200, "{answer}");
    }
}

/// Tickets about drones, which agents corrected, and others that stay as they are predicted to be.
fn tickets() -> Vec<(String, String)> {
    let drones =
        DRONES.iter().flat_map(|drone| WHERE.map(|place| (format!("{drone} {place}."), "Drones".into())));
    let others = [
        ("The VPN drops every ten minutes", "Network::VPN and remote access"),
        ("The printer jams on every second page", "Hardware::Printer and peripherals"),
    ];
    let others = others.iter().flat_map(|(body, label)| {
        (0..15).map(move |n| (format!("{body}, office {n}."), (*label).to_owned()))
    });
    drones.chain(others).collect()
}

const SMALL: &str = "[learning]\nmin_held_out = 10\nthreads = 2\n";

#[test]
fn a_site_that_corrects_labels_for_a_new_category_sees_it_predicted_after_retraining() {
    let house = House::new();
    let service = house.settle(&tickets(), SMALL);
    let (status, info) = service.json("GET", "/v1/learning", &Value::Null);
    assert_eq!((status, info["corrections_since"].as_u64().unwrap() >= 50), (200, true), "{info}");
    assert!(service.terminate().success());
    let ask = "The rotor of the spraying drone stops in the middle of a flight";
    assert_ne!(house.category(ask), "Drones");

    let drift = ok(deskhand(&["audit", "drift", "--data", &house.data()]));
    assert!(drift.contains("Drones"), "a label that agents introduced is told of: {drift}");

    let dry = ok(house.retrain(&["--dry-run"]));
    assert!(dry.contains("Drones  (new)"), "{dry}");
    let run = house.retrain(&[]);
    assert!(run.status.success(), "{}\n{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("answers from now on"), "{}", run.stdout);
    assert!(!house.dir.path().join("data/learning").exists(), "the rows are gone");
    assert_eq!(house.category(ask), "Drones");
    assert_eq!(house.category("The VPN drops when I work from home"), "Network::VPN and remote access");
    assert_eq!(
        house.category("I was charged twice on my invoice, please refund one payment"),
        {
            let shipped = write(
                house.dir.path(),
                "b.jsonl",
                "{\"body\":\"I was charged twice on my invoice, please refund one payment\"}\n",
            );
            let answers = ok(deskhand(&["triage", "--input", &shipped, "--model", "models/default"]));
            lines(&answers)[0]["predictions"]["category"]["label"].as_str().unwrap().to_owned()
        },
        "a category that the site has no tickets of stays"
    );
    ok(deskhand(&["promote", "--back", "--data", &house.data()]));
    assert_ne!(house.category(ask), "Drones", "rolled back by one command");
}

#[test]
fn a_bad_retraining_is_refused_and_the_bundle_before_goes_on_answering() {
    let house = House::new();
    let mut shuffled = tickets();
    // Labels that have nothing to do with the words.
    let labels =
        ["Network::VPN and remote access", "Hardware::Printer and peripherals", "Access::Password reset"];
    for (number, ticket) in shuffled.iter_mut().enumerate() {
        ticket.1 = labels[(number * 7 + number / 3) % 3].to_owned();
    }
    assert!(house.settle(&shuffled, SMALL).terminate().success());
    let run = house.retrain(&[]);
    assert_eq!(run.status.code(), Some(1), "{}\n{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("Not promoted, the bundle before goes on answering"), "{}", run.stdout);
    assert!(run.stdout.contains("the labels cannot be told from the words"), "{}", run.stdout);
    assert!(!house.dir.path().join("data/bundles/current").exists());
    let trail = lines(&ok(deskhand(&["trail", "show", "--data", &house.data()])));
    let told: Vec<&Value> =
        trail.iter().filter(|it| it["action"].as_str().unwrap().starts_with("training.")).collect();
    assert_eq!((&told[0]["action"], &told[0]["subject"]), (&json!("training.begin"), &told[1]["subject"]));
    assert_eq!(
        (&told[1]["action"], &told[1]["detail"]["state"]),
        (&json!("training.end"), &json!("refused"))
    );
    let said = format!("{}{}", run.stdout, run.stderr);
    assert!(shuffled.iter().all(|(body, _)| !said.contains(body)), "it says what a ticket says: {said}");
}

#[test]
fn the_service_trains_beside_its_answers_and_the_new_bundle_answers_without_a_restart() {
    let house = House::new();
    let service = house.settle(&tickets(), SMALL);
    let (status, answer) = service.json("POST", "/v1/learning", &Value::Null);
    assert_eq!(status, 202, "{answer}");
    let began = Instant::now();
    let mut slowest = Duration::ZERO;
    let ask = "The rotor of the spraying drone stops in the middle of a flight";
    let label = || {
        let asked = json!({"ticket": {"body": ask}});
        let at = Instant::now();
        let (status, answer) = service.json("POST", "/v1/triage", &asked);
        assert_eq!(status, 200);
        (answer["predictions"]["category"]["label"].as_str().unwrap().to_owned(), at.elapsed())
    };
    while label().0 != "Drones" {
        slowest = slowest.max(label().1);
        assert!(
            began.elapsed() < Duration::from_secs(300),
            "{}",
            service.json("GET", "/v1/learning", &Value::Null).1
        );
        std::thread::sleep(Duration::from_millis(300));
    }
    let (_, info) = service.json("GET", "/v1/learning", &Value::Null);
    let last = &info["trainings"][0];
    assert_eq!(last["state"], "promoted", "{info}");
    assert!(last["result"]["verdict"]["gains"][0]["won"].as_u64().unwrap() > 5, "{info}");
    let metrics = service.request("GET", "/metrics", "").unwrap().1;
    assert!(metrics.contains("deskhand_trainings{state=\"promoted\"} 1"), "{metrics}");
    let trail = service.json("GET", "/v1/trail", &Value::Null).1.to_string();
    assert!(trail.contains("training.begin") && trail.contains("{\"state\":\"promoted\"}"), "{trail}");
    assert!(!Path::new(&house.data()).join("learning").exists());
    assert!(service.terminate().success());
}

#[test]
fn the_service_trains_by_itself_when_a_training_is_due_and_begins_anew_what_was_broken_off() {
    let house = House::new();
    assert!(house.settle(&tickets(), SMALL).terminate().success());
    let config = format!("{SMALL}scheduled = true\nhour = 0\nwithin_hours = 24\n");
    let config = write(house.dir.path(), "site.toml", &config);
    let trainings = |wanted: &[&str]| {
        let service = Service::start(&["--data", &house.data(), "--config", &config]);
        let began = Instant::now();
        loop {
            let (_, info) = service.json("GET", "/v1/learning", &Value::Null);
            let found = info["trainings"].as_array().unwrap();
            if found.iter().map(|training| training["state"].as_str().unwrap()).eq(wanted.iter().copied()) {
                return service;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "{info}");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    trainings(&["running"]).kill();
    // The newest first.
    assert!(trainings(&["running", "failed"]).terminate().success());
}
