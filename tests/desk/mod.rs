//! Zendesk on loopback with any number of tickets, for load: the three requests of a write-back, in the forms of
//! its documentation, and what came of them.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

/// A ticket as it is there.
#[derive(Debug, Default, Clone)]
pub struct Ticket {
    /// Changes so far; stands for the time of the last one.
    pub changes: u32,
    /// Internal notes, the oldest first.
    pub notes: Vec<String>,
    pub tags: Vec<String>,
    pub priority: Option<String>,
}

/// The helpdesk; it goes on until the test ends.
#[derive(Debug)]
pub struct Desk {
    pub address: String,
    tickets: Arc<Mutex<BTreeMap<String, Ticket>>>,
}

impl Desk {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let tickets: Arc<Mutex<BTreeMap<String, Ticket>>> = Arc::default();
        let shared = Arc::clone(&tickets);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let tickets = Arc::clone(&shared);
                // A request that breaks off because its process was killed is none.
                thread::spawn(move || answer(&stream, &tickets));
            }
        });
        Self { address, tickets }
    }

    /// All tickets that were written into.
    pub fn tickets(&self) -> BTreeMap<String, Ticket> {
        self.tickets
            .lock()
            .unwrap()
            .iter()
            .filter(|(_, it)| it.changes > 0)
            .map(|(id, it)| (id.clone(), it.clone()))
            .collect()
    }
}

fn answer(stream: &TcpStream, tickets: &Mutex<BTreeMap<String, Ticket>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let header = header.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (status, told) = respond(&method, &path, &body, tickets)?;
    let told = told.to_string();
    write!(
        &mut &*stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{told}",
        told.len()
    )
    .ok()
}

fn respond(
    method: &str,
    path: &str,
    body: &[u8],
    tickets: &Mutex<BTreeMap<String, Ticket>>,
) -> Option<(&'static str, Value)> {
    let rest = path.strip_prefix("/api/v2/tickets/")?;
    let id = rest.split(['.', '/']).next()?;
    let mut tickets = tickets.lock().unwrap();
    let ticket = tickets.entry(id.to_owned()).or_default();
    if method == "GET" && rest.contains("/comments") {
        let comments: Vec<Value> =
            ticket.notes.iter().rev().map(|note| json!({"html_body": note, "public": false})).collect();
        return Some(("200 OK", json!({"comments": comments})));
    }
    let stamp = |changes: u32| format!("2026-11-21T{:02}:{:02}:00Z", 10 + changes / 60, changes % 60);
    if method == "PUT" {
        let told: Value = serde_json::from_slice(body).ok()?;
        let told = &told["ticket"];
        if told["safe_update"] == true && told["updated_stamp"] != stamp(ticket.changes) {
            return Some(("409 Conflict", json!({"error": "UpdateConflict"})));
        }
        ticket.changes += 1;
        ticket.notes.extend(told["comment"]["html_body"].as_str().map(str::to_owned));
        ticket.priority = told["priority"].as_str().map(str::to_owned);
        let tags = told["tags"].as_array().into_iter().flatten();
        ticket.tags = tags.filter_map(Value::as_str).map(str::to_owned).collect();
    }
    let shown = json!({"id": id, "status": "open", "updated_at": stamp(ticket.changes), "tags": ticket.tags});
    Some(("200 OK", json!({"ticket": shown})))
}
