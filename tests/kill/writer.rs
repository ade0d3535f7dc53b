//! Somebody who writes and remembers what was acknowledged.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use crate::deliveries::{self, fixture};
use crate::process::Service;

/// Articles that each writer changes and deletes again and again.
const ARTICLES: usize = 8;
/// Rows of an import.
const ROWS: usize = 10;

/// Something that was acknowledged.
#[derive(Debug, Clone)]
pub(crate) enum Fact {
    /// A ticket was answered.
    Answered { ticket: String, prediction: String },
    /// What became of it was told.
    Solved { ticket: String, resolution: String },
    /// An article was said to have solved something.
    Said { visit: String },
    /// A survey was kept.
    Survey { id: String, comment: String },
    /// A delivery was received: it need not be sent again.
    Delivery { id: usize },
    /// All articles of a file.
    Import { id: String },
    /// A thing of the house.
    Item { id: String, name: String },
}

/// Where an article stands: its version, or none.
type Version = Option<u64>;

/// One who writes. Nobody else touches its articles.
pub(crate) struct Writer {
    name: usize,
    random: StdRng,
    next: usize,
    pub(crate) acknowledged: u64,
    pub(crate) facts: Vec<Fact>,
    /// Of each article what was acknowledged, and what was asked for without an answer.
    pub(crate) articles: BTreeMap<String, (Version, Option<Version>)>,
    /// Files that were sent without an answer.
    pub(crate) unanswered_imports: Vec<String>,
}

pub(crate) fn post(address: &str, path: &str, body: &Value) -> Option<Value> {
    send(address, "POST", path, &[], &body.to_string())
}

/// The answer of a request that was carried out; `None` if nobody knows.
fn send(address: &str, method: &str, path: &str, headers: &[(String, String)], body: &str) -> Option<Value> {
    let (status, answer) = Service::request_at(address, method, path, headers, body)?;
    match status {
        // A connection may break amid an answer.
        200..=299 if answer.is_empty() => Some(Value::Null),
        200..=299 => serde_json::from_str(&answer).ok(),
        // Refused for now, or the service is ending.
        429 | 503 => None,
        status => panic!("{method} {path}: {status} {answer}"),
    }
}

impl Writer {
    pub(crate) fn new(name: usize, seed: u64) -> Self {
        let articles = (0..ARTICLES).map(|n| (format!("w{name}-{n}"), (None, None))).collect();
        let random = StdRng::seed_from_u64(seed.wrapping_mul(31).wrapping_add(name as u64));
        Self {
            name,
            random,
            next: 0,
            acknowledged: 0,
            facts: Vec::new(),
            articles,
            unanswered_imports: Vec::new(),
        }
    }

    /// Writes until a request is not answered; that is how it hears of the end.
    pub(crate) fn write(&mut self, address: &str) {
        while self.one(address).is_some() {
            self.acknowledged += 1;
        }
    }

    fn one(&mut self, address: &str) -> Option<()> {
        self.next += 1;
        let id = format!("{}x{}", self.name, self.next);
        match self.random.random_range(0..20) {
            0..6 => self.article(address),
            6..9 => {
                let body = json!({"ticket": {"id": &id, "subject": "Printer", "body": "It jams again."}});
                let answer = post(address, "/v1/triage", &body)?;
                let prediction = answer["prediction_id"].as_str().unwrap().to_owned();
                self.facts.push(Fact::Answered { ticket: id, prediction });
                Some(())
            }
            9..12 => self.solved(address, &id),
            12..14 => {
                let word = json!({"id": &id, "article_id": "base", "kind": "viewed"});
                post(address, "/v1/feedback", &word)?;
                self.facts.push(Fact::Said { visit: id });
                Some(())
            }
            14..16 => {
                let comment = format!("Slow, said {id}.");
                let survey = json!({"id": &id, "comment": &comment, "rating": 1});
                post(address, "/v1/surveys", &survey)?;
                self.facts.push(Fact::Survey { id, comment });
                Some(())
            }
            16..18 => {
                let id = self.name * 1_000_000 + self.next;
                deliver(address, id)?;
                self.facts.push(Fact::Delivery { id });
                Some(())
            }
            18 => {
                let name = format!("Machine {id}");
                let item = json!({"name": &name, "aliases": [format!("m{id}")]});
                send(address, "PUT", &format!("/v1/configuration-items/{id}"), &[], &item.to_string())?;
                self.facts.push(Fact::Item { id, name });
                Some(())
            }
            _ => self.import(address, id),
        }
    }

