//! Every page in a real Chromium, as people use it: by keyboard, on a phone, in the dark, without scripts.
//!
//! Without a Chromium on this machine the tests say so and pass; `CHROMIUM` names one that is not on the
//! path. With `DESKHAND_PICTURES=docs/pages` they also take the pictures of the documentation.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stderr)]

mod chromium;
mod process;

use std::sync::{Arc, Mutex, PoisonError, Weak};

use chromium::{Chromium, Tab};
use process::Service;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The service over the samples, and a browser.
struct Stage {
    service: Service,
    chromium: Chromium,
    _dir: TempDir,
}

/// Tests that run at the same time share one; the last one ends it.
static STAGE: Mutex<Weak<Stage>> = Mutex::new(Weak::new());

impl Stage {
    fn open() -> Option<Arc<Self>> {
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
        let data = dir.path().join("data").display().to_string();
        let service = Service::start(&["--demo", "--data", &data]);
        let stage = Arc::new(Self { service, chromium: Chromium::start(&program), _dir: dir });
        *shared = Arc::downgrade(&stage);
        Some(stage)
    }

    fn address(&self, path: &str) -> String {
        format!("http://{}{path}", self.service.address)
    }

    fn tab(&self, path: &str) -> Tab {
        let mut tab = self.chromium.tab();
        tab.open(&self.address(path));
        tab
    }
}

/// One of each kind of page.
const PAGES: [&str; 3] = ["/", "/?example=LB-1035", "/articles/kb-larkvpn-connect-from-home"];

/// What axe-core finds wrong and calls serious or worse.
fn faults(tab: &mut Tab) -> Vec<Value> {
    let axe = include_str!("fixtures/axe/axe.min.js");
    tab.call("Runtime.evaluate", json!({"expression": axe}));
    let found = tab.value(
        "axe.run().then(found => found.violations.filter(v => ['serious', 'critical'].includes(v.impact))\
         .map(v => [v.id, v.help, v.nodes.map(n => n.html + ' ' + n.failureSummary)]))",
    );
    found.as_array().unwrap().clone()
}

#[test]
fn axe_finds_nothing_serious_on_any_page_in_light_and_in_dark() {
    let Some(stage) = Stage::open() else { return };
    for path in PAGES {
        let mut tab = stage.tab(path);
        for scheme in ["light", "dark"] {
            tab.scheme(scheme);
            assert_eq!(faults(&mut tab), [] as [Value; 0], "{path} in {scheme}");
        }
    }
}

#[test]
fn no_page_asks_anybody_else_for_anything_or_breaks_its_own_policy() {
    let Some(stage) = Stage::open() else { return };
    for path in PAGES {
        let mut tab = stage.tab(path);
        let own = stage.address("/");
        let requests = tab.requests();
        assert!(requests.len() >= 2, "{path}: {requests:?}");
        assert!(requests.iter().all(|address| address.starts_with(&own)), "{path}: {requests:?}");
        assert_eq!(tab.complaints(), [] as [String; 0], "{path}");
    }
}

#[test]
fn on_a_phone_no_page_has_to_be_moved_sideways() {
    let Some(stage) = Stage::open() else { return };
    for path in PAGES {
        let mut tab = stage.tab(path);
        tab.size(360, 740);
        let widths = tab.value("[document.scrollingElement.scrollWidth, innerWidth]");
        assert_eq!(widths, json!([360, 360]), "{path}");
    }
}
