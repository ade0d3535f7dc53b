//! The second reading: from rows to tickets.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::dates::{self, BadTime, DateOrder};
use super::error::HistoryError;
use super::field::{Field, Kind};
use super::look::Look;
use super::mapping::Mapping;
use super::shown::Shown;
use super::source::{Source, flat, text_of};
use super::values::{meaning, truth};
use super::wishes::Wishes;
use crate::store::{FinalLabels, PastTicket, TicketRecord, TicketStatus};
use crate::text::Format;

/// Most article ids of a ticket.
const MAX_ARTICLES: usize = 100;

/// A file of past tickets, understood.
pub struct History {
    path: PathBuf,
    source: Source,
    mapping: Mapping,
    ids: HashSet<String>,
    /// Rows whose ticket stood there before; the last one counts.
    pub repeated: u64,
    /// Times in an hour that happened twice, when clocks were put back; the first of the two was taken.
    pub twice: u64,
}

/// A row of the file.
#[derive(Debug)]
pub struct PastRow {
    /// Line on which it begins, from 1.
    pub line: usize,
    /// The ticket, or why it cannot be taken; that never quotes the row.
    pub ticket: Result<PastTicket, String>,
}

impl History {
    /// Reads the file once and says what it takes it for. `progress` hears of the rows read.
    ///
    /// # Errors
    /// A file that cannot be opened or read, that has no rows, or that could be read in more than one way.
    pub fn open(path: &Path, wishes: &Wishes, progress: &dyn Fn(u64)) -> Result<(Self, Shown), HistoryError> {
        let look = Look::at(path, wishes.product, progress)?;
        let mapping = Mapping::of(&look, wishes)
            .map_err(|refusals| HistoryError::Refused { path: path.to_owned(), refusals })?;
        let shown = Shown::of(&look, &mapping);
        let source = Source::open(path)?;
        let history =
            Self { path: path.to_owned(), source, mapping, ids: HashSet::new(), repeated: 0, twice: 0 };
        Ok((history, shown))
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Up to `limit` rows; none at the end of the file.
    ///
    /// # Errors
    /// A file that breaks off.
    pub fn batch(&mut self, limit: usize) -> Result<Vec<PastRow>, HistoryError> {
        let mut rows = Vec::new();
        while rows.len() < limit {
            let Some((line, fields)) = self.source.next_row()? else { break };
            let ticket = match fields {
                Ok(fields) => self.ticket(fields),
                Err(reason) => Err(reason),
            };
            rows.push(PastRow { line, ticket });
        }
        Ok(rows)
    }

    fn ticket(&mut self, fields: Map<String, Value>) -> Result<PastTicket, String> {
        let fields = flat((self.mapping.product.sheet().tidy)(fields));
        let row = Row { fields: &fields, mapping: &self.mapping };
        let (ticket, twice) = row.ticket()?;
        self.twice += twice;
        self.repeated += u64::from(!self.ids.insert(ticket.record.id.clone()));
        Ok(ticket)
    }
}

/// The values of a row by our names.
struct Row<'a> {
    fields: &'a Map<String, Value>,
    mapping: &'a Mapping,
}

