//! The commands in their fixed forms, through the real binary and the bundle that ships.

#![allow(missing_docs, clippy::unwrap_used)]

mod process;
#[path = "common/tiny_bundle.rs"]
mod tiny_bundle;

use std::path::Path;

use deskhand::learn::folds::Fold;
use deskhand::model::Bundle;
use process::{deskhand, lines, ok, write};
use serde_json::Value;

#[test]
fn triage_gives_one_answer_for_each_line_in_order_and_names_the_bad_one() {
    let dir = tempfile::tempdir().unwrap();
    let input = write(
        dir.path(),
        "tickets.jsonl",
        "{\"id\":\"1\",\"subject\":\"VPN drops\",\"body\":\"The VPN disconnects every ten minutes.\",\"team\":\"x\"}\n\
         {\"id\":\"2\",\"subject\":\"\",\"body\":\" \"}\n\
         {broken\n\
         {\"id\":4,\"text\":\"Please send me a copy of my last invoice.\"}\n",
    );
    let run = deskhand(&["triage", "--input", &input]);
    assert_eq!(run.status.code(), Some(1), "some rows were bad");
    let rows = lines(&run.stdout);
    assert_eq!(rows.len(), 4);
    assert_eq!(rows[0]["ticket_id"], "1");
    assert_eq!(rows[0]["predictions"]["category"]["label"], "Network::VPN and remote access");
    for task in ["category", "impact", "urgency", "priority"] {
        let confidence = rows[0]["predictions"][task]["confidence"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&confidence));
    }
    assert!(rows[0]["model"]["taxonomy"].is_string());
    assert_eq!((rows[1]["line"].as_u64(), rows[2]["line"].as_u64()), (Some(2), Some(3)));
    assert!(rows[1]["error"].as_str().unwrap().contains("empty"));
    assert!(rows[2]["error"].as_str().unwrap().contains("JSON"));
    assert_eq!(rows[3]["predictions"]["category"]["label"], "Billing::Invoice and payment");
}

#[test]
fn reasons_are_words_of_the_ticket_as_it_was_sent_and_count_less_the_further_down() {
    let dir = tempfile::tempdir().unwrap();
    let (subject, body) =
        ("  Größte Sorge: VPN ", "<p>The <b>VPN</b> disconnects &amp; our caf&eacute; cannot work.</p>");
    let quoted = format!("{body}<blockquote type=\"cite\">Printer, invoice, refund</blockquote>");
    let row = serde_json::json!({"id": "1", "subject": subject, "body": quoted, "body_format": "html"});
    let input = write(dir.path(), "tickets.jsonl", &format!("{row}\n"));
    let answer = lines(&ok(deskhand(&["triage", "--input", &input, "--explain"]))).remove(0);
    for task in ["category", "impact", "urgency", "priority"] {
        let prediction = &answer["predictions"][task];
        let reasons = prediction["reasons"].as_array().unwrap();
        let mut last = prediction["confidence"].as_f64().unwrap();
        assert!(reasons.len() <= 5);
        for reason in reasons {
            let field = row[reason["field"].as_str().unwrap()].as_str().unwrap();
            let (start, end) = (reason["start"].as_u64().unwrap(), reason["end"].as_u64().unwrap());
            let word: String = field.chars().skip(start as usize).take((end - start) as usize).collect();
            let known = ["Größte", "Sorge", "VPN", "disconnects", "caf&eacute;", "cannot", "work"];
            assert!(known.contains(&word.as_str()), "{word}");
            let weight = reason["weight"].as_f64().unwrap();
            assert!(weight > 0.0 && weight <= last);
            last = weight;
        }
    }
    let first = &answer["predictions"]["category"]["reasons"][0];
    assert_eq!(
        (first["field"].as_str(), first["start"].as_u64(), first["end"].as_u64()),
        (Some("subject"), Some(16), Some(19))
    );
}

