//! The service on a real address: how it ends, and what a client on the wire sees.

#![allow(clippy::unwrap_used)]

mod common;

use std::time::{Duration, Instant};

use common::TestApp;
use common::served::{Served, post};
use deskhand::store::Store;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const TICKET: &str = "{\"ticket\":{\"id\":\"1\",\"subject\":\"VPN\"}}";

#[tokio::test]
async fn what_was_accepted_is_finished_after_the_signal_to_stop_and_kept() {
    let app = TestApp::new().await;
    let mut served = Served::start(&app).await;
    let lock = app.lock_database().await;
    let answer = served.send(post("/v1/triage", TICKET));
    tokio::time::sleep(Duration::from_millis(200)).await;
    served.stop();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(TcpStream::connect(served.address).await.is_err(), "nothing new is taken");
    assert!(!served.end.is_finished(), "it waits for what was accepted");
    lock.release().await;
    let answer = answer.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    served.end.await.unwrap().unwrap();

    let store = Store::open(&app.dir.path().join("data"), &Default::default()).await.unwrap();
    assert!(store.ticket("1").await.unwrap().is_some());
}

#[tokio::test]
async fn an_idle_connection_does_not_keep_the_service_from_stopping() {
    let app = TestApp::new().await;
    let mut served = Served::start(&app).await;
    let mut idle = TcpStream::connect(served.address).await.unwrap();
    idle.write_all(b"GET /health/live HTTP/1.1\r\nhost: desk\r\n\r\n").await.unwrap();
    let mut byte = [0];
    idle.read_exact(&mut byte).await.unwrap();
    let started = Instant::now();
    served.stop();
    served.end.await.unwrap().unwrap();
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn what_takes_longer_than_the_grace_is_cut_off() {
    let app = TestApp::with(|settings| settings.server.shutdown_grace_s = 1).await;
    let mut served = Served::start(&app).await;
    let half = b"POST /v1/triage HTTP/1.1\r\nhost: desk\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{";
    let answer = served.send(half.to_vec());
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    let started = Instant::now();
    served.stop();
    served.end.await.unwrap().unwrap();
    assert!((1..5).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
    assert_eq!(answer.await.unwrap(), "");
}

#[tokio::test]
async fn a_client_that_sends_too_much_still_gets_to_read_why_it_is_refused() {
    let app = TestApp::new().await;
    let served = Served::start(&app).await;
    let answer = served.send(post("/v1/triage", &"x".repeat(10 << 20))).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("2097152 bytes"), "{answer}");
    // A client that asks first is told before it sends.
    let asks = b"POST /v1/triage HTTP/1.1\r\nhost: desk\r\nconnection: close\r\nexpect: 100-continue\r\n\
        content-type: application/json\r\ncontent-length: 10000000\r\n\r\n";
    let started = Instant::now();
    let answer = served.send(asks.to_vec()).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_client_that_hangs_up_is_noticed_and_its_work_withdrawn() {
    let app = TestApp::new().await;
    let served = Served::start(&app).await;
    let lock = app.lock_database().await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(&post("/v1/triage", TICKET)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    drop(stream);
    let left = "route=\"/v1/triage\",status=\"499\"} 1\n";
    let noticed = async {
        while !app.get("/metrics").await.text().contains(left) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(3), noticed).await.unwrap();
    lock.release().await;
}
