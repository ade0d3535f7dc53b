//! What is kept of one requester: where it lies, and the end of an erasure.

use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::TryRng as _;
use rand::rngs::SysRng;
use sha2::Sha256;

use super::forget::Forget;
use super::sql::{self, Connection};
use super::writer::Written;
use super::{Store, StoreError};

/// Bytes of the hash that names a requester in the trail.
const NAME_BYTES: usize = 16;
/// Bytes of the key of that hash.
const KEY_BYTES: usize = 32;

/// Ids of what is kept of a requester.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RequesterRows {
    /// Their tickets.
    pub tickets: Vec<String>,
    /// Their surveys: those that name them, and those about their tickets that name nobody.
    pub surveys: Vec<String>,
}

impl Store {
    /// What is kept of a requester, in order of id.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn requester_rows(&self, id: &str) -> Result<RequesterRows, StoreError> {
        let ids = async |statement: &'static str| {
            let ids = sql::query_scalar::<String>(statement).bind(id).fetch_all(self.readers()).await;
            ids.map_err(|error| self.failed(error))
        };
        Ok(RequesterRows {
            tickets: ids("SELECT id FROM tickets WHERE requester_id = $1 ORDER BY id").await?,
            surveys: ids("SELECT id FROM surveys WHERE requester_id = $1
                 UNION SELECT s.id FROM tickets t CROSS JOIN surveys s
                     WHERE t.requester_id = $1 AND s.ticket_id = t.id AND s.requester_id IS NULL
                 ORDER BY 1")
            .await?,
        })
    }

    /// Forgets signals about the requester, and that they have to be looked at.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then nothing is forgotten.
    pub async fn forget_signals_of(&self, id: &str) -> Result<(), StoreError> {
        self.forget(Forget::SignalsOf(id.to_owned())).await.map(drop)
    }

    /// Tells in the trail, by [`Self::requester_name`], that so many rows of each kind went; once more forgets signals
    /// about the requester. The name that the trail has for them.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then nothing is kept.
    pub async fn end_erasure(&self, id: &str, rows: Vec<(&'static str, u64)>) -> Result<String, StoreError> {
        self.forget(Forget::Requester { id: id.to_owned(), rows }).await?;
        Ok(self.requester_name(id).await?.unwrap_or_default())
    }

    /// How the trail names a requester: a hash of the id with a key that lies in this data folder, the same each
    /// time. `None` where nobody was ever erased.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn requester_name(&self, id: &str) -> Result<Option<String>, StoreError> {
        let key: Option<String> = sql::query_scalar("SELECT secret FROM trail_key WHERE id = 1")
            .fetch_optional(self.readers())
            .await
            .map_err(|error| self.failed(error))?;
        key.map(|key| name(&key, id)).transpose().map_err(|error| self.failed(error))
    }
}

/// Forgets signals about the requester.
pub(super) async fn forget_signals(connection: &mut Connection, id: &str) -> Result<(), sqlx::Error> {
    for statement in [
        "DELETE FROM signals WHERE subject_kind = 'requester' AND subject_id = $1",
        "DELETE FROM signal_agenda WHERE subject_kind = 'requester' AND subject_id = $1",
    ] {
        sql::query(statement).bind(id).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Ends an erasure.
pub(super) async fn end(connection: &mut Connection, id: &str) -> Result<Written, sqlx::Error> {
    forget_signals(connection, id).await?;
    let mut fresh = [0; KEY_BYTES];
    SysRng.try_fill_bytes(&mut fresh).map_err(|error| sqlx::Error::Io(error.into()))?;
    sql::query("INSERT INTO trail_key (id, secret) VALUES (1, $1) ON CONFLICT (id) DO NOTHING")
        .bind(hex(&fresh))
        .execute(&mut *connection)
        .await?;
    let key: String =
        sql::query_scalar("SELECT secret FROM trail_key WHERE id = 1").fetch_one(connection).await?;
    Ok(Written { subject: Some(name(&key, id)?), ..Written::default() })
}

/// HMAC-SHA256 (RFC 2104) of the id, its first 16 bytes.
fn name(key: &str, id: &str) -> Result<String, sqlx::Error> {
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes());
    let mut mac = mac.map_err(|error| sqlx::Error::Encode(error.into()))?;
    mac.update(id.as_bytes());
    Ok(format!("requester:{}", hex(&mac.finalize().into_bytes()[..NAME_BYTES])))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