#[test]
fn deleting_reasons_costs_more_confidence_than_deleting_other_words() {
    let dir = tempfile::tempdir().unwrap();
    let samples = std::fs::read_to_string("samples/tickets.jsonl").unwrap();
    let some: String = samples.split_inclusive('\n').step_by(6).collect();
    let input = write(dir.path(), "tickets.jsonl", &some);
    let run = ok(deskhand(&["evaluate", "--reasons", "--input", &input, "--format", "json"]));
    let report: Value = serde_json::from_str(&run).unwrap();
    let category = &report["tasks"]["category"];
    assert!(category["share"].as_f64().unwrap() >= 0.85, "{report}");
    assert!(category["lost_without_reasons"].as_f64() > category["lost_without_random"].as_f64());
}

#[test]
fn sentiment_reads_the_question_and_flags_a_rating_that_contradicts_the_words() {
    let dir = tempfile::tempdir().unwrap();
    let input = write(
        dir.path(),
        "comments.jsonl",
        "{\"id\":\"s1\",\"text\":\"Terrible. Three weeks of waiting and nobody ever called back, I am furious.\",\"rating\":5}\n\
         {\"id\":\"s2\",\"text\":\"Great service, quick and friendly, thank you so much!\",\"rating\":5}\n",
    );
    let rows = lines(&ok(deskhand(&["sentiment", "--input", &input])));
    assert_eq!(rows[0]["sentiment"]["label"], "negative");
    assert_eq!(rows[0]["rating_conflict"], true);
    assert_eq!(rows[1]["sentiment"]["label"], "positive");
    assert_eq!(rows[1]["rating_conflict"], false);
    let scores = rows[1]["sentiment"]["scores"].as_object().unwrap();
    let sum: f64 = scores.values().map(|p| p.as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-3);
    assert!(rows[1]["aspects"].is_array());
}

#[test]
fn a_question_turns_the_sense_of_nothing_and_a_rating_turns_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let input = write(
        dir.path(),
        "comments.jsonl",
        "{\"text\":\"Nothing\",\"question\":\"improve\"}\n\
         {\"text\":\"Nothing\",\"question\":\"why_score\"}\n\
         {\"text\":\"Nothing\",\"question\":\"improve\",\"rating\":5}\n\
         {\"text\":\"Nothing\",\"question\":\"improve\",\"rating\":1}\n",
    );
    let rows = lines(&ok(deskhand(&["sentiment", "--input", &input])));
    assert_eq!(rows[0]["sentiment"]["label"], "positive", "nothing to improve is praise");
    assert_ne!(rows[1]["sentiment"]["label"], "positive");
    for row in &rows[2..] {
        assert_eq!((&row["sentiment"], &row["aspects"]), (&rows[0]["sentiment"], &rows[0]["aspects"]));
    }
}

#[test]
fn a_rating_is_compared_on_its_own_scale() {
    let dir = tempfile::tempdir().unwrap();
    let row = |more: &str| {
        format!("{{\"text\":\"Great service, quick and friendly, thank you so much!\"{more}}}\n")
    };
    let rows = [
        ",\"rating\":2",
        ",\"rating\":5,\"rating_scale\":\"1-10\"",
        ",\"rating\":3,\"rating_scale\":\"1-10\"",
        ",\"rating\":6,\"question\":\"nps\"",
        ",\"rating\":7,\"rating_scale\":\"nps\"",
        ",\"rating\":0,\"rating_scale\":\"thumbs\"",
        ",\"rating\":\"down\"",
        ",\"rating\":true",
        ",\"rating\":7",
    ];
    let input = write(dir.path(), "comments.jsonl", &rows.map(row).concat());
    let rows = lines(&ok(deskhand(&["sentiment", "--input", &input])));
    let conflicts: Vec<bool> = rows.iter().map(|row| row["rating_conflict"].as_bool().unwrap()).collect();
    assert_eq!(conflicts, [true, false, true, true, false, true, true, false, false]);
    let warnings: Vec<usize> = rows.iter().map(|row| row["warnings"].as_array().unwrap().len()).collect();
    assert_eq!(warnings, [0, 0, 0, 0, 0, 0, 0, 0, 1], "7 is not on the scale from 1 to 5");
}

