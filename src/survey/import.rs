//! Surveys from a file of whatever tool asked for them: columns are known by their usual names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use garde::Validate as _;
use serde_json::{Map, Value};

use super::{NewSurvey, Rating};
use crate::knowledge::import::date;
use crate::learn::dataset::{DatasetError, FieldsReader};
use crate::store::RatingScale;

/// Our field, and what it is called elsewhere; the first name that a row has counts.
const NAMES: [(&str, &[&str]); 12] = [
    ("id", &["id", "survey_id", "response_id", "answer_id", "satisfaction_rating_id"]),
    (
        "ticket_id",
        &["ticket_id", "ticket", "ticket_number", "case_id", "case_number", "request_id", "issue_key"],
    ),
    ("requester_id", &["requester_id", "requester", "customer_id", "contact_id", "user_id"]),
    (
        "organization_id",
        &["organization_id", "organization", "organisation", "company_id", "company", "account"],
    ),
    ("category", &["category", "topic"]),
    ("agent_group", &["agent_group", "group", "team", "assignment_group", "queue"]),
    ("channel", &["channel", "via", "source"]),
    (
        "answered_at",
        &[
            "answered_at",
            "submitted_at",
            "responded_at",
            "completed_at",
            "response_date",
            "created_at",
            "date",
            "timestamp",
            "time",
        ],
    ),
    ("question", &["question", "prompt"]),
    ("comment", &["comment", "text", "comments", "feedback", "verbatim", "answer", "body"]),
    ("rating", &["rating", "score", "csat", "nps", "stars", "thumb", "thumbs", "value"]),
    ("rating_scale", &["rating_scale", "scale"]),
];

/// Reads surveys row by row.
pub struct SurveyReader {
    rows: FieldsReader,
    used: BTreeMap<&'static str, String>,
    unused: BTreeSet<String>,
}

/// A row of the file.
pub struct SurveyRow {
    /// Line on which it begins, from 1.
    pub line: usize,
    /// The survey, or why it cannot be taken; that never quotes the row.
    pub survey: Result<NewSurvey, String>,
}

impl SurveyReader {
    /// Opens a `.jsonl` (or `.ndjson`) or `.csv` file.
    ///
    /// # Errors
    /// A file that cannot be opened or is of another kind.
    pub fn open(path: &Path) -> Result<Self, DatasetError> {
        Ok(Self { rows: FieldsReader::open(path)?, used: BTreeMap::new(), unused: BTreeSet::new() })
    }

    /// Up to `limit` rows; none at the end of the file.
    ///
    /// # Errors
    /// A file that breaks off.
    pub fn batch(&mut self, limit: usize) -> Result<Vec<SurveyRow>, DatasetError> {
        let mut rows = Vec::new();
        while rows.len() < limit {
            let Some((line, fields)) = self.rows.next_fields()? else { break };
            let survey = match fields {
                Ok(fields) => self.survey(&fields),
                Err(reason) => Err(reason.to_string()),
            };
            rows.push(SurveyRow { line, survey });
        }
        Ok(rows)
    }

    /// Which of our fields was read from which column so far, and the columns that none was read from.
    pub fn columns(&self) -> (&BTreeMap<&'static str, String>, Vec<&str>) {
        // A column that is empty in one row may be used in another.
        let used = |column: &&String| self.used.values().any(|used| used == *column);
        (&self.used, self.unused.iter().filter(|column| !used(column)).map(String::as_str).collect())
    }

    fn survey(&mut self, fields: &Map<String, Value>) -> Result<NewSurvey, String> {
        let row = Row::of(fields);
        for (field, (column, _)) in &row.0 {
            self.used.entry(field).or_insert_with(|| (*column).to_owned());
        }
        let used = |column: &&String| row.0.values().any(|(name, _)| name == column);
        self.unused.extend(fields.keys().filter(|column| !used(column)).cloned());
        let survey = row.survey()?;
        survey.validate().map_err(|report| report.to_string().trim().to_owned())?;
        Ok(survey)
    }
}

/// The values of a row by our names, each with its column; empty ones are not there.
struct Row<'a>(BTreeMap<&'static str, (&'a str, &'a Value)>);

impl<'a> Row<'a> {
    fn of(fields: &'a Map<String, Value>) -> Self {
        let columns: BTreeMap<String, (&str, &Value)> = fields
            .iter()
            .filter(|(_, value)| !is_empty(value))
            .map(|(column, value)| (folded(column), (column.as_str(), value)))
            .collect();
        let found = NAMES.iter().filter_map(|(field, names)| {
            let known = names.iter().find_map(|name| columns.get(*name))?;
            Some((*field, *known))
        });
        Self(found.collect())
    }

    fn survey(&self) -> Result<NewSurvey, String> {
        let at = self.text("answered_at").ok_or("the row does not say when it was answered (answered_at)")?;
        let answered_at = date(&at).ok_or(
            "answered_at is no time that can be read in one way only; write it as 2026-11-21T09:40:00Z",
        )?;
        let ticket_id = self.text("ticket_id");
        let id = match (self.text("id"), &ticket_id) {
            (Some(id), _) => id,
            (None, Some(ticket)) => format!("{ticket}@{answered_at}"),
            (None, None) => return Err("the row has neither an id nor a ticket_id".to_owned()),
        };
        let rating = self.rating()?;
        Ok(NewSurvey {
            id,
            ticket_id,
            requester_id: self.text("requester_id"),
            organization_id: self.text("organization_id"),
            category: self.text("category"),
            agent_group: self.text("agent_group"),
            channel: self.text("channel"),
            answered_at: Some(answered_at),
            question: self.text("question"),
            comment: self.text("comment"),
            rating,
            rating_scale: self.scale()?,
        })
    }

