//! What the browser tests share: the service over the samples, and a portal of another origin.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::chromium::{self, Chromium, Tab};
use super::process::{Service, write};

/// The service over the samples, and a portal that holds its widget and its panels.
pub struct Stage {
    pub service: Service,
    program: PathBuf,
    /// Where the portal is: another origin than the service.
    pub portal: String,
    /// The settings that the service has.
    pub settings: String,
    _dir: TempDir,
}

/// Tests that run at the same time share one; the last one ends it.
static STAGE: Mutex<Weak<Stage>> = Mutex::new(Weak::new());

impl Stage {
    /// The stage, or nothing and a loud word where there is no browser.
    pub fn open() -> Option<Arc<Self>> {
        let Some(program) = chromium::find() else {
            eprintln!(
                "\nNOT TESTED: there is no Chromium on this machine, so no page was opened.\n\
                 Install one (Debian: apt-get install chromium) or name one with CHROMIUM=/path.\n"
            );
            return None;
        };
        let mut shared = STAGE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stage) = shared.upgrade() {
            return Some(stage);
        }
        let dir = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let portal = format!("http://{}", listener.local_addr().unwrap());
        let settings = write(
            dir.path(),
            "deskhand.toml",
            &format!(
                "[ui]\nlink_secret = \"for tests alone, 32 characters and more\"\nkeep_unanswered = 10\n\
                 frame_ancestors = [\"{portal}\"]\nwidget_origins = [\"{portal}\"]\n"
            ),
        );
        let data = dir.path().join("data").display().to_string();
        let service = Service::start(&["--demo", "--data", &data, "--config", &settings]);
        let address = service.address.clone();
        // Ends with the process; it holds nothing but its port.
        std::thread::spawn(move || serve_portal(&listener, &address));
        let stage = Arc::new(Self { service, program, portal, settings, _dir: dir });
        *shared = Arc::downgrade(&stage);
        Some(stage)
    }

    pub fn address(&self, path: &str) -> String {
        format!("http://{}{path}", self.service.address)
    }

    /// A browser with an empty page.
    pub fn browser(&self) -> Tab {
        Chromium::start(&self.program).tab()
    }

    /// A browser with a page of the service.
    pub fn tab(&self, path: &str) -> Tab {
        let mut tab = self.browser();
        tab.open(&self.address(path));
        tab
    }
}

/// What axe-core finds wrong and calls serious or worse.
pub fn faults(tab: &mut Tab) -> Vec<Value> {
    static AXE: OnceLock<String> = OnceLock::new();
    let axe = AXE.get_or_init(|| {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/axe/axe.min.js");
        std::fs::read_to_string(path).unwrap()
    });
    tab.call("Runtime.evaluate", json!({"expression": axe}));
    let found = tab.value(
        "axe.run().then(found => found.violations.filter(v => ['serious', 'critical'].includes(v.impact))\
         .map(v => [v.id, v.help, v.nodes.map(n => n.html + ' ' + n.failureSummary)]))",
    );
    found.as_array().unwrap().clone()
}

/// A portal: a form with the widget at `/`, and at `/desk` a frame with whatever follows the question mark.
fn serve_portal(listener: &TcpListener, service: &str) {
    for stream in listener.incoming().flatten() {
        let service = service.to_owned();
        // A browser opens connections beforehand on which it asks nothing; they must not keep others waiting.
        std::thread::spawn(move || answer(stream, &service));
    }
}

fn answer(mut stream: TcpStream, service: &str) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let asked = lines.next().transpose()?.unwrap_or_default();
    // The rest of the head, so that closing does not cut the answer off.
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let path = asked.split(' ').nth(1).unwrap_or("/").to_owned();
    let content = match path.split_once('?') {
        Some(("/desk", panel)) => {
            format!(
                "<h1>Ticket</h1><iframe title=\"Suggestions\" width=\"500\" height=\"600\" src=\"http://{service}{panel}\"></iframe>"
            )
        }
        Some(("/sent", _)) => "<h1>Thank you</h1>".to_owned(),
        _ => format!(
            "<h1>Write to us</h1><form action=\"/sent\"><label for=\"description\">What is the matter?</label>\
             <textarea id=\"description\" name=\"text\" rows=\"6\" cols=\"60\"></textarea><button>Send</button></form>\
             <script src=\"http://{service}/widget.js\" data-for=\"#description\" defer></script>"
        ),
    };
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Portal</title>\
         <link rel=\"icon\" href=\"data:,\"></head><body><main>{content}</main></body></html>"
    );
    // As strict as a portal may be: no style of its own, and nothing but Deskhand beside itself.
    let policy = format!(
        "default-src 'none'; img-src data:; script-src http://{service}; connect-src http://{service}; frame-src http://{service}; form-action 'self'"
    );
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\ncontent-security-policy: {policy}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{html}",
        html.len()
    )
}
