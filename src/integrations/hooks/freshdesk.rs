//! What Freshdesk's automation rules send: `{"freshdesk_webhook": …}` with the fields that the rule names. Source:
//! <https://support.freshdesk.com/support/solutions/articles/132589-using-webhooks-in-automation-rules>; the body
//! that we ship is `docs/integrations/freshdesk-webhook.json`.

use serde_json::Value;

use super::delivery::{About, Delivery, Standing};
use super::reader::{FieldProblem, Fields};
use crate::config::TicketFields;
use crate::integrations::Product;
use crate::text::Format;

pub(super) fn read(value: &Value, known: &TicketFields) -> Result<Delivery, FieldProblem> {
    let fields = Fields(value);
    let at = |name: &str| format!("/freshdesk_webhook/{name}");
    // "{note_type:private}", "{ticket_action:created}" and the like.
    let event = fields.long(&at("triggered_event"))?.unwrap_or_default().to_lowercase();
    let about = match () {
        () if event.contains("note_type:private") => About::InternalNote,
        () if event.contains("ticket_action:deleted") || event.contains("marked_spam") => About::Other,
        () => About::Ticket,
    };
    let body = fields.long(&at("ticket_description"))?;
    let html = body.as_deref().is_some_and(looks_like_html);
    let category = match &known.category {
        Some(field) => {
            fields.first(&[&at("ticket_category"), &at(&format!("ticket_{field}")), &at(field)])?
        }
        None => None,
    };
    Ok(Delivery {
        subject: fields.long(&at("ticket_subject"))?,
        body,
        body_format: if html { Format::Html } else { Format::Text },
        channel: fields.text(&at("ticket_source"))?,
        requester_id: fields.first(&[
            &at("ticket_requester_id"),
            &at("ticket_requester_unique_external_id"),
            &at("ticket_contact_unique_external_id"),
        ])?,
        organization_id: fields.first(&[&at("ticket_company_id"), &at("ticket_company_name")])?,
        group: fields.text(&at("ticket_group_name"))?,
        standing: fields.text(&at("ticket_status"))?.as_deref().and_then(Standing::of),
        category,
        priority: fields.text(&at("ticket_priority"))?,
        author_id: fields.first(&[&at("event_performer_id"), &at("event_performer_email")])?,
        ..Delivery::of(Product::Freshdesk, about, fields.id(&at("ticket_id"))?)
    })
}

/// Freshdesk's placeholder for a description gives HTML, the one for its text does not, and neither says so.
fn looks_like_html(text: &str) -> bool {
    let text = text.to_lowercase();
    ["</", "<br", "<div", "<p>"].iter().any(|tag| text.contains(tag))
}
