//! Settings of the helpdesks that send their tickets and get them written back.

mod api;
mod hook;

use std::collections::BTreeMap;
use std::io;

use garde::Validate;
use serde::{Deserialize, Serialize};

pub use api::ApiSettings;
pub use hook::{FieldMapping, HookSettings};

use super::Priority;

/// The helpdesks around Deskhand, and what is kept of what came and went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
#[garde(custom(own_forms))]
pub struct IntegrationSettings {
    /// Days after which deliveries and updates that are done, or were given up, are forgotten. A delivery that is
    /// sent once more later than that is taken for a new one.
    #[garde(range(min = 1, max = 3_650))]
    pub keep_days: u32,
    /// Deliveries that are worked on at the same time, at most.
    #[garde(range(min = 1, max = 64))]
    pub at_once: u32,
    /// Zendesk Support.
    #[garde(dive)]
    pub zendesk: ZendeskSettings,
    /// Zammad.
    #[garde(dive)]
    pub zammad: ZammadSettings,
    /// Freshdesk.
    #[garde(dive)]
    pub freshdesk: FreshdeskSettings,
    /// Any other that sends JSON.
    #[garde(dive)]
    pub generic: GenericSettings,
}

impl Default for IntegrationSettings {
    fn default() -> Self {
        Self {
            keep_days: 30,
            at_once: 4,
            zendesk: ZendeskSettings::default(),
            zammad: ZammadSettings::default(),
            freshdesk: FreshdeskSettings::default(),
            generic: GenericSettings::default(),
        }
    }
}

/// The settings of one helpdesk each: the same fields for all, but for how its REST API is reached.
macro_rules! products {
    ($($(#[$doc:meta])+ $name:ident;)+) => {
        $(
            $(#[$doc])+
            #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
            #[serde(deny_unknown_fields, default)]
            pub struct $name {
                /// Whether nothing is written into tickets, and only kept what would have been: true until a site
                /// has seen enough of that (`GET /v1/updates`, the page Deliveries) and says false.
                #[garde(skip)]
                pub dry_run: bool,
                /// Whether fields are set by decisions `auto` alone; false: by `suggest` too.
                #[garde(skip)]
                pub auto_only: bool,
                /// Whether an internal note with articles and reasons is added.
                #[garde(skip)]
                pub note: bool,
                /// Whether the note says which words moved the decisions. They are found by reading the ticket up
                /// to 24 times more.
                #[garde(skip)]
                pub reasons: bool,
                /// What stands in Deskhand before the helpdesk's ticket ids, where two helpdesks count their
                /// tickets from 1, such as `fd-`. Empty: the ids are the same, and so `POST /v1/triage` and
                /// `POST /v1/tickets/{id}/outcome` mean the same tickets.
                #[garde(length(max = 20))]
                pub ticket_prefix: String,
                /// Which fields of a ticket mean what.
                #[garde(dive)]
                pub fields: TicketFields,
                /// What it sends.
                #[garde(dive)]
                pub hook: HookSettings,
                /// Its REST interface. Absent: nothing is written into its tickets.
                #[garde(dive)]
                #[serde(skip_serializing_if = "Option::is_none")]
                pub api: Option<ApiSettings>,
            }

            impl Default for $name {
                fn default() -> Self {
                    Self {
                        dry_run: true,
                        auto_only: true,
                        note: true,
                        reasons: true,
                        ticket_prefix: String::new(),
                        fields: TicketFields::default(),
                        hook: HookSettings::default(),
                        api: None,
                    }
                }
            }

            impl $name {
                /// What all helpdesks have.
                pub fn common(&self) -> ProductSettings<'_> {
                    let Self { dry_run, auto_only, note, reasons, ticket_prefix, fields, hook, api } = self;
                    ProductSettings {
                        dry_run: *dry_run,
                        auto_only: *auto_only,
                        note: *note,
                        reasons: *reasons,
                        ticket_prefix,
                        fields,
                        hook,
                        api: api.as_ref(),
                    }
                }
            }
        )+
    };
}

products! {
    /// Zendesk Support.
    ZendeskSettings;
    /// Zammad.
    ZammadSettings;
    /// Freshdesk.
    FreshdeskSettings;
    /// Any other that sends JSON.
    GenericSettings;
}

/// What the settings of all helpdesks have; see [`ZendeskSettings`].
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs, reason = "they are documented where they are set")]
pub struct ProductSettings<'a> {
    pub dry_run: bool,
    pub auto_only: bool,
    pub note: bool,
    pub reasons: bool,
    pub ticket_prefix: &'a str,
    pub fields: &'a TicketFields,
    pub hook: &'a HookSettings,
    pub api: Option<&'a ApiSettings>,
}

