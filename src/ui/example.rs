//! Example tickets to click.

use std::borrow::Cow;

use super::view::escaped;
use crate::text::{Format, html};
use crate::triage::Ticket;

/// An example as the page offers it.
#[derive(Debug)]
pub(super) struct ExampleView {
    pub(super) href: String,
    pub(super) subject: String,
    /// How the message begins; the style shows two lines of it.
    pub(super) opening: String,
}

/// More words than two lines have room for.
const OPENING_WORDS: usize = 40;

impl ExampleView {
    /// None for a ticket without an id: there would be no link to it.
    pub(super) fn new(ticket: &Ticket) -> Option<Self> {
        let id = ticket.id.as_deref()?;
        let body = readable_body(ticket);
        let opening: Vec<&str> = body.split_whitespace().take(OPENING_WORDS).collect();
        Some(Self {
            href: format!("/?example={}#answer", escaped(id)),
            subject: ticket.subject.clone(),
            opening: opening.join(" "),
        })
    }
}

/// The example with this id.
pub(super) fn find<'a>(examples: &'a [Ticket], id: &str) -> Option<&'a Ticket> {
    examples.iter().find(|ticket| ticket.id.as_deref() == Some(id))
}

/// A ticket's message as a person reads and edits it.
pub(super) fn readable_body(ticket: &Ticket) -> Cow<'_, str> {
    match ticket.body_format {
        Format::Html => {
            let blocks = html::blocks(&ticket.body).blocks;
            Cow::Owned(blocks.into_iter().map(|block| block.text).collect::<Vec<_>>().join("\n\n"))
        }
        Format::Text | Format::Markdown => Cow::Borrowed(&ticket.body),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn an_example_in_html_is_shown_as_text() {
        let body = "<p>Hello</p><p>a &lt; b</p>".to_owned();
        let ticket = Ticket { id: Some("A 1".into()), body, body_format: Format::Html, ..Ticket::default() };
        assert_eq!(readable_body(&ticket), "Hello\n\na < b");
        assert_eq!(ExampleView::new(&ticket).unwrap().href, "/?example=A%201#answer");
    }
}
