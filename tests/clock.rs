//! The real binary under a clock that jumps (libfaketime, Debian's `faketime`). Without it these say so and pass.

#![allow(missing_docs, clippy::unwrap_used)]

mod deliveries;
mod desk;
mod process;
#[path = "common/tiny_bundle.rs"]
mod tiny_bundle;

use std::fs::File;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use deliveries::{SECRET, fixture, zendesk};
use desk::Desk;
use jiff::{SignedDuration, Timestamp};
use process::{Service, deskhand, ok, say, soon, write};
use serde_json::{Value, json};
use tempfile::TempDir;

const PASSWORD: &str = "a password that is long enough";
const DAY: i64 = 24;

/// The way to the helpdesk, which a test can close.
struct Gate {
    address: String,
    open: Arc<AtomicBool>,
}

impl Gate {
    fn before(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let open = Arc::new(AtomicBool::new(true));
        let is_open = Arc::clone(&open);
        thread::spawn(move || {
            for client in listener.incoming().flatten().filter(|_| is_open.load(Ordering::Relaxed)) {
                let server = TcpStream::connect(&server).unwrap();
                let ends = [(client.try_clone(), server.try_clone()), (Ok(server), Ok(client))];
                for (from, to) in ends {
                    thread::spawn(move || {
                        let (mut from, mut to) = (from.unwrap(), to.unwrap());
                        let _ = std::io::copy(&mut from, &mut to);
                        let _ = to.shutdown(Shutdown::Write);
                    });
                }
            }
        });
        Self { address, open }
    }
}

/// A data folder whose service goes by a clock of its own.
struct Site {
    dir: TempDir,
    library: String,
    config: String,
    desk: Desk,
    gate: Gate,
}

impl Site {
    fn new() -> Option<Self> {
        let Some(library) = library() else {
            say(
                "NOT TESTED: there is no libfaketime here (Debian: apt-get install faketime); jumps of the clock are not",
            );
            return None;
        };
        let dir = TempDir::new().unwrap();
        tiny_bundle::write(&dir.path().join("bundle"));
        let desk = Desk::start();
        let gate = Gate::before(desk.address.clone());
        let settings = format!(
            "[access]\nauthentication = \"on\"\n[access.limits]\nsurvey = {{ per_second = 0.2, burst = 2 }}\n[privacy.retention]\ntickets = 30\n[outgoing]\nallow_networks = [\"127.0.0.0/8\"]\n[integrations.zendesk]\ndry_run = false\n[integrations.zendesk.hook]\nsecrets = [\"{SECRET}\"]\n[integrations.zendesk.api]\nurl = \"http://{}\"\nuser = \"deskhand@desk.example\"\ntoken = \"not-a-real-one\"\n",
            gate.address
        );
        let config = write(dir.path(), "deskhand.toml", &settings);
        let site = Self { dir, library, config, desk, gate };
        site.set(0);
        Some(site)
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    /// Lets the service's clock be so many hours ahead of the right time.
    fn set(&self, hours: i64) {
        // In one piece: the library may read it at any moment.
        let new = write(self.dir.path(), "clock.new", &format!("{:+}", hours * 3_600));
        std::fs::rename(new, self.path("clock")).unwrap();
    }

    fn start(&self) -> Running<'_> {
        let clock = self.path("clock");
        let environment = [
            ("LD_PRELOAD", self.library.as_str()),
            ("FAKETIME_TIMESTAMP_FILE", clock.as_str()),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ];
        let (data, bundle) = (self.path("data"), self.path("bundle"));
        let args = ["--data", &data, "--model", &bundle, "--config", &self.config];
        let log = File::options().append(true).create(true).open(self.path("log")).unwrap();
        let service = Service::start_in(&environment, &args, log);
        let admin = std::fs::read_to_string(self.dir.path().join("data/first-admin-key")).unwrap();
        Running { site: self, service, admin: admin.trim().to_owned() }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap()
    }
}