/// Which fields of a ticket mean what, read and written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct TicketFields {
    /// The field with the category: of Zendesk its number, of Zammad and Freshdesk its name. Absent: the category
    /// is neither read nor written.
    #[garde(inner(length(min = 1, max = 200)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Label → what stands in that field for it, such as the tag of a Zendesk drop-down. A label that is not named
    /// stands there as it is.
    #[garde(skip)]
    pub category_values: BTreeMap<String, String>,
    /// Priority → what the helpdesk calls it, in place of what it is called there by itself.
    #[garde(skip)]
    pub priority_values: BTreeMap<Priority, String>,
}

impl TicketFields {
    /// What stands in the category's field for a label.
    pub fn category_value<'a>(&'a self, label: &'a str) -> &'a str {
        self.category_values.get(label).map_or(label, String::as_str)
    }

    /// The label that a value of the category's field stands for.
    pub fn category_label<'a>(&'a self, value: &'a str) -> &'a str {
        let named = self.category_values.iter().find(|(_, known)| *known == value);
        named.map_or(value, |(label, _)| label.as_str())
    }
}

impl IntegrationSettings {
    /// Reads the secrets of hooks that stand in files; the field of the one that cannot be read, and why.
    pub(super) fn read_secrets(&mut self) -> Result<(), (&'static str, io::Error)> {
        let Self { zendesk, zammad, freshdesk, generic, .. } = self;
        zendesk.hook.read_secrets().map_err(|error| ("integrations.zendesk.hook.secrets", error))?;
        zammad.hook.read_secrets().map_err(|error| ("integrations.zammad.hook.secrets", error))?;
        freshdesk.hook.read_secrets().map_err(|error| ("integrations.freshdesk.hook.secrets", error))?;
        generic.hook.read_secrets().map_err(|error| ("integrations.generic.hook.secrets", error))
    }
}

/// Only the generic hook has a form that a site chooses, and tickets of two helpdesks must not be taken for one.
fn own_forms(settings: &IntegrationSettings, (): &()) -> garde::Result {
    let fixed = [&settings.zendesk.hook, &settings.zammad.hook, &settings.freshdesk.hook];
    if fixed.iter().any(|hook| hook.mapping.is_some() || hook.signature_header.is_some()) {
        return Err(garde::Error::new(
            "hook.mapping and hook.signature_header are for integrations.generic alone; take them out elsewhere",
        ));
    }
    let products = [
        settings.zendesk.common(),
        settings.zammad.common(),
        settings.freshdesk.common(),
        settings.generic.common(),
    ];
    let set_up: Vec<_> = products.iter().filter(|product| !product.hook.secrets.is_empty()).collect();
    let same = |(at, one): (usize, &&ProductSettings<'_>)| {
        set_up.iter().skip(at + 1).any(|other| other.ticket_prefix == one.ticket_prefix)
    };
    if set_up.iter().enumerate().any(same) {
        return Err(garde::Error::new(
            "two helpdesks may give their tickets the same ids; give one of them a ticket_prefix",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(text: &str) -> Result<IntegrationSettings, String> {
        let settings: IntegrationSettings = toml::from_str(text).map_err(|error| error.to_string())?;
        settings.validate().map_err(|report| report.to_string())?;
        Ok(settings)
    }

    #[test]
    fn nothing_is_written_into_tickets_before_a_site_says_so() {
        let settings = read("[zendesk.hook]\nsecrets = [\"dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rz\"]\n").unwrap();
        assert!(settings.zendesk.dry_run && settings.zendesk.auto_only);
    }

    #[test]
    fn a_secret_that_could_be_guessed_is_refused_and_not_shown() {
        let error = read("[zammad.hook]\nsecrets = [\"hunter2\"]\n").unwrap_err();
        assert!(error.contains("zammad.hook.secrets") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_mapping_belongs_to_the_generic_hook_alone() {
        let mapping = "hook.mapping]\nticket_id = \"/id\"\nsubject = \"/title\"\n";
        assert!(read(&format!("[generic.{mapping}")).is_ok());
        assert!(read(&format!("[zammad.{mapping}")).unwrap_err().contains("integrations.generic"));
    }

    #[test]
    fn a_mapping_is_made_of_json_pointers() {
        let error = read("[generic.hook.mapping]\nticket_id = \"id\"\n").unwrap_err();
        assert!(error.contains("ticket_id") && error.contains("/ticket/id"), "{error}");
    }

    #[test]
    fn labels_and_values_of_the_category_field_lead_to_each_other() {
        let text = "[zendesk.fields]\ncategory = \"360001\"\n[zendesk.fields.category_values]\n\"Network::VPN\" = \"network__vpn\"\n[zendesk.fields.priority_values]\nP1 = \"urgent\"\n";
        let fields = read(text).unwrap().zendesk.fields;
        assert_eq!(fields.category_value("Network::VPN"), "network__vpn");
        assert_eq!(fields.category_label("network__vpn"), "Network::VPN");
        assert_eq!((fields.category_value("Other"), fields.category_label("Other")), ("Other", "Other"));
        assert_eq!(fields.priority_values[&Priority::P1], "urgent");
    }
}
