//! What other sites show of Deskhand, in a real Chromium: the widget in a portal's form, and a ticket's panel
//! in a helpdesk's frame. Without a Chromium on this machine the tests say so and pass.

#![allow(missing_docs, clippy::unwrap_used)]

mod chromium;
mod process;
mod stage;

use chromium::Tab;
use process::{deskhand, ok};
use serde_json::{Value, json};
use stage::{Stage, faults};

/// The widget's insides.
const INSIDE: &str = "document.querySelector('#description + div').shadowRoot";

fn portal(stage: &Stage) -> Tab {
    let mut tab = stage.browser();
    tab.open(&format!("{}/", stage.portal));
    tab.value("document.querySelector('#description').focus()");
    tab
}

fn summed(stage: &Stage) -> (u64, u64) {
    let (_, sums) = stage.service.json("GET", "/v1/deflections/summary", &Value::Null);
    (sums["deflected"].as_u64().unwrap(), sums["unanswered"].as_u64().unwrap())
}

#[test]
fn the_widget_suggests_while_one_types_and_counts_a_ticket_that_need_not_be_written() {
    let Some(stage) = Stage::open() else { return };
    let mut tab = portal(&stage);
    let before = summed(&stage).0;
    tab.types("How do I connect to LarkVPN from a hotel?");
    tab.wait_for(&format!("!{INSIDE}.querySelector('section').hidden"));
    let said = tab.text(&format!("{INSIDE}.querySelector('[role=status]').innerText"));
    assert!(said.contains("may help"), "{said}");
    let titles = tab.value(&format!("[...{INSIDE}.querySelectorAll('h3')].map(title => title.innerText)"));
    let titles = titles.as_array().unwrap().clone();
    assert!((1..=3).contains(&titles.len()) && titles[0].as_str().unwrap().contains("LarkVPN"), "{titles:?}");
    assert_eq!(faults(&mut tab), [] as [Value; 0]);
    assert_eq!(tab.complaints(), [] as [String; 0]);
    let strange = tab.requests().into_iter().find(|address| {
        !address.starts_with(&stage.portal)
            && !address.starts_with(&stage.address("/"))
            && address != "data:,"
    });
    assert_eq!(strange, None);
    // By keyboard: on from the field to the button of the first article.
    tab.value(
        "window.told = null; addEventListener('deskhand:solved', event => told = event.detail.article_id)",
    );
    let focused = format!("{INSIDE}.activeElement?.innerText ?? ''");
    for _ in 0..3 {
        tab.key("Tab");
        if tab.text(&focused) == "This solved it" {
            break;
        }
    }
    assert_eq!(tab.text(&focused), "This solved it");
    tab.key("Enter");
    tab.wait_for("told !== null");
    assert_eq!(tab.text("document.activeElement.id"), "description");
    chromium::wait("the ticket to be counted", || (summed(&stage).0 == before + 1).then_some(()));
}

#[test]
fn what_was_sent_without_an_answer_is_counted_as_such() {
    let Some(stage) = Stage::open() else { return };
    let mut tab = portal(&stage);
    let before = summed(&stage).1;
    tab.types("zzkv qwpt mlrf vbnx ttrw, and kplo zxmn ghtr besides");
    tab.wait_for("performance.getEntriesByType('resource').some(entry => entry.name.endsWith('/v1/suggest') && entry.responseEnd > 0)");
    assert_eq!(tab.value(&format!("{INSIDE}.querySelector('section').hidden")), json!(true));
    std::thread::sleep(std::time::Duration::from_millis(200));
    tab.leads(|tab| drop(tab.value("document.querySelector('button').click()")));
    assert_eq!(tab.text_of("h1"), "Thank you");
    chromium::wait("the visit to be counted", || (summed(&stage).1 == before + 1).then_some(()));
}

#[test]
fn a_helpdesk_shows_a_ticket_s_panel_in_a_frame_and_no_page_but_that() {
    let Some(stage) = Stage::open() else { return };
    let ticket = json!({"ticket": {"id": "T 1", "subject": "LarkVPN in a hotel", "body": "It times out."}});
    assert_eq!(stage.service.json("POST", "/v1/triage", &ticket).0, 200);
    let made = ok(deskhand(&["link", "--ticket", "T 1", "--hours", "2", "--config", &stage.settings]));
    let mut tab = stage.browser();
    tab.open(&format!("{}/desk?{}", stage.portal, made.trim()));
    assert_eq!(tab.complaints(), [] as [String; 0]);
    // The frame is of another origin, so its page is looked at in a tab of its own.
    let mut panel = stage.tab(made.trim());
    assert!(panel.text_of("#answer").contains("LarkVPN"));
    panel.size(360, 740);
    assert_eq!(panel.value("document.scrollingElement.scrollWidth"), 360);
    assert_eq!(faults(&mut panel), [] as [Value; 0]);
    panel.leads(|panel| drop(panel.value("document.querySelector('.voice button').click()")));
    assert_eq!(panel.text_of(".voice [role=status]"), "Noted: this helped.");
    tab.open(&format!("{}/desk?/model", stage.portal));
    let complaints = tab.complaints().join(" ");
    assert!(complaints.contains("frame-ancestors"), "{complaints}");
}

#[test]
fn pictures_of_what_other_sites_show_are_taken_where_they_are_asked_for() {
    let Some(dir) = std::env::var_os("DESKHAND_PICTURES").map(std::path::PathBuf::from) else { return };
    let Some(stage) = Stage::open() else { return };
    std::fs::create_dir_all(&dir).unwrap();
    let mut tab = portal(&stage);
    tab.size(800, 760);
    tab.types("How do I connect to LarkVPN from a hotel?");
    tab.wait_for(&format!("!{INSIDE}.querySelector('section').hidden"));
    let picture = tab.picture();
    assert!(picture.len() < 150_000);
    std::fs::write(dir.join("widget.png"), picture).unwrap();
}
