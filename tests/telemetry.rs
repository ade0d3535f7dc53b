//! Traces, as a collector of the site gets them from the real binary.

#![allow(missing_docs, clippy::unwrap_used)]

#[path = "common/tiny_bundle.rs"]
mod tiny_bundle;

mod process;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use process::{Service, write};
use serde_json::json;
use tempfile::TempDir;

/// What a collector was sent: heads and bodies.
type Sent = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// Starts a collector; its address, and what it is sent.
fn collector() -> (String, Sent) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let sent = Sent::default();
    let all = Arc::clone(&sent);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let all = Arc::clone(&all);
            std::thread::spawn(move || answer(stream.unwrap(), &all));
        }
    });
    (address, sent)
}

/// Takes requests from a connection until it ends.
fn answer(stream: TcpStream, sent: &Sent) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let head = head.to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        reader.read_exact(&mut body).unwrap();
        sent.lock().unwrap().push((head, body));
        writer
            .write_all(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n",
            )
            .unwrap();
    }
}

fn serve(dir: &TempDir, collector: &str) -> Service {
    tiny_bundle::write(&dir.path().join("bundle"));
    let token = write(dir.path(), "token", "Bearer of-the-collector\n");
    let settings = format!(
        "[telemetry]\ntraces_url = \"http://{collector}/v1/traces\"\n[telemetry.headers]\nauthorization = \"file:{token}\"\n"
    );
    let config = write(dir.path(), "deskhand.toml", &settings);
    let [data, bundle] = ["data", "bundle"].map(|name| dir.path().join(name).display().to_string());
    Service::start(&["--data", &data, "--model", &bundle, "--config", &config])
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn a_collector_sees_the_parts_of_a_request_in_the_callers_trace_and_no_word_of_the_ticket() {
    let (address, sent) = collector();
    let dir = tempfile::tempdir().unwrap();
    let service = serve(&dir, &address);
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let parent = format!("00-{trace}-b7ad6b7169203331-01");
    let ticket = json!({"ticket": {"id": "t-zanzibar", "subject": "Zanzibar", "body": "zanzibar zanzibar"}});
    let headers =
        [("content-type".into(), "application/json".into()), ("traceparent".to_owned(), parent.clone())];
    let (status, answer) =
        Service::request_at(&service.address, "POST", "/v1/triage", &headers, &ticket.to_string()).unwrap();
    assert_eq!(status, 200, "{answer}");
    assert!(service.terminate().success());

    let sent = sent.lock().unwrap();
    assert!(sent.iter().all(|(head, _)| head.starts_with("post /v1/traces")));
    assert!(sent.iter().all(|(head, _)| head.contains("authorization: bearer of-the-collector")));
    let all: Vec<u8> = sent.iter().flat_map(|(_, body)| body.clone()).collect();
    for name in ["POST /v1/triage", "triage.answer", "model.read", "knowledge.suggest", "store.write"] {
        assert!(holds(&all, name.as_bytes()), "{name} is missing");
    }
    let id: Vec<u8> = (0..16).map(|at| u8::from_str_radix(&trace[2 * at..][..2], 16).unwrap()).collect();
    assert!(holds(&all, &id), "the caller's trace goes on");
    let all = all.to_ascii_lowercase();
    assert!(!holds(&all, b"zanzibar"), "no words and no ids of tickets");
}

#[test]
fn a_collector_that_is_not_there_holds_nobody_up() {
    let dir = tempfile::tempdir().unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let service = serve(&dir, &closed);
    let ticket = json!({"ticket": {"id": "1", "body": "the printer jams"}});
    assert_eq!(service.json("POST", "/v1/triage", &ticket).0, 200);
    assert!(service.terminate().success());
}