#[test]
fn imported_articles_are_suggested_with_the_passage_that_fits() {
    let dir = tempfile::tempdir().unwrap();
    let kb = dir.path().join("kb").display().to_string();
    let articles = write(
        dir.path(),
        "articles.jsonl",
        "{\"id\":\"vpn\",\"title\":\"When the VPN drops\",\"body\":\"## Cause\\nAn old client.\\n\\n## Remedy\\nUpdate the VPN client to 5.2 and restart the laptop.\",\"audience\":\"customer\"}\n\
         {\"id\":\"mail\",\"title\":\"Shared mailboxes\",\"body\":\"Ask your manager to add you to the shared mailbox.\",\"audience\":\"customer\",\"tags\":[\"mail\"],\"product\":\"Outlook\"}\n\
         {\"id\":\"bad\",\"title\":\"\",\"body\":\"\"}\n",
    );
    let run = deskhand(&["import", "articles", &articles, "--data", &kb]);
    assert_eq!(run.status.code(), Some(1), "one row was refused");
    assert!(run.stdout.starts_with("2 articles"), "{}", run.stdout);
    assert!(run.stderr.contains("line 3"), "{}", run.stderr);
    let tickets = write(dir.path(), "t.jsonl", "{\"id\":\"9\",\"subject\":\"vpn keeps disconnecting\"}\n");
    let rows = lines(&ok(deskhand(&["suggest", "--input", &tickets, "--top", "2", "--data", &kb])));
    assert_eq!(rows[0]["id"], "9");
    assert_eq!(rows[0]["articles"][0]["id"], "vpn");
    assert!(rows[0]["articles"][0]["passage"].as_str().unwrap().len() > 10);
    assert!(rows[0]["answered"].is_boolean());
    assert!((0.0..=1.0).contains(&rows[0]["answer_confidence"].as_f64().unwrap()));
    let filtered =
        deskhand(&["suggest", "--input", &tickets, "--data", &kb, "--label", "mail", "--product", "Outlook"]);
    let rows = lines(&ok(filtered));
    assert_eq!(rows[0]["articles"].as_array().unwrap().len(), 1);
    assert_eq!(rows[0]["articles"][0]["id"], "mail");
}

#[test]
fn a_house_trains_its_own_categories_and_keeps_the_other_heads() {
    let dir = tempfile::tempdir().unwrap();
    let mut train = String::new();
    for n in 0..12 {
        train.push_str(&format!("{{\"body\":\"my bank card number {n} was stolen\",\"topic\":\"card\"}}\n"));
        train.push_str(&format!(
            "{{\"body\":\"the transfer {n} has not arrived\",\"topic\":\"transfer \"}}\n"
        ));
    }
    let train = write(dir.path(), "train.jsonl", &train);
    let dev = write(dir.path(), "dev.jsonl", "{\"body\":\"somebody took my card\",\"topic\":\"card\"}\n");
    let out = dir.path().join("mine").display().to_string();
    ok(deskhand(&[
        "train",
        "--train",
        &train,
        "--dev",
        &dev,
        "--task",
        "category",
        "--label-field",
        "topic",
        "--out",
        &out,
    ]));
    let tickets = write(dir.path(), "t.jsonl", "{\"body\":\"where is my transfer\"}\n");
    let rows = lines(&ok(deskhand(&["triage", "--input", &tickets, "--model", &out])));
    assert_eq!(rows[0]["predictions"]["category"]["label"], "transfer", "a trailing space makes no class");
    assert!(rows[0]["predictions"]["priority"]["label"].is_string());
    let card = std::fs::read_to_string(dir.path().join("mine/MODEL_CARD.md")).unwrap();
    assert!(card.contains("category"));
    let report = ok(deskhand(&[
        "evaluate",
        "--input",
        &dev,
        "--model",
        &out,
        "--label-field",
        "category=topic",
        "--format",
        "json",
    ]));
    let report: Value = serde_json::from_str(&report).unwrap();
    assert!(report["tasks"]["category"]["accuracy"].is_number());
}

