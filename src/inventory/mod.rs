//! Inventory: the services, machines and programs of a house, found in the words of a ticket.
//!
//! In comes a list of configuration items with what people call them and what their asset tags look like; out go
//! those that a text names, and where. This room decides nothing about tickets and knows nothing of HTTP.

mod import;
mod matcher;
#[cfg(test)]
mod tests;

use std::sync::{Arc, PoisonError, RwLock};

use garde::Validate;
pub use import::{ItemReader, ItemRow};
pub use matcher::{MatchedBy, Mention};
use matcher::{Matcher, TooMany};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use utoipa::ToSchema;

use crate::store::{ConfigurationItem, Store, StoreError};

/// Items read from the store at a time.
const PAGE: u32 = 1_000;
/// Longest pattern, in bytes.
const MAX_PATTERN: usize = 200;

/// An item as it is to be kept, without its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct NewItem {
    /// What it is called; found in tickets by whole words, at least two characters.
    #[garde(length(chars, min = 2, max = 200), custom(has_letters))]
    #[schema(example = "LarkVPN")]
    pub name: String,
    /// What it is, in the site's own word.
    #[serde(default)]
    #[garde(inner(length(min = 1, max = 100)))]
    #[schema(example = "service")]
    pub kind: Option<String>,
    /// What people call it besides.
    #[serde(default)]
    #[garde(length(max = 50), inner(length(chars, min = 2, max = 200), custom(has_letters)))]
    pub aliases: Vec<String>,
    /// What its asset tags look like: regular expressions without look-around, whatever the case, matched
    /// against whole words, such as `LT-\d{5}`.
    #[serde(default)]
    #[garde(length(max = 20), inner(custom(usable_pattern)))]
    pub tag_patterns: Vec<String>,
    /// Whether name and aliases count only as they are written: for names that are ordinary words too, such
    /// as Access or Teams. Words of two characters always do.
    #[serde(default)]
    pub match_case: bool,
    /// Where more is said about it.
    #[serde(default)]
    #[garde(inner(length(max = 2_000)))]
    pub url: Option<String>,
    /// Who looks after it: a team or queue of the helpdesk.
    #[serde(default)]
    #[garde(inner(length(min = 1, max = 200)))]
    pub agent_group: Option<String>,
}

fn has_letters(name: &str, (): &()) -> garde::Result {
    if name.chars().any(char::is_alphanumeric) {
        return Ok(());
    }
    Err(garde::Error::new("has neither a letter nor a digit, so that no ticket could name it"))
}

fn usable_pattern(pattern: &str, (): &()) -> garde::Result {
    if pattern.len() > MAX_PATTERN {
        return Err(garde::Error::new(format!("is longer than {MAX_PATTERN} bytes")));
    }
    let compiled = matcher::compile(pattern).map_err(|why| garde::Error::new(why.to_string()))?;
    if compiled.is_match("") {
        return Err(garde::Error::new("fits an empty text; say what a tag must have, such as LT-\\d{5}"));
    }
    Ok(())
}

impl NewItem {
    /// The item with this id.
    pub fn into_item(self, id: String) -> ConfigurationItem {
        ConfigurationItem {
            id,
            name: self.name,
            kind: self.kind,
            aliases: self.aliases,
            tag_patterns: self.tag_patterns,
            match_case: self.match_case,
            url: self.url,
            agent_group: self.agent_group,
        }
    }
}

/// A list that could not be read, kept or used.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Together the items take more memory than they may; nothing was changed.
    #[error(transparent)]
    TooMany(#[from] TooMany),
}

/// The items of a house, ready to be found. Clones share them.
#[derive(Debug, Clone)]
pub struct Inventory(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    matcher: RwLock<Arc<Matcher>>,
    /// Held while the list changes, so that what is found is what was kept last.
    changing: Mutex<()>,
}

impl Inventory {
    /// Reads the items of the store.
    ///
    /// # Errors
    /// [`InventoryError::Store`].
    pub async fn open(store: Store) -> Result<Self, InventoryError> {
        let matcher = read(&store, |_| true, Vec::new()).await?;
        Ok(Self(Arc::new(Inner {
            store,
            matcher: RwLock::new(Arc::new(matcher)),
            changing: Mutex::default(),
        })))
    }

    /// Keeps items, all or none, each in place of the one with its id; the next ticket is looked through for them.
    ///
    /// # Errors
    /// [`InventoryError`]; then nothing is kept.
    pub async fn put(&self, items: Vec<ConfigurationItem>) -> Result<(), InventoryError> {
        let _alone = self.0.changing.lock().await;
        let new: std::collections::HashSet<&str> = items.iter().map(|item| item.id.as_str()).collect();
        let matcher = read(&self.0.store, |item| !new.contains(item.id.as_str()), items.clone()).await?;
        self.0.store.put_items(items).await?;
        self.exchange(matcher);
        Ok(())
    }

    /// Deletes an item; `false` if there is none with this id.
    ///
    /// # Errors
    /// [`InventoryError::Store`].
    pub async fn delete(&self, id: &str) -> Result<bool, InventoryError> {
        let _alone = self.0.changing.lock().await;
        let found = self.0.store.delete_item(id).await?;
        if found {
            let matcher = read(&self.0.store, |_| true, Vec::new()).await?;
            self.exchange(matcher);
        }
        Ok(found)
    }

    /// Reads the items again, since another instance has changed them.
    ///
    /// # Errors
    /// [`InventoryError`]; then those of before are found.
    pub async fn read_again(&self) -> Result<(), InventoryError> {
        let _alone = self.0.changing.lock().await;
        self.exchange(read(&self.0.store, |_| true, Vec::new()).await?);
        Ok(())
    }

    /// The items that `text` names, in the order of their first mention, at most `most`.
    pub fn find(&self, text: &str, most: usize) -> Vec<Mention> {
        let matcher = Arc::clone(&self.0.matcher.read().unwrap_or_else(PoisonError::into_inner));
        matcher.find(text, most)
    }

    fn exchange(&self, matcher: Matcher) {
        *self.0.matcher.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(matcher);
    }
}

/// The items of the store that are wanted, with `more`.
async fn read(
    store: &Store,
    wanted: impl Fn(&ConfigurationItem) -> bool,
    more: Vec<ConfigurationItem>,
) -> Result<Matcher, InventoryError> {
    let mut items = more;
    let mut after: Option<String> = None;
    loop {
        let page = store.items_page(after.as_deref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        items.extend(page.into_iter().filter(&wanted));
    }
    items.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(Matcher::new(&items)?)
}
