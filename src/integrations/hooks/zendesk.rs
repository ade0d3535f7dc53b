//! What Zendesk sends, in either of its two forms.
//!
//! A webhook that is subscribed to events sends them as Zendesk defines them: `type`, `detail`, `event`. Source:
//! <https://developer.zendesk.com/api-reference/webhooks/event-types/ticket-events/>. A webhook behind a trigger
//! sends a body that the site writes; `docs/integrations/zendesk-trigger.json` is the one that is read here, with
//! placeholders from <https://support.zendesk.com/hc/en-us/articles/4408886858138>.

use serde_json::Value;

use super::delivery::{About, Delivery, Reply, Standing};
use super::reader::{FieldProblem, Fields};
use crate::config::TicketFields;
use crate::integrations::Product;

/// What the types of events about tickets begin with.
const TICKET_EVENT: &str = "zen:event-type:ticket.";
/// Events after which there is nothing to answer.
const GONE: [&str; 4] = ["merged", "soft_deleted", "permanently_deleted", "marked_as_spam"];

pub(super) fn read(value: &Value, known: &TicketFields) -> Result<Delivery, FieldProblem> {
    let fields = Fields(value);
    match fields.text("/type")? {
        Some(kind) => event(fields, &kind, known),
        None => trigger(fields),
    }
}

/// Zendesk's own form.
fn event(fields: Fields<'_>, kind: &str, known: &TicketFields) -> Result<Delivery, FieldProblem> {
    let Some(what) = kind.strip_prefix(TICKET_EVENT) else {
        return Ok(Delivery::of(Product::Zendesk, About::Other, String::new()));
    };
    let is_public = fields.flag("/event/comment/is_public")?;
    let about = match what {
        _ if GONE.contains(&what) => About::Other,
        "comment_added" | "comment_made_private" if is_public == Some(false) => About::InternalNote,
        _ => About::Ticket,
    };
    let reply = match fields.flag("/event/comment/author/is_staff")? {
        Some(is_staff) if what == "comment_added" && is_public == Some(true) => {
            Some(if is_staff { Reply::Agent } else { Reply::Requester })
        }
        _ => None,
    };
    let category = match (fields.text("/event/field/id")?, &known.category) {
        (Some(changed), Some(field)) if changed == *field => fields.text("/event/current")?,
        _ => None,
    };
    Ok(Delivery {
        subject: fields.long("/detail/subject")?,
        body: fields.long("/detail/description")?,
        channel: fields.text("/detail/via/channel")?,
        created_at: fields.time("/detail/created_at")?,
        changed_at: fields.time("/detail/updated_at")?,
        requester_id: fields.text("/detail/requester_id")?,
        organization_id: fields.text("/detail/organization_id")?,
        group: fields.text("/detail/group_id")?,
        standing: fields.text("/detail/status")?.as_deref().and_then(Standing::of),
        reply,
        category,
        priority: fields.text("/detail/priority")?,
        author_id: fields.text("/detail/actor_id")?,
        ..Delivery::of(Product::Zendesk, about, fields.id("/detail/id")?)
    })
}

/// The form of the body that we ship for triggers.
fn trigger(fields: Fields<'_>) -> Result<Delivery, FieldProblem> {
    let internal = fields.flag("/ticket/latest_comment_is_public")? == Some(false);
    let about = if internal { About::InternalNote } else { About::Ticket };
    Ok(Delivery {
        subject: fields.long("/ticket/title")?,
        body: fields.long("/ticket/description")?.map(|text| without_heading(&text).to_owned()),
        channel: fields.text("/ticket/via")?,
        created_at: fields.time("/ticket/created_at")?,
        changed_at: fields.time("/ticket/updated_at")?,
        requester_id: fields.text("/ticket/requester_id")?,
        organization_id: fields.text("/ticket/organization_id")?,
        group: fields.text("/ticket/group")?,
        standing: fields.text("/ticket/status")?.as_deref().and_then(Standing::of),
        category: fields.text("/ticket/category")?,
        priority: fields.text("/ticket/priority")?,
        author_id: fields.text("/current_user_id")?,
        ..Delivery::of(Product::Zendesk, about, fields.id("/ticket/id")?)
    })
}

/// Placeholders for comments put a line of hyphens, and who wrote when, before the words.
fn without_heading(text: &str) -> &str {
    let Some((rule, rest)) = text.trim_start().split_once('\n') else { return text };
    let rule = rule.trim();
    if rule.len() < 10 || rule.bytes().any(|byte| byte != b'-') {
        return text;
    }
    let mut rest = rest.trim_start();
    if let Some((who, words)) = rest.split_once('\n')
        && who.contains(',')
        && words.starts_with(['\n', '\r'])
    {
        rest = words.trim_start();
    }
    rest
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn a_category_is_read_where_its_own_field_changed() {
        let known = TicketFields { category: Some("360001234567".into()), ..TicketFields::default() };
        let changed = |field: u64| {
            let event = json!({
                "type": "zen:event-type:ticket.custom_field_changed",
                "detail": {"id": "81"},
                "event": {"field": {"id": field}, "current": "network__vpn", "previous": null},
            });
            read(&event, &known).unwrap()
        };
        assert_eq!(changed(360_001_234_567).category.as_deref(), Some("network__vpn"));
        assert_eq!(changed(1).category, None);
    }

    #[test]
    fn an_event_about_something_else_is_taken_and_comes_to_nothing() {
        let event = json!({"type": "zen:event-type:user.active_changed", "detail": {"id": "6596848315901"}});
        assert_eq!(read(&event, &TicketFields::default()).unwrap().about, About::Other);
    }

    #[test]
    fn the_heading_of_a_comment_is_no_part_of_its_words() {
        let written = "----------------------------------------------\n\nAda Roe, Nov 21, 2026, 09:40\n\nVPN drops.\n\nSince then, nothing.";
        assert_eq!(without_heading(written), "VPN drops.\n\nSince then, nothing.");
        for plain in ["VPN drops.", "--\nAda", "-----\n\nx", "a, b\n\nc"] {
            assert_eq!(without_heading(plain), plain);
        }
    }
}
