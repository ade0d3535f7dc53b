//! The mismatch ledger as a page shows it: groups, what they cost, and the tickets that show it.

use super::coverage_view::TicketLink;
use super::figures::{counted, percent, sentence, words};
use super::model_view::Fact;
use super::table::{Address, Cell, Column, Filter, Table};
use super::view::path;
use crate::audit::mismatches::{By, Evidence as Wrong, Ledger, LedgerGroup, Task, TaskCounts, WrongPair};
use crate::charts::{Figure, IntervalBar, IntervalBars, Naming};

/// Groups of the picture, and groups whose tickets are shown.
const DRAWN: usize = 10;

const BY: [(&str, &str, By); 3] = [
    ("submitter", "submitter", By::Submitter),
    ("form", "form", By::Form),
    ("channel", "channel", By::Channel),
];

/// By what the address asks to sum up.
pub(super) fn by(address: &Address) -> By {
    let asked = address.get("by");
    BY.iter().find(|(key, ..)| Some(*key) == asked).map_or_else(By::default, |(.., by)| *by)
}

/// Which label the address asks for; both where it says none.
pub(super) fn task(address: &Address) -> Option<Task> {
    match address.get("task") {
        Some("category") => Some(Task::Category),
        Some("priority") => Some(Task::Priority),
        _ => None,
    }
}

/// The filter of this page, but for the time.
pub(super) fn filters() -> Vec<Filter> {
    vec![
        Filter::choice("by", "Sum up by", BY.map(|(key, words, _)| (key, words))),
        Filter::choice("task", "Label", [("", "both"), ("category", "category"), ("priority", "priority")]),
    ]
}

/// What to say where nothing could be compared.
pub(super) fn none(ledger: &Ledger) -> String {
    ledger.warnings.iter().map(|warning| sentence(warning)).collect::<Vec<_>>().join(" ")
}

/// What a reader must know, each as a sentence.
pub(super) fn warnings(ledger: &Ledger) -> Vec<String> {
    let mut told: Vec<String> = ledger.warnings.iter().map(|warning| sentence(warning)).collect();
    if ledger.groups_total > ledger.groups.len() {
        told.push(format!(
            "The {} most costly of {} groups are listed.",
            ledger.groups.len(),
            ledger.groups_total
        ));
    }
    told
}

/// The figures at the top.
pub(super) fn facts(ledger: &Ledger) -> Vec<Fact> {
    let total = &ledger.total;
    let wrong = |counts: &TaskCounts| {
        let share = if counts.compared > 0 {
            format!(" ({})", percent(counts.wrong as f64 / counts.compared as f64))
        } else {
            String::new()
        };
        format!("{} of {} settled{share}, {} suspected", counts.wrong, counts.compared, counts.suspected)
    };
    let mut facts = vec![
        ("Tickets that could be compared", total.tickets.to_string()),
        ("Cost by the weights", format!("{:.0}", total.cost)),
    ];
    facts.extend(total.category.as_ref().map(|counts| ("Wrong categories", wrong(counts))));
    facts.extend(total.priority.as_ref().map(|counts| ("Wrong priorities", wrong(counts))));
    facts.extend(total.priority.as_ref().map(|counts| ("P1 submitted lower", counts.under_p1.to_string())));
    facts
}

fn name(group: &LedgerGroup) -> String {
    group.name.clone().unwrap_or_else(|| "not known".to_owned())
}

/// A group, the one `at` this place; of the first ones the name leads to their tickets.
fn row(at: usize, group: &LedgerGroup, address: &Address) -> Vec<Cell> {
    let named = if at < DRAWN && !group.evidence.is_empty() {
        Cell::Link { href: format!("{}#tickets-{at}", address.with(&[], "")), words: name(group) }
    } else {
        Cell::words(name(group))
    };
    let of = |counts: &Option<TaskCounts>, value: fn(&TaskCounts) -> u64| {
        counts.as_ref().map_or(Cell::Nothing, |counts| Cell::count(value(counts)))
    };
    let worst = group.evidence.first().map(|wrong| TicketLink::new(&wrong.ticket_id));
    vec![
        named,
        Cell::number(group.cost, 1),
        Cell::count(group.tickets),
        of(&group.category, |counts| counts.wrong),
        of(&group.category, |counts| counts.compared),
        of(&group.category, |counts| counts.suspected),
        of(&group.priority, |counts| counts.wrong),
        of(&group.priority, |counts| counts.compared),
        of(&group.priority, |counts| counts.suspected),
        of(&group.priority, |counts| counts.under),
        of(&group.priority, |counts| counts.under_p1),
        of(&group.priority, |counts| counts.over),
        worst.map_or(Cell::Nothing, |ticket| Cell::Link { href: ticket.href, words: ticket.id }),
    ]
}

