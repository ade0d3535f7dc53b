//! Gap groups as a page shows them: a ranked table, and one of them with its form and its proof of closure.

use super::coverage_view::TicketLink;
use super::figures::{Nothing, counted, number, percent, share, words};
use super::model_view::Fact;
use super::span::Span;
use super::table::{Address, Cell, Column, Table};
use super::view::{article_href, path};
use crate::audit::gaps::{Closure, Outline};
use crate::audit::{Decided, GapReport, KeptGap, QuietGap};
use crate::charts::{Figure, Naming, Pareto, ParetoBar};
use crate::store::GapState;

/// Groups of one picture.
const DRAWN: usize = 12;
const TICKETS: [&str; 2] = ["ticket", "tickets"];

/// What a person may decide, by its name in forms.
const STATES: [(&str, GapState); 5] = [
    ("open", GapState::Open),
    ("assigned", GapState::Assigned),
    ("drafted", GapState::Drafted),
    ("published", GapState::Published),
    ("dismissed", GapState::Dismissed),
];

/// A state by its name in forms.
pub(super) fn state(name: &str) -> Option<GapState> {
    STATES.iter().find(|(known, _)| *known == name).map(|(_, state)| *state)
}

fn state_name(state: GapState) -> &'static str {
    STATES.iter().find(|(_, known)| *known == state).map_or("expired", |(name, _)| name)
}

/// What to say where there is no group.
pub(super) fn none(report: &GapReport) -> Nothing {
    let left = match report.unanswered as u64 {
        0 => "Every ticket of this time that was searched for an article has one.".to_owned(),
        count => format!(
            "{} of this time had no answer, but no three of them are about the same.",
            counted(count, TICKETS)
        ),
    };
    Nothing::found(format!("There are no groups. {left}"))
}

/// The time of a report in words.
pub(super) fn time(report: &GapReport) -> String {
    let span = Span { from: report.window.from, to: report.window.to };
    format!("Tickets of {}; read {} UTC.", span.words(), report.as_of.strftime("%-d %b %Y, %H:%M"))
}

/// The figures at the top.
pub(super) fn facts(report: &GapReport) -> Vec<Fact> {
    let looked = if report.looked_at < report.unanswered {
        format!("{} of {}", report.looked_at, report.unanswered)
    } else {
        report.unanswered.to_string()
    };
    vec![
        ("Tickets without an answer", looked),
        ("In groups", report.grouped.to_string()),
        ("Groups", report.groups.len().to_string()),
        ("Hold 80 % of the grouped tickets", counted(report.vital as u64, ["group", "groups"])),
    ]
}

fn link(address: &Address, id: &str, name: &str) -> Cell {
    let name = if name.is_empty() { id } else { name };
    Cell::Link { href: address.with(&[("gap", id), ("said", "")], "gap"), words: name.to_owned() }
}

/// One row for each group, the costliest first.
pub(super) fn groups(report: Option<&GapReport>, address: &Address) -> Table {
    let row = |kept: &KeptGap| {
        let gap = &kept.gap;
        vec![
            link(address, &gap.id, &gap.name),
            Cell::count(gap.tickets as u64),
            Cell::number(gap.cost, 0),
            Cell::number(gap.minutes, 0),
            share(Some(gap.cumulative)),
            share(Some(gap.answer_confidence)),
            words(gap.category.as_deref().map(path).as_deref()),
            Cell::words(state_name(kept.decided.state)),
            words(kept.decided.owner.as_deref()),
            Cell::words(&gap.outline.title),
            Cell::words(&gap.id),
        ]
    };
    Table {
        id: "groups",
        caption: "Groups of unanswered tickets, the costliest first".into(),
        one_many: ["group", "groups"],
        if_empty: "No group has a ticket in this time.".into(),
        columns: vec![
            Column::words("name", "Telling words"),
            Column::numbers("tickets", "Tickets"),
            Column::numbers("cost", "Cost in minutes"),
            Column::numbers("minutes", "A ticket"),
            Column::numbers("cumulative", "Together"),
            Column::numbers("answer_confidence", "Answered"),
            Column::words("category", "Category"),
            Column::words("state", "State"),
            Column::words("owner", "Owner"),
            Column::words("title", "Proposed title"),
            Column::words("id", "Id"),
        ],
        rows: report.map(|report| report.groups.iter().map(row).collect()).unwrap_or_default(),
    }
}

/// Groups from before that have no ticket in this time.
pub(super) fn others(report: Option<&GapReport>, address: &Address) -> Table {
    let row = |quiet: &QuietGap| {
        vec![
            link(address, &quiet.id, &quiet.name),
            Cell::words(state_name(quiet.decided.state)),
            words(quiet.decided.owner.as_deref()),
            words(quiet.decided.article_id.as_deref()),
            Cell::words(quiet.last_seen_at.strftime("%Y-%m-%d").to_string()),
            number(quiet.closure.as_ref().and_then(|closure| closure.confidence_now), 2),
        ]
    };
    Table {
        id: "others",
        caption: "Groups from before without a ticket in this time".into(),
        one_many: ["group", "groups"],
        if_empty: "There is none.".into(),
        columns: vec![
            Column::words("name", "Telling words"),
            Column::words("state", "State"),
            Column::words("owner", "Owner"),
            Column::words("article_id", "Article"),
            Column::words("last_seen", "Last seen"),
            Column::numbers("confidence_now", "Answered now"),
        ],
        rows: report.map(|report| report.others.iter().map(row).collect()).unwrap_or_default(),
    }
}

