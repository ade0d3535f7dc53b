//! The real binary on a disk that is slow or does not answer, and on a database that another program holds. What is slow
//! is the system's fsync, by a library that the test has the C compiler make; without a compiler that says so and passes.

#![allow(missing_docs, clippy::unwrap_used)]

mod process;
#[path = "common/tiny_bundle.rs"]
mod tiny_bundle;

use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use process::{Service, deskhand, ok, say, write};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tempfile::TempDir;

const WRITERS: usize = 8;
/// Longest that a request may take on the busiest machine: what it is given, twice.
const BOUND: Duration = Duration::from_secs(20);

/// Waits before each sync as many milliseconds as a file says.
const LIBRARY: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static void wait_for_disk(void) {
    FILE *file = fopen(getenv("SLOW_DISK"), "r");
    long ms = 0;
    if (file) { if (fscanf(file, "%ld", &ms) != 1) ms = 0; fclose(file); }
    for (; ms > 0; ms -= 50) usleep(50000);
}
int fsync(int fd) {
    int (*real)(int) = (int (*)(int)) dlsym(RTLD_NEXT, "fsync");
    wait_for_disk();
    return real(fd);
}
int fdatasync(int fd) {
    int (*real)(int) = (int (*)(int)) dlsym(RTLD_NEXT, "fdatasync");
    wait_for_disk();
    return real(fd);
}
"#;

struct Site {
    dir: TempDir,
    service: Service,
}

impl Site {
    fn start(environment: &[(&str, &str)], dir: TempDir, seconds: u64) -> Self {
        tiny_bundle::write(&dir.path().join("bundle"));
        let settings = format!("[server]\nrequest_timeout_s = {seconds}\n");
        let config = write(dir.path(), "deskhand.toml", &settings);
        let [data, bundle] = ["data", "bundle"].map(|folder| dir.path().join(folder).display().to_string());
        let args = ["--data", &data, "--model", &bundle, "--config", &config];
        let service = Service::start_in(environment, &args, Stdio::null());
        Self { dir, service }
    }

    fn put(&self, id: &str) -> (u16, Value) {
        let article = json!({"title": format!("The {id} device"), "body": format!("How to reset the {id}.")});
        self.service.json("PUT", &format!("/v1/articles/{id}"), &article)
    }

    fn triage(&self, id: &str) -> (u16, Value) {
        self.service.json("POST", "/v1/triage", &json!({"ticket": {"id": id, "body": "It jams again."}}))
    }

    /// Everything that only reads goes on.
    fn reads(&self) {
        let began = Instant::now();
        assert_eq!(self.service.json("GET", "/health/ready", &Value::Null).0, 200);
        assert_eq!(self.service.json("GET", "/v1/articles/first", &Value::Null).0, 200);
        let asked = json!({"text": "first", "audience": "agent"});
        let (status, found) = self.service.json("POST", "/v1/suggest", &asked);
        assert_eq!((status, &found["articles"][0]["id"]), (200, &json!("first")));
        assert!(began.elapsed() < BOUND, "reading waits for {:?}", began.elapsed());
    }

    /// Several send tickets while something happens; what was kept, the other answers, and the longest wait.
    fn writes(&self, meanwhile: impl FnOnce()) -> (Vec<String>, Vec<(u16, Value)>, Duration) {
        let (kept, refused) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
        let (stop, longest) = (AtomicBool::new(false), Mutex::new(Duration::ZERO));
        thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (kept, refused, stop, longest) = (&kept, &refused, &stop, &longest);
                scope.spawn(move || {
                    for n in 0.. {
                        if stop.load(Ordering::Relaxed) {
                            return;
                        }
                        let (id, began) = (format!("w{writer}x{n}"), Instant::now());
                        match self.triage(&id) {
                            (200, _) => kept.lock().unwrap().push(id),
                            told => refused.lock().unwrap().push(told),
                        }
                        let mut longest = longest.lock().unwrap();
                        *longest = longest.max(began.elapsed());
                    }
                });
            }
            let _stop = Stop(&stop);
            meanwhile();
        });
        (kept.into_inner().unwrap(), refused.into_inner().unwrap(), longest.into_inner().unwrap())
    }

    /// What was acknowledged is there after a `kill -9`, and the database is whole.
    fn nothing_is_lost(self, kept: &[String]) {
        for id in kept {
            let status = self.service.json("GET", &format!("/v1/tickets/{id}"), &Value::Null).0;
            assert_eq!(status, 200, "{id} is gone");
        }
        self.service.kill();
        let data = self.dir.path().join("data").display().to_string();
        let bundle = self.dir.path().join("bundle").display().to_string();
        let told = ok(deskhand(&["doctor", "--data", &data, "--model", &bundle]));
        assert!(told.contains("is whole"), "{told}");
    }
}

