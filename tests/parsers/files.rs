//! Files of articles, past tickets, surveys, labelled rows and things of a house; settings and recipes.

use std::io::Cursor;

use deskhand::config::Settings;
use deskhand::history::{DateOrder, History, Wishes};
use deskhand::inventory::ItemReader;
use deskhand::knowledge::import::{self, Kind, Reader};
use deskhand::knowledge::passages;
use deskhand::learn::dataset::DatasetReader;
use deskhand::learn::recipe::Recipe;
use deskhand::survey::import::SurveyReader;
use deskhand::triage::TicketRow;
use jiff::tz::TimeZone;

use super::{Parser, file, fixtures, plain};

pub const PARSERS: &[Parser] = &[
    Parser {
        name: "article_lines",
        seeds: article_lines,
        words: JSON,
        read: |data| articles(Kind::JsonLines, data),
    },
    Parser {
        name: "article_json",
        seeds: article_json,
        words: JSON,
        read: |data| articles(Kind::JsonArray, data),
    },
    Parser { name: "article_csv", seeds: article_csv, words: CSV, read: |data| articles(Kind::Csv, data) },
    Parser {
        name: "article_xml",
        seeds: article_xml,
        words: XML,
        read: |data| articles(Kind::MediaWiki, data),
    },
    Parser { name: "article_page", seeds: pages, words: XML, read: page },
    Parser { name: "history_csv", seeds: history_csv, words: CSV, read: |data| history("h.csv", data) },
    Parser { name: "history_json", seeds: history_json, words: JSON, read: |data| history("h.json", data) },
    Parser {
        name: "history_lines",
        seeds: history_lines,
        words: JSON,
        read: |data| history("h.jsonl", data),
    },
    Parser { name: "survey_csv", seeds: survey_csv, words: CSV, read: |data| surveys("s.csv", data) },
    Parser { name: "survey_lines", seeds: survey_lines, words: JSON, read: |data| surveys("s.jsonl", data) },
    Parser { name: "labelled_csv", seeds: labelled_csv, words: CSV, read: |data| labelled("l.csv", data) },
    Parser {
        name: "labelled_lines",
        seeds: labelled_lines,
        words: JSON,
        read: |data| labelled("l.jsonl", data),
    },
    Parser { name: "items", seeds: items_lines, words: JSON, read: items },
    Parser { name: "ticket_row", seeds: tickets, words: JSON, read: ticket },
    Parser { name: "settings", seeds: settings_seeds, words: TOML, read: settings },
    Parser { name: "recipe", seeds: recipes, words: TOML, read: recipe },
];

const JSON: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "\n",
    "null",
    "true",
    "1e999",
    "-0",
    "18446744073709551616",
    "\\ud800",
    "\\u0000",
    "\\",
    "\"id\":",
    "\"title\":",
    "\"body\":",
    "\"articles\":[",
    "{\"a\":",
    "\"2026-02-30T25:61:61Z\"",
    "\u{feff}",
    " ",
];
const CSV: &[&str] = &[
    ",",
    ";",
    "\t",
    "\n",
    "\r\n",
    "\r",
    "\"",
    "\"\"",
    "id",
    "title",
    "body",
    "subject",
    "created_at",
    "status",
    "priority",
    "2026-02-30",
    "31/12/2025 25:00",
    "01.02.03",
    "\u{feff}",
    "\u{0}",
    "=",
    "a",
    "99999999999999999999",
];
const XML: &[&str] = &[
    "<page>",
    "</page>",
    "<title>",
    "<text>",
    "<revision>",
    "<ns>",
    "<id>",
    "&lt;",
    "&#0;",
    "&a;",
    "<!DOCTYPE x [",
    "<!ENTITY a \"&b;&b;\">",
    "]>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "<?xml version=\"1.0\"?>",
    "<a b=\"",
    ">",
    "{{",
    "[[",
    "x",
];
const TOML: &[&str] = &[
    "[",
    "]",
    "[[",
    "=",
    "\"",
    "\"\"\"",
    "'",
    ".",
    "a.",
    "{",
    "}",
    ",",
    "\n",
    "#",
    "1e999",
    "inf",
    "nan",
    "2026-13-01",
    "0x",
    "true",
    "server.",
    "\\u0000",
    "[server]\n",
    "[triage]\n",
    "-1",
    "18446744073709551616",
];

fn article_lines() -> Vec<Vec<u8>> {
    fixtures("tests/fixtures/knowledge", &[".jsonl"])
}

fn article_json() -> Vec<Vec<u8>> {
    fixtures("tests/fixtures/knowledge", &[".json"])
}

fn article_csv() -> Vec<Vec<u8>> {
    fixtures("tests/fixtures/knowledge", &[".csv", ".tsv"])
}

fn article_xml() -> Vec<Vec<u8>> {
    fixtures("tests/fixtures/knowledge", &["wiki.xml"])
}

fn pages() -> Vec<Vec<u8>> {
    fixtures("tests/fixtures/knowledge", &[".html", ".md"])
}

fn history_csv() -> Vec<Vec<u8>> {
    fixtures("tests/fixtures/history", &[".csv"])
}

fn history_json() -> Vec<Vec<u8>> {
    fixtures("tests/fixtures/history", &[".json"])
}

fn history_lines() -> Vec<Vec<u8>> {
    fixtures("tests/fixtures/history", &[".jsonl"])
}

