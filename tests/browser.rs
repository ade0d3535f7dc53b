//! Every page in a real Chromium, as people use it: by keyboard, on a phone, in the dark, without scripts.
//!
//! Without a Chromium on this machine the tests say so and pass; `CHROMIUM` names one that is not on the
//! path. With `DESKHAND_PICTURES=docs/pages` they also take the pictures of the documentation.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stderr)]

mod chromium;
mod process;
mod stage;

use chromium::Tab;
use serde_json::{Value, json};
use stage::{Stage, faults};

/// One of each kind of page.
const PAGES: [&str; 15] = [
    "/",
    "/?example=LB-1035",
    "/articles/kb-larkvpn-connect-from-home",
    "/suggest",
    "/suggest?text=LarkVPN%20times%20out%20in%20my%20hotel",
    "/model?task=category&table=labels&sort=auto&dir=desc",
    "/coverage?from=2026-09-01&to=2026-12-01&articles=all",
    "/gaps?from=2026-09-01&to=2026-12-01",
    "/surveys?from=2026-09-01&to=2026-12-01&list=all",
    "/mismatches?from=2026-09-01&to=2026-12-01",
    "/performance?from=2026-09-01&to=2026-12-01&by=channel",
    "/signals?state=all",
    "/nowhere-at-all/../articles/none",
    "/deliveries?state=dead",
    "/accounts/organization/lyon-sales",
];

#[test]
fn axe_finds_nothing_serious_on_any_page_in_light_and_in_dark() {
    let Some(stage) = Stage::open() else { return };
    let mut tab = stage.browser();
    for path in PAGES {
        tab.open(&stage.address(path));
        for scheme in ["light", "dark"] {
            tab.scheme(scheme);
            assert_eq!(faults(&mut tab), [] as [Value; 0], "{path} in {scheme}");
        }
    }
}

#[test]
fn no_page_asks_anybody_else_for_anything_or_breaks_its_own_policy() {
    let Some(stage) = Stage::open() else { return };
    let mut tab = stage.browser();
    for path in PAGES {
        tab.open(&stage.address(path));
        // What Chromium draws a calendar with is in itself.
        let own = stage.address("/");
        let requests = tab.requests();
        assert!(requests.len() >= 2, "{path}: {requests:?}");
        assert!(
            requests.iter().all(|address| address.starts_with(&own) || address.starts_with("data:")),
            "{path}: {requests:?}"
        );
        let mut complaints = tab.complaints();
        // That a page of a missing article is a 404 is as it should be.
        complaints.retain(|told| !(path.ends_with("none") && told.contains("404")));
        assert_eq!(complaints, [] as [String; 0], "{path}");
    }
}

#[test]
fn on_a_phone_no_page_has_to_be_moved_sideways() {
    let Some(stage) = Stage::open() else { return };
    let mut tab = stage.browser();
    tab.size(360, 740);
    for path in PAGES {
        tab.open(&stage.address(path));
        let widths = tab.value("[document.scrollingElement.scrollWidth, innerWidth]");
        assert_eq!(widths, json!([360, 360]), "{path}");
    }
}

#[test]
fn by_keyboard_one_gets_past_the_navigation_and_to_another_page() {
    let Some(stage) = Stage::open() else { return };
    let mut tab = stage.tab("/");
    tab.key("Tab");
    assert_eq!(tab.text("document.activeElement.innerText"), "Skip to the content");
    let outline = tab.text("getComputedStyle(document.activeElement).outlineStyle");
    assert_eq!(outline, "solid", "where the focus is can be seen");
    tab.key("Enter");
    assert_eq!(tab.text("document.activeElement.id"), "main");
    tab.open(&stage.address("/"));
    for words in ["Skip to the content", "Deskhand", "Triage", "Suggestions"] {
        tab.key("Tab");
        assert_eq!(tab.text("document.activeElement.innerText").trim(), words);
    }
    tab.leads(|tab| tab.key("Enter"));
    assert_eq!(tab.text("location.pathname"), "/suggest");
    assert_eq!(tab.text_of("nav [aria-current=page]"), "Suggestions");
}

/// Sorts and filters the labels of the model by what stands on the page.
fn sort_and_filter(tab: &mut Tab) {
    let labels = "[...document.querySelectorAll('#labels tbody th')].map(cell => cell.innerText)";
    tab.leads(|tab| drop(tab.value("document.querySelector('#labels thead a').click()")));
    assert_eq!(tab.text("document.querySelector('#labels thead th').ariaSort"), "ascending");
    let up: Vec<String> = serde_json::from_value(tab.value(labels)).unwrap();
    let mut sorted = up.clone();
    sorted.sort_by_key(|label| label.to_lowercase());
    assert!(up.len() > 10 && up == sorted, "{up:?}");
    tab.leads(|tab| drop(tab.value("document.querySelector('#labels thead a').click()")));
    assert_eq!(tab.text("document.querySelector('#labels thead th').ariaSort"), "descending");
    tab.value("document.querySelector('#filter-task').value = 'impact'");
    tab.leads(|tab| drop(tab.value("document.querySelector('.filters button').click()")));
    let address = tab.text("location.search");
    assert!(address.contains("task=impact") && address.contains("sort=label"), "{address}");
    assert_eq!(tab.value(labels), json!(["medium", "low", "high"]));
}

#[test]
fn tables_are_sorted_and_filtered_by_links_and_a_form_which_stand_in_the_address() {
    let Some(stage) = Stage::open() else { return };
    let mut tab = stage.tab("/model");
    sort_and_filter(&mut tab);
    let address = tab.text("location.href");
    tab.open(&stage.address("/"));
    tab.open(&address);
    assert_eq!(tab.text_of("#labels tbody th"), "medium");
}

