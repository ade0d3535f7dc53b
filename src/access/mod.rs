//! Access: who asks, and what they may ask for.
//!
//! In come a key, or a name with a password, or a cookie; out goes a caller with scopes, or a refusal that does not
//! say what was wrong. Beside it stands how often a caller may ask. This room knows nothing of routes, of pages or
//! of what is asked; it reads no clock.

mod bounded;
mod key;
mod keyring;
mod lockout;
mod pace;
mod password;
mod session;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;

use tokio::sync::Mutex;

use crate::acting::ANYONE;
use crate::config::{AccessSettings, Scope};
use crate::store::{Chain, Change, KeyRecord, Store, StoreError, TrailEntry};

pub use key::{Key, NewKey};
pub use keyring::KeyError;
pub use pace::Pace;
pub use password::PasswordError;
pub use session::{SignedIn, SigningIn, UserError};

use keyring::Keyring;
use lockout::Lockout;
use password::Passwords;

/// Somebody who asks, and what they may ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub who: Who,
    /// What they may ask for, without what follows from [`Scope::Admin`].
    pub scopes: Arc<[Scope]>,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Who {
    /// A program with a key, by the key's id.
    Key(String),
    /// A user who signed in, by name.
    User(String),
    /// A visitor of a site that may hold the widget, by the address that limits count: [`network`].
    Visitor(IpAddr),
    /// Anybody, where nobody has to say.
    Anyone,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(id) => write!(f, "key:{id}"),
            Self::User(name) => write!(f, "user:{name}"),
            Self::Visitor(_) => f.write_str("visitor"),
            Self::Anyone => f.write_str(ANYONE),
        }
    }
}

impl Caller {
    /// Where nobody has to say who they are, everybody may do everything.
    pub fn anyone() -> Self {
        Self { who: Who::Anyone, scopes: Arc::from([Scope::Admin]) }
    }

    /// The first of these that the caller may use; [`Scope::Admin`] allows all.
    pub fn may(&self, any_of: &[Scope]) -> Option<Scope> {
        any_of
            .iter()
            .copied()
            .find(|scope| self.scopes.contains(scope) || self.scopes.contains(&Scope::Admin))
    }
}

/// What one visitor's addresses have in common: an IPv4 address, or of IPv6 the first 64 bits, of which a
/// household has as many as it likes (RFC 6177).
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        address => address,
    }
}

/// Keys, users and their sign-ins over one store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Access(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: AccessSettings,
    store: Store,
    keyring: Keyring,
    /// Held while keys go from the store to memory.
    reading: Mutex<()>,
    passwords: Passwords,
    lockout: Lockout,
    pace: Pace,
}

impl Access {
    /// Over the keys of this store.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn open(store: Store, settings: AccessSettings) -> Result<Self, StoreError> {
        let keyring = Keyring::new(store.keys().await?);
        let pace = Pace::new(settings.limits.clone(), settings.widget_limit);
        let (passwords, lockout) = (Passwords::default(), Lockout::default());
        Ok(Self(Arc::new(Inner {
            settings,
            store,
            keyring,
            reading: Mutex::default(),
            passwords,
            lockout,
            pace,
        })))
    }

    /// As the site set it.
    pub fn settings(&self) -> &AccessSettings {
        &self.0.settings
    }

    /// How often callers may ask.
    pub fn pace(&self) -> &Pace {
        &self.0.pace
    }

    /// All keys that were ever made, oldest first, with their last use.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn keys(&self) -> Result<Vec<KeyRecord>, StoreError> {
        let mut keys = self.0.store.keys().await?;
        keys.iter_mut().for_each(|key| key.last_used_at = key.last_used_at.max(self.0.keyring.used(&key.id)));
        Ok(keys)
    }

    /// Whether there is a key that may do everything at this time.
    pub fn has_admin(&self, now: Timestamp) -> bool {
        self.0.keyring.has_admin(now)
    }

    /// Entries of the trail after this number, oldest first.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn trail(&self, after: u64, limit: u32) -> Result<Vec<TrailEntry>, StoreError> {
        self.0.store.trail(after, limit).await
    }

    /// Whether the trail is as it was written.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn follow_trail(&self, noted: Option<(u64, &str)>) -> Result<Chain, StoreError> {
        self.0.store.follow_trail(noted).await
    }

    /// Tells the trail of a change that the store does not hold itself.
    ///
    /// # Errors
    /// Those of any write.
    pub async fn record(&self, change: Change) -> Result<(), StoreError> {
        self.0.store.record(change).await
    }
}

/// Where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Its address.
    pub address: IpAddr,
    /// Whether nobody on the way could read along (TLS).
    pub secure: bool,
}
