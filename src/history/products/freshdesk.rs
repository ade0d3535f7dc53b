//! Freshdesk: the JSON export (each ticket in `helpdesk_ticket`), answers of the API, and the CSV export of the
//! ticket list.
//!
//! Sources: developers.freshdesk.com/api/#tickets (fields; source 1 email, 2 portal, 3 phone, 7 chat, 9 feedback
//! widget, 10 outbound email; status 2 open, 3 pending, 4 resolved, 5 closed; priority 1 low, 2 medium, 3 high,
//! 4 urgent); support.freshdesk.com, "Exporting ticket data" (CSV: Ticket ID, Created time, Resolved time, Initial
//! response time, Time tracked as hours:minutes:seconds …). `is_escalated` there says that a deadline has passed,
//! not that somebody handed the ticket up, so that it is not taken.

use serde_json::{Map, Value};

use super::super::field::Field;
use super::super::product::Sheet;

pub(crate) const SHEET: Sheet = Sheet {
    marks: &[
        &["ticket_id", "created_time"],
        &["ticket_id", "due_by_time"],
        &["description_text", "responder_id"],
        &["fr_due_by", "responder_id"],
        &["display_id", "responder_id"],
        &["helpdesk_ticket"],
    ],
    columns: &[
        (Field::Id, &["display_id", "id", "ticket_id"]),
        (Field::Subject, &["subject"]),
        (Field::Body, &["description_text", "description"]),
        (Field::BodyFormat, &["body_format"]),
        (Field::Channel, &["source_name", "source"]),
        (Field::CreatedAt, &["created_at", "created_time"]),
        (Field::RequesterId, &["requester_id", "contact_id", "requester_email"]),
        (Field::OrganizationId, &["company_id", "company", "company_name"]),
        (Field::AgentGroup, &["group", "group_name"]),
        (Field::Category, &["custom_fields_cf_category", "category"]),
        (Field::Impact, &["custom_fields_cf_impact", "impact"]),
        (Field::Urgency, &["custom_fields_cf_urgency", "urgency"]),
        (Field::Priority, &["priority", "priority_name"]),
        (Field::Status, &["status", "status_name"]),
        (Field::SolvedAt, &["stats_resolved_at", "resolved_at", "resolved_time"]),
        (Field::FirstResponseAt, &["stats_first_responded_at", "initial_response_time"]),
        (Field::DueAt, &["due_by", "due_by_time"]),
        (Field::FirstResponseDueAt, &["fr_due_by"]),
        (Field::HandlingMinutes, &["time_tracked"]),
    ],
    values: &[
        (
            Field::Priority,
            &[
                ("4", "P1"),
                ("3", "P2"),
                ("2", "P3"),
                ("1", "P4"),
                ("urgent", "P1"),
                ("high", "P2"),
                ("medium", "P3"),
                ("low", "P4"),
            ],
        ),
        (
            Field::Status,
            &[
                ("2", "open"),
                ("3", "open"),
                ("4", "solved"),
                ("5", "solved"),
                ("6", "open"),
                ("7", "open"),
                ("open", "open"),
                ("pending", "open"),
                ("waiting on customer", "open"),
                ("waiting on third party", "open"),
                ("resolved", "solved"),
                ("closed", "solved"),
            ],
        ),
        (
            Field::Channel,
            &[
                ("1", "email"),
                ("2", "portal"),
                ("3", "phone"),
                ("7", "chat"),
                ("9", "feedback widget"),
                ("10", "outbound email"),
            ],
        ),
    ],
    ordered: true,
    tidy,
};

fn tidy(mut fields: Map<String, Value>) -> Map<String, Value> {
    if let Some(Value::Object(inner)) = fields.remove("helpdesk_ticket") {
        fields = inner;
    }
    // In JSON, where there are more than strings, the description is HTML; in CSV it is plain text.
    let plain = fields.get("description_text").is_some_and(Value::is_string);
    let json = fields.values().any(|value| !value.is_string());
    if json && !plain && fields.contains_key("description") {
        fields.insert("body_format".into(), Value::String("html".into()));
    }
    fields
}
