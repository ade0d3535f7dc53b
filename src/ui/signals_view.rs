//! Signals as the pages show them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::coverage_view::{TicketLink, ticket_href};
use super::table::{Address, Cell, Column, Filter, Table};
use super::view::escaped;
use crate::signals::sentence;
use crate::store::{SignalRecord, SignalRule, SignalState, Subject, SubjectKind};

/// Rules by the words of an address, with what a reader calls them.
pub(super) const RULES: [(&str, &str, SignalRule); 9] = [
    ("sla_at_risk", "SLA at risk", SignalRule::SlaAtRisk),
    ("silence_after_acknowledgment", "Silence after acknowledgment", SignalRule::SilenceAfterAcknowledgment),
    ("reopened_repeatedly", "Reopened more than once", SignalRule::ReopenedRepeatedly),
    ("low_scores_in_a_row", "Low scores in a row", SignalRule::LowScoresInARow),
    ("volume_above_average", "More tickets than usual", SignalRule::VolumeAboveAverage),
    ("tickets_across_categories", "Tickets of several categories", SignalRule::TicketsAcrossCategories),
    ("contacts_without_solution", "Contacts without solution", SignalRule::ContactsWithoutSolution),
    ("silent_after_low_score", "Silent after a low score", SignalRule::SilentAfterLowScore),
    ("incident_suspected", "Possible major incident", SignalRule::IncidentSuspected),
];

/// What a reader calls the rule.
pub(super) fn rule_words(rule: SignalRule) -> &'static str {
    RULES.iter().find(|(_, _, known)| *known == rule).map_or("Signal", |(_, words, _)| words)
}

fn state_words(state: SignalState) -> &'static str {
    match state {
        SignalState::Open => "open",
        SignalState::Dismissed => "set aside",
        SignalState::Resolved => "over",
    }
}

/// What narrows the list down.
pub(super) fn filters() -> Vec<Filter> {
    let states = [("open", "open"), ("dismissed", "set aside"), ("resolved", "over"), ("all", "all")];
    let rules = RULES.map(|(key, words, _)| (key, words));
    vec![
        Filter::choice("state", "State", states),
        Filter::choice("rule", "What", [("", "all")].into_iter().chain(rules)),
    ]
}

/// Where a subject is read: an account has a page, a ticket and an incident's first ticket what is kept of them.
fn subject_href(subject: &Subject) -> String {
    match subject.kind {
        SubjectKind::Requester => format!("/accounts/requester/{}", escaped(&subject.id)),
        SubjectKind::Organization => format!("/accounts/organization/{}", escaped(&subject.id)),
        SubjectKind::Ticket | SubjectKind::Incident => ticket_href(&subject.id),
    }
}

fn subject_words(subject: &Subject) -> String {
    let kind = match subject.kind {
        SubjectKind::Ticket => "Ticket",
        SubjectKind::Requester => "Requester",
        SubjectKind::Organization => "Organization",
        SubjectKind::Incident => "Tickets since",
    };
    format!("{kind} {}", subject.id)
}

fn shown(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// One row for each signal, the newest first.
pub(super) fn table(signals: &[SignalRecord], zone: &TimeZone, href: impl Fn(&str) -> String) -> Table {
    let row = |signal: &SignalRecord| {
        vec![
            Cell::Link { href: href(&signal.id), words: rule_words(signal.rule).to_owned() },
            Cell::Link { href: subject_href(&signal.subject), words: subject_words(&signal.subject) },
            Cell::words(sentence(signal.rule, &signal.evidence, zone)),
            Cell::words(shown(signal.raised_at, zone)),
            Cell::words(state_words(signal.state())),
        ]
    };
    Table {
        id: "signals",
        caption: "Signals, the newest first".into(),
        one_many: ["signal", "signals"],
        if_empty: "There is no such signal.".into(),
        columns: vec![
            Column::words("rule", "What"),
            Column::words("subject", "Who"),
            Column::words("told", "Why"),
            Column::words("raised_at", "Raised"),
            Column::words("state", "State"),
        ],
        rows: signals.iter().map(row).collect(),
    }
}

/// The signal that a reader has chosen.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) id: String,
    pub(super) name: &'static str,
    pub(super) state: &'static str,
    pub(super) told: String,
    pub(super) subject: String,
    pub(super) subject_href: String,
    pub(super) raised: String,
    /// Who set it aside and when.
    pub(super) dismissed: Option<String>,
    /// Since when it is over.
    pub(super) over: Option<String>,
    /// Words that the tickets of an incident have in common.
    pub(super) words: String,
    pub(super) tickets: Vec<TicketLink>,
    pub(super) surveys: Vec<String>,
    pub(super) back: String,
}

impl Case {
    pub(super) fn new(signal: SignalRecord, words: &[String], zone: &TimeZone, address: &Address) -> Self {
        let dismissed = signal.dismissed_at.map(|at| {
            let by = signal.dismissed_by.as_deref().unwrap_or("somebody");
            format!("{by}, {}", shown(at, zone))
        });
        let all = address.with(&[], "");
        Self {
            name: rule_words(signal.rule),
            state: state_words(signal.state()),
            told: sentence(signal.rule, &signal.evidence, zone),
            subject: subject_words(&signal.subject),
            subject_href: subject_href(&signal.subject),
            raised: shown(signal.raised_at, zone),
            dismissed,
            over: signal.resolved_at.map(|at| shown(at, zone)),
            words: words.join(", "),
            tickets: signal.evidence.ticket_ids.iter().map(|id| TicketLink::new(id)).collect(),
            surveys: signal.evidence.survey_ids,
            back: all.split_once('?').map(|(_, query)| query.to_owned()).unwrap_or_default(),
            id: signal.id,
        }
    }
}
