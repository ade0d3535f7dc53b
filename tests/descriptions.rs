//! Labels that are known by name and description: they answer at once, are never automatic until rows speak
//! for them, and get better with examples. Through the real binary and the encoder that ships.

#![allow(missing_docs, clippy::unwrap_used)]

mod process;
#[path = "common/tiny_bundle.rs"]
mod tiny_bundle;

use std::path::Path;

use process::{Run, deskhand, lines, ok, write};
use serde_json::{Value, json};

const QUEUES: &str = r#"
"Finance" = "invoices, wrong charges, refunds, payment by card"
"Workplace::Printing" = "Printers and scanners. Paper jams, toner."
"Workplace::Network" = ["Wi-Fi, cable and VPN", "the internet is slow or down"]
"#;

struct House {
    dir: tempfile::TempDir,
}

impl House {
    fn new() -> Self {
        let house = Self { dir: tempfile::tempdir().unwrap() };
        house.write("queues.toml", QUEUES);
        // What a site that trusts everything would set.
        house.write("site.toml", "[triage]\nauto_threshold = { queue = 0.01 }\n");
        house
    }

    fn dir(&self) -> &Path {
        self.dir.path()
    }

    fn write(&self, name: &str, text: &str) -> String {
        write(self.dir(), name, text)
    }

    fn rows(&self, name: &str, rows: &[(&str, &str)]) -> String {
        let row = |(body, queue): &(&str, &str)| format!("{}\n", json!({"body": body, "queue": queue}));
        self.write(name, &rows.iter().map(row).collect::<String>())
    }

    fn path(&self, name: &str) -> String {
        self.dir().join(name).display().to_string()
    }

    fn train(&self, with: &[&str]) -> Run {
        let out = self.path("out");
        deskhand(&[&["train", "--task", "queue", "--out", &out], with].concat())
    }

    fn described(&self) -> Run {
        self.train(&["--descriptions", &self.path("queues.toml")])
    }

    /// What the new bundle says of a ticket on a site that wants everything automatic.
    fn queue(&self, body: &str) -> Value {
        let input = self.write("t.jsonl", &format!("{}\n", json!({ "body": body })));
        let (out, site) = (self.path("out"), self.path("site.toml"));
        let told = ok(deskhand(&["triage", "--input", &input, "--model", &out, "--config", &site]));
        lines(&told).remove(0)["predictions"]["queue"].clone()
    }

    fn accuracy(&self, rows: &str) -> f64 {
        let out = self.path("out");
        let told = ok(deskhand(&["evaluate", "--input", rows, "--model", &out, "--format", "json"]));
        let report: Value = serde_json::from_str(&told).unwrap();
        report["tasks"]["queue"]["accuracy"].as_f64().unwrap()
    }
}

#[test]
fn a_bundle_of_descriptions_alone_answers_rightly_and_is_never_automatic() {
    let house = House::new();
    let run = house.described();
    assert!(run.status.success(), "{}", run.stderr);
    assert!(run.stderr.contains("known by their description alone: 3"), "{}", run.stderr);
    assert!(run.stdout.contains("auto from never"), "{}", run.stdout);
    assert!(run.stdout.contains("it is not calibrated, and nothing is automatic"), "{}", run.stdout);
    for (body, label) in [
        ("I was charged twice on my last invoice, please refund one payment.", "Finance"),
        ("The printer on the second floor has a paper jam and needs toner.", "Workplace::Printing"),
        ("The Wi-Fi is down in our office, nobody can reach the internet.", "Workplace::Network"),
    ] {
        let queue = house.queue(body);
        assert_eq!((queue["label"].as_str(), queue["decision"].as_str()), (Some(label), Some("suggest")));
    }
    let card = std::fs::read_to_string(house.path("out/MODEL_CARD.md")).unwrap();
    assert!(card.contains("queues.toml (descriptions of queue)"), "{card}");
    assert!(card.contains("| not calibrated |") && card.contains("no labelled row has shown"), "{card}");
    let manifest = std::fs::read_to_string(house.path("out/bundle.toml")).unwrap();
    assert!(manifest.contains("task = \"category\""), "the base's heads stay");
}

#[test]
fn examples_improve_what_a_description_began() {
    let house = House::new();
    // In this house badges belong to the printing room, which its description does not say.
    let badges = [
        ("My badge does not open the door any more.", "Workplace::Printing"),
        ("I need a new badge, the photo is wrong.", "Workplace::Printing"),
        ("Badge lost on the train, please issue another.", "Workplace::Printing"),
        ("The door reader is red when I show my card.", "Workplace::Printing"),
        ("Visitor badges for Monday, please.", "Workplace::Printing"),
    ];
    let others = [
        ("The invoice of May has the wrong amount.", "Finance"),
        ("Please refund the deposit.", "Finance"),
        ("VPN disconnects every hour.", "Workplace::Network"),
        ("No Wi-Fi in room 4.", "Workplace::Network"),
    ];
    let unseen = house.rows(
        "unseen.jsonl",
        &[
            ("The badge of our new colleague does not open the gate.", "Workplace::Printing"),
            ("My access badge is broken.", "Workplace::Printing"),
            (
                "Please print a badge for a visitor tomorrow, the door reader refuses the old one.",
                "Workplace::Printing",
            ),
            ("The internet is very slow today.", "Workplace::Network"),
            ("We paid this invoice twice.", "Finance"),
        ],
    );
    ok(house.described());
    let before = house.accuracy(&unseen);
    let rows = house.rows("rows.jsonl", &[&badges[..], &others[..]].concat());
    let descriptions = house.path("queues.toml");
    let run = house.train(&["--train", &rows, "--descriptions", &descriptions]);
    assert!(run.status.success(), "{}", run.stderr);
    let after = house.accuracy(&unseen);
    assert!(after > before && after == 1.0, "{before} without examples, {after} with");
    assert!(run.stdout.contains("never automatic, since too few rows show"), "{}", run.stdout);
}

