//! Users and their sign-ins as they are kept: no password and no cookie, only what they hash to.

use jiff::Timestamp;

use super::column;
use super::sql::{self, Connection, FromRow, Row};
use super::writer::{Write, Written};
use super::{Store, StoreError};
use crate::config::Role;

/// Somebody who signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRecord {
    /// The name to sign in with, not empty.
    pub name: String,
    /// The password's hash, as a PHC string.
    pub password: String,
    /// What they are here for.
    pub role: Role,
    /// When they were added.
    pub created_at: Timestamp,
}

/// A sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRecord {
    /// SHA-256 of what the cookie holds.
    pub hash: [u8; 32],
    /// Whose it is.
    pub user: String,
    /// When it began.
    pub began_at: Timestamp,
    /// When it was last seen, to the minute.
    pub seen_at: Timestamp,
}

/// A change of the users or their sign-ins.
#[derive(Debug)]
pub(super) enum UserWrite {
    /// With a new password all sign-ins end.
    Put {
        user: UserRecord,
        fresh: bool,
    },
    Remove {
        name: String,
    },
    Begin(SessionRecord),
    See {
        hash: [u8; 32],
        at: Timestamp,
    },
    End {
        hash: [u8; 32],
    },
    /// Those that began or were seen before these times.
    Prune {
        began: Timestamp,
        seen: Timestamp,
    },
}

impl Store {
    /// All users, by name.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn users(&self) -> Result<Vec<UserRecord>, StoreError> {
        sql::query_as("SELECT * FROM users ORDER BY name")
            .fetch_all(self.readers())
            .await
            .map_err(|error| self.failed(error))
    }

    /// The user with this name.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn user(&self, name: &str) -> Result<Option<UserRecord>, StoreError> {
        sql::query_as("SELECT * FROM users WHERE name = $1")
            .bind(name)
            .fetch_optional(self.readers())
            .await
            .map_err(|error| self.failed(error))
    }

    /// Keeps a user. Where there is one with this name, a `fresh` one is not kept, and another takes password and
    /// role over, and ends all sign-ins. Whether it was kept.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then nothing is changed.
    pub async fn put_user(&self, user: UserRecord, fresh: bool) -> Result<bool, StoreError> {
        self.write_user(UserWrite::Put { user, fresh }).await
    }

    /// Removes a user with all sign-ins; whether there was one.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then nothing is changed.
    pub async fn remove_user(&self, name: &str) -> Result<bool, StoreError> {
        self.write_user(UserWrite::Remove { name: name.to_owned() }).await
    }

    /// The sign-in whose cookie has this hash, and whose it is.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn session(&self, hash: &[u8; 32]) -> Result<Option<(SessionRecord, Role)>, StoreError> {
        let row = sql::query(
            "SELECT s.hash, s.\"user\", s.began_at, s.seen_at, u.role FROM sessions s JOIN users u ON u.name = s.\"user\"
             WHERE s.hash = $1",
        )
        .bind(hash.as_slice())
        .fetch_optional(self.readers())
        .await
        .map_err(|error| self.failed(error))?;
        let read = |row: Row| Ok((SessionRecord::from_row(&row)?, column::word(&row, "role")?));
        row.map(read).transpose().map_err(|error| self.failed(error))
    }

    /// Keeps a new sign-in.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like, or that its user is gone.
    pub async fn begin_session(&self, session: SessionRecord) -> Result<(), StoreError> {
        self.write_user(UserWrite::Begin(session)).await.map(drop)
    }

    /// Notes that a sign-in was seen.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then nothing is changed.
    pub async fn see_session(&self, hash: [u8; 32], at: Timestamp) -> Result<(), StoreError> {
        self.write_user(UserWrite::See { hash, at }).await.map(drop)
    }

    /// Ends a sign-in.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then nothing is changed.
    pub async fn end_session(&self, hash: [u8; 32]) -> Result<(), StoreError> {
        self.write_user(UserWrite::End { hash }).await.map(drop)
    }

    /// Forgets sign-ins that began, or were last seen, before these times.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then nothing is changed.
    pub async fn prune_sessions(&self, began: Timestamp, seen: Timestamp) -> Result<(), StoreError> {
        self.write_user(UserWrite::Prune { began, seen }).await.map(drop)
    }

    async fn write_user(&self, write: UserWrite) -> Result<bool, StoreError> {
        self.writer().write(Write::User(Box::new(write))).await.map(|written| written.found)
    }
}

/// Makes the change.
pub(super) async fn write(connection: &mut Connection, write: &UserWrite) -> Result<Written, sqlx::Error> {
    let done = match write {
        UserWrite::Put { user, fresh } => return put(connection, user, *fresh).await,
        UserWrite::Remove { name } => {
            sql::query("DELETE FROM users WHERE name = $1").bind(name).execute(connection).await?
        }
        UserWrite::Begin(session) => {
            sql::query("INSERT INTO sessions (hash, \"user\", began_at, seen_at) VALUES ($1, $2, $3, $4)")
                .bind(session.hash.as_slice())
                .bind(&session.user)
                .bind(column::time_text(session.began_at))
                .bind(column::time_text(session.seen_at))
                .execute(connection)
                .await?
        }
        UserWrite::See { hash, at } => {
            sql::query("UPDATE sessions SET seen_at = $2 WHERE hash = $1")
                .bind(hash.as_slice())
                .bind(column::time_text(*at))
                .execute(connection)
                .await?
        }
        UserWrite::End { hash } => {
            sql::query("DELETE FROM sessions WHERE hash = $1")
                .bind(hash.as_slice())
                .execute(connection)
                .await?
        }
        UserWrite::Prune { began, seen } => {
            sql::query("DELETE FROM sessions WHERE began_at < $1 OR seen_at < $2")
                .bind(column::time_text(*began))
                .bind(column::time_text(*seen))
                .execute(connection)
                .await?
        }
    };
    Ok(Written { found: done.rows_affected() > 0, ..Written::default() })
}

async fn put(connection: &mut Connection, user: &UserRecord, fresh: bool) -> Result<Written, sqlx::Error> {
    let sql = if fresh {
        "INSERT INTO users (name, password, role, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO NOTHING"
    } else {
        "UPDATE users SET password = $2, role = $3 WHERE name = $1 AND $4 IS NOT NULL"
    };
    let done = sql::query(sql)
        .bind(&user.name)
        .bind(&user.password)
        .bind(column::word_text(&user.role)?)
        .bind(column::time_text(user.created_at))
        .execute(&mut *connection)
        .await?;
    sql::query("DELETE FROM sessions WHERE \"user\" = $1 AND $2 = 0")
        .bind(&user.name)
        .bind(fresh)
        .execute(connection)
        .await?;
    Ok(Written { found: done.rows_affected() > 0, ..Written::default() })
}

impl FromRow for UserRecord {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            name: row.try_get("name")?,
            password: row.try_get("password")?,
            role: column::word(row, "role")?,
            created_at: column::time(row, "created_at")?,
        })
    }
}

impl FromRow for SessionRecord {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            hash: column::digest(row, "hash")?,
            user: row.try_get("user")?,
            began_at: column::time(row, "began_at")?,
            seen_at: column::time(row, "seen_at")?,
        })
    }
}
