//! The trail: who changed what, each entry chained to the former by its hash, added in the transaction of the
//! change itself.
//!
//! An entry's hash is SHA-256 over the former entry's hash (32 bytes of zero before the first) and the entry as a
//! JSON array `[seq, at, who, action, subject, detail]`. Whoever can write the file can make a chain anew, or cut
//! its end off; who notes the last hash elsewhere sees that too.

use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use super::bundles::BundleWrite;
use super::column;
use super::keys::KeyWrite;
use super::sql::{self, Connection, Dialect, FromRow, Json, Row, without_nul};
use super::users::UserWrite;
use super::writer::{Write, Written};
use super::{Store, StoreError, forget};
use crate::acting::Acting;

/// Stands for the program where it acts by itself.
const BY_ITSELF: &str = "deskhand";
/// Most ids that one entry names.
const IDS: usize = 64;

/// A change to be told in the trail.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What was done, such as `article.put`.
    pub action: &'static str,
    /// To what: an id.
    pub subject: String,
    /// What more there is to tell; no words of a customer.
    pub detail: Value,
}

/// An entry of the trail.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TrailEntry {
    /// Its number, from 1 on, without gaps.
    #[schema(example = 12)]
    pub seq: u64,
    /// When; absent where the program acted by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
    /// Who: `key:ID`, `user:NAME`, `command:NAME`, `anyone` where nobody had to say, or `deskhand` by itself.
    #[schema(example = "user:mira")]
    pub who: String,
    /// What was done.
    #[schema(example = "article.put")]
    pub action: String,
    /// To what.
    #[schema(example = "vpn-drops")]
    pub subject: String,
    /// What more there is to tell.
    #[schema(value_type = Object)]
    pub detail: Value,
    /// SHA-256 over the former entry's hash and this entry, in hexadecimal digits.
    pub hash: String,
}

/// Whether the chain holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chain {
    /// It does; how many entries it has, and the hash of the last one.
    Whole {
        /// Entries.
        entries: u64,
        /// The last one's hash in hexadecimal digits; of an empty trail zeros.
        last: String,
    },
    /// It does not from this entry on.
    Broken {
        /// Number of the first entry that does not fit the one before it.
        seq: u64,
    },
}

impl Store {
    /// Entries after this number, oldest first, at most `limit`.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn trail(&self, after: u64, limit: u32) -> Result<Vec<TrailEntry>, StoreError> {
        sql::query_as("SELECT * FROM trail WHERE seq > $1 ORDER BY seq LIMIT $2")
            .bind(i64::try_from(after).unwrap_or(i64::MAX))
            .bind(limit)
            .fetch_all(self.readers())
            .await
            .map_err(|error| self.failed(error))
    }

    /// Tells a change in the trail that no table of the store shows.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then nothing is kept.
    pub async fn record(&self, change: Change) -> Result<(), StoreError> {
        self.writer().write(Write::Record(Box::new(change))).await.map(drop)
    }

    /// Follows the chain from its beginning. With `noted`, a number and the hash that its entry had, it is broken
    /// there too if that entry is another one now, or gone.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn follow_trail(&self, noted: Option<(u64, &str)>) -> Result<Chain, StoreError> {
        let mut rows = sql::query("SELECT * FROM trail ORDER BY seq").fetch(self.readers());
        let (mut entries, mut former) = (0_u64, [0_u8; 32]);
        while let Some(row) = rows.try_next().await.map_err(|error| self.failed(error))? {
            let seq = entries + 1;
            // What cannot be read as an entry is none that was written here.
            let Ok(stored) = Stored::from_row(&row) else { return Ok(Chain::Broken { seq }) };
            if stored.entry.seq != seq || hash(&former, &stored.entry, &stored.detail) != stored.hash {
                return Ok(Chain::Broken { seq });
            }
            if noted.is_some_and(|(at, hash)| at == seq && !hash.eq_ignore_ascii_case(&stored.entry.hash)) {
                return Ok(Chain::Broken { seq });
            }
            (entries, former) = (seq, stored.hash);
        }
        match noted {
            Some((seq, _)) if seq > entries => Ok(Chain::Broken { seq: entries + 1 }),
            _ => Ok(Chain::Whole { entries, last: hex(&former) }),
        }
    }
}