/// One row for each group, the worst first.
pub(super) fn groups(ledger: Option<&Ledger>, address: &Address) -> Table {
    let groups = ledger.map(|ledger| ledger.groups.as_slice()).unwrap_or_default();
    Table {
        id: "groups",
        caption: "Groups, the most costly first".into(),
        one_many: ["group", "groups"],
        if_empty: "There is no group to show.".into(),
        columns: vec![
            Column::words("group", "Who or what"),
            Column::numbers("cost", "Cost"),
            Column::numbers("tickets", "Tickets"),
            Column::numbers("category_wrong", "Wrong categories"),
            Column::numbers("category_compared", "of"),
            Column::numbers("category_suspected", "suspected"),
            Column::numbers("priority_wrong", "Wrong priorities"),
            Column::numbers("priority_compared", "of"),
            Column::numbers("priority_suspected", "suspected"),
            Column::numbers("under", "Too low"),
            Column::numbers("under_p1", "P1 too low"),
            Column::numbers("over", "Too high"),
            Column::words("worst_ticket", "Worst ticket"),
        ],
        rows: groups.iter().enumerate().map(|(at, group)| row(at, group, address)).collect(),
    }
}

/// What the most costly groups cost.
pub(super) fn costs(ledger: Option<&Ledger>) -> Figure {
    let groups = ledger.map(|ledger| ledger.groups.as_slice()).unwrap_or_default();
    let costly = groups.iter().filter(|group| group.cost > 0.0).take(DRAWN);
    let bar = |group: &LedgerGroup| IntervalBar {
        name: name(group),
        value: group.cost,
        interval: None,
        mark: None,
        shown: format!("{:.1} on {}", group.cost, counted(group.tickets, ["ticket", "tickets"])),
    };
    IntervalBars {
        naming: Naming {
            id: "costs",
            title: "What wrong labels cost, the costliest first",
            if_empty: "No label of this time is wrong or suspected.",
        },
        of: "group",
        value: "cost",
        mark: "",
        most: None,
        bars: costly.map(bar).collect(),
    }
    .figure()
}

/// The worst tickets of a group.
#[derive(Debug)]
pub(super) struct Evidence {
    /// The end of its anchor.
    pub(super) at: usize,
    pub(super) name: String,
    pub(super) tickets: Vec<WrongView>,
}

/// A wrong label.
#[derive(Debug)]
pub(super) struct WrongView {
    pub(super) ticket: TicketLink,
    pub(super) told: String,
}

/// The tickets of the most costly groups.
pub(super) fn evidence(ledger: &Ledger) -> Vec<Evidence> {
    let groups = ledger.groups.iter().take(DRAWN).enumerate();
    let of = |(at, group): (usize, &LedgerGroup)| Evidence {
        at,
        name: name(group),
        tickets: group.evidence.iter().map(wrong).collect(),
    };
    groups.filter(|(_, group)| !group.evidence.is_empty()).map(of).collect()
}

fn task_name(task: Task) -> &'static str {
    match task {
        Task::Category => "category",
        Task::Priority => "priority",
    }
}

fn wrong(wrong: &Wrong) -> WrongView {
    let settled = match &wrong.settled {
        Some(settled) => format!("settled as {}", path(settled)),
        None => "not settled yet".to_owned(),
    };
    let predicted =
        wrong.predicted.as_deref().map_or_else(String::new, |it| format!(", predicted as {}", path(it)));
    WrongView {
        ticket: TicketLink::new(&wrong.ticket_id),
        told: format!(
            "{} submitted as {}{predicted}, {settled}; cost {:.1}",
            task_name(wrong.task),
            path(&wrong.submitted),
            wrong.cost
        ),
    }
}

/// One row for each mistake that is made again and again.
pub(super) fn pairs(ledger: Option<&Ledger>) -> Table {
    let row = |pair: &WrongPair| {
        vec![
            words(Some(&path(&pair.submitted))),
            Cell::words(path(&pair.settled)),
            Cell::words(task_name(pair.task)),
            Cell::count(pair.tickets),
        ]
    };
    Table {
        id: "pairs",
        caption: "What is taken for what".into(),
        one_many: ["mistake", "mistakes"],
        if_empty: "No settled label differs from what was submitted.".into(),
        columns: vec![
            Column::words("submitted", "Submitted"),
            Column::words("settled", "Settled"),
            Column::words("label", "Label"),
            Column::numbers("tickets", "Tickets"),
        ],
        rows: ledger.map(|ledger| ledger.pairs.iter().map(row).collect()).unwrap_or_default(),
    }
}
