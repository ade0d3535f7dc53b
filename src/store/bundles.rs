//! The bundle that all instances of a shared store answer with, and its files.
//!
//! A bundle is known by the SHA-256 of its manifest, which holds those of its other files. Its files are kept, in parts,
//! before it is promoted, and it is promoted only where all parts are there: what is promoted can be read whole. The files
//! of the bundle that answers and of the one before stay.

use jiff::Timestamp;

use super::sql::{self, Connection, FromRow, Row};
use super::writer::{Write, Written};
use super::{Store, StoreError, column};

/// Bytes of a part; the last one of a file may have fewer.
pub const PART_BYTES: usize = 1 << 20;

/// Which bundle answers on all instances.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Promotion {
    /// Rises with each promotion; 0 where there was none.
    pub number: u64,
    /// SHA-256 of the bundle's manifest in hexadecimal digits; `None` is the shipped one.
    pub bundle: Option<String>,
    /// The one before, likewise.
    pub former: Option<String>,
    /// What a person should know about it.
    pub note: Option<String>,
}

/// A part of a file of a bundle.
#[derive(Debug, Clone)]
pub struct BundlePart {
    /// SHA-256 of the bundle's manifest.
    pub bundle: String,
    /// The file's name.
    pub file: String,
    /// Which part, from 0 on.
    pub part: u32,
    /// At most [`PART_BYTES`].
    pub bytes: Vec<u8>,
}

/// A promotion that is asked for.
#[derive(Debug, Clone)]
pub struct NewPromotion {
    /// SHA-256 of the bundle's manifest; `None` is the shipped one.
    pub bundle: Option<String>,
    /// How many parts it has; 0 of the shipped one.
    pub parts: u64,
    /// The number of the promotion that it follows.
    pub after: u64,
    /// What a person should know about it.
    pub note: Option<String>,
    /// When.
    pub at: Timestamp,
}

#[derive(Debug)]
pub(super) enum BundleWrite {
    Part(BundlePart),
    Promote(NewPromotion),
}

impl Store {
    /// Which bundle answers on all instances.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn promotion(&self) -> Result<Promotion, StoreError> {
        sql::query_as("SELECT * FROM promotion")
            .fetch_optional(self.readers())
            .await
            .map(Option::unwrap_or_default)
            .map_err(|error| self.failed(error))
    }

    /// Keeps a part of a bundle's file; one that is there already stays.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like.
    pub async fn keep_bundle_part(&self, part: BundlePart) -> Result<(), StoreError> {
        self.writer().write(Write::Bundle(Box::new(BundleWrite::Part(part)))).await.map(drop)
    }

    /// Has a bundle answer on all instances; `false` where another promotion came before, or some of its parts are not
    /// there (any more). Files of bundles that neither answer nor answered before go.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like; then the bundle before goes on answering.
    pub async fn promote_bundle(&self, promotion: NewPromotion) -> Result<bool, StoreError> {
        let write = Write::Bundle(Box::new(BundleWrite::Promote(promotion)));
        self.writer().write(write).await.map(|written| written.found)
    }

    /// The files of a bundle, each with the number of its parts; none of a bundle that is not kept.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn bundle_files(&self, bundle: &str) -> Result<Vec<(String, u32)>, StoreError> {
        let files: Vec<(String, i64)> = sql::query_as(
            "SELECT file, count(*) FROM bundle_parts WHERE bundle = $1 GROUP BY file ORDER BY file",
        )
        .bind(bundle)
        .fetch_all(self.readers())
        .await
        .map_err(|error| self.failed(error))?;
        Ok(files.into_iter().map(|(file, parts)| (file, u32::try_from(parts).unwrap_or(u32::MAX))).collect())
    }

    /// A part of a file of a bundle; `None` where it is not kept (any more).
    ///
    /// # Errors
    /// Those of any read.
    pub async fn bundle_part(
        &self,
        bundle: &str,
        file: &str,
        part: u32,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        sql::query_scalar("SELECT bytes FROM bundle_parts WHERE bundle = $1 AND file = $2 AND part = $3")
            .bind(bundle)
            .bind(file)
            .bind(part)
            .fetch_optional(self.readers())
            .await
            .map_err(|error| self.failed(error))
    }
}

pub(super) async fn write(connection: &mut Connection, write: &BundleWrite) -> Result<Written, sqlx::Error> {
    match write {
        BundleWrite::Part(part) => keep(connection, part).await.map(|()| Written::default()),
        BundleWrite::Promote(promotion) => promote(connection, promotion).await.map(Written::found),
    }
}

async fn keep(connection: &mut Connection, part: &BundlePart) -> Result<(), sqlx::Error> {
    sql::query(
        "INSERT INTO bundle_parts (bundle, file, part, bytes) VALUES ($1, $2, $3, $4)
         ON CONFLICT (bundle, file, part) DO NOTHING",
    )
    .bind(&part.bundle)
    .bind(&part.file)
    .bind(part.part)
    .bind(part.bytes.as_slice())
    .execute(connection)
    .await?;
    Ok(())
}

async fn promote(connection: &mut Connection, asked: &NewPromotion) -> Result<bool, sqlx::Error> {
    let parts: i64 = sql::query_scalar("SELECT count(*) FROM bundle_parts WHERE bundle = $1")
        .bind(asked.bundle.clone())
        .fetch_one(&mut *connection)
        .await?;
    if column::unsigned(parts, "parts")? != asked.parts {
        return Ok(false);
    }
    let promoted = sql::query(
        "INSERT INTO promotion (id, number, bundle, note, changed_at) VALUES (1, 1, $1, $2, $3)
         ON CONFLICT (id) DO UPDATE SET
             number = promotion.number + 1,
             former = CASE WHEN promotion.bundle IS NOT DISTINCT FROM excluded.bundle THEN promotion.former
                           ELSE promotion.bundle END,
             bundle = excluded.bundle, note = excluded.note, changed_at = excluded.changed_at
         WHERE promotion.number = $4",
    )
    .bind(asked.bundle.clone())
    .bind(asked.note.clone())
    .bind(column::time_text(asked.at))
    .bind(i64::try_from(asked.after).unwrap_or(i64::MAX))
    .execute(&mut *connection)
    .await?;
    if promoted.rows_affected() == 0 {
        return Ok(false);
    }
    sql::query(
        "DELETE FROM bundle_parts WHERE NOT EXISTS
         (SELECT 1 FROM promotion WHERE promotion.bundle = bundle_parts.bundle OR former = bundle_parts.bundle)",
    )
    .execute(connection)
    .await?;
    Ok(true)
}

impl FromRow for Promotion {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            number: column::unsigned(row.try_get("number")?, "number")?,
            bundle: row.try_get("bundle")?,
            former: row.try_get("former")?,
            note: row.try_get("note")?,
        })
    }
}
