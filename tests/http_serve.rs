//! The service on a real address: how it ends, and what a client on the wire sees.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use common::TestApp;
use deskhand::http::serve::serve;
use deskhand::store::{Store, StoreError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A service that listens.
struct Served {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    end: JoinHandle<Result<(), StoreError>>,
}

impl Served {
    async fn start(app: &TestApp) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let end = tokio::spawn(serve(app.app.clone(), listener, async {
            stopped.await.ok();
        }));
        Self { address, stop: Some(stop), end }
    }

    fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// Sends bytes as they are, in the background; the answer as text.
    fn send(&self, request: Vec<u8>) -> JoinHandle<String> {
        let address = self.address;
        tokio::spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(&request).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        })
    }
}

fn post(path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: desk\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

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
    tokio::time::sleep(Duration::from_millis(100)).await;
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