/// Stops the writers, also where a test fails meanwhile.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn on_a_slow_disk_writes_wait_reads_go_on_and_nothing_is_lost() {
    let dir = TempDir::new().unwrap();
    let source = write(dir.path(), "slow.c", LIBRARY);
    let library = dir.path().join("slow.so").display().to_string();
    let cc = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o", &library, &source, "-ldl"]).status();
    if !cc.is_ok_and(|status| status.success()) {
        say("NOT TESTED: there is no C compiler here; a slow disk is not");
        return;
    }
    let slow = write(dir.path(), "slow", "0");
    let set = |ms: u32| {
        write(dir.path(), "slow.new", &ms.to_string());
        std::fs::rename(dir.path().join("slow.new"), dir.path().join("slow")).unwrap();
    };
    let environment = [("LD_PRELOAD", library.as_str()), ("SLOW_DISK", slow.as_str())];
    let folder = TempDir::new().unwrap();
    let site = Site::start(&environment, folder, 8);
    assert_eq!(site.put("first").0, 200);

    set(300);
    let began = Instant::now();
    assert_eq!(site.put("second").0, 200);
    assert!(began.elapsed() >= Duration::from_millis(300), "the disk is not slow");
    let (mut kept, refused, longest) = site.writes(|| {
        for _ in 0..3 {
            thread::sleep(Duration::from_secs(1));
            site.reads();
        }
    });
    say(&format!("0.3 s for each sync: {} writes kept, {longest:.1?} at most", kept.len()));
    assert!(refused.is_empty() && !kept.is_empty(), "{refused:?}");

    // It does not answer at all for a while.
    let (more, refused, longest) = site.writes(|| {
        set(12_000);
        thread::sleep(Duration::from_secs(3));
        site.reads();
        thread::sleep(Duration::from_secs(7));
        site.reads();
        set(0);
        thread::sleep(Duration::from_secs(8));
    });
    kept.extend(more);
    say(&format!(
        "a disk that stood still: {} kept, {} refused, {longest:.1?} at most",
        kept.len(),
        refused.len()
    ));
    assert!(!refused.is_empty() && longest < BOUND);
    for (status, told) in refused {
        assert_eq!((status, &told["code"]), (503, &json!("timed_out")), "{told}");
    }
    assert_eq!(site.put("third").0, 200);
    site.nothing_is_lost(&kept);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_another_program_holds_the_database_writes_wait_and_are_refused_together() {
    let site = Site::start(&[], TempDir::new().unwrap(), 15);
    assert_eq!(site.put("first").0, 200);
    let path = site.dir.path().join("data/deskhand.db");
    let mut other = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    let runtime = tokio::runtime::Handle::current();
    let (kept, refused, longest) = tokio::task::block_in_place(|| {
        site.writes(|| {
            let mut held = |seconds: u64| {
                runtime.block_on(sqlx::query("BEGIN IMMEDIATE").execute(&mut other)).unwrap();
                thread::sleep(Duration::from_secs(seconds));
                site.reads();
                runtime.block_on(sqlx::query("ROLLBACK").execute(&mut other)).unwrap();
                thread::sleep(Duration::from_secs(1));
            };
            held(2);
            // Longer than anybody waits.
            held(13);
        })
    });
    say(&format!(
        "held for 2 s and for 13 s: {} kept, {} refused, {longest:.1?} at most",
        kept.len(),
        refused.len()
    ));
    // All of those who wait are refused together, not one after another until their time is over.
    assert!(!refused.is_empty());
    for (status, told) in refused {
        assert_eq!((status, &told["code"]), (503, &json!("store_unavailable")), "{told}");
    }
    other.close().await.unwrap();
    assert_eq!(site.put("third").0, 200);
    site.nothing_is_lost(&kept);
}
