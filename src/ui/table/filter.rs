//! What narrows a page down: a form whose values stand in the address.

use askama::Template;

use super::Address;

/// One field of the form.
#[derive(Debug, Clone)]
pub(in crate::ui) struct Filter {
    /// Its name in the address.
    pub(in crate::ui) name: &'static str,
    /// What stands before it.
    pub(in crate::ui) label: &'static str,
    /// What may be chosen: values with their words; the first one is what holds where none is. Empty where
    /// something is written.
    pub(in crate::ui) choices: Vec<(String, String)>,
    /// What is written where nothing is to choose: `text` or `date`.
    pub(in crate::ui) kind: &'static str,
}

impl Filter {
    /// One of some values.
    pub(in crate::ui) fn choice(
        name: &'static str,
        label: &'static str,
        choices: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        let choices = choices.into_iter().map(|(value, words)| (value.into(), words.into())).collect();
        Self { name, label, choices, kind: "text" }
    }

    /// Any words.
    pub(in crate::ui) fn words(name: &'static str, label: &'static str) -> Self {
        Self { name, label, choices: Vec::new(), kind: "text" }
    }

    /// A day.
    pub(in crate::ui) fn day(name: &'static str, label: &'static str) -> Self {
        Self { name, label, choices: Vec::new(), kind: "date" }
    }

    /// The value that the address asks for: one of the choices, else the first; or what is written.
    pub(in crate::ui) fn chosen(&self, address: &Address) -> String {
        let asked = address.get(self.name);
        if self.choices.is_empty() {
            return asked.unwrap_or_default().trim().to_owned();
        }
        let known = self.choices.iter().find(|(value, _)| Some(value.as_str()) == asked);
        known.or(self.choices.first()).map(|(value, _)| value.clone()).unwrap_or_default()
    }
}

/// The form. Written by `Display`.
#[derive(Debug, Template)]
#[template(path = "ui/filters.html")]
pub(in crate::ui) struct Filters {
    action: String,
    hidden: Vec<(String, String)>,
    fields: Vec<Field>,
}

/// Its text is escaped by its own template.
impl askama::filters::HtmlSafe for Filters {}

#[derive(Debug)]
struct Field {
    name: &'static str,
    label: &'static str,
    kind: &'static str,
    written: String,
    choices: Vec<Choice>,
}

#[derive(Debug)]
struct Choice {
    value: String,
    words: String,
    chosen: bool,
}

impl Filters {
    /// The form with what the address asks for; the order of a table stays.
    pub(in crate::ui) fn new(filters: Vec<Filter>, address: &Address) -> Self {
        let field = |filter: Filter| {
            let chosen = filter.chosen(address);
            let choice = |(value, words): (String, String)| Choice { chosen: value == chosen, value, words };
            Field {
                name: filter.name,
                label: filter.label,
                kind: filter.kind,
                choices: filter.choices.into_iter().map(choice).collect(),
                written: chosen,
            }
        };
        Self {
            action: address.path().to_owned(),
            hidden: address.order(),
            fields: filters.into_iter().map(field).collect(),
        }
    }
}
