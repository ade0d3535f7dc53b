//! Torn and damaged files: what can be made anew is, what cannot is refused in words, and answers are never wrong.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod common;
mod process;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use common::tiny_bundle;
use deskhand::config::Settings;
use deskhand::http::{App, AppState, router};
use http_body_util::BodyExt as _;
use process::{Service, deskhand, ok};
use serde_json::{Value, json};
use tower::ServiceExt as _;

const ARTICLES: usize = 12;

/// A data folder that is opened and closed again.
struct Folder {
    dir: tempfile::TempDir,
}

/// The service on it.
struct Open {
    app: AppState,
    router: axum::Router,
}

impl Folder {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        tiny_bundle::write(&dir.path().join("bundle"));
        Self { dir }
    }

    /// With articles, in an index of several segments, and their vectors in a file.
    async fn with_articles() -> Self {
        let folder = Self::new();
        let open = folder.open().await;
        for n in 0..ARTICLES {
            assert_eq!(open.put(n, 1).await, StatusCode::OK);
        }
        open.close().await;
        // The file of vectors is written at a start.
        folder.open().await.close().await;
        folder
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn args(&self) -> [String; 4] {
        let path = |name: &str| self.dir.path().join(name).display().to_string();
        ["--data".into(), path("data"), "--model".into(), path("bundle")]
    }

    async fn open(&self) -> Open {
        let mut settings = Settings::default();
        settings.inference.threads = std::num::NonZeroUsize::new(1);
        let app = App::open(settings, &self.data(), &self.dir.path().join("bundle")).await.unwrap();
        let app = AppState::new(app);
        Open { router: router(app.clone()), app }
    }

    /// A copy of this folder, to be damaged.
    fn copy(&self) -> Self {
        let copy = Self::new();
        for entry in walkdir::WalkDir::new(self.data()) {
            let entry = entry.unwrap();
            let to = copy.data().join(entry.path().strip_prefix(self.data()).unwrap());
            if entry.file_type().is_dir() {
                fs::create_dir_all(to).unwrap();
            } else {
                fs::copy(entry.path(), to).unwrap();
            }
        }
        copy
    }

    /// Files under a folder of the data folder.
    fn files(&self, under: &str) -> Vec<PathBuf> {
        let all = walkdir::WalkDir::new(self.data().join(under)).sort_by_file_name().into_iter();
        let all = all.map(Result::unwrap).filter(|entry| entry.file_type().is_file());
        all.map(|entry| entry.path().strip_prefix(self.data()).unwrap().to_owned()).collect()
    }
}

fn word(n: usize, version: usize) -> String {
    format!("zq{n}v{version}")
}

fn article(n: usize, version: usize) -> Value {
    json!({"title": format!("Device {n}"), "body": format!("About the {}.", word(n, version))})
}

