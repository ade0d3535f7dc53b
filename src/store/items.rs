//! Configuration items: what a house runs and hands out.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::column;
use super::sql::{self, Connection, FromRow, Row};
use super::writer::Write;
use super::{Store, StoreError};

/// A service, a machine, a program: something that tickets are about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConfigurationItem {
    /// The site's own id, unique and not empty.
    #[schema(example = "svc-vpn")]
    pub id: String,
    /// What it is called.
    #[schema(example = "LarkVPN")]
    pub name: String,
    /// What it is, in the site's own word.
    #[schema(example = "service")]
    pub kind: Option<String>,
    /// What people call it besides.
    pub aliases: Vec<String>,
    /// What its asset tags look like, as regular expressions.
    pub tag_patterns: Vec<String>,
    /// Whether name and aliases count only as they are written.
    pub match_case: bool,
    /// Where more is said about it.
    pub url: Option<String>,
    /// Who looks after it: a team or queue of the helpdesk.
    pub agent_group: Option<String>,
}

impl Store {
    /// Keeps the items, all or none, each in place of the one with its id.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then none is kept.
    pub async fn put_items(&self, items: Vec<ConfigurationItem>) -> Result<(), StoreError> {
        self.writer().write(Write::PutItems(items)).await.map(drop)
    }

    /// Deletes an item; `false` if there is none with this id.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like.
    pub async fn delete_item(&self, id: &str) -> Result<bool, StoreError> {
        self.writer().write(Write::DeleteItem { id: id.to_owned() }).await.map(|written| written.found)
    }

    /// The item with this id.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn item(&self, id: &str) -> Result<Option<ConfigurationItem>, StoreError> {
        sql::query_as("SELECT * FROM configuration_items WHERE id = $1")
            .bind(id)
            .fetch_optional(self.readers())
            .await
            .map_err(|error| self.failed(error))
    }

    /// Up to `limit` items in order of id, from the first after `after`, or from the start.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn items_page(
        &self,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<ConfigurationItem>, StoreError> {
        sql::query_as("SELECT * FROM configuration_items WHERE id > $1 ORDER BY id LIMIT $2")
            // No id is empty, so that everything comes after the empty one.
            .bind(after.unwrap_or_default())
            .bind(limit)
            .fetch_all(self.readers())
            .await
            .map_err(|error| self.failed(error))
    }
}

pub(super) async fn put(connection: &mut Connection, items: &[ConfigurationItem]) -> Result<(), sqlx::Error> {
    for item in items {
        sql::query(
            "INSERT INTO configuration_items
                 (id, name, kind, aliases, tag_patterns, match_case, url, agent_group)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, kind = excluded.kind,
                 aliases = excluded.aliases, tag_patterns = excluded.tag_patterns,
                 match_case = excluded.match_case, url = excluded.url, agent_group = excluded.agent_group",
        )
        .bind(&item.id)
        .bind(&item.name)
        .bind(&item.kind)
        .bind(column::json_text(&item.aliases)?)
        .bind(column::json_text(&item.tag_patterns)?)
        .bind(item.match_case)
        .bind(&item.url)
        .bind(&item.agent_group)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

pub(super) async fn delete(connection: &mut Connection, id: &str) -> Result<bool, sqlx::Error> {
    let deleted =
        sql::query("DELETE FROM configuration_items WHERE id = $1").bind(id).execute(connection).await?;
    Ok(deleted.rows_affected() > 0)
}

impl FromRow for ConfigurationItem {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            kind: row.try_get("kind")?,
            aliases: column::json(row, "aliases")?,
            tag_patterns: column::json(row, "tag_patterns")?,
            match_case: row.try_get("match_case")?,
            url: row.try_get("url")?,
            agent_group: row.try_get("agent_group")?,
        })
    }
}
