//! Settings of the helpdesks that Deskhand works in.

mod api;

use garde::Validate;
use serde::{Deserialize, Serialize};

pub use api::ApiSettings;

/// The helpdesks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct IntegrationSettings {
    /// Zendesk Support.
    #[garde(dive)]
    pub zendesk: HelpdeskSettings,
    /// Zammad.
    #[garde(dive)]
    pub zammad: HelpdeskSettings,
    /// Freshdesk.
    #[garde(dive)]
    pub freshdesk: HelpdeskSettings,
    /// Any other that takes JSON.
    #[garde(dive)]
    pub generic: HelpdeskSettings,
}

/// One helpdesk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct HelpdeskSettings {
    /// Its REST interface. Absent: nothing is written into its tickets.
    #[garde(dive)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api: Option<ApiSettings>,
}
