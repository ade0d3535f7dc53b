//! One file for each product, with the source of its columns and values.

pub(super) mod freshdesk;
pub(super) mod jira;
pub(super) mod plain;
pub(super) mod servicenow;
pub(super) mod zammad;
pub(super) mod zendesk;
