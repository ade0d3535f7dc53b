//! What any other helpdesk sends, read by the site's own mapping.

use serde_json::Value;

use super::delivery::{About, Delivery, Standing};
use super::reader::{FieldProblem, Fields};
use crate::config::FieldMapping;
use crate::integrations::Product;
use crate::text::Format;

pub(super) fn read(value: &Value, mapping: &FieldMapping) -> Result<Delivery, FieldProblem> {
    let fields = Fields(value);
    let text = |pointer: &Option<String>| pointer.as_deref().map_or(Ok(None), |pointer| fields.text(pointer));
    let time = |pointer: &Option<String>| pointer.as_deref().map_or(Ok(None), |pointer| fields.time(pointer));
    let internal = mapping.internal.as_deref().map_or(Ok(None), |pointer| fields.flag(pointer))?;
    let about = if internal == Some(true) { About::InternalNote } else { About::Ticket };
    let html = text(&mapping.body_format)?.is_some_and(|format| format.eq_ignore_ascii_case("html"));
    Ok(Delivery {
        subject: fields.long(&mapping.subject)?,
        body: fields.long(&mapping.body)?,
        body_format: if html { Format::Html } else { Format::Text },
        channel: text(&mapping.channel)?,
        created_at: time(&mapping.created_at)?,
        changed_at: time(&mapping.updated_at)?,
        requester_id: text(&mapping.requester_id)?,
        organization_id: text(&mapping.organization_id)?,
        group: text(&mapping.group)?,
        standing: text(&mapping.status)?.as_deref().and_then(Standing::of),
        category: text(&mapping.category)?,
        priority: text(&mapping.priority)?,
        author_id: text(&mapping.author_id)?,
        ..Delivery::of(Product::Generic, about, fields.id(&mapping.ticket_id)?)
    })
}

/// The sender's own id of the delivery.
pub(super) fn delivery_id(value: &Value, mapping: &FieldMapping) -> Option<String> {
    Fields(value).text(mapping.delivery_id.as_deref()?).ok().flatten()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_are_read_where_the_mapping_says() {
        let mapping = FieldMapping {
            ticket_id: "/data/case/number".into(),
            subject: "/data/case/title".into(),
            body: "/data/texts/0".into(),
            status: Some("/data/case/state".into()),
            internal: None,
            delivery_id: Some("/event".into()),
            ..FieldMapping::default()
        };
        let sent = json!({
            "event": 7,
            "internal": true,
            "data": {"case": {"number": 81, "title": "VPN", "state": "Closed"}, "texts": ["It drops."]},
        });
        let delivery = read(&sent, &mapping).unwrap();
        assert_eq!((delivery.ticket_id.as_str(), delivery.subject.as_deref()), ("81", Some("VPN")));
        assert_eq!(
            (delivery.body.as_deref(), delivery.standing),
            (Some("It drops."), Some(Standing::Solved))
        );
        assert_eq!(delivery.about, About::Ticket, "nothing says that it is internal");
        assert_eq!(delivery_id(&sent, &mapping).as_deref(), Some("7"));
    }
}
