//! Zammad.
//!
//! Tags are added one by one, which changes nothing where they are there; fields and note go last and together, in
//! `PUT /api/v1/tickets/{id}`: whoever finds the note knows that all of it was written.
//!
//! Sources: <https://docs.zammad.org/en/latest/api/ticket/index.html#update>,
//! <https://docs.zammad.org/en/latest/api/ticket/articles.html>, <https://docs.zammad.org/en/latest/api/ticket/tags.html>.

use serde_json::{Map, json};

use super::rest::{Rest, Trouble};
use super::{Helpdesk, Wording, note};
use crate::integrations::update::Update;

#[derive(Debug)]
pub(super) struct Zammad {
    pub(super) wording: Wording,
    pub(super) rest: Rest,
}

impl Zammad {
    async fn has_note(&self, ticket: u64, update: &Update) -> Result<bool, Trouble> {
        let path = format!("/api/v1/ticket_articles/by_ticket/{ticket}");
        let answer = self.rest.get(&path, "the articles").await?;
        let Some(articles) = answer.as_array() else {
            let error = "the answer is no list of articles; is the address really Zammad's?".to_owned();
            return Err(Trouble::Later { error, wait: None });
        };
        let body =
            |article: &serde_json::Value| article["body"].as_str().map(|body| note::is_in(update, body));
        Ok(articles.iter().filter_map(body).any(|ours| ours))
    }
}

impl Helpdesk for Zammad {
    async fn write(&self, update: &Update) -> Result<(), Trouble> {
        let id = self.rest.number(&update.ticket_id)?;
        if update.note.is_some() && self.has_note(id, update).await? {
            return Ok(());
        }
        for tag in &update.tags {
            let body = json!({"item": tag, "object": "Ticket", "o_id": id});
            self.rest.post("/api/v1/tags/add", "a tag", &body).await?;
        }
        let mut body = Map::new();
        if let Some(priority) = update.priority {
            body.insert("priority".into(), self.wording.priority(priority).into());
        }
        for (field, value) in self.wording.values(update) {
            body.insert(field.into(), value.into());
        }
        if let Some(html) = note::html(update) {
            let article = json!({
                "subject": "Deskhand", "body": html, "content_type": "text/html", "type": "note", "internal": true,
            });
            body.insert("article".into(), article);
        }
        if body.is_empty() {
            return Ok(());
        }
        self.rest.put(&format!("/api/v1/tickets/{id}"), "the update", &body.into()).await.map(drop)
    }
}
