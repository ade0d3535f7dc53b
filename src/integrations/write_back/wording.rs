//! What a helpdesk calls what Deskhand says.

use crate::config::{ApiSettings, Priority, TicketFields};
use crate::integrations::priorities;
use crate::integrations::update::{Product, Update};

/// The words of one helpdesk.
#[derive(Debug, Clone)]
pub(in crate::integrations) struct Wording {
    product: Product,
    fields: TicketFields,
    impact_field: Option<String>,
    urgency_field: Option<String>,
}

impl Wording {
    pub(in crate::integrations) fn new(product: Product, fields: &TicketFields, api: &ApiSettings) -> Self {
        Self {
            product,
            fields: fields.clone(),
            impact_field: api.impact_field.clone(),
            urgency_field: api.urgency_field.clone(),
        }
    }

    /// What the helpdesk calls a priority.
    pub(in crate::integrations) fn priority(&self, priority: Priority) -> String {
        priorities::written(self.product, &self.fields, priority)
    }

    /// What stands for a category in its field.
    pub(in crate::integrations) fn category<'a>(&'a self, label: &'a str) -> &'a str {
        self.fields.category_value(label)
    }

    /// The fields that are set up, with the settings that name them.
    pub(in crate::integrations) fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("fields.category", &self.fields.category),
            ("api.impact_field", &self.impact_field),
            ("api.urgency_field", &self.urgency_field),
        ]
        .into_iter()
        .filter_map(|(setting, field)| Some((setting, field.as_deref()?)))
    }

    /// The fields that an update sets, with what is to stand in them.
    pub(super) fn values<'a>(&'a self, update: &'a Update) -> Vec<(&'a str, &'a str)> {
        [
            (&self.fields.category, update.category.as_deref().map(|label| self.category(label))),
            (&self.impact_field, update.impact.map(|level| level.label())),
            (&self.urgency_field, update.urgency.map(|level| level.label())),
        ]
        .into_iter()
        .filter_map(|(field, value)| Some((field.as_deref()?, value?)))
        .collect()
    }
}
