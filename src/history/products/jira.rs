//! Jira Service Management: the CSV export of a search, with all fields or the current ones. Columns such as
//! `Comment`, `Labels` and `Attachment` are repeated, as often as the issue with most of them needs.
//!
//! Sources: support.atlassian.com, "Export search results" (columns are called as on the screen, custom fields
//! `Custom field (Name)`); confluence.atlassian.com, "Choosing a date format" (as a rule `14/Jul/25 3:42 PM`,
//! without a zone: that of who exported); priorities Highest to Lowest, and Blocker to Trivial in older sites.
//! `Time Spent` is in seconds. `Resolution` says how an issue was closed and is no text of a solution.

use super::super::field::Field;
use super::super::product::{Sheet, as_it_is};

pub(crate) const SHEET: Sheet = Sheet {
    marks: &[&["issue_key", "summary"], &["key", "summary", "issue_type"]],
    columns: &[
        (Field::Id, &["issue_key", "key"]),
        (Field::Subject, &["summary"]),
        (Field::Body, &["description"]),
        (Field::Channel, &["custom_field_request_channel_type", "custom_field_channel"]),
        (Field::CreatedAt, &["created"]),
        (Field::RequesterId, &["reporter_id", "reporter"]),
        (Field::OrganizationId, &["custom_field_organizations", "custom_field_organization"]),
        (Field::Form, &["custom_field_customer_request_type", "custom_field_request_type"]),
        (Field::Category, &["custom_field_category"]),
        (Field::Impact, &["custom_field_impact", "impact"]),
        (Field::Urgency, &["custom_field_urgency", "urgency"]),
        (Field::Priority, &["priority"]),
        (Field::Status, &["status_category", "status"]),
        (Field::SolvedAt, &["resolved"]),
        (Field::HandlingSeconds, &["time_spent"]),
    ],
    values: &[
        (
            Field::Priority,
            &[
                ("highest", "P1"),
                ("high", "P2"),
                ("medium", "P3"),
                ("low", "P4"),
                ("lowest", "P4"),
                ("blocker", "P1"),
                ("critical", "P2"),
                ("major", "P3"),
                ("minor", "P4"),
                ("trivial", "P4"),
            ],
        ),
        (
            Field::Impact,
            &[
                ("extensive / widespread", "high"),
                ("significant / large", "high"),
                ("moderate / limited", "medium"),
                ("minor / localized", "low"),
            ],
        ),
        (Field::Urgency, &[("critical", "high")]),
        (
            Field::Status,
            &[
                ("to do", "open"),
                ("open", "open"),
                ("in progress", "open"),
                ("work in progress", "open"),
                ("pending", "open"),
                ("escalated", "open"),
                ("reopened", "open"),
                ("waiting for support", "open"),
                ("waiting for customer", "open"),
                ("waiting for approval", "open"),
                ("done", "solved"),
                ("resolved", "solved"),
                ("closed", "solved"),
                ("completed", "solved"),
                ("canceled", ""),
                ("cancelled", ""),
                ("declined", ""),
            ],
        ),
    ],
    ordered: true,
    tidy: as_it_is,
};
