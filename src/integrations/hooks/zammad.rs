//! What Zammad sends: `{"ticket": …, "article": …}`, the ticket as it is now and the article that the trigger
//! is about. Source: <https://admin-docs.zammad.org/en/latest/manage/webhook/payload.html>. Its own payload is
//! read, and so is the shorter one of `docs/integrations/zammad-webhook.json`.

use serde_json::Value;

use super::delivery::{About, Delivery, Reply, Standing};
use super::reader::{FieldProblem, Fields};
use crate::config::TicketFields;
use crate::integrations::Product;
use crate::text::Format;

/// States of tickets to which nothing is answered.
const GONE: [&str; 2] = ["merged", "removed"];

pub(super) fn read(value: &Value, known: &TicketFields) -> Result<Delivery, FieldProblem> {
    let fields = Fields(value);
    let state = named(fields, "/ticket/state")?;
    let internal = fields.flag("/article/internal")? == Some(true);
    let gone = state.as_deref().is_some_and(|state| GONE.contains(&state.to_lowercase().as_str()));
    let about = match (gone, internal) {
        (true, _) => About::Other,
        (_, true) => About::InternalNote,
        _ => About::Ticket,
    };
    let html = fields.text("/article/content_type")?.is_some_and(|kind| kind.starts_with("text/html"));
    let first = is_first(fields)?;
    let sender = if first { None } else { named(fields, "/article/sender")? };
    let category = match &known.category {
        Some(field) => named(fields, &format!("/ticket/{}", escaped(field)))?,
        None => None,
    };
    Ok(Delivery {
        subject: fields.long("/ticket/title")?,
        // The words of a ticket are those of its first article; later ones are what was said about them.
        body: if first { fields.long("/article/body")? } else { None },
        body_format: if html { Format::Html } else { Format::Text },
        channel: fields.text("/ticket/create_article_type")?,
        created_at: fields.time("/ticket/created_at")?,
        changed_at: fields.time("/ticket/updated_at")?,
        requester_id: fields.text("/ticket/customer_id")?,
        organization_id: fields.text("/ticket/organization_id")?,
        group: named(fields, "/ticket/group")?,
        standing: state.as_deref().and_then(Standing::of),
        reply: match sender.as_deref() {
            Some("Agent") => Some(Reply::Agent),
            Some("Customer") => Some(Reply::Requester),
            _ => None,
        },
        category,
        priority: named(fields, "/ticket/priority")?,
        author_id: author(fields, about)?,
        ..Delivery::of(Product::Zammad, about, fields.id("/ticket/id")?)
    })
}

/// A name that stands there itself, or in an object as its `name`.
fn named(fields: Fields<'_>, pointer: &str) -> Result<Option<String>, FieldProblem> {
    match fields.0.pointer(pointer) {
        Some(Value::Object(_)) => fields.text(&format!("{pointer}/name")),
        _ => fields.text(pointer),
    }
}

fn is_first(fields: Fields<'_>) -> Result<bool, FieldProblem> {
    let article = fields.text("/article/id")?;
    match (fields.text("/ticket/article_ids/0")?, fields.text("/ticket/article_count")?) {
        (Some(first), _) => Ok(article == Some(first)),
        (None, Some(count)) => Ok(count == "1"),
        (None, None) => Ok(true),
    }
}

/// Who changed the ticket last; of a note, who wrote it.
fn author(fields: Fields<'_>, about: About) -> Result<Option<String>, FieldProblem> {
    match about {
        About::InternalNote => fields.first(&["/article/created_by_id", "/ticket/updated_by_id"]),
        _ => fields.text("/ticket/updated_by_id"),
    }
}

/// A name as a step of a JSON Pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn only_the_first_article_holds_the_words_of_the_ticket() {
        let read = |ticket: Value| {
            let sent = json!({"ticket": ticket, "article": {"id": 104, "body": "It drops."}});
            read(&sent, &TicketFields::default()).unwrap().body.is_some()
        };
        assert!(read(json!({"id": 81, "article_ids": [104], "article_count": 1})));
        assert!(read(json!({"id": 81, "article_ids": [104, 105], "article_count": 2})));
        assert!(!read(json!({"id": 81, "article_ids": [103, 104], "article_count": 2})));
        assert!(read(json!({"id": 81, "article_count": "1"})));
        assert!(!read(json!({"id": 81, "article_count": "2"})));
    }

    #[test]
    fn a_category_is_an_attribute_of_the_ticket_as_a_text_or_an_object() {
        let known = TicketFields { category: Some("a/b".into()), ..TicketFields::default() };
        for value in [json!("VPN"), json!({"id": 1, "name": "VPN"})] {
            let sent = json!({"ticket": {"id": 81, "a/b": value}});
            assert_eq!(read(&sent, &known).unwrap().category.as_deref(), Some("VPN"));
        }
    }
}