#[test]
fn without_scripts_all_works_the_same() {
    let Some(stage) = Stage::open() else { return };
    let mut tab = stage.tab("/model");
    tab.scripts(false);
    tab.open(&stage.address("/model"));
    sort_and_filter(&mut tab);
    tab.open(&stage.address("/suggest"));
    tab.value("document.querySelector('#text').value = 'LarkVPN times out in my hotel'");
    tab.leads(|tab| drop(tab.value("document.querySelector('main form button').click()")));
    assert!(tab.text_of("#answer").contains("LarkVPN"));
    tab.leads(|tab| drop(tab.value("document.querySelector('.voice button').click()")));
    assert_eq!(tab.text_of(".voice [role=status]"), "Noted: this helped.");
    tab.leads(|tab| drop(tab.value("document.querySelector('.voice button').click()")));
    assert_eq!(tab.text_of(".voice [role=status]"), "");
}

/// Closes the call after a low score, and takes up a gap, by what stands on the pages.
fn close_a_call_and_take_up_a_gap(stage: &Stage, tab: &mut Tab, owner: &str) {
    let press = "document.querySelector('.case form button').click()";
    let set = |tab: &mut Tab, field: &str, value: &str| {
        tab.value(&format!("document.querySelector({}).value = {}", json!(field), json!(value)));
    };
    tab.open(&stage.address("/surveys?days=all"));
    let survey = tab.text("document.querySelector('#follow-up input[name=id]').value");
    set(tab, "#call-owner", owner);
    set(tab, "#call-outcome", "reached");
    set(tab, "#call-cause", "process");
    tab.value("document.querySelector('#call-closed').checked = true");
    tab.leads(|tab| drop(tab.value(press)));
    assert_eq!(tab.text_of("#follow-up [role=status]"), "Kept.");
    assert_eq!(tab.text_of("#follow-up .badge"), "closed");
    tab.open(&stage.address("/surveys?days=all&list=closed"));
    let closed =
        tab.text("[...document.querySelectorAll('#calls tbody th')].map(cell => cell.innerText).join(' ')");
    assert!(closed.split(' ').any(|id| id == survey), "{survey}: {closed}");

    tab.open(&stage.address("/gaps?days=all"));
    let gap = tab.text("document.querySelector('#gap input[name=id]').value");
    set(tab, "#gap-state", "published");
    tab.leads(|tab| drop(tab.value(press)));
    assert!(tab.text_of("#problem").contains("needs the id of an article"), "there is none");
    set(tab, "#gap-state", "assigned");
    set(tab, "#gap-owner", owner);
    tab.leads(|tab| drop(tab.value(press)));
    assert_eq!(tab.text("document.querySelector('#gap input[name=id]').value"), gap);
    assert_eq!(tab.text_of("#gap .badge"), "assigned");
    // As it was, for those who look at it next.
    set(tab, "#gap-state", "open");
    tab.leads(|tab| drop(tab.value(press)));
    assert_eq!(tab.text_of("#gap .badge"), "open");
}

#[test]
fn a_call_is_closed_and_a_gap_taken_up_with_scripts_and_without() {
    let Some(stage) = Stage::open() else { return };
    let mut tab = stage.browser();
    close_a_call_and_take_up_a_gap(&stage, &mut tab, "kim");
    tab.scripts(false);
    close_a_call_and_take_up_a_gap(&stage, &mut tab, "mira");
}

#[test]
fn a_page_is_dark_for_those_who_want_it_dark() {
    let Some(stage) = Stage::open() else { return };
    let mut tab = stage.tab("/model");
    let mut light_of = |scheme: &str| {
        tab.scheme(scheme);
        let colour = tab.text("getComputedStyle(document.body).backgroundColor");
        let parts = colour.trim_start_matches("rgb(").trim_end_matches(')').split(", ");
        parts.map(|part| part.parse::<u32>().unwrap()).sum::<u32>()
    };
    assert!(light_of("light") > 600 && light_of("dark") < 150);
}

#[test]
fn pictures_of_each_page_are_taken_where_they_are_asked_for() {
    let Some(dir) = std::env::var_os("DESKHAND_PICTURES").map(std::path::PathBuf::from) else { return };
    let Some(stage) = Stage::open() else { return };
    std::fs::create_dir_all(&dir).unwrap();
    let mut tab = stage.browser();
    for (name, path, scheme, (width, height)) in [
        ("triage", PAGES[1], "light", (1100, 760)),
        ("triage-phone-dark", PAGES[1], "dark", (360, 740)),
        ("suggestions", PAGES[4], "light", (1100, 760)),
        ("coverage", PAGES[6], "light", (1100, 1000)),
        ("gaps", PAGES[7], "light", (1100, 1000)),
        ("surveys", PAGES[8], "light", (1100, 1000)),
        ("mismatches", PAGES[9], "light", (1100, 1000)),
        ("performance", PAGES[10], "light", (1100, 1000)),
        ("signals", PAGES[11], "light", (1100, 800)),
        ("account", PAGES[14], "light", (1100, 1000)),
        ("model", "/model", "light", (1000, 800)),
        ("model-dark", "/model?task=category#labels", "dark", (1000, 700)),
    ] {
        tab.scheme(scheme);
        tab.size(width, height);
        tab.open(&stage.address(path));
        let picture = tab.picture();
        assert!(picture.len() < 150_000, "{name} takes {} bytes", picture.len());
        std::fs::write(dir.join(format!("{name}.png")), picture).unwrap();
    }
}
