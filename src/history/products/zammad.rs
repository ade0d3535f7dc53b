//! Zammad: tickets of the REST API, each with its `articles` or its first `article`, best with `expand=true`
//! (names instead of ids); the CSV or Excel sheet of its reports, saved as CSV.
//!
//! Sources: docs.zammad.org/en/latest/api/ticket/index.html (fields) and …/api/ticket/articles.html (body,
//! content_type); a new Zammad has the priorities "1 low", "2 normal", "3 high" and the states new, open,
//! pending reminder, pending close, merged and closed, with ids 1 to 3 for the priorities in this order.
//! Its times are UTC in JSON. `time_unit` is in a unit of the site's own, so that it is not guessed.

use serde_json::{Map, Value};

use super::super::field::Field;
use super::super::product::Sheet;

pub(crate) const SHEET: Sheet = Sheet {
    marks: &[
        &["number", "title", "group_id", "customer_id"],
        &["number", "title", "group", "customer", "state"],
        &["title", "state", "priority", "group", "owner", "customer"],
    ],
    columns: &[
        (Field::Id, &["id", "number", "ticket"]),
        (Field::Subject, &["title"]),
        (Field::Body, &["article_body"]),
        (Field::BodyFormat, &["body_format"]),
        (Field::Channel, &["create_article_type", "create_channel"]),
        (Field::CreatedAt, &["created_at"]),
        (Field::RequesterId, &["customer_id", "customer"]),
        (Field::OrganizationId, &["organization_id", "organization"]),
        (Field::AgentGroup, &["group"]),
        (Field::Category, &["category"]),
        (Field::Impact, &["impact"]),
        (Field::Urgency, &["urgency"]),
        (Field::Priority, &["priority", "priority_id"]),
        (Field::Status, &["state"]),
        (Field::SolvedAt, &["close_at", "closed_at"]),
        (Field::FirstResponseAt, &["first_response_at"]),
        (Field::DueAt, &["close_escalation_at"]),
        (Field::FirstResponseDueAt, &["first_response_escalation_at"]),
    ],
    values: &[
        (
            Field::Priority,
            &[("3 high", "P2"), ("2 normal", "P3"), ("1 low", "P4"), ("3", "P2"), ("2", "P3"), ("1", "P4")],
        ),
        (
            Field::Status,
            &[
                ("new", "open"),
                ("open", "open"),
                ("pending reminder", "open"),
                ("pending close", "open"),
                ("closed", "solved"),
                ("merged", ""),
                ("removed", ""),
            ],
        ),
    ],
    ordered: true,
    tidy,
};

/// What the customer wrote first is the ticket's body.
fn tidy(mut fields: Map<String, Value>) -> Map<String, Value> {
    let first = match (fields.remove("articles"), fields.remove("article")) {
        (Some(Value::Array(articles)), _) => articles.into_iter().next(),
        (_, article) => article,
    };
    let Some(Value::Object(mut article)) = first else { return fields };
    if let Some(body) = article.remove("body") {
        let html = article.get("content_type").and_then(Value::as_str).is_some_and(|t| t.contains("html"));
        fields.insert("article_body".into(), body);
        fields.insert("body_format".into(), Value::String(if html { "html" } else { "text" }.into()));
    }
    fields
}
