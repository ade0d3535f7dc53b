//! Two instances of the real binary on one PostgreSQL, one of them behind a network that is cut, swallows what is sent,
//! or is slow. Without a PostgreSQL these say so and pass. `DESKHAND_PARTITION_SEED` and `DESKHAND_CUTS` make of the
//! lost connections a longer run.

#![allow(missing_docs, clippy::unwrap_used)]

mod postgres;
mod process;
#[path = "postgres/proxy.rs"]
mod proxy;
#[path = "common/tiny_bundle.rs"]
mod tiny_bundle;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use deskhand::config::{Secret, StoreSettings};
use deskhand::store::{JobEnd, NewJob, Store};
use jiff::{SignedDuration, Timestamp};
use process::{Service, deskhand, ok, say, soon, write};
use proxy::Proxy;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Longest that a request waits at an instance that loses PostgreSQL: six seconds until it knows, five of patience, and
/// as much again for a machine that has other things to do.
const BOUND: Duration = Duration::from_secs(22);
/// Longest until all is as before once PostgreSQL answers again.
const BACK: Duration = Duration::from_secs(30);
/// Longest that a key works at a cut-off instance after it was taken back, with the same allowance.
const BELIEVED: Duration = Duration::from_secs(45);

/// An instance that reaches PostgreSQL, and one behind the proxy.
struct Pair {
    dir: TempDir,
    url: Secret,
    proxy: Proxy,
    near: Service,
    far: Service,
    admin: String,
}

impl Pair {
    async fn start() -> Option<Self> {
        let dir = TempDir::new().unwrap();
        let url = postgres::store_of(dir.path()).await?;
        tiny_bundle::write(&dir.path().join("bundle"));
        let config = write(dir.path(), "deskhand.toml", "[access]\nauthentication = \"on\"\n");
        let proxy = Proxy::before(url.expose());
        let start = |name: &str, url: &str| {
            let [data, bundle] = [name, "bundle"].map(|folder| dir.path().join(folder).display().to_string());
            let named = url.replace("application_name=", &format!("application_name={name}_"));
            Service::start(&["--data", &data, "--store", &named, "--model", &bundle, "--config", &config])
        };
        // The first one leads.
        let far = start("far", &proxy.url(url.expose()));
        let admin = std::fs::read_to_string(dir.path().join("far/first-admin-key")).unwrap();
        let near = start("near", url.expose());
        Some(Self { url, proxy, near, far, admin: admin.trim().to_owned(), dir })
    }

    fn ask(&self, service: &Service, method: &str, path: &str, body: &Value) -> (u16, Value) {
        service.json_as(&self.admin, method, path, body)
    }

    fn put(&self, service: &Service, id: &str) -> u16 {
        let article = json!({"title": format!("The {id} device"), "body": format!("How to reset the {id}.")});
        self.ask(service, "PUT", &format!("/v1/articles/{id}"), &article).0
    }

    fn finds(&self, service: &Service, id: &str) -> bool {
        let asked = json!({"text": id, "audience": "agent", "top": 3});
        let (status, found) = self.ask(service, "POST", "/v1/suggest", &asked);
        status == 200 && found["articles"].as_array().unwrap().iter().any(|article| article["id"] == id)
    }

    fn is_ready(&self, service: &Service) -> bool {
        self.ask(service, "GET", "/health/ready", &Value::Null).0 == 200
    }

    /// Which instance holds the lease, by PostgreSQL's own list of locks.
    async fn leader(&self) -> Option<String> {
        let mut connection = postgres::connection(&self.url).await;
        let lease = i64::from(i32::from_be_bytes(*b"desk")) + 2;
        let name: Option<String> = sqlx::query_scalar(
            "SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
             WHERE locktype = 'advisory' AND classid::BIGINT = $1
               AND objid::BIGINT = hashtext(current_schema())::BIT(32)::BIGINT",
        )
        .bind(lease)
        .fetch_optional(&mut connection)
        .await
        .unwrap();
        name.map(|name| name.split('_').next().unwrap().to_owned())
    }

    /// Puts articles at this instance until it is told to stop.
    fn puts(&self, service: &Service, name: &str, stop: &AtomicBool, load: &Load) {
        for n in 0.. {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            let (id, began) = (format!("{name}{n}"), Instant::now());
            let status = self.put(service, &id);
            load.longest(began.elapsed());
            match status {
                200 => load.kept.lock().unwrap().push(id),
                status => load.refused.lock().unwrap().push(status),
            }
            if status != 200 {
                thread::sleep(Duration::from_millis(100));
            }
        }
    }