#[test]
fn a_new_label_joins_those_that_have_rows_by_its_description() {
    let house = House::new();
    let bodies = |about: &str| (0..12).map(|n| format!("{about}, floor {n}")).collect::<Vec<_>>();
    let (printing, network) = (bodies("The printer jams again"), bodies("No Wi-Fi and no internet here"));
    let rows = printing.iter().map(|body| (body.as_str(), "Workplace::Printing "));
    let rows: Vec<_> = rows.chain(network.iter().map(|body| (body.as_str(), "Workplace::Network"))).collect();
    let rows = house.rows("rows.jsonl", &rows);
    let descriptions = house.path("queues.toml");
    let run = house.train(&["--train", &rows, "--descriptions", &descriptions]);
    assert!(run.status.success(), "{}", run.stderr);
    assert!(run.stderr.contains("known by their description alone: 1 (\"Finance\")"), "{}", run.stderr);
    let finance = house.queue("I was charged twice on my last invoice, please refund one payment.");
    assert_eq!(finance["label"], "Finance");
    assert_ne!(finance["decision"], "auto", "however little the site asks for");
    let printing = house.queue("The printer jams again, ground floor");
    assert_eq!(
        (printing["label"].as_str(), printing["decision"].as_str()),
        (Some("Workplace::Printing"), Some("auto"))
    );
}

#[test]
fn where_the_encoder_is_tuned_descriptions_are_read_with_the_rows() {
    let house = House::new();
    tiny_bundle::write(&house.dir().join("base"));
    let bodies: Vec<_> = (0..12).map(|n| (format!("aaaa {n}"), format!("zzzz {n}"))).collect();
    let rows: Vec<_> = bodies
        .iter()
        .flat_map(|(a, z)| [(a.as_str(), "Workplace::Printing"), (z.as_str(), "Workplace::Network")])
        .collect();
    let (rows, descriptions) = (house.rows("rows.jsonl", &rows), house.path("queues.toml"));
    let base = house.path("base");
    let run = house.train(&["--tune", "--train", &rows, "--descriptions", &descriptions, "--model", &base]);
    assert!(run.status.success(), "{}", run.stderr);
    assert!(run.stderr.contains("known by their description alone: 1 (\"Finance\")"), "{}", run.stderr);
    assert!(run.stdout.contains("  3 labels"), "{}", run.stdout);
    let never = run.stdout.lines().find(|line| line.contains("never automatic")).unwrap();
    assert!(never.contains("Finance"), "{never}");
    assert_ne!(house.queue("aaaa 1")["label"], "Finance");
}

#[test]
fn labels_of_rows_and_descriptions_are_compared_aloud() {
    let house = House::new();
    let rows = house
        .rows("rows.jsonl", &[("Printer jam.", "workplace::printing"), ("A chair is broken.", "Furniture")]);
    let run = house.train(&["--train", &rows, "--descriptions", &house.path("queues.toml")]);
    assert!(run.status.success(), "{}", run.stderr);
    assert!(
        run.stderr
            .contains("\"Workplace::Printing\" and \"workplace::printing\" of queue differ only in capitals"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("without a description: 2 (\"Furniture\", \"workplace::printing\")"),
        "{}",
        run.stderr
    );
}

#[test]
fn descriptions_that_cannot_be_used_are_refused_with_what_to_do() {
    let house = House::new();
    let refused = |with: &[&str]| {
        let run = house.train(with);
        assert!(!run.status.success());
        assert!(!house.dir().join("out").exists(), "nothing half-made");
        run.stderr
    };
    let empty = house.write("empty.toml", "A = \"x\"\nB = \" \"\n");
    assert!(refused(&["--descriptions", &empty]).contains("\"B\" has an empty description"));
    let one = house.write("one.json", "{\"A\": \"x\"}");
    assert!(refused(&["--descriptions", &one]).contains("has 1 labels; it needs at least 2"));
    assert!(refused(&["--descriptions", &house.path("none.toml")]).contains("cannot be read"));
    assert!(refused(&["--descriptions", &house.path("queues.toml"), "--tune"]).contains("--train"));
    assert!(refused(&[]).contains("--train <FILE>"));
    let recipe = "name = \"x\"\nversion = \"1\"\nlanguages = [\"en\"]\n[[file]]\nreads = \"ticket\"\nlabels = { queue = \"queue\" }\n";
    let described = format!("{recipe}descriptions = {{ team = \"queues.toml\" }}\n");
    let recipe_of = |text: &str| house.write("recipe.toml", text);
    let train = |recipe: &str| deskhand(&["train", "--recipe", recipe, "--out", &house.path("out")]).stderr;
    let unknown = train(&recipe_of(&described));
    assert!(unknown.contains("the task \"team\", but only these are trained beside it: queue"), "{unknown}");
    let nothing = train(&recipe_of(recipe));
    assert!(nothing.contains("\"queue\" has neither rows nor descriptions"), "{nothing}");
}
