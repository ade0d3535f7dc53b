//! Zendesk Support.
//!
//! Everything goes into one request, `PUT /api/v2/tickets/{id}.json`, with `safe_update`: it is refused with 409 when
//! the ticket has changed since it was read, also by an attempt of ours that arrives late. So nothing is added twice
//! and no tag that somebody sets meanwhile is lost.
//!
//! Sources: <https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/#update-ticket>,
//! <https://developer.zendesk.com/documentation/ticketing/managing-tickets/creating-and-updating-tickets/#protecting-against-ticket-update-collisions>,
//! <https://developer.zendesk.com/documentation/ticketing/managing-tickets/adding-tags-to-tickets-without-overwriting-existing-tags/>
//! (`additional_tags` is for updates of many tickets; of one, `tags` are replaced),
//! <https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_comments/>,
//! <https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_fields/>.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;

use super::credentials::SetupError;
use super::rest::{Rest, Trouble, list, text};
use super::{Helpdesk, Wording, note};
use crate::integrations::update::{Product, Update};

/// How long the options of a field are taken to be the same, in seconds.
const OPTIONS_KEPT: i64 = 600;

/// Options of a drop-down field: what people see, and the tag that stands for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::integrations) struct FieldOption {
    pub(in crate::integrations) name: String,
    pub(in crate::integrations) value: String,
}

/// The options of a field and when they were read.
type Known = (Timestamp, Arc<[FieldOption]>);

#[derive(Debug)]
pub(super) struct Zendesk {
    wording: Wording,
    rest: Rest,
    options: Mutex<HashMap<u64, Known>>,
}

/// A field to set.
struct Set {
    field: u64,
    value: String,
    options: Arc<[FieldOption]>,
}

impl Zendesk {
    pub(super) fn new(wording: Wording, rest: Rest) -> Result<Self, SetupError> {
        for (setting, field) in wording.fields() {
            if field.parse::<u64>().is_err() {
                let problem =
                    format!("{setting} is no number; Zendesk shows it in the list of ticket fields");
                return Err(SetupError { product: Product::Zendesk, problem });
            }
        }
        Ok(Self { wording, rest, options: Mutex::default() })
    }

    /// The fields to set, with the tags that stand for the values.
    async fn fields(&self, update: &Update) -> Result<Vec<Set>, Trouble> {
        let mut fields = Vec::new();
        for (field, value) in self.wording.values(update) {
            let Ok(field) = field.parse::<u64>() else { continue };
            let options = self.options(field).await?;
            let fits =
                |option: &&FieldOption| option.name.eq_ignore_ascii_case(value) || option.value == value;
            let value = match options.iter().find(fits) {
                Some(option) => option.value.clone(),
                // A field for text has no options and takes any.
                None if options.is_empty() => value.to_owned(),
                None => {
                    self.options.lock().await.remove(&field);
                    return Err(Trouble::Hopeless(format!(
                        "the field {field} has no option {value}; add it in Zendesk, or say in {} which one is meant",
                        self.rest.setting("fields.category_values")
                    )));
                }
            };
            fields.push(Set { field, value, options });
        }
        Ok(fields)
    }

    async fn options(&self, field: u64) -> Result<Arc<[FieldOption]>, Trouble> {
        let now = self.rest.now();
        if let Some((read, options)) = self.options.lock().await.get(&field)
            && now.duration_since(*read) < SignedDuration::from_secs(OPTIONS_KEPT)
        {
            return Ok(Arc::clone(options));
        }
        let answer = self.rest.get(&format!("/api/v2/ticket_fields/{field}.json"), "the field").await?;
        let options: Arc<[FieldOption]> = field_options(&answer["ticket_field"]).into();
        self.options.lock().await.insert(field, (now, Arc::clone(&options)));
        Ok(options)
    }

    /// Whether one of the last hundred comments is the update's note.
    async fn has_note(&self, ticket: u64, update: &Update) -> Result<bool, Trouble> {
        let path = format!("/api/v2/tickets/{ticket}/comments.json?sort_order=desc&per_page=100");
        let answer = self.rest.get(&path, "the comments").await?;
        let comments = list(&answer, "comments")?;
        Ok(comments.iter().any(|comment| {
            ["html_body", "body"]
                .iter()
                .any(|body| note::is_in(update, comment[*body].as_str().unwrap_or_default()))
        }))
    }

    fn body(&self, update: &Update, ticket: &Value, fields: &[Set]) -> Result<Value, Trouble> {
        let mut body = Map::new();
        body.insert("safe_update".into(), true.into());
        body.insert("updated_stamp".into(), text(ticket, "updated_at")?.into());
        if let Some(priority) = update.priority {
            body.insert("priority".into(), self.wording.priority(priority).into());
        }
        if !fields.is_empty() {
            let set: Vec<Value> =
                fields.iter().map(|set| json!({"id": set.field, "value": set.value})).collect();
            body.insert("custom_fields".into(), set.into());
        }
        if let Some(html) = note::html(update) {
            body.insert("comment".into(), json!({"html_body": html, "public": false}));
        }
        body.insert("tags".into(), tags(update, list(ticket, "tags")?, fields).into());
        Ok(json!({"ticket": body}))
    }
}

impl Helpdesk for Zendesk {
    async fn write(&self, update: &Update) -> Result<(), Trouble> {
        let id = self.rest.number(&update.ticket_id)?;
        let fields = self.fields(update).await?;
        let path = format!("/api/v2/tickets/{id}.json");
        // Before the comments: what comes between makes the write fail with 409.
        let answer = self.rest.get(&path, "the ticket").await?;
        let ticket = &answer["ticket"];
        if ticket["status"] == "closed" {
            return Err(Trouble::Hopeless(
                "the ticket is closed, and Zendesk lets nobody change it any more".into(),
            ));
        }
        // Fields, tags and note came together, and people may have changed fields since.
        if update.note.is_some() && self.has_note(id, update).await? {
            return Ok(());
        }
        self.rest.put(&path, "the update", &self.body(update, ticket, &fields)?).await.map(drop)
    }
}

/// The ticket's tags with ours. The tag that stood for a field's former value goes: Zendesk would set it back by it.
fn tags(update: &Update, present: &[Value], fields: &[Set]) -> Vec<String> {
    let former = |tag: &str| {
        fields.iter().any(|set| set.value != tag && set.options.iter().any(|option| option.value == tag))
    };
    let present = present.iter().filter_map(Value::as_str).filter(|tag| !former(tag));
    let mut tags: Vec<String> = present.map(str::to_owned).collect();
    for tag in &update.tags {
        if !tags.contains(tag) {
            tags.push(tag.clone());
        }
    }
    tags
}

/// The options of a field as Zendesk shows it; none of one that is no drop-down.
pub(in crate::integrations) fn field_options(field: &Value) -> Vec<FieldOption> {
    let option = |option: &Value| {
        Some(FieldOption {
            name: option["name"].as_str()?.to_owned(),
            value: option["value"].as_str()?.to_owned(),
        })
    };
    field["custom_field_options"]
        .as_array()
        .map(|options| options.iter().filter_map(option).collect())
        .unwrap_or_default()
}