impl Row<'_> {
    /// The ticket, and how many of its times stood in an hour that happened twice.
    fn ticket(&self) -> Result<(PastTicket, u64), String> {
        let id = self.text(Field::Id, 200)?.ok_or("the ticket has no id")?;
        let (subject, body) = (self.text(Field::Subject, 2_000)?, self.text(Field::Body, usize::MAX)?);
        if subject.is_none() && body.is_none() {
            return Err("subject and body are both empty".to_owned());
        }
        let times = [
            self.time(Field::CreatedAt)?,
            self.time(Field::SolvedAt)?,
            self.time(Field::FirstResponseAt)?,
            self.time(Field::DueAt)?,
            self.time(Field::FirstResponseDueAt)?,
        ];
        let twice = times.iter().flatten().filter(|(_, twice)| *twice).count() as u64;
        let [created, solved, first, due, first_due] = times;
        let at = |time: Option<(Timestamp, bool)>| time.map(|(at, _)| at);
        let record = TicketRecord {
            id,
            subject: subject.unwrap_or_default(),
            body: body.unwrap_or_default(),
            body_format: self.format(),
            channel: self.label(Field::Channel)?,
            created_at: at(created),
            requester_id: self.text(Field::RequesterId, 200)?,
            organization_id: self.text(Field::OrganizationId, 200)?,
            form: self.text(Field::Form, 200)?,
            agent_group: self.label(Field::AgentGroup)?,
            due_at: at(due),
            first_response_due_at: at(first_due),
            submitted_category: self.label(Field::SubmittedCategory)?,
            submitted_priority: self.label(Field::SubmittedPriority)?,
            labels: FinalLabels {
                category: self.label(Field::Category)?,
                impact: self.label(Field::Impact)?,
                urgency: self.label(Field::Urgency)?,
                priority: self.label(Field::Priority)?,
            },
            status: self.status(solved.is_some())?,
            solved_at: at(solved),
            resolution: self.text(Field::Resolution, 20_000)?,
            article_ids: self.list(Field::ArticleIds)?,
            reopened: self.count(Field::Reopened)?,
            escalated: self.truth(Field::Escalated)?,
            handling_minutes: self.handling()?,
            embedding: None,
        };
        Ok((PastTicket { record, first_response_at: at(first) }, twice))
    }

    fn value(&self, field: Field) -> Option<&Value> {
        self.fields.get(self.mapping.columns.get(&field)?)
    }

    fn text(&self, field: Field, most: usize) -> Result<Option<String>, String> {
        let Some(value) = self.value(field) else { return Ok(None) };
        let text = text_of(value).ok_or_else(|| self.bad(field, "is a list or an object, not text"))?;
        if text.chars().count() > most {
            return Err(self.bad(field, &format!("is longer than {most} characters")));
        }
        Ok(Some(text))
    }

    fn label(&self, field: Field) -> Result<Option<String>, String> {
        let most = if field.table() == Field::Category { 300 } else { 100 };
        let Some(text) = self.text(field, most)? else { return Ok(None) };
        let found = meaning(field, &text, self.mapping.product.sheet(), &self.mapping.values);
        found.ok_or_else(|| self.bad(field, "has a value that is not known"))
    }

    /// Where no column says it, a ticket with a time at which it was solved is.
    fn status(&self, solved: bool) -> Result<Option<TicketStatus>, String> {
        if !self.mapping.columns.contains_key(&Field::Status) {
            return Ok(solved.then_some(TicketStatus::Solved));
        }
        Ok(self.label(Field::Status)?.map(|status| match status.as_str() {
            "solved" => TicketStatus::Solved,
            _ => TicketStatus::Open,
        }))
    }

    fn format(&self) -> Format {
        match self.label(Field::BodyFormat).ok().flatten().as_deref() {
            Some("html") => Format::Html,
            Some("markdown") => Format::Markdown,
            _ => Format::default(),
        }
    }

    fn time(&self, field: Field) -> Result<Option<(Timestamp, bool)>, String> {
        let Some(text) = self.text(field, usize::MAX)? else { return Ok(None) };
        let why = |bad| match bad {
            BadTime::Unreadable => "is no time; write it as 2026-11-21T09:40:00Z",
            BadTime::Order(DateOrder::Dmy) => "has no such month, with the day first (--date-order dmy)",
            BadTime::Order(DateOrder::Mdy) => "has no such month, with the month first (--date-order mdy)",
            BadTime::Skipped => {
                "never was in this time zone: clocks were put forward over it; is --time-zone right?"
            }
        };
        self.mapping.times.read(&text).map(Some).map_err(|bad| self.bad(field, why(bad)))
    }

    fn count(&self, field: Field) -> Result<Option<u32>, String> {
        let Some(text) = self.text(field, 40)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| self.bad(field, "is no whole number from 0"))
    }

    fn truth(&self, field: Field) -> Result<Option<bool>, String> {
        let Some(text) = self.text(field, 40)? else { return Ok(None) };
        truth(&text).map(Some).ok_or_else(|| self.bad(field, "is neither yes nor no"))
    }

    fn handling(&self) -> Result<Option<u32>, String> {
        for (field, seconds) in [(Field::HandlingMinutes, false), (Field::HandlingSeconds, true)] {
            if let Some(text) = self.text(field, 40)? {
                let read = dates::minutes(&text, seconds);
                return read
                    .map(Some)
                    .ok_or_else(|| self.bad(field, "is no span of time, such as 90 or 1:30"));
            }
        }
        Ok(None)
    }

    fn list(&self, field: Field) -> Result<Vec<String>, String> {
        let items: Vec<String> = match self.value(field) {
            None => Vec::new(),
            Some(Value::Array(items)) => items.iter().filter_map(text_of).collect(),
            Some(value) => {
                let text = text_of(value).unwrap_or_default();
                text.split([',', ';', '|'])
                    .map(str::trim)
                    .filter(|id| !id.is_empty())
                    .map(str::to_owned)
                    .collect()
            }
        };
        if items.len() > MAX_ARTICLES || items.iter().any(|id| id.len() > 512) {
            return Err(self.bad(field, "has more than 100 ids, or one longer than 512 bytes"));
        }
        Ok(items)
    }

    /// Names the column, never what stands in it.
    fn bad(&self, field: Field, what: &str) -> String {
        let column = self.mapping.columns.get(&field).map_or("", String::as_str);
        debug_assert!(field.kind() != Kind::Text || !column.is_empty());
        format!("column \"{column}\" ({}) {what}", field.name())
    }
}
