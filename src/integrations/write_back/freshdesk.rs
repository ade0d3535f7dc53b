//! Freshdesk.
//!
//! Fields and tags go first, in `PUT /api/v2/tickets/{id}`; a note has a request of its own, which goes last: whoever
//! finds it knows that all of it was written. Tags are replaced, so they are read before.
//!
//! Source: <https://developers.freshdesk.com/api/#update_ticket>, `#add_note_to_a_ticket`,
//! `#list_all_ticket_notes` (conversations, the oldest first, up to 100 a page), `#ratelimit`.

use serde_json::{Map, Value, json};

use super::rest::{Rest, Trouble, list};
use super::{Helpdesk, Wording, note};
use crate::integrations::update::Update;

/// Conversations of one page, the most there can be.
const PAGE: usize = 100;
/// Pages that are read at most. A ticket with more conversations than that is no longer one that just came in.
const PAGES: usize = 20;
/// What the names of a site's own fields begin with; others stand beside them in a ticket.
const CUSTOM: &str = "cf_";

#[derive(Debug)]
pub(super) struct Freshdesk {
    pub(super) wording: Wording,
    pub(super) rest: Rest,
}

impl Freshdesk {
    async fn has_note(&self, ticket: u64, update: &Update) -> Result<bool, Trouble> {
        for page in 1..=PAGES {
            let path = format!("/api/v2/tickets/{ticket}/conversations?per_page={PAGE}&page={page}");
            let answer = self.rest.get(&path, "the conversations").await?;
            let Some(conversations) = answer.as_array() else {
                let error =
                    "the answer is no list of conversations; is the address really Freshdesk's?".to_owned();
                return Err(Trouble::Later { error, wait: None });
            };
            let ours = |one: &Value| one["body"].as_str().is_some_and(|body| note::is_in(update, body));
            if conversations.iter().any(ours) {
                return Ok(true);
            }
            if conversations.len() < PAGE {
                break;
            }
        }
        Ok(false)
    }

    fn body(&self, update: &Update, ticket: &Value) -> Result<Map<String, Value>, Trouble> {
        let (mut body, mut custom) = (Map::new(), Map::new());
        if let Some(priority) = update.priority {
            let name = self.wording.priority(priority);
            let number: u8 = name.parse().map_err(|_| {
                let setting = self.rest.setting("fields.priority_values");
                Trouble::Hopeless(format!(
                    "{setting} holds {name}, which is none of Freshdesk's priorities 1 to 4"
                ))
            })?;
            body.insert("priority".into(), number.into());
        }
        for (field, value) in self.wording.values(update) {
            let place = if field.starts_with(CUSTOM) { &mut custom } else { &mut body };
            place.insert(field.into(), value.into());
        }
        if !custom.is_empty() {
            body.insert("custom_fields".into(), custom.into());
        }
        let present = list(ticket, "tags")?;
        if update.tags.iter().any(|tag| !present.contains(&json!(tag))) {
            let mut tags = present.clone();
            tags.extend(
                update.tags.iter().filter(|tag| !present.contains(&json!(tag))).map(|tag| json!(tag)),
            );
            body.insert("tags".into(), tags.into());
        }
        Ok(body)
    }
}

impl Helpdesk for Freshdesk {
    async fn write(&self, update: &Update) -> Result<(), Trouble> {
        let id = self.rest.number(&update.ticket_id)?;
        if update.note.is_some() && self.has_note(id, update).await? {
            return Ok(());
        }
        let path = format!("/api/v2/tickets/{id}");
        let ticket = self.rest.get(&path, "the ticket").await?;
        let body = self.body(update, &ticket)?;
        if !body.is_empty() {
            self.rest.put(&path, "the update", &body.into()).await?;
        }
        if let Some(html) = note::html(update) {
            let note = json!({"body": html, "private": true});
            self.rest.post(&format!("{path}/notes"), "the note", &note).await?;
        }
        Ok(())
    }
}
