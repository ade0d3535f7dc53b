//! Any other file: our own JSON Lines (`samples/tickets.jsonl`), and tables with the usual names. Here two columns
//! for one field may say different things, so that none of them is taken unasked.

use super::super::field::Field;
use super::super::product::{Sheet, as_it_is};

pub(crate) const SHEET: Sheet = Sheet {
    marks: &[],
    columns: &[
        (Field::Id, &["id", "ticket_id", "ticket_number", "case_number", "request_id", "number"]),
        (Field::Subject, &["subject", "title", "summary", "short_description"]),
        (Field::Body, &["body", "text", "description", "message", "details"]),
        (Field::BodyFormat, &["body_format"]),
        (Field::Channel, &["channel", "via", "source"]),
        (Field::CreatedAt, &["created_at", "created", "created_time", "opened_at", "opened", "date_created"]),
        (Field::RequesterId, &["requester_id", "customer_id", "caller_id", "contact_id"]),
        (
            Field::OrganizationId,
            &["organization_id", "organization", "organisation", "company_id", "company"],
        ),
        (Field::Form, &["form"]),
        (Field::AgentGroup, &["agent_group", "group", "team", "assignment_group", "queue"]),
        (Field::SubmittedCategory, &["submitted_category"]),
        (Field::SubmittedPriority, &["submitted_priority"]),
        (Field::Category, &["category"]),
        (Field::Impact, &["impact"]),
        (Field::Urgency, &["urgency"]),
        (Field::Priority, &["priority"]),
        (Field::Status, &["status", "state"]),
        (Field::SolvedAt, &["solved_at", "resolved_at", "closed_at", "solved", "resolved", "resolved_time"]),
        (Field::FirstResponseAt, &["first_response_at"]),
        (Field::DueAt, &["due_at", "sla_due_at"]),
        (Field::FirstResponseDueAt, &["first_response_due_at", "sla_first_response_due_at"]),
        (Field::Resolution, &["resolution", "resolution_notes", "close_notes"]),
        (Field::ArticleIds, &["article_ids", "articles"]),
        (Field::Reopened, &["reopened", "reopens", "reopen_count"]),
        (Field::Escalated, &["escalated"]),
        (Field::HandlingMinutes, &["handling_minutes"]),
    ],
    values: &[
        (
            Field::Priority,
            &[
                ("urgent", "P1"),
                ("critical", "P1"),
                ("high", "P2"),
                ("normal", "P3"),
                ("medium", "P3"),
                ("low", "P4"),
            ],
        ),
        (
            Field::Status,
            &[
                ("new", "open"),
                ("pending", "open"),
                ("in progress", "open"),
                ("on hold", "open"),
                ("resolved", "solved"),
                ("closed", "solved"),
                ("done", "solved"),
            ],
        ),
    ],
    ordered: false,
    tidy: as_it_is,
};