/// The library, where one is installed.
fn library() -> Option<String> {
    let folders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"];
    let names = ["faketime/libfaketimeMT.so.1", "libfaketimeMT.so.1"];
    let places = folders.iter().flat_map(|folder| names.map(|name| Path::new(folder).join(name)));
    places.filter(|place| place.is_file()).map(|place| place.display().to_string()).next()
}

struct Running<'a> {
    site: &'a Site,
    service: Service,
    admin: String,
}

impl Running<'_> {
    fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        self.service.json_as(&self.admin, method, path, body)
    }

    fn good(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.ask(method, path, body);
        assert_eq!(status, 200, "{method} {path}: {answer}");
        answer
    }

    fn works(&self) {
        self.good("GET", "/health/ready", &Value::Null);
        self.good("PUT", "/v1/articles/vpn", &json!({"title": "VPN", "body": "How to reset the VPN."}));
        let found = self.good("POST", "/v1/suggest", &json!({"text": "vpn", "audience": "agent"}));
        assert_eq!(found["articles"][0]["id"], "vpn");
    }

    /// What it takes for the present, by what it writes.
    fn clock(&self) -> Timestamp {
        let made = self.good("POST", "/v1/keys", &json!({"name": "k", "scopes": ["survey"]}));
        made["created_at"].as_str().unwrap().parse().unwrap()
    }

    fn sign_in(&self, password: &str) -> u16 {
        let form = [("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
        let body = format!("name=mira&password={}", password.replace(' ', "+"));
        Service::request_at(&self.service.address, "POST", "/sign-in", &form, &body).unwrap().0
    }

    fn deliver(&self, ticket: &str, at: Timestamp) {
        let mut body: Value = serde_json::from_str(&fixture("zendesk-ticket-created")).unwrap();
        body["detail"]["id"] = json!(ticket);
        let sent = zendesk(&body.to_string(), &format!("i-{ticket}"), at);
        let body = String::from_utf8(sent.body).unwrap();
        let address = &self.service.address;
        let (status, told) = Service::request_at(address, "POST", sent.path, &sent.headers, &body).unwrap();
        assert_eq!(status, 202, "{told}");
    }

    fn notes(&self, ticket: &str) -> usize {
        self.site.desk.tickets().get(ticket).map_or(0, |ticket| ticket.notes.len())
    }
}

#[test]
fn a_clock_that_jumps_two_days_ahead_and_back_stops_nothing_and_locks_nobody_out() {
    let Some(site) = Site::new() else { return };
    let service = site.start();
    service.works();
    let user = json!({"name": "mira", "password": PASSWORD, "role": "admin"});
    service.good("POST", "/v1/users", &user);
    assert_eq!(service.sign_in(PASSWORD), 303);
    service.deliver("1", Timestamp::now());
    soon("a delivery", Duration::from_secs(30), || service.notes("1") == 1);

    site.set(2 * DAY);
    let ahead = Timestamp::now() + SignedDuration::from_hours(2 * DAY);
    assert!(
        service.clock().duration_since(ahead).abs() < SignedDuration::from_mins(5),
        "it has no such clock"
    );
    service.works();
    // What is at work, and what failed, when the clock comes back.
    site.gate.open.store(false, Ordering::Relaxed);
    for ticket in ["2", "3", "4"] {
        service.deliver(ticket, ahead);
    }
    soon("that a job fails", Duration::from_secs(30), || {
        let waiting = service.good("GET", "/v1/jobs?kind=write_back&state=waiting", &Value::Null);
        waiting["jobs"].as_array().unwrap().iter().filter(|job| !job["error"].is_null()).count() == 3
    });
    let until_not =
        |usual: u16, ask: &dyn Fn() -> u16| (0..50).map(|_| ask()).find(|status| *status != usual);
    let ask = || service.ask("POST", "/v1/sentiment", &json!({"text": "Slow."})).0;
    assert_eq!(until_not(401, &|| service.sign_in("the wrong password")), Some(429));
    assert_eq!(until_not(200, &ask), Some(429));

    site.set(-DAY);
    site.gate.open.store(true, Ordering::Relaxed);
    service.works();
    let back = soon("jobs", Duration::from_secs(90), || ["2", "3", "4"].iter().all(|t| service.notes(t) > 0));
    let sign_in = soon("a sign-in", Duration::from_secs(60), || service.sign_in(PASSWORD) == 303);
    soon("a request", Duration::from_secs(30), || ask() == 200);
    say(&format!("after the clock came back: jobs {back:.1?}, a sign-in {sign_in:.1?} later"));
    site.set(0);
    service.works();
    thread::sleep(Duration::from_secs(2));
    for ticket in ["1", "2", "3", "4"] {
        assert_eq!(service.notes(ticket), 1, "ticket {ticket} was written into twice");
    }
    assert!(service.service.terminate().success());
}

#[test]
fn a_clock_that_is_years_ahead_at_a_start_forgets_nothing_and_raises_nothing() {
    let Some(site) = Site::new() else { return };
    let service = site.start();
    let now = Timestamp::now();
    let ticket = |id: &str, days: i64| {
        let (created, due) =
            (now - SignedDuration::from_hours(days * DAY), now + SignedDuration::from_hours(90 * DAY));
        json!({"ticket": {"id": id, "body": "It jams.", "created_at": created, "sla": {"due_at": due}}})
    };
    for (id, days) in [("new", 1), ("old", 29)] {
        service.good("POST", "/v1/triage", &ticket(id, days));
    }
    assert!(service.service.terminate().success());

    // Two years: all that is kept for thirty days would be gone, and every agreed time over.
    site.set(2 * 365 * DAY);
    let service = site.start();
    service.works();
    thread::sleep(Duration::from_secs(5));
    for id in ["new", "old"] {
        service.good("GET", &format!("/v1/tickets/{id}"), &Value::Null);
    }
    let signals = service.good("GET", "/v1/signals", &Value::Null);
    assert_eq!(signals["signals"], json!([]));
    assert!(site.log().contains("the clock jumped"), "{}", site.log());
    assert!(service.service.terminate().success());
    // A restart does not make it right.
    let service = site.start();
    service.works();
    thread::sleep(Duration::from_secs(3));
    service.good("GET", "/v1/tickets/old", &Value::Null);
    assert!(service.service.terminate().success());

    let data = site.path("data");
    site.set(0);
    let told = deskhand(&["doctor", "--data", &data, "--config", &site.config]);
    assert!(!told.stdout.contains("after a jump"), "{}", told.stdout);
    // Two days later the old one has been kept for long enough.
    site.set(2 * DAY);
    let service = site.start();
    soon("that the old one is forgotten", Duration::from_secs(30), || {
        service.ask("GET", "/v1/tickets/old", &Value::Null).0 == 404
    });
    service.good("GET", "/v1/tickets/new", &Value::Null);
    assert!(service.service.terminate().success());
}

#[test]
fn the_command_that_forgets_refuses_a_clock_that_jumped_unless_it_is_told_that_it_is_right() {
    let Some(site) = Site::new() else { return };
    let service = site.start();
    service.good("POST", "/v1/triage", &json!({"ticket": {"id": "1", "body": "It jams."}}));
    assert!(service.service.terminate().success());
    let data = site.path("data");
    let (clock, flags) =
        (site.path("clock"), ["retention", "--apply", "--data", &data, "--config", &site.config]);
    let environment = [("LD_PRELOAD", site.library.as_str()), ("FAKETIME_TIMESTAMP_FILE", &clock)];
    site.set(2 * 365 * DAY);
    let refused = process::deskhand_in(&environment, &flags);
    assert!(!refused.status.success() && refused.stderr.contains("--clock-is-right"), "{}", refused.stderr);
    let told = ok(process::deskhand_in(&environment, &[&flags[..], &["--clock-is-right"]].concat()));
    assert!(told.contains("1 rows are forgotten"), "{told}");
}
