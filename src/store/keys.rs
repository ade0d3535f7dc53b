//! Keys of programs as they are kept: never the secret, only what it hashes to.

use jiff::Timestamp;

use super::column;
use super::sql::{self, Connection, FromRow, Row};
use super::writer::{Write, Written};
use super::{Store, StoreError};
use crate::config::Scope;

/// A key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRecord {
    /// Its public part, not empty.
    pub id: String,
    /// What it is for, in the words of whoever made it.
    pub name: String,
    /// What it may ask for.
    pub scopes: Vec<Scope>,
    /// SHA-256 of its secret.
    pub hash: [u8; 32],
    /// When it was made.
    pub created_at: Timestamp,
    /// From then on it opens nothing.
    pub expires_at: Option<Timestamp>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the hour.
    pub last_used_at: Option<Timestamp>,
}

/// A change of the keys.
#[derive(Debug)]
pub(super) enum KeyWrite {
    Add(KeyRecord),
    Revoke { id: String, at: Timestamp },
    Used { id: String, at: Timestamp },
}

impl Store {
    /// All keys that were ever made, oldest first.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn keys(&self) -> Result<Vec<KeyRecord>, StoreError> {
        sql::query_as("SELECT * FROM api_keys ORDER BY created_at, id")
            .fetch_all(self.readers())
            .await
            .map_err(|error| self.failed(error))
    }

    /// Keeps a new key.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like, or that there is one with this id; then nothing is kept.
    pub async fn add_key(&self, key: KeyRecord) -> Result<(), StoreError> {
        self.write_key(KeyWrite::Add(key)).await.map(drop)
    }

    /// Takes a key back from this time on; whether there is one that was not taken back before.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then nothing is changed.
    pub async fn revoke_key(&self, id: &str, at: Timestamp) -> Result<bool, StoreError> {
        self.write_key(KeyWrite::Revoke { id: id.to_owned(), at }).await
    }

    /// Notes that a key was used.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then nothing is changed.
    pub async fn key_used(&self, id: &str, at: Timestamp) -> Result<(), StoreError> {
        self.write_key(KeyWrite::Used { id: id.to_owned(), at }).await.map(drop)
    }

    async fn write_key(&self, write: KeyWrite) -> Result<bool, StoreError> {
        self.writer().write(Write::Key(Box::new(write))).await.map(|written| written.found)
    }
}

/// Makes the change.
pub(super) async fn write(connection: &mut Connection, write: &KeyWrite) -> Result<Written, sqlx::Error> {
    let done = match write {
        KeyWrite::Add(key) => {
            sql::query(
                "INSERT INTO api_keys (id, name, scopes, hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(&key.id)
            .bind(&key.name)
            .bind(column::json_text(&key.scopes)?)
            .bind(key.hash.as_slice())
            .bind(column::time_text(key.created_at))
            .bind(key.expires_at.map(column::time_text))
            .execute(connection)
            .await?
        }
        KeyWrite::Revoke { id, at } => {
            sql::query("UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL")
                .bind(id)
                .bind(column::time_text(*at))
                .execute(connection)
                .await?
        }
        KeyWrite::Used { id, at } => {
            sql::query("UPDATE api_keys SET last_used_at = $2 WHERE id = $1")
                .bind(id)
                .bind(column::time_text(*at))
                .execute(connection)
                .await?
        }
    };
    Ok(Written { found: done.rows_affected() > 0, ..Written::default() })
}

impl FromRow for KeyRecord {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            scopes: column::json(row, "scopes")?,
            hash: column::digest(row, "hash")?,
            created_at: column::time(row, "created_at")?,
            expires_at: column::optional_time(row, "expires_at")?,
            revoked_at: column::optional_time(row, "revoked_at")?,
            last_used_at: column::optional_time(row, "last_used_at")?,
        })
    }
}