fn survey_csv() -> Vec<Vec<u8>> {
    plain(&[
        "id,ticket,question,comment,rating,scale,submitted\ns-1,81,How was it?,\"Slow, but kind\",2,1-5,2026-11-21T09:40:00Z\ns-2,82,,Great,yes,thumb,21.11.2026\n",
        "Response ID;Score;Feedback;Date\n1;9;ok;11/21/2026\n",
    ])
}

fn survey_lines() -> Vec<Vec<u8>> {
    let mut all = fixtures("tests/fixtures/learn", &["surveys.jsonl"]);
    all.extend(plain(&["{\"id\":\"s-1\",\"text\":\"Slow\",\"rating\":{\"value\":2,\"scale\":\"1-5\"},\"submitted_at\":\"2026-11-21\"}\n"]));
    all
}

fn labelled_csv() -> Vec<Vec<u8>> {
    fixtures("tests/fixtures/learn", &["export.csv"])
}

fn labelled_lines() -> Vec<Vec<u8>> {
    fixtures("tests/fixtures/learn", &[".jsonl"])
}

fn items_lines() -> Vec<Vec<u8>> {
    plain(&[
        "{\"id\":\"p-1\",\"name\":\"Printer P1\",\"kind\":\"device\",\"aliases\":[\"P1\",\"the printer\"],\"tag_patterns\":[\"AST-[0-9]{4}\"]}\n",
        "{\"ci_id\":\"b\",\"name\":\"VPN\",\"alias\":\"vpn;tunnel\"}\n{\"id\":\"c\",\"name\":\"x\",\"tag_patterns\":[\"(a+)+$\"]}\n",
    ])
}

fn tickets() -> Vec<Vec<u8>> {
    plain(&[
        "{\"id\":\"81\",\"subject\":\"VPN\",\"body\":\"<p>x</p>\",\"body_format\":\"html\",\"created_at\":\"2026-11-21T09:40:00Z\",\"submitted\":{\"priority\":\"P4\"},\"sla\":{\"due_at\":\"2026-11-22T00:00:00+01:00\"}}",
    ])
}

fn settings_seeds() -> Vec<Vec<u8>> {
    plain(&[
        "[server]\nlisten = \"127.0.0.1:1\"\nmax_body_bytes = 1000\n[triage.matrix]\nmedium = [\"P1\", \"P3\", \"P4\"]\n[outgoing]\nallow_networks = [\"10.20.0.0/16\", \"desk.internal\", \"::1/128\"]\n",
        "[integrations.zendesk.hook]\nsecrets = [\"a-secret\"]\nreplay_window_s = 300\n[integrations.generic.hook.mapping]\nsubject = \"/ticket/title\"\n[privacy]\n[surveys]\n[signals]\n[search]\nanswer_threshold = 0.5\n[[events.endpoints]]\nurl = \"https://a.example/\"\nsecret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"\n",
    ])
}

fn recipes() -> Vec<Vec<u8>> {
    fixtures("models/recipes/default", &[".toml"])
}

fn articles(kind: Kind, data: &[u8]) {
    if let Ok(rows) = import::read_from(kind, "body", Cursor::new(data.to_vec())) {
        cut(rows);
    }
}

/// A page of a folder, by the ending that fits its beginning.
fn page(data: &[u8]) {
    let name = if data.first() == Some(&b'<') { "p.html" } else { "p.md" };
    if let Ok(rows) = import::read(&file(name, data)) {
        cut(rows);
    }
}

fn cut(rows: Reader) {
    for row in rows.flatten() {
        passages::split(&row.article);
    }
}

fn history(name: &str, data: &[u8]) {
    let path = file(name, data);
    let wishes = Wishes {
        date_order: Some(DateOrder::Dmy),
        time_zone: Some(TimeZone::get("Europe/Berlin").unwrap()),
        ..Wishes::default()
    };
    for wishes in [Wishes::default(), wishes] {
        if let Ok((mut rows, shown)) = History::open(&path, &wishes, &|_| ()) {
            assert!(!shown.to_string().is_empty());
            while rows.batch(64).is_ok_and(|rows| !rows.is_empty()) {}
        }
    }
}

fn surveys(name: &str, data: &[u8]) {
    if let Ok(mut rows) = SurveyReader::open(&file(name, data)) {
        while rows.batch(64).is_ok_and(|rows| !rows.is_empty()) {}
    }
}

fn labelled(name: &str, data: &[u8]) {
    let path = file(name, data);
    let aspects = DatasetReader::aspect_names(&path).unwrap_or_default();
    if let Ok(rows) = DatasetReader::open(&path, &["category".to_owned()]) {
        rows.take_while(Result::is_ok).for_each(drop);
    }
    if let Ok(rows) = DatasetReader::open(&path, &[]).and_then(|rows| rows.with_aspects(&aspects)) {
        rows.take_while(Result::is_ok).for_each(drop);
    }
}

fn items(data: &[u8]) {
    if let Ok(mut rows) = ItemReader::open(&file("i.jsonl", data)) {
        while matches!(rows.next_row(), Ok(Some(_))) {}
    }
}

fn ticket(data: &[u8]) {
    let _ = serde_json::from_slice::<TicketRow>(data);
}

fn settings(data: &[u8]) {
    if let Err(error) = Settings::load(Some(&file("deskhand.toml", data))) {
        assert!(!error.to_string().is_empty());
    }
}

fn recipe(data: &[u8]) {
    if let Err(error) = Recipe::read(&file("recipe.toml", data)) {
        assert!(!error.to_string().is_empty());
    }
}