/// Which groups cost most.
pub(super) fn costs(report: Option<&GapReport>) -> Figure {
    let groups = report.map(|report| report.groups.as_slice()).unwrap_or_default();
    let bars = groups.iter().map(|kept| ParetoBar { name: kept.gap.name.clone(), amount: kept.gap.cost });
    Pareto {
        naming: Naming {
            id: "costs",
            title: "Which groups make up 80 % of the cost: tickets × minutes × dissatisfaction",
            if_empty: "No group has a ticket in this time.",
        },
        of: "group",
        amount: "minutes",
        cover: 0.8,
        most: DRAWN,
        bars: bars.collect(),
    }
    .figure()
}

/// One group with its form.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) state: &'static str,
    /// What is known of its tickets; nothing of a group without tickets in this time.
    pub(super) found: Option<FoundView>,
    pub(super) owner: String,
    pub(super) article_id: String,
    /// Where its article is read.
    pub(super) article: Option<String>,
    /// What moved since the article came out.
    pub(super) closure: Vec<Fact>,
    /// Names of states, and whether it is in them.
    pub(super) states: Vec<(&'static str, bool)>,
    pub(super) back: String,
}

/// The tickets of a group.
#[derive(Debug)]
pub(super) struct FoundView {
    pub(super) typical: TicketLink,
    pub(super) subject: String,
    pub(super) told: String,
    pub(super) outline: Outline,
    pub(super) tickets: Vec<TicketLink>,
    pub(super) more: usize,
}

/// Tickets of a group that are linked.
const LINKED: usize = 30;

/// The group that the address names, else the costliest.
pub(super) fn case(report: &GapReport, address: &Address) -> Option<Case> {
    let asked = address.get("gap");
    let found = match asked {
        None => report.groups.first(),
        Some(id) => report.groups.iter().find(|kept| kept.gap.id == id),
    };
    if let Some(kept) = found {
        let case = Case::new(&kept.gap.id, &kept.gap.name, &kept.decided, kept.closure.as_ref(), address);
        return Some(Case { found: Some(FoundView::new(kept)), ..case });
    }
    let quiet = report.others.iter().find(|quiet| Some(quiet.id.as_str()) == asked)?;
    Some(Case::new(&quiet.id, &quiet.name, &quiet.decided, quiet.closure.as_ref(), address))
}

impl Case {
    fn new(id: &str, name: &str, decided: &Decided, closure: Option<&Closure>, address: &Address) -> Self {
        Self {
            id: id.to_owned(),
            name: if name.is_empty() { id } else { name }.to_owned(),
            state: state_name(decided.state),
            found: None,
            owner: decided.owner.clone().unwrap_or_default(),
            article: decided.article_id.as_deref().map(article_href),
            article_id: decided.article_id.clone().unwrap_or_default(),
            closure: closure.map(closed).unwrap_or_default(),
            states: STATES.iter().map(|(name, state)| (*name, *state == decided.state)).collect(),
            back: address.with(&[("gap", id), ("said", "")], "").replacen(address.path(), "", 1),
        }
    }
}

impl FoundView {
    fn new(kept: &KeptGap) -> Self {
        let gap = &kept.gap;
        let told = format!(
            "{}, each about {:.0} minutes; {:.0} minutes in all. Mean answer confidence {}.",
            counted(gap.tickets as u64, TICKETS),
            gap.minutes,
            gap.cost,
            percent(gap.answer_confidence)
        );
        Self {
            typical: TicketLink::new(&gap.typical.id),
            subject: gap.typical.subject.clone(),
            told,
            outline: gap.outline.clone(),
            tickets: gap.members.iter().take(LINKED).map(|id| TicketLink::new(id)).collect(),
            more: gap.members.len().saturating_sub(LINKED),
        }
    }
}

/// What moved since an article came out, in words.
fn closed(closure: &Closure) -> Vec<Fact> {
    let now = closure.confidence_now.map_or("its tickets are gone".to_owned(), percent);
    let after =
        closure.weekly_after.map_or("not known in the first week".to_owned(), |after| format!("{after:.1}"));
    vec![
        ("Published", closure.published_at.strftime("%-d %b %Y").to_string()),
        ("Answer confidence", format!("{} then, {now} now", percent(closure.confidence_then))),
        (
            "The article is found first",
            format!("on {} of {}", closure.found_first, counted(closure.searched as u64, TICKETS)),
        ),
        ("Attached or solved by it", counted(closure.attached, TICKETS)),
        ("Unanswered a week", format!("{:.1} before, {after} since", closure.weekly_before)),
    ]
}