    /// Everything that was acknowledged is there, wherever it is asked for, and the chain of the trail holds.
    fn nothing_is_lost(&self, load: &Load) {
        for id in load.kept.lock().unwrap().iter() {
            for service in [&self.near, &self.far] {
                let status = self.ask(service, "GET", &format!("/v1/articles/{id}"), &Value::Null).0;
                assert_eq!(status, 200, "{id} is gone");
            }
        }
        let refused = load.refused.lock().unwrap();
        assert!(refused.iter().all(|status| *status == 503), "{refused:?}");
        let data = self.dir.path().join("command").display().to_string();
        let flags = ["trail", "verify", "--data", &data, "--store", self.url.expose()];
        assert!(ok(deskhand(&flags)).contains("entries"));
    }
}

/// What came of requests.
#[derive(Default)]
struct Load {
    kept: Mutex<Vec<String>>,
    refused: Mutex<Vec<u16>>,
    longest: Mutex<Duration>,
}

impl Load {
    fn longest(&self, took: Duration) {
        let mut longest = self.longest.lock().unwrap();
        *longest = longest.max(took);
    }

    fn told(&self) -> String {
        let kept = self.kept.lock().unwrap().len();
        let (refused, longest) = (self.refused.lock().unwrap().len(), *self.longest.lock().unwrap());
        format!("{kept} kept, {refused} refused, {longest:.1?} at most")
    }
}

/// Puts articles at both instances while something happens to the network.
fn under_load(pair: &Pair, meanwhile: impl FnOnce()) -> (Load, Load) {
    let (near, far, stop) = (Load::default(), Load::default(), AtomicBool::new(false));
    thread::scope(|scope| {
        for worker in 0..2 {
            let (near, far, stop) = (&near, &far, &stop);
            scope.spawn(move || pair.puts(&pair.near, &format!("near{worker}x"), stop, near));
            scope.spawn(move || pair.puts(&pair.far, &format!("far{worker}x"), stop, far));
        }
        let _stop = Stop(&stop);
        meanwhile();
    });
    (near, far)
}

/// Stops the load, also where a test fails meanwhile.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_off_instance_refuses_what_it_cannot_know_and_catches_up_when_it_can() {
    let Some(pair) = Pair::start().await else { return };
    assert_eq!(pair.put(&pair.near, "zq1"), 200);
    soon("an article", BACK, || pair.finds(&pair.far, "zq1"));
    let new = json!({"name": "desk", "scopes": ["survey"]});
    let (status, made) = pair.ask(&pair.near, "POST", "/v1/keys", &new);
    assert_eq!(status, 200, "{made}");
    let key = made["key"].as_str().unwrap();
    // What needs no PostgreSQL.
    let opens = |service: &Service| {
        service.json_as(key, "POST", "/v1/sentiment", &json!({"text": "It took far too long."})).0
    };
    soon("a key", BACK, || opens(&pair.far) == 200);
    assert_eq!(pair.leader().await.as_deref(), Some("far"));

    let runtime = tokio::runtime::Handle::current();
    let (near, far) = tokio::task::block_in_place(|| {
        under_load(&pair, || {
            thread::sleep(Duration::from_millis(500));
            pair.proxy.set(true, true);
            let cut = Instant::now();
            cut_off(&pair, &runtime);
            let path = format!("/v1/keys/{}", made["id"].as_str().unwrap());
            assert_eq!(pair.ask(&pair.near, "DELETE", &path, &Value::Null).0, 200);
            let revoked = Instant::now();
            assert_eq!(opens(&pair.near), 401);
            assert_eq!(opens(&pair.far), 200, "it cannot know yet");
            soon("that a key is not believed", BELIEVED, || opens(&pair.far) == 503);
            say(&format!(
                "a key opened the cut-off instance for {:.1?} after it was taken back",
                revoked.elapsed()
            ));
            let readiness = pair.ask(&pair.far, "GET", "/health/ready", &Value::Null);
            assert_eq!(readiness.0, 503);
            say(&format!("cut off for {:.1?}: {}", cut.elapsed(), readiness.1["detail"]));
            pair.proxy.set(false, false);
            healed(&pair, &opens);
        })
    });
    say(&format!("a partition: near {}; far {}", near.told(), far.told()));
    assert!(*far.longest.lock().unwrap() < BOUND && *near.longest.lock().unwrap() < BOUND);
    pair.nothing_is_lost(&near);
    pair.nothing_is_lost(&far);
}