impl Open {
    async fn ask(&self, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        let answer =
            self.router.clone().oneshot(request.body(Body::from(body.to_string())).unwrap()).await.unwrap();
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    async fn put(&self, n: usize, version: usize) -> StatusCode {
        self.ask(Method::PUT, &format!("/v1/articles/a{n}"), &article(n, version)).await.0
    }

    /// The article that is found by its own word, if any.
    async fn finds(&self, n: usize, version: usize) -> bool {
        let question = json!({"text": word(n, version), "audience": "agent", "top": 3});
        let (status, answer) = self.ask(Method::POST, "/v1/suggest", &question).await;
        assert_eq!(status, 200, "{answer}");
        answer["articles"].as_array().unwrap().iter().any(|article| {
            article["id"] == format!("a{n}")
                && article["matched_terms"].as_array().unwrap().contains(&json!(word(n, version)))
        })
    }

    async fn finds_all(&self, what: &str) {
        for n in 0..ARTICLES {
            assert!(self.finds(n, 1).await, "{what}: article {n} is not found");
        }
    }

    async fn close(self) {
        self.app.store.close().await.unwrap();
    }
}

/// What somebody or something does to a file.
type Harm = fn(&Path);
/// What may happen to a file.
const HARMS: [(&str, Harm); 4] = [
    ("empty", |path| fs::write(path, b"").unwrap()),
    ("cut in half", |path| {
        let bytes = fs::read(path).unwrap();
        fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
    }),
    ("garbled", |path| {
        let mut bytes = fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes.iter_mut().skip(middle).take(8).for_each(|byte| *byte ^= 0xff);
        fs::write(path, bytes).unwrap();
    }),
    ("gone", |path| fs::remove_file(path).unwrap()),
];

#[tokio::test]
async fn whatever_happens_to_a_file_of_the_index_or_the_vectors_the_answers_are_right_again() {
    let whole = Folder::with_articles().await;
    let files: Vec<PathBuf> = [whole.files("index"), whole.files("vectors")].concat();
    assert!(files.len() > 5 && files.iter().any(|file| file.starts_with("vectors")), "{files:?}");
    // Each harm to every file takes minutes; in the ordinary run each file suffers one of them.
    let every = std::env::var_os("DESKHAND_DAMAGE_ALL").is_some();
    for (number, file) in files.into_iter().enumerate() {
        let harms = HARMS.into_iter().enumerate();
        for (_, (name, harm)) in harms.filter(|(harm, _)| every || number % HARMS.len() == *harm) {
            let what = format!("{} {name}", file.display());
            let folder = whole.copy();
            harm(&folder.data().join(&file));
            let open = folder.open().await;
            open.finds_all(&what).await;
            assert_eq!(open.put(0, 2).await, StatusCode::OK, "{what}");
            assert!(open.finds(0, 2).await && !open.finds(0, 1).await, "{what}: a change is not found");
            open.close().await;
        }
    }
}

#[tokio::test]
async fn it_is_said_that_an_index_was_built_anew() {
    let folder = Folder::with_articles().await;
    let meta = folder.data().join("index/meta.json");
    fs::write(&meta, "{").unwrap();
    let log = folder.dir.path().join("log");
    let mut child = Command::new(env!("CARGO_BIN_EXE_deskhand"))
        .args(["serve", "--listen", "127.0.0.1:0"])
        .args(folder.args())
        .stdout(Stdio::piped())
        .stderr(fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(line.contains("ready"), "{line}");
    let said = fs::read_to_string(&log).unwrap();
    assert!(said.contains("the search index is built anew from the store"), "{said}");
}

/// Kills a service that has acknowledged articles, so that its log is not yet in the database.
fn killed_with_a_log(folder: &Folder) -> PathBuf {
    let args = folder.args();
    let service = Service::start(&args.each_ref().map(String::as_str));
    for n in 0..ARTICLES {
        let (status, answer) = service.json("PUT", &format!("/v1/articles/a{n}"), &article(n, 1));
        assert_eq!(status, 200, "{answer}");
    }
    service.kill();
    let log = folder.data().join("deskhand.db-wal");
    assert!(fs::metadata(&log).unwrap().len() > 0);
    log
}

/// A disk that lied about what it had written: what is lost is lost whole, and the search shows none of it.
#[tokio::test]
async fn a_torn_log_of_the_database_leaves_a_whole_store_and_a_search_that_agrees_with_it() {
    let whole = Folder::new();
    let folder = whole.dir.path().join("data");
    let log = tokio::task::spawn_blocking({
        let whole = Folder { dir: whole.dir };
        move || {
            let log = killed_with_a_log(&whole);
            (whole, log)
        }
    });
    let (whole, log) = log.await.unwrap();
    let length = fs::metadata(&log).unwrap().len();
    for share in [0.3, 0.6, 0.85, 0.99] {
        for garble in [false, true] {
            let torn = whole.copy();
            let path = torn.data().join(log.strip_prefix(&folder).unwrap());
            let at = (length as f64 * share) as usize;
            let mut bytes = fs::read(&path).unwrap();
            if garble {
                bytes[at..at + 16].iter_mut().for_each(|byte| *byte ^= 0x5a);
            } else {
                bytes.truncate(at);
            }
            fs::write(&path, bytes).unwrap();
            let open = torn.open().await;
            open.app.store.check().await.unwrap();
            let mut there = Vec::new();
            for n in 0..ARTICLES {
                let kept = open.ask(Method::GET, &format!("/v1/articles/a{n}"), &Value::Null).await.0 == 200;
                assert_eq!(
                    open.finds(n, 1).await,
                    kept,
                    "at {share}: the search and the store differ about {n}"
                );
                there.push(kept);
            }
            assert!(there.is_sorted_by(|a, b| a >= b), "what came first is there: {there:?}");
            // New changes take the numbers of the lost ones.
            for n in 0..ARTICLES {
                assert_eq!(open.put(n, 2).await, StatusCode::OK);
                assert!(open.finds(n, 2).await && !open.finds(n, 1).await, "at {share}: {n} was changed");
            }
            open.close().await;
        }
    }
}

#[tokio::test]
async fn a_damaged_database_is_refused_in_words_or_found_by_doctor() {
    let whole = Folder::with_articles().await;
    let length = fs::metadata(whole.data().join("deskhand.db")).unwrap().len() as usize;
    for (name, from, to) in [("cut", length / 2, length), ("a page", 4096, 8192), ("its beginning", 0, 100)] {
        let folder = whole.copy();
        let path = folder.data().join("deskhand.db");
        let mut bytes = fs::read(&path).unwrap();
        if name == "cut" {
            bytes.truncate(from);
        } else {
            bytes[from..to].fill(0xa5);
        }
        fs::write(&path, bytes).unwrap();
        let args = [["doctor".to_owned()].as_slice(), folder.args().as_slice()].concat();
        let run = deskhand(&args.iter().map(String::as_str).collect::<Vec<_>>());
        let said = format!("{}{}", run.stdout, run.stderr);
        assert!(!run.status.success(), "{name}: {said}");
        assert!(said.contains("restore it from a backup"), "{name}: {said}");
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_refused_with_what_to_do() {
    let folder = Folder::with_articles().await;
    let mut rights = fs::metadata(folder.data()).unwrap().permissions();
    rights.set_readonly(true);
    // Root may write everywhere, but not into a file system that is mounted for reading alone.
    let mount = format!(
        "mount --bind {0} {0} 2>/dev/null && mount -o remount,bind,ro {0} 2>/dev/null || exit 77",
        folder.data().display()
    );
    let args = [["doctor".to_owned()].as_slice(), folder.args().as_slice()].concat();
    let inner = args.iter().map(|arg| format!("'{arg}'")).collect::<Vec<_>>().join(" ");
    let script = format!("{mount}; exec '{}' {inner}", env!("CARGO_BIN_EXE_deskhand"));
    let run = Command::new("unshare").args(["-m", "sh", "-c", &script]).output();
    let Ok(run) = run else { return };
    let said = String::from_utf8_lossy(&[run.stdout, run.stderr].concat()).into_owned();
    if run.status.code() == Some(77) || said.contains("unshare") {
        return;
    }
    assert!(!run.status.success(), "{said}");
    assert!(said.contains("give this user the right to write there"), "{said}");
    // Nothing has changed.
    ok(deskhand(&args.iter().map(String::as_str).collect::<Vec<_>>()));
}
