//! ServiceNow: incidents as JSON of the Table API (`{"result": [...]}`) or of the list's export
//! (`{"records": [...]}`), and as CSV with the fields' names or their labels as header.
//!
//! Source: docs.servicenow.com, "Incident" table and "Export directly from the URL" (columns number,
//! short_description, impact and urgency 1 high, 2 medium, 3 low, priority 1 critical to 5 planning, state 1 new,
//! 2 in progress, 3 on hold, 6 resolved, 7 closed, 8 canceled, close_notes, reopen_count, sys_created_on); the
//! Table API gives `{"display_value", "value", "link"}` where it is asked for both. Times have no zone: the Table
//! API's are UTC unless display values were asked for, those of an export stand in the zone of who exported.
//! `escalation` there is about deadlines, so that it is not taken for a ticket that was handed up.

use serde_json::{Map, Value};

use super::super::field::Field;
use super::super::product::Sheet;

pub(crate) const SHEET: Sheet = Sheet {
    marks: &[&["number", "short_description"]],
    columns: &[
        (Field::Id, &["number"]),
        (Field::Subject, &["short_description"]),
        (Field::Body, &["description"]),
        (Field::Channel, &["contact_type", "channel"]),
        (Field::CreatedAt, &["opened_at", "opened", "sys_created_on", "created"]),
        (Field::RequesterId, &["caller_id", "caller"]),
        (Field::OrganizationId, &["company"]),
        (Field::AgentGroup, &["assignment_group"]),
        (Field::Category, &["category"]),
        (Field::Impact, &["impact"]),
        (Field::Urgency, &["urgency"]),
        (Field::Priority, &["priority"]),
        (Field::Status, &["incident_state", "state"]),
        (Field::SolvedAt, &["resolved_at", "resolved"]),
        (Field::Resolution, &["close_notes", "resolution_notes"]),
        (Field::Reopened, &["reopen_count"]),
    ],
    values: &[
        (Field::Impact, LEVELS),
        (Field::Urgency, LEVELS),
        (
            Field::Priority,
            &[
                ("1", "P1"),
                ("2", "P2"),
                ("3", "P3"),
                ("4", "P4"),
                ("5", "P4"),
                ("1 - critical", "P1"),
                ("2 - high", "P2"),
                ("3 - moderate", "P3"),
                ("4 - low", "P4"),
                ("5 - planning", "P4"),
            ],
        ),
        (
            Field::Status,
            &[
                ("1", "open"),
                ("2", "open"),
                ("3", "open"),
                ("6", "solved"),
                ("7", "solved"),
                ("8", ""),
                ("new", "open"),
                ("in progress", "open"),
                ("on hold", "open"),
                ("resolved", "solved"),
                ("closed", "solved"),
                ("canceled", ""),
                ("cancelled", ""),
            ],
        ),
    ],
    ordered: true,
    tidy,
};

const LEVELS: &[(&str, &str)] = &[
    ("1", "high"),
    ("2", "medium"),
    ("3", "low"),
    ("1 - high", "high"),
    ("2 - medium", "medium"),
    ("3 - low", "low"),
];

/// Of a value that is shown in two ways the one for people, else the plain one.
fn tidy(fields: Map<String, Value>) -> Map<String, Value> {
    let plain = |value| match value {
        Value::Object(mut both) => {
            both.remove("display_value").or_else(|| both.remove("value")).unwrap_or_default()
        }
        value => value,
    };
    fields.into_iter().map(|(name, value)| (name, plain(value))).collect()
}