/// What each of the two does while one is cut off.
fn cut_off(pair: &Pair, runtime: &tokio::runtime::Handle) {
    let bounded = |method: &str, path: &str, body: &Value, allowed: &[u16]| {
        let began = Instant::now();
        let (status, told) = pair.ask(&pair.far, method, path, body);
        assert!(began.elapsed() < BOUND, "{method} {path} took {:?}", began.elapsed());
        assert!(allowed.contains(&status), "{method} {path}: {status} {told}");
        if status == 503 {
            assert!(told["detail"].as_str().unwrap().contains("database"), "{told}");
        }
    };
    bounded("GET", "/v1/articles/zq1", &Value::Null, &[503]);
    assert_eq!(pair.far.request("GET", "/health/live", "").unwrap().0, 200);
    assert!(!pair.is_ready(&pair.far));
    let comment = json!({"text": "It took far too long."});
    bounded("POST", "/v1/sentiment", &comment, &[200]);
    bounded("POST", "/v1/triage", &json!({"ticket": {"id": "1", "body": "It jams."}}), &[503]);
    // From here on it knows.
    let began = Instant::now();
    bounded("GET", "/v1/articles/zq1", &Value::Null, &[503]);
    bounded("PUT", "/v1/articles/zq9", &json!({"title": "a", "body": "b"}), &[503]);
    say(&format!("once it knew, two refusals took {:.1?}", began.elapsed()));

    let free = soon("the lease", Duration::from_secs(40), || {
        runtime.block_on(pair.leader()).as_deref() != Some("far")
    });
    say(&format!("the lease of the cut-off instance was free {free:.1?} after it had refused"));
    assert_eq!(pair.put(&pair.near, "zq2"), 200);
    let ticket = json!({"ticket": {"id": "81", "body": "the very same words about the printer"}});
    assert_eq!(pair.ask(&pair.near, "POST", "/v1/triage", &ticket).0, 200);
    let outcome = json!({"status": "solved", "resolution": "New toner"});
    assert_eq!(pair.ask(&pair.near, "POST", "/v1/tickets/81/outcome", &outcome).0, 200);
}