#[test]
fn text_that_belongs_to_no_label_is_told_apart_by_a_bundle_that_never_saw_any() {
    let dir = tempfile::tempdir().unwrap();
    let cards = ["bank card", "credit card", "debit card", "visa card", "virtual card"];
    let happened = ["was stolen", "was declined in a shop", "has not arrived", "expires soon", "is damaged"];
    let transfers = ["transfer", "payment", "standing order", "wire", "deposit"];
    let failed =
        ["has not arrived", "was sent twice", "went to the wrong account", "is pending", "was refused"];
    let begins = ["my", "help, my", "I think my", "please check:", "since Monday the"];
    let mut train = String::new();
    for begin in begins {
        for (topic, things, events) in [("card", cards, happened), ("transfer", transfers, failed)] {
            for (thing, event) in things.iter().flat_map(|t| events.map(|e| (t, e))) {
                train.push_str(&format!(
                    "{{\"body\":\"{begin} {thing} {event}\",\"category\":\"{topic}\"}}\n"
                ));
            }
        }
    }
    let train = write(dir.path(), "train.jsonl", &train);
    let out = dir.path().join("mine").display().to_string();
    ok(deskhand(&["train", "--train", &train, "--out", &out]));
    let tickets = write(
        dir.path(),
        "t.jsonl",
        "{\"body\":\"the bank card I ordered has not arrived\",\"category\":\"card\"}\n\
         {\"body\":\"how many eggs are in a lemon cake?\",\"category\":\"none\"}\n",
    );
    let rows = lines(&ok(deskhand(&["triage", "--input", &tickets, "--model", &out])));
    let category = |row: &Value| row["predictions"]["category"].clone();
    assert_eq!(category(&rows[0])["in_scope"], true, "{}", rows[0]);
    let cake = category(&rows[1]);
    assert_eq!((&cake["in_scope"], &cake["decision"]), (&Value::from(false), &Value::from("abstain")));
    assert_eq!(cake["confidence_level"], "low");
    let cakes = write(dir.path(), "cakes.jsonl", "{\"body\":\"how many eggs are in a lemon cake?\"}\n");
    let report = ok(deskhand(&[
        "evaluate",
        "--input",
        &train,
        "--out-of-scope",
        &cakes,
        "--model",
        &out,
        "--format",
        "json",
    ]));
    let report: Value = serde_json::from_str(&report).unwrap();
    let scope = &report["scope"]["category"];
    assert_eq!((&scope["outside"]["recall"], &scope["rows"]), (&Value::from(1.0), &Value::from(250)));
    assert!(scope["turned_away"].as_f64().unwrap() < 0.05);
}

#[test]
fn a_training_file_with_one_class_is_refused_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let train = write(dir.path(), "one.jsonl", &"{\"body\":\"a b\",\"category\":\"x\"}\n".repeat(5));
    let out = dir.path().join("out");
    let run = deskhand(&["train", "--train", &train, "--out", &out.display().to_string()]);
    assert_eq!(run.status.code(), Some(1));
    assert!(run.stderr.contains("at least one other label"), "{}", run.stderr);
    assert!(!out.exists(), "nothing half-made stays");
}

#[test]
fn evaluate_shows_figures_beside_the_baseline() {
    let run = ok(deskhand(&[
        "evaluate",
        "--input",
        "samples/surveys.jsonl",
        "--baseline",
        "models/recipes/default/surveys-dev.jsonl",
        "--format",
        "json",
    ]));
    let report: Value = serde_json::from_str(&run).unwrap();
    let sentiment = &report["tasks"]["sentiment"];
    assert!(sentiment["macro_f1"].as_f64().unwrap() > sentiment["baseline"]["macro_f1"].as_f64().unwrap());
}