    /// Puts a new version of one of its articles, or deletes it.
    fn article(&mut self, address: &str) -> Option<()> {
        let id = format!("w{}-{}", self.name, self.random.random_range(0..ARTICLES));
        let known = self.articles.get_mut(&id).unwrap();
        let new = match known.0 {
            Some(_) if self.random.random_range(0..4) == 0 => None,
            _ => Some(self.next as u64),
        };
        known.1 = Some(new);
        let path = format!("/v1/articles/{id}");
        match new {
            None => send(address, "DELETE", &path, &[], "")?,
            Some(version) => send(address, "PUT", &path, &[], &article(&id, version).to_string())?,
        };
        *known = (new, None);
        Some(())
    }

    fn solved(&mut self, address: &str, id: &str) -> Option<()> {
        let of_ticket = |fact: &Fact| match fact {
            Fact::Answered { ticket, .. } => Some(ticket.clone()),
            _ => None,
        };
        let Some(ticket) = self.facts.iter().rev().find_map(of_ticket) else { return Some(()) };
        // Told again, the last one counts.
        let told = |fact: &Fact| matches!(fact, Fact::Solved { ticket: other, .. } if *other == ticket);
        self.facts.retain(|fact| !told(fact));
        let resolution = format!("Done as {id} says.");
        let outcome = json!({"status": "solved", "resolution": &resolution, "article_ids": ["base"]});
        post(address, &format!("/v1/tickets/{ticket}/outcome"), &outcome)?;
        self.facts.push(Fact::Solved { ticket, resolution });
        Some(())
    }

    fn import(&mut self, address: &str, id: String) -> Option<()> {
        let rows: String = (0..ROWS).map(|n| row(&id, n)).collect();
        let headers = [("content-type".to_owned(), "application/x-ndjson".to_owned())];
        self.unanswered_imports.push(id.clone());
        let answer = import(address, &headers, &rows)?;
        self.unanswered_imports.pop();
        assert_eq!(answer["accepted"], ROWS, "{answer}");
        self.facts.push(Fact::Import { id });
        Some(())
    }
}

fn import(address: &str, headers: &[(String, String)], rows: &str) -> Option<Value> {
    // Another one may be running; nothing of it was kept then.
    loop {
        let (status, answer) = Service::request_at(address, "POST", "/v1/articles/import", headers, rows)?;
        match status {
            200 => return serde_json::from_str(&answer).ok(),
            429 => std::thread::sleep(std::time::Duration::from_millis(5)),
            503 => return None,
            status => panic!("import: {status} {answer}"),
        }
    }
}

fn row(id: &str, n: usize) -> String {
    json!({"id": format!("i{id}-{n}"), "title": format!("Import {id}"), "body": "Something."}).to_string()
        + "\n"
}

/// The articles of an import that are there.
pub(crate) fn imported(address: &str, id: &str) -> usize {
    (0..ROWS).filter(|n| get(address, &format!("/v1/articles/i{id}-{n}")).is_some()).count()
}

/// Whether an import is there whole, or not at all.
pub(crate) fn is_whole(count: usize) -> bool {
    count == ROWS
}

/// The word that one version of an article has and nothing else.
pub(crate) fn word(id: &str, version: u64) -> String {
    format!("zq{}v{version}", id.replace('-', "n"))
}

pub(crate) fn title(id: &str, version: u64) -> String {
    format!("Device {id} in version {version}")
}

fn article(id: &str, version: u64) -> Value {
    json!({"title": title(id, version), "body": format!("About the {}.", word(id, version))})
}

/// A ticket told by the helpdesk, for the first time or again; whether it had been received.
pub(crate) fn deliver(address: &str, id: usize) -> Option<bool> {
    let mut body: Value = serde_json::from_str(&fixture("generic-ticket")).unwrap();
    body["ticket"]["id"] = json!(format!("dt{id}"));
    let delivery = deliveries::standard(&body.to_string(), &format!("d{id}"), jiff::Timestamp::now());
    let body = String::from_utf8(delivery.body).unwrap();
    let answer = send(address, "POST", delivery.path, &delivery.headers, &body)?;
    answer["duplicate"].as_bool()
}

/// What stands there.
pub(crate) fn get(address: &str, path: &str) -> Option<Value> {
    let (status, answer) = Service::request_at(address, "GET", path, &[], "").unwrap();
    match status {
        200 => Some(serde_json::from_str(&answer).unwrap()),
        404 => None,
        status => panic!("{path}: {status} {answer}"),
    }
}