/// How soon all is as before.
fn healed(pair: &Pair, opens: &dyn Fn(&Service) -> u16) {
    let began = Instant::now();
    soon("readiness", BACK, || pair.is_ready(&pair.far));
    let ready = began.elapsed();
    soon("that a key was taken back", BACK, || opens(&pair.far) == 401);
    let refused = began.elapsed();
    soon("an article", BACK, || pair.finds(&pair.far, "zq2"));
    let found = began.elapsed();
    let ticket = json!({"ticket": {"id": "82", "body": "the very same words about the printer"}});
    soon("a solved ticket", BACK, || {
        pair.ask(&pair.far, "POST", "/v1/triage", &ticket).1["similar_tickets"][0]["id"] == "81"
    });
    let similar = began.elapsed();
    soon("a write", BACK, || pair.put(&pair.far, "zq3") == 200);
    say(&format!(
        "after the partition: ready {ready:.1?}, a key refused {refused:.1?}, an article found {found:.1?}, a ticket similar {similar:.1?}, writing {:.1?}",
        began.elapsed()
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_one_direction_is_gone_nothing_hangs_and_nothing_acknowledged_is_lost() {
    let Some(pair) = Pair::start().await else { return };
    for (what, deaf, dumb) in [("what it sends", true, false), ("what it is sent", false, true)] {
        let mut back = Duration::ZERO;
        let (near, far) = tokio::task::block_in_place(|| {
            under_load(&pair, || {
                thread::sleep(Duration::from_millis(500));
                pair.proxy.set(deaf, dumb);
                thread::sleep(Duration::from_secs(15));
                assert!(!pair.is_ready(&pair.far));
                pair.proxy.set(false, false);
                back = soon("a write", BACK, || pair.put(&pair.far, "zq4") == 200);
            })
        });
        say(&format!("{what} vanished: near {}; far {}; back after {back:.1?}", near.told(), far.told()));
        assert!(*far.longest.lock().unwrap() < BOUND && *near.longest.lock().unwrap() < BOUND);
        assert!(!near.kept.lock().unwrap().is_empty());
        soon("readiness", BACK, || pair.is_ready(&pair.far));
        pair.nothing_is_lost(&near);
        pair.nothing_is_lost(&far);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_are_lost_again_and_again_are_met_again() {
    let number = |name: &str, or| std::env::var(name).map_or(or, |value| value.parse().unwrap());
    let (seed, cuts) = (number("DESKHAND_PARTITION_SEED", 1), number("DESKHAND_CUTS", 10));
    let Some(pair) = Pair::start().await else { return };
    let mut random = StdRng::seed_from_u64(seed);
    let mut longest = Duration::ZERO;
    let (near, far) = tokio::task::block_in_place(|| {
        under_load(&pair, || {
            for _ in 0..cuts {
                thread::sleep(Duration::from_millis(random.random_range(1..800)));
                pair.proxy.cut();
                longest = longest.max(soon("a write", BACK, || pair.put(&pair.far, "zq5") == 200));
            }
        })
    });
    say(&format!(
        "{cuts} times all connections were lost (seed {seed}): near {}; far {}; a write went well after {longest:.1?} at most",
        near.told(),
        far.told()
    ));
    assert!(near.refused.lock().unwrap().is_empty());
    assert_eq!(pair.put(&pair.near, "zq6"), 200);
    soon("an article", BACK, || pair.finds(&pair.far, "zq6"));
    pair.nothing_is_lost(&near);
    pair.nothing_is_lost(&far);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_database_makes_requests_wait_and_none_is_lost() {
    let Some(pair) = Pair::start().await else { return };
    let (near, far) = tokio::task::block_in_place(|| {
        under_load(&pair, || {
            pair.proxy.delay(Duration::from_millis(50));
            thread::sleep(Duration::from_secs(6));
            assert!(pair.is_ready(&pair.far));
            assert_eq!(pair.put(&pair.near, "zq7"), 200);
            pair.proxy.delay(Duration::ZERO);
        })
    });
    soon("an article", BACK, || pair.finds(&pair.far, "zq7"));
    say(&format!("a database 0.1 s away: near {}; far {}", near.told(), far.told()));
    assert!(near.refused.lock().unwrap().is_empty() && far.refused.lock().unwrap().is_empty());
    pair.nothing_is_lost(&near);
    pair.nothing_is_lost(&far);
}

#[tokio::test]
async fn of_a_cut_off_instance_another_takes_the_lead_and_the_jobs() {
    let dir = TempDir::new().unwrap();
    let Some(url) = postgres::store_of(dir.path()).await else { return };
    let proxy = Proxy::before(url.expose());
    let open = async |name: &str, url: String| {
        let settings = StoreSettings { url: Some(Secret::from(url)), ..StoreSettings::default() };
        Store::open(&dir.path().join(name), &settings).await.unwrap()
    };
    let far = open("far", proxy.url(url.expose())).await;
    let near = open("near", url.expose().to_owned()).await;
    assert!(far.leads().await.unwrap() && !near.leads().await.unwrap());
    let now = Timestamp::now();
    let job = NewJob { kind: "hook", key: "k".into(), subject: None, payload: json!({}), run_at: now };
    far.enqueue(vec![job], now).await.unwrap();
    let lease = now + SignedDuration::from_secs(3);
    let [first] = far.take_jobs("hook", 9, now, lease).await.unwrap().try_into().unwrap();

    proxy.set(true, true);
    let (cut, mut known) = (Instant::now(), None);
    let mut thinks = true;
    while !near.leads().await.unwrap() {
        assert!(cut.elapsed() < Duration::from_secs(60));
        thinks =
            tokio::time::timeout(Duration::from_millis(300), far.leads()).await.is_ok_and(|it| it.is_ok());
        if !thinks && far.unanswered_for().is_some() {
            known.get_or_insert(cut.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    say(&format!("cut off: known after {:.1?}, another leads after {:.1?}", known.unwrap(), cut.elapsed()));
    assert!(!thinks, "two at a time lead");

    // The lease of the job has run out meanwhile; the other one does it.
    let now = Timestamp::now();
    let [again] = near
        .take_jobs("hook", 9, now, now + SignedDuration::from_secs(60))
        .await
        .unwrap()
        .try_into()
        .unwrap();
    assert_eq!((again.id, again.attempts), (first.id, 2));
    proxy.set(false, false);
    while far.unanswered_for().is_some() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!far.leads().await.unwrap(), "the lead is not taken back");
    let late = far.end_job(&first, JobEnd::Done(Vec::new()), now).await.unwrap();
    assert!(!late, "who was cut off does not end what is another's");
    assert!(near.end_job(&again, JobEnd::Done(Vec::new()), now).await.unwrap());
}