/// Rows of two styles, told apart by their ids; one lacks its impact. And a bundle that says medium impact
/// and high urgency, so P2, of each.
fn two_styles(dir: &std::path::Path) -> (String, String) {
    let row = |id: &str, body: &str, impact: &str, urgency: &str| {
        format!(
            "{{\"id\":\"{id}\",\"subject\":\"MARKER\",\"body\":\"{body}\",\"impact\":{impact},\"urgency\":\"{urgency}\"}}\n"
        )
    };
    let rows = [
        row("a-1", "the label printer is offline", "\"medium\"", "high"),
        row("a-2", "a second monitor some day", "\"low\"", "low"),
        row("a-3", "no impact is known", "null", "high"),
        row("n-1", "nobody can work", "\"high\"", "high"),
    ];
    let bundle = dir.join("bundle");
    tiny_bundle::write(&bundle);
    (write(dir, "rows.jsonl", &rows.concat()), bundle.display().to_string())
}

#[test]
fn evaluate_reports_groups_of_rows_apart_and_names_rows_without_their_words() {
    let dir = tempfile::tempdir().unwrap();
    let (input, model) = two_styles(dir.path());
    let evaluate =
        |args: &[&str]| ok(deskhand(&[&["evaluate", "--input", &input, "--model", &model], args].concat()));
    let groups = ["--group", "plain=a-", "--group", "inferred=n-,k-", "--format", "json"];
    let report: Value = serde_json::from_str(&evaluate(&groups)).unwrap();
    assert_eq!(report["rows"], 3);
    assert_eq!(report["skipped_rows"][0]["line"], 3);
    let (plain, inferred) = (&report["groups"][0], &report["groups"][1]);
    assert_eq!((&plain["name"], &plain["rows"], &inferred["rows"]), (&"plain".into(), &2.into(), &1.into()));
    assert_eq!(plain["tasks"]["priority"]["accuracy"], 0.5);
    assert_eq!(plain["tasks"]["priority"]["auto"]["rows"], 2);
    assert_eq!(inferred["tasks"]["priority"]["p1_recall"], 0.0);
    assert_eq!(report["priority"]["p1_misses"][0]["id"], "n-1");
    assert_eq!(report["priority"]["p1_misses"][0]["line"], 4);
    for format in ["json", "text", "html"] {
        assert!(!evaluate(&["--format", format]).contains("MARKER"), "{format}");
        assert!(evaluate(&["--subjects", "--format", format]).contains("MARKER"), "{format}");
    }
}

#[test]
fn evaluate_judges_only_the_wanted_ids_and_refuses_where_there_are_none() {
    let dir = tempfile::tempdir().unwrap();
    let (input, model) = two_styles(dir.path());
    let evaluate = ["evaluate", "--input", &input, "--model", &model, "--ids"];
    let report = ok(deskhand(&[&evaluate[..], &["n-,k-", "--format", "json"]].concat()));
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!((&report["rows"], &report["tasks"]["impact"]["rows"]), (&1.into(), &1.into()));
    let run = deskhand(&[&evaluate[..], &["z-"]].concat());
    assert_eq!(run.status.code(), Some(1));
    assert!(run.stderr.contains("no row that could be judged"), "{}", run.stderr);
}