    fn text(&self, field: &str) -> Option<String> {
        let (_, value) = self.0.get(field)?;
        Some(match value {
            Value::String(text) => text.trim().to_owned(),
            other => other.to_string(),
        })
    }

    fn rating(&self) -> Result<Option<Rating>, String> {
        let Some((_, value)) = self.0.get("rating") else { return Ok(None) };
        let read = match value {
            Value::Bool(up) => Some(Rating::Thumb(*up)),
            Value::Number(number) => number.as_f64().map(Rating::Number),
            Value::String(text) => rating_in(text.trim()),
            _ => None,
        };
        read.map(Some).ok_or_else(|| "rating is neither a number nor up, down, good or bad".to_owned())
    }

    /// The scale that the row names, or the name of the rating's column does.
    fn scale(&self) -> Result<Option<RatingScale>, String> {
        if let Some(name) = self.text("rating_scale") {
            let scale = RatingScale::named(&name);
            return scale
                .map(Some)
                .ok_or_else(|| "rating_scale is none of 1-5, 1-10, nps, thumbs".to_owned());
        }
        let column = self.0.get("rating").map(|(column, _)| folded(column));
        Ok(column.and_then(|column| match column.as_str() {
            "thumb" => Some(RatingScale::Thumbs),
            column => RatingScale::named(column),
        }))
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// `Ticket-ID` and `ticket id` are the same column.
fn folded(column: &str) -> String {
    let letter = |letter: char| if letter.is_alphanumeric() { letter.to_ascii_lowercase() } else { '_' };
    column.trim().chars().map(letter).collect()
}

fn rating_in(text: &str) -> Option<Rating> {
    match text.to_lowercase().as_str() {
        "up" | "good" | "true" | "thumbs up" | "👍" => Some(Rating::Thumb(true)),
        "down" | "bad" | "false" | "thumbs down" | "👎" => Some(Rating::Thumb(false)),
        number => number.parse().ok().map(Rating::Number),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(name: &str, text: &str) -> (Vec<SurveyRow>, SurveyReader) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        let mut reader = SurveyReader::open(&path).unwrap();
        let rows = reader.batch(100).unwrap();
        (rows, reader)
    }

    #[test]
    fn columns_are_known_by_their_usual_names_and_what_was_used_is_told() {
        let (rows, reader) = read(
            "a.csv",
            "Response ID;Ticket-Number;Date;Comments;NPS;Team;Mood\nr-1;81;2026-11-21;Well done;9;Network;x\n",
        );
        let survey = rows[0].survey.as_ref().unwrap();
        assert_eq!((survey.id.as_str(), survey.ticket_id.as_deref()), ("r-1", Some("81")));
        assert_eq!((survey.rating, survey.rating_scale), (Some(Rating::Number(9.0)), Some(RatingScale::Nps)));
        assert_eq!(survey.agent_group.as_deref(), Some("Network"));
        let (used, unused) = reader.columns();
        assert_eq!((used["comment"].as_str(), used["id"].as_str()), ("Comments", "Response ID"));
        assert_eq!(unused, ["Mood"]);
    }

    #[test]
    fn a_row_that_cannot_be_taken_says_why_and_the_rest_go_on() {
        let (rows, _) = read(
            "a.jsonl",
            "{\"id\":1,\"date\":\"2026-11-21\",\"rating\":\"up\"}\n{oops\n\
             {\"id\":3,\"date\":\"03/04/2026\",\"rating\":5}\n{\"date\":\"2026-11-21\",\"rating\":5}\n\
             {\"ticket_id\":9,\"date\":\"2026-11-21\",\"score\":\"five\"}\n{\"id\":5,\"rating\":5}\n\
             {\"ticket_id\":9,\"date\":\"2026-11-21\",\"score\":5}\n",
        );
        let told: Vec<(usize, Option<&str>)> =
            rows.iter().map(|row| (row.line, row.survey.as_ref().err().map(String::as_str))).collect();
        assert!(told[0].1.is_none() && told[6].1.is_none(), "{told:?}");
        assert!(told[1].1.unwrap().contains("column"), "{told:?}");
        assert!(told[2].1.unwrap().starts_with("answered_at is no time"), "{told:?}");
        assert!(told[3].1.unwrap().contains("neither an id nor a ticket_id"), "{told:?}");
        assert!(told[4].1.unwrap().starts_with("rating is neither"), "{told:?}");
        assert!(told[5].1.unwrap().contains("when it was answered"), "{told:?}");
        assert_eq!(told[6].0, 7);
        let last = rows[6].survey.as_ref().unwrap();
        assert_eq!(last.id, "9@2026-11-21T00:00:00Z", "told again it is the same survey");
    }
}
