//! Deliveries and updates of tickets as a page shows them.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::figures::words;
use super::model_view::Fact;
use super::table::{Address, Cell, Column, Filter, Table};
use crate::integrations::hooks::HOOK;
use crate::integrations::{Update, WRITE_BACK};
use crate::store::{EVENT, Job, JobState, KeptUpdate, UpdateState};

/// Kinds of jobs that the page knows, with words.
const KINDS: [(&str, &str); 4] = [
    ("", "everything"),
    (HOOK, "deliveries of helpdesks"),
    (WRITE_BACK, "tickets written into"),
    (EVENT, "events for other systems"),
];

const STATES: [(&str, &str, Option<JobState>); 4] = [
    ("", "any", None),
    ("waiting", "waiting", Some(JobState::Waiting)),
    ("done", "done", Some(JobState::Done)),
    ("dead", "given up", Some(JobState::Dead)),
];

/// The form that narrows the page down.
pub(super) fn filters() -> Vec<Filter> {
    vec![
        Filter::choice("kind", "Jobs", KINDS),
        Filter::choice("state", "State", STATES.map(|(name, words, _)| (name, words))),
        Filter::words("ticket", "Updates of ticket"),
    ]
}

/// The kind that the address asks for.
pub(super) fn kind(address: &Address) -> Option<String> {
    address.get("kind").map(str::to_owned)
}

/// The state that the address asks for.
pub(super) fn state(address: &Address) -> Option<JobState> {
    let asked = address.get("state")?;
    STATES.iter().find(|(name, ..)| *name == asked).and_then(|(.., state)| *state)
}

fn state_words(state: JobState) -> &'static str {
    STATES.iter().find(|(.., known)| *known == Some(state)).map_or("", |(_, words, _)| *words)
}

fn kind_words(kind: &str) -> &str {
    match kind {
        HOOK => "delivery",
        WRITE_BACK => "update of a ticket",
        EVENT => "event",
        other => other,
    }
}

/// How many there are.
pub(super) fn facts(counts: &BTreeMap<(String, JobState), u64>) -> Vec<Fact> {
    let count = |kind: &str, state| counts.get(&(kind.to_owned(), state)).copied().unwrap_or(0).to_string();
    let dead: u64 =
        counts.iter().filter(|((_, state), _)| *state == JobState::Dead).map(|(_, count)| count).sum();
    vec![
        ("Deliveries waiting", count(HOOK, JobState::Waiting)),
        ("Deliveries done", count(HOOK, JobState::Done)),
        ("Updates waiting", count(WRITE_BACK, JobState::Waiting)),
        ("Updates written", count(WRITE_BACK, JobState::Done)),
        ("Given up", dead.to_string()),
    ]
}

/// A job that was given up.
#[derive(Debug)]
pub(super) struct DeadJob {
    pub(super) id: i64,
    pub(super) what: String,
    pub(super) why: String,
    pub(super) when: String,
}

impl DeadJob {
    pub(super) fn of(job: &Job) -> Self {
        Self {
            id: job.id,
            what: format!("{} {}", kind_words(&job.kind), job.key),
            why: job.error.clone().unwrap_or_else(|| "no reason was kept".to_owned()),
            when: job.finished_at.map_or_else(String::new, time),
        }
    }
}

/// The table of jobs.
pub(super) fn jobs(jobs: &[Job]) -> Table {
    let row = |job: &Job| {
        vec![
            Cell::count(job.id.unsigned_abs()),
            Cell::words(kind_words(&job.kind)),
            Cell::words(job.key.clone()),
            words(job.subject.as_deref()),
            Cell::words(state_words(job.state)),
            Cell::count(u64::from(job.attempts)),
            words(job.error.as_deref()),
            Cell::words(time(job.created_at)),
        ]
    };
    Table {
        id: "jobs",
        caption: "Jobs".to_owned(),
        one_many: ["job", "jobs"],
        if_empty: "There are none. Set a helpdesk up as docs/integrations tells, and have it send a ticket."
            .to_owned(),
        columns: vec![
            Column::numbers("number", "Number"),
            Column::words("kind", "Kind"),
            Column::words("key", "Key"),
            Column::words("subject", "About"),
            Column::words("state", "State"),
            Column::numbers("attempts", "Attempts"),
            Column::words("error", "Last failure"),
            Column::words("came", "Came"),
        ],
        rows: jobs.iter().map(row).collect(),
    }
}

/// The table of updates.
pub(super) fn updates(updates: &[KeptUpdate]) -> Table {
    let row = |kept: &KeptUpdate| {
        let update: Option<Update> = serde_json::from_value(kept.update.content.clone()).ok();
        let update = update.as_ref();
        let priority = update.and_then(|update| update.priority).map(|priority| priority.label());
        let articles = update.and_then(|update| update.note.as_ref()).map(|note| note.articles.len());
        let id = &kept.update.ticket_id;
        vec![
            Cell::words(id.clone()),
            Cell::words(kept.update.product.clone()),
            Cell::words(update_words(kept.state())),
            words(update.and_then(|update| update.category.as_deref())),
            words(priority),
            articles.map_or(Cell::Nothing, |count| Cell::count(count as u64)),
            words(kept.job.as_ref().and_then(|(.., error)| error.as_deref())),
            Cell::words(time(kept.update.created_at)),
        ]
    };
    Table {
        id: "updates",
        caption: "Updates of tickets".to_owned(),
        one_many: ["update", "updates"],
        if_empty: "No ticket of a helpdesk was answered yet.".to_owned(),
        columns: vec![
            Column::words("ticket", "Ticket"),
            Column::words("helpdesk", "Helpdesk"),
            Column::words("state", "State"),
            Column::words("category", "Category set"),
            Column::words("priority", "Priority set"),
            Column::numbers("articles", "Articles in the note"),
            Column::words("error", "Last failure"),
            Column::words("answered", "Answered"),
        ],
        rows: updates.iter().map(row).collect(),
    }
}

fn update_words(state: UpdateState) -> &'static str {
    match state {
        UpdateState::DryRun => "dry run: not written",
        UpdateState::Nothing => "nothing to write",
        UpdateState::Waiting => "waiting",
        UpdateState::Written => "written",
        UpdateState::Dead => "given up",
        UpdateState::Forgotten => "too long ago",
    }
}

fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}
