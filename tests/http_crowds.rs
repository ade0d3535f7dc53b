//! Many connections, and what they send instead of requests: whoever asks rightly is answered all the same.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::time::Duration;

use common::TestApp;
use common::served::{Served, post};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const TICKET: &str = "{\"ticket\":{\"id\":\"1\",\"subject\":\"VPN\"}}";

/// Connects and says so much.
async fn saying(served: &Served, words: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(words).await.unwrap();
    stream
}

#[tokio::test]
async fn thousands_of_idle_and_dribbling_connections_keep_nobody_out() {
    let app = TestApp::new().await;
    let served = Served::start(&app).await;
    // One that is being answered, and takes longer than all the others take to come.
    let lock = app.lock_database().await;
    let answer = served.send(post("/v1/triage", TICKET));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut idle = Vec::new();
    for n in 0..2_500 {
        let words: &[u8] = if n % 2 == 0 { b"" } else { b"POST /v1/triage HTTP/1.1\r\nhost: d" };
        idle.push(saying(&served, words).await);
    }
    let live = b"GET /health/live HTTP/1.1\r\nhost: desk\r\nconnection: close\r\n\r\n".to_vec();
    let asked = tokio::time::timeout(Duration::from_secs(10), served.send(live)).await;
    assert!(asked.expect("an answer in time").unwrap().starts_with("HTTP/1.1 200"));
    lock.release().await;
    let answer = answer.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "who had a request at work was let go: {answer}");
    drop(idle);
}

#[tokio::test]
async fn headers_without_end_are_refused() {
    let app = TestApp::new().await;
    let served = Served::start(&app).await;
    let many: String = (0..500).map(|n| format!("x-{n}: a\r\n")).collect();
    let huge = format!("x-huge: {}\r\n", "a".repeat(2 << 20));
    for headers in [many, huge] {
        let request =
            format!("GET /health/live HTTP/1.1\r\nhost: desk\r\n{headers}connection: close\r\n\r\n");
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        // It may be closed while they are still being sent.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
    let live = b"GET /health/live HTTP/1.1\r\nhost: desk\r\nconnection: close\r\n\r\n".to_vec();
    assert!(served.send(live).await.unwrap().starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_compressed_body_is_refused_and_not_unpacked() {
    let app = TestApp::new().await;
    // A gzip stream of ten megabytes of zeros is ten kilobytes; here its beginning is enough.
    let bomb = [0x1f_u8, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3].to_vec();
    for (path, kind) in [("/v1/triage", "application/json"), ("/v1/articles/import", "application/x-ndjson")]
    {
        for encoding in ["gzip", "br", "zstd", "deflate", "gzip, gzip"] {
            let request = axum::http::Request::post(path)
                .header("content-type", kind)
                .header("content-encoding", encoding)
                .body(bomb.clone().into())
                .unwrap();
            let answer = app.send(request).await;
            assert_eq!(answer.status, 415, "{path} {encoding}: {}", answer.text());
        }
    }
}

/// Bodies that are small and would be huge, deep, or slow to read for a parser that is careless.
#[tokio::test]
async fn bombs_of_html_are_answered_in_bounded_time() {
    let app = TestApp::new().await;
    let bombs = [
        "<table>".repeat(100_000),
        "<ul><li>".repeat(100_000),
        "<b><i><u>".repeat(100_000),
        format!("<p {}>x", "a=b ".repeat(200_000)),
        format!("<a href=\"{}\">x</a>", "y".repeat(1_000_000)),
        format!(
            "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\">{}]>&b;",
            "<!ENTITY b \"&a;&a;&a;&a;\">".repeat(10_000)
        ),
        "&amp;".repeat(200_000),
        "&#x10FFFF;".repeat(100_000),
        "<td colspan=99999999 rowspan=99999999>".repeat(20_000),
        "<!--".repeat(200_000),
        "<".repeat(1_000_000),
        "</".repeat(500_000),
    ];
    for bomb in bombs {
        let ticket = serde_json::json!({"ticket": {"subject": "VPN", "body": bomb, "body_format": "html"}});
        let answer = tokio::time::timeout(Duration::from_secs(60), app.post("/v1/triage", ticket)).await;
        let shown: String = bomb.chars().take(20).collect();
        assert_eq!(answer.expect(&shown).status, 200, "{shown}");
    }
}

#[tokio::test]
async fn bombs_of_xml_add_nothing_and_are_told() {
    let app = TestApp::new().await;
    let laughs: String =
        (1..10).map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10))).collect();
    let page = "<page><title>&l9;</title><id>1</id><ns>0</ns><revision><text>&l9;</text></revision></page>";
    let bomb = format!("<!DOCTYPE x [<!ENTITY l0 \"lol\">{laughs}]><mediawiki>{page}</mediawiki>");
    let deep = format!("<mediawiki>{}</mediawiki>", "<page>".repeat(100_000));
    for xml in [bomb, deep] {
        let answer = app.post_as("/v1/articles/import", "application/xml", xml).await;
        assert!([200, 207, 422].contains(&answer.status.as_u16()), "{} {}", answer.status, answer.text());
        assert!(answer.body.len() < 100_000, "the answer stays small");
    }
}