/// Adds what `write` changed to the trail, if it is anything that the trail tells of.
pub(super) async fn tell(
    connection: &mut Connection,
    write: &Write,
    written: &Written,
    acting: Option<&Acting>,
) -> Result<(), sqlx::Error> {
    let Some(Change { action, subject, detail }) = change(write, written) else { return Ok(()) };
    let last = sql::query("SELECT seq, hash FROM trail ORDER BY seq DESC LIMIT 1")
        .fetch_optional(&mut *connection)
        .await?;
    let (former, seq) = match last {
        Some(row) => (column::digest(&row, "hash")?, row.try_get::<i64>("seq")? + 1),
        None => ([0; 32], 1),
    };
    // The hash has to be of what is kept.
    let subject = match connection.dialect() {
        Dialect::Sqlite => subject,
        Dialect::Postgres => without_nul(subject),
    };
    let entry = TrailEntry {
        seq: column::unsigned(seq, "seq")?,
        at: acting.map(|acting| acting.at),
        who: acting.map_or(BY_ITSELF, |acting| &acting.who).to_owned(),
        action: action.to_owned(),
        subject,
        detail: Value::Null,
        hash: String::new(),
    };
    let Json(detail) = column::json_text(&detail)?;
    let hash = hash(&former, &entry, &detail);
    sql::query(
        "INSERT INTO trail (seq, at, who, action, subject, detail, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(seq)
    .bind(entry.at.map(column::time_text))
    .bind(&entry.who)
    .bind(&entry.action)
    .bind(&entry.subject)
    .bind(detail)
    .bind(hash.as_slice())
    .execute(connection)
    .await?;
    Ok(())
}

/// What the trail tells of a write; `None` of one that changed nothing, or is everyday work (tickets, surveys and
/// feedback coming in).
fn change(write: &Write, written: &Written) -> Option<Change> {
    let (found, seq) = (written.found, written.seq.is_some());
    let told = |action, subject: &str, detail| Some(Change { action, subject: subject.to_owned(), detail });
    match write {
        Write::PutArticles { batch, .. } if seq => {
            let ids: Vec<&str> =
                batch.iter().take(IDS).map(|embedded| embedded.article.id.as_str()).collect();
            match ids.as_slice() {
                [id] => told("article.put", id, json!({})),
                [first, ..] => told("articles.put", first, json!({"count": batch.len(), "ids": ids})),
                [] => None,
            }
        }
        Write::DeleteArticle { id, .. } if seq => told("article.delete", id, json!({})),
        Write::PutItems(batch) => {
            let ids: Vec<&str> = batch.iter().take(IDS).map(|item| item.id.as_str()).collect();
            let first = ids.first()?;
            told("items.put", first, json!({"count": batch.len(), "ids": ids}))
        }
        Write::ReviveJob { id, .. } if found => told("job.replay", &id.to_string(), json!({})),
        Write::DeleteItem { id } if found => told("item.delete", id, json!({})),
        Write::DecideGap(gap) if found => {
            let detail = json!({"state": gap.state, "owner": gap.owner, "article_id": gap.article_id});
            told("gap.decide", &gap.id, detail)
        }
        Write::DismissSignal { id, by, .. } if found => told("signal.dismiss", id, json!({"by": by})),
        Write::BeginTraining { .. } => told("training.begin", &written.training.to_string(), json!({})),
        Write::EndTraining(training) if found => {
            told("training.end", &training.id.to_string(), json!({"state": training.state}))
        }
        Write::DeleteSurvey { id } if found => told("survey.delete", id, json!({})),
        Write::ChangeFollowUp(told_of) if found => {
            let (survey_id, _, change, _) = &**told_of;
            told("follow-up.change", survey_id, json!({"fields": change.fields()}))
        }
        Write::Key(write) if found => match &**write {
            KeyWrite::Add(key) => {
                let detail = json!({"name": key.name, "scopes": key.scopes, "expires_at": key.expires_at});
                told("key.create", &key.id, detail)
            }
            KeyWrite::Revoke { id, .. } => told("key.revoke", id, json!({})),
            KeyWrite::Used { .. } => None,
        },
        Write::User(write) if found => match &**write {
            UserWrite::Put { user, fresh } => {
                let action = if *fresh { "user.add" } else { "user.change" };
                told(action, &user.name, json!({"role": user.role}))
            }
            UserWrite::Remove { name } => told("user.remove", name, json!({})),
            UserWrite::Begin(session) => told("user.sign-in", &session.user, json!({})),
            UserWrite::See { .. } | UserWrite::End { .. } | UserWrite::Prune { .. } => None,
        },
        Write::Bundle(write) if found => match &**write {
            BundleWrite::Promote(promotion) => {
                let bundle = promotion.bundle.as_deref().unwrap_or("shipped");
                told("bundle.promote", bundle, json!({"note": promotion.note}))
            }
            BundleWrite::Part(_) => None,
        },
        Write::Forget(what) => forget::told(what, written),
        Write::Record(change) => Some((**change).clone()),
        _ => None,
    }
}

fn hash(former: &[u8; 32], entry: &TrailEntry, detail: &str) -> [u8; 32] {
    let at = entry.at.map(column::time_text);
    let content = json!([entry.seq, at, entry.who, entry.action, entry.subject, detail]);
    Sha256::new().chain_update(former).chain_update(content.to_string()).finalize().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An entry with what its hash was made of.
struct Stored {
    entry: TrailEntry,
    detail: String,
    hash: [u8; 32],
}

impl FromRow for Stored {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let detail: String = row.try_get("detail")?;
        Ok(Self { entry: TrailEntry::from_row(row)?, detail, hash: column::digest(row, "hash")? })
    }
}

impl FromRow for TrailEntry {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            seq: column::unsigned(row.try_get("seq")?, "seq")?,
            at: column::optional_time(row, "at")?,
            who: row.try_get("who")?,
            action: row.try_get("action")?,
            subject: row.try_get("subject")?,
            detail: column::json(row, "detail")?,
            hash: hex(&column::digest(row, "hash")?),
        })
    }
}
