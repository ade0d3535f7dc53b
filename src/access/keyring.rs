//! The keys in memory: what every request is checked against, without asking the store.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use subtle::ConstantTimeEq as _;

use super::key::{Key, NewKey};
use super::{Access, Caller, Who};
use crate::config::Scope;
use crate::store::{KeyRecord, StoreError};

/// Seconds that the last use of a key may be behind: a write for each request would cost more than it tells.
const COARSE: i64 = 3_600;

/// Why a key could not be made or taken back.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The system gave no randomness.
    #[error("the system has no randomness to give: {0}")]
    NoChance(#[from] std::io::Error),
    /// It could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A key as requests are checked against it.
#[derive(Debug)]
struct Held {
    hash: [u8; 32],
    caller: Caller,
    expires_at: Option<Timestamp>,
    /// Second of the last use that is in the store or on its way there.
    used: AtomicI64,
}

/// Keys that were not taken back.
#[derive(Debug)]
pub(super) struct Keyring(RwLock<HashMap<String, Arc<Held>>>);

impl Keyring {
    pub(super) fn new(keys: Vec<KeyRecord>) -> Self {
        let open = keys.into_iter().filter(|key| key.revoked_at.is_none());
        Self(RwLock::new(open.map(|key| (key.id.clone(), Arc::new(Held::from(key)))).collect()))
    }

    /// Whose key this is, if it opens anything at this time; and whether its use is to be noted.
    fn open(&self, key: &Key, now: Timestamp) -> Option<(Caller, bool)> {
        let held = self.held(key.id());
        // A key that there is not is compared all the same, so that both take as long.
        let hash = held.as_ref().map_or([0; 32], |held| held.hash);
        let same = bool::from(key.hash().ct_eq(&hash));
        let held = held.filter(|held| same && held.is_open(now))?;
        let (second, used) = (now.as_second(), held.used.load(Ordering::Relaxed));
        // Either way: a clock that was ahead has left a use in the future.
        let note = second.abs_diff(used) >= COARSE.unsigned_abs()
            && held.used.compare_exchange(used, second, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        Some((held.caller.clone(), note))
    }

    pub(super) fn used(&self, id: &str) -> Option<Timestamp> {
        let second = self.held(id)?.used.load(Ordering::Relaxed);
        (second != NEVER).then(|| Timestamp::from_second(second).ok()).flatten()
    }

    pub(super) fn has_admin(&self, now: Timestamp) -> bool {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        keys.values().any(|held| held.caller.scopes.contains(&Scope::Admin) && held.is_open(now))
    }

    fn held(&self, id: &str) -> Option<Arc<Held>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    fn add(&self, key: KeyRecord) {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        keys.insert(key.id.clone(), Arc::new(Held::from(key)));
    }

    /// These keys in place of those of before; a later use that is known stays.
    fn replace(&self, keys: Vec<KeyRecord>) {
        let new = Self::new(keys).0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (id, key) in &new {
            if let Some(before) = held.get(id) {
                key.used.fetch_max(before.used.load(Ordering::Relaxed), Ordering::Relaxed);
            }
        }
        *held = new;
    }

    fn remove(&self, id: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

/// The second of a use that never was; far enough back to be noted, near enough to be subtracted.
const NEVER: i64 = i64::MIN / 2;

impl Held {
    fn is_open(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|expires| now < expires)
    }
}

impl From<KeyRecord> for Held {
    fn from(key: KeyRecord) -> Self {
        let used = key.last_used_at.map_or(NEVER, Timestamp::as_second);
        Self {
            hash: key.hash,
            caller: Caller { who: Who::Key(key.id), scopes: key.scopes.into() },
            expires_at: key.expires_at,
            used: AtomicI64::new(used),
        }
    }
}

impl Access {
    /// Whose key this is; `None` if it opens nothing at this time, whatever the reason.
    pub fn key(&self, text: &str, now: Timestamp) -> Option<Caller> {
        let key = Key::parse(text)?;
        let (caller, note) = self.0.keyring.open(&key, now)?;
        if note {
            let this = self.clone();
            tokio::spawn(async move {
                if let Err(error) = this.0.store.key_used(key.id(), now).await {
                    tracing::warn!(%error, key = key.id(), "the last use of a key could not be noted");
                }
            });
        }
        Some(caller)
    }

    /// Reads the keys again, since another instance has made some or taken some back.
    ///
    /// # Errors
    /// Those of any read; then those of before count.
    pub async fn read_keys(&self) -> Result<(), StoreError> {
        let _alone = self.0.reading.lock().await;
        self.0.keyring.replace(self.0.store.keys().await?);
        Ok(())
    }

    /// Makes a key. It is shown this once.
    ///
    /// # Errors
    /// [`KeyError`]; then there is none.
    pub async fn create_key(&self, new: NewKey, now: Timestamp) -> Result<(Key, KeyRecord), KeyError> {
        let key = Key::generate()?;
        let record = self.add_key(&key, new, now).await?;
        Ok((key, record))
    }

    /// Keeps a key that was made before.
    ///
    /// # Errors
    /// [`KeyError::Store`]; then it opens nothing.
    pub async fn add_key(&self, key: &Key, new: NewKey, now: Timestamp) -> Result<KeyRecord, KeyError> {
        let record = key.record(new, now);
        // No list of before may take the place of one with this key.
        let _alone = self.0.reading.lock().await;
        self.0.store.add_key(record.clone()).await?;
        self.0.keyring.add(record.clone());
        Ok(record)
    }

    /// Takes a key back: from the next request on it opens nothing. Whether there was one.
    ///
    /// # Errors
    /// [`KeyError::Store`]; then it is as before.
    pub async fn revoke_key(&self, id: &str, now: Timestamp) -> Result<bool, KeyError> {
        let _alone = self.0.reading.lock().await;
        let revoked = self.0.store.revoke_key(id, now).await?;
        self.0.keyring.remove(id);
        Ok(revoked)
    }
}
