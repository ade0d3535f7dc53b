//! Zendesk Support: the JSON export (one ticket a line) and answers of the Tickets API; the CSV export, which
//! has no first message, only the subject.
//!
//! Sources: developer.zendesk.com/api-reference/ticketing/tickets/tickets and …/ticket_metrics (JSON fields;
//! priority is urgent, high, normal or low; status new, open, pending, hold, solved, closed or deleted);
//! support.zendesk.com/hc/en-us/articles/4408886165402, "Exporting data to a JSON, CSV, or XML file" (CSV, which
//! begins with "Summation column"). Its times are those of the account's zone in CSV, UTC in JSON.

use serde_json::{Map, Value};

use super::super::field::Field;
use super::super::product::Sheet;

pub(crate) const SHEET: Sheet = Sheet {
    marks: &[
        &["summation_column", "id"],
        &["raw_subject"],
        &["via_channel", "requester_id", "submitter_id"],
        &["requester_id", "ticket_type", "via", "id"],
    ],
    columns: &[
        (Field::Id, &["id"]),
        (Field::Subject, &["subject", "raw_subject"]),
        (Field::Body, &["description"]),
        (Field::Channel, &["via_channel", "via"]),
        (Field::CreatedAt, &["created_at"]),
        (Field::RequesterId, &["requester_id"]),
        (Field::OrganizationId, &["organization_id", "organization"]),
        (Field::Form, &["ticket_form_id", "ticket_form"]),
        (Field::AgentGroup, &["group", "group_name"]),
        (Field::Category, &["category", "category_list", "categories_list"]),
        (Field::Impact, &["impact", "impact_list"]),
        (Field::Urgency, &["urgency", "urgency_list"]),
        (Field::Priority, &["priority"]),
        (Field::Status, &["status"]),
        (Field::SolvedAt, &["metric_set_solved_at", "solved_at"]),
        (Field::Reopened, &["metric_set_reopens", "reopens"]),
    ],
    values: &[
        (Field::Priority, &[("urgent", "P1"), ("high", "P2"), ("normal", "P3"), ("low", "P4"), ("-", "")]),
        (
            Field::Status,
            &[
                ("new", "open"),
                ("open", "open"),
                ("pending", "open"),
                ("hold", "open"),
                ("on-hold", "open"),
                ("solved", "solved"),
                ("closed", "solved"),
                ("deleted", ""),
            ],
        ),
    ],
    ordered: true,
    tidy,
};

/// `fields` repeats `custom_fields`.
fn tidy(mut fields: Map<String, Value>) -> Map<String, Value> {
    if fields.contains_key("custom_fields") {
        fields.remove("fields");
    }
    fields
}
