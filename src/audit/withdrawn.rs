//! Which tickets of the store are nearest to an article that is not out.

use std::collections::HashMap;

use jiff::Timestamp;

use super::base::Base;
use super::error::AuditError;
use super::observations::Observations;
use crate::knowledge::Archive;
use crate::store::Store;

/// Embeddings read from the store at a time: some megabytes.
const PAGE: u32 = 2_000;

/// Adds to the tickets of the store which article they are nearest to, where that one is archived or a draft.
///
/// # Errors
/// Those of the store and the search.
pub async fn look_back(
    store: &Store,
    archive: &Archive,
    base: &Base,
    seen: &mut Observations,
    now: Timestamp,
) -> Result<(), AuditError> {
    let Some(withdrawn) = archive.withdrawn(&base.withdrawn(), now).await? else { return Ok(()) };
    let (mut nearer, mut after) = (HashMap::new(), None::<String>);
    loop {
        let page = store.ticket_vectors_page(withdrawn.encoder_id(), after.as_deref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        let (ids, vectors): (Vec<String>, Vec<Vec<f32>>) =
            page.into_iter().map(|ticket| (ticket.id, ticket.vector)).unzip();
        let found = ids.into_iter().zip(withdrawn.nearer(vectors).await?);
        nearer.extend(found.filter_map(|(ticket, article)| Some((ticket, article?))));
    }
    seen.tell_withdrawn(&nearer);
    Ok(())
}