#[test]
fn a_fold_that_is_left_out_is_not_learnt_from_and_is_measured_on() {
    let dir = tempfile::tempdir().unwrap();
    let fold: Fold = "1/5".parse().unwrap();
    let ids: Vec<String> = (0..60).map(|n| format!("r-{n}")).collect();
    let (held, seen): (Vec<&String>, Vec<&String>) = ids.iter().partition(|id| fold.has(id));
    let row = |id: &str, label: &str, body: &str| {
        format!("{{\"id\":\"{id}\",\"body\":\"{body}\",\"category\":\"{label}\"}}\n")
    };
    let learnt = seen.iter().enumerate().map(|(n, id)| match n % 2 {
        0 => row(id, "card", "my bank card was stolen"),
        _ => row(id, "transfer", "a transfer has not arrived"),
    });
    // Were it learnt from, this label would be known.
    let unseen = row(held[0], "unseen", "the app crashes");
    let rest = held[1..].iter().map(|id| row(id, "card", "the bank card was stolen"));
    let rows: Vec<String> = learnt.chain([unseen]).chain(rest).collect();
    let train = write(dir.path(), "rows.jsonl", &rows.concat());
    let out = dir.path().join("mine").display().to_string();
    ok(deskhand(&["train", "--train", &train, "--fold", "1/5", "--out", &out]));
    let labels = &Bundle::open(Path::new(&out)).unwrap().manifest().heads[0].labels.clone();
    assert_eq!(labels, &["card", "transfer"]);
    let card = std::fs::read_to_string(dir.path().join("mine/MODEL_CARD.md")).unwrap();
    assert!(card.contains("Measured on rows.jsonl, fold 1/5"), "{card}");

    let report = ok(deskhand(&[
        "evaluate",
        "--input",
        &train,
        "--baseline",
        &train,
        "--fold",
        "1/5",
        "--model",
        &out,
        "--format",
        "json",
    ]));
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["data"], "rows.jsonl, fold 1/5");
    assert_eq!(report["rows"], held.len());
    let category = &report["tasks"]["category"];
    assert_eq!((&category["rows"], &category["accuracy"]), (&Value::from(held.len() - 1), &Value::from(1.0)));
}

#[test]
fn a_site_with_a_matrix_or_a_threshold_of_its_own_is_judged_by_it() {
    let dir = tempfile::tempdir().unwrap();
    let (input, model) = two_styles(dir.path());
    let config = write(
        dir.path(),
        "deskhand.toml",
        "[triage]\nauto_threshold = { impact = 1.0 }\n[triage.matrix]\nlow = [\"P3\", \"P4\", \"P1\"]\n",
    );
    let evaluate = ["evaluate", "--input", &input, "--model", &model, "--config", &config];
    let report = ok(deskhand(&[&evaluate[..], &["--format", "json"]].concat()));
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["tasks"]["impact"]["decisions"]["auto"]["rows"], 0);
    assert_eq!(report["tasks"]["urgency"]["decisions"]["auto"]["rows"], 3);
    assert_eq!(report["priority"]["classes"][0]["support"], 2, "low and low is P1 here");
}

#[test]
fn doctor_finds_everything_in_order_on_a_fresh_machine() {
    let dir = tempfile::tempdir().unwrap();
    let told = ok(deskhand(&["doctor", "--data", &dir.path().join("data").display().to_string()]));
    assert!(told.contains("checksums agree"), "{told}");
}

#[test]
fn every_command_shows_an_example() {
    for command in
        ["serve", "triage", "suggest", "sentiment", "import", "train", "evaluate", "promote", "doctor"]
    {
        assert!(ok(deskhand(&[command, "--help"])).contains("Example"), "{command}");
    }
}

#[test]
fn a_full_output_is_an_error_and_not_a_success() {
    if !std::path::Path::new("/dev/full").exists() {
        return;
    }
    let run = deskhand(&["sentiment", "--input", "samples/surveys.jsonl", "--output", "/dev/full"]);
    assert_eq!(run.status.code(), Some(1));
    assert!(run.stderr.contains("cannot be written"), "{}", run.stderr);
}

#[test]
fn a_link_to_a_panel_is_made_only_with_the_site_s_secret() {
    let refused = deskhand(&["link", "--ticket", "81", "--hours", "8"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.stderr.contains("ui.link_secret"), "{}", refused.stderr);
    let dir = tempfile::tempdir().unwrap();
    let settings =
        write(dir.path(), "deskhand.toml", "[ui]\nlink_secret = \"0123456789abcdef0123456789abcdef\"\n");
    let made =
        ["link", "--ticket", "a/b", "--hours", "8", "--site", "https://d.example/", "--config", &settings];
    let link = ok(deskhand(&made));
    assert!(
        link.starts_with("https://d.example/panel/a%2Fb?expires=") && link.contains("&for=agent&key="),
        "{link}"
    );
}
