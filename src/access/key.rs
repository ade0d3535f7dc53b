//! What a key looks like, and how it is made and compared.
//!
//! A key is `dh_ID_SECRET`: the id is public, stands in logs and finds the key; the secret is 256 bits by chance.
//! Only SHA-256 of it is kept. A slow hash makes guessing words dear; nobody guesses one of 2²⁵⁶ secrets however
//! fast the hash is, and a fast one lets every request be checked.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use rand::TryRng as _;
use rand::rngs::SysRng;
use sha2::{Digest as _, Sha256};

use crate::config::Scope;
use crate::store::KeyRecord;

/// What every key begins with, so that one is known where it should not be.
const MARK: &str = "dh_";
/// Bytes of an id: among a thousand keys two are alike once in 10⁸ times.
const ID_BYTES: usize = 6;
/// Bytes of a secret.
const SECRET_BYTES: usize = 32;

/// A key as a program sends it. Shown to nobody: `Debug` gives its id alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    id: String,
    secret: String,
}

/// What is asked for a new key.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// What it is for.
    pub name: String,
    /// What it may ask for.
    pub scopes: Vec<Scope>,
    /// From then on it opens nothing; never, where it is not given.
    pub expires_at: Option<Timestamp>,
}

impl Key {
    /// A new one by chance.
    ///
    /// # Errors
    /// The system's own, where it has no randomness to give.
    pub fn generate() -> Result<Self, std::io::Error> {
        let id = random::<ID_BYTES>()?.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { id, secret: BASE64_URL_SAFE_NO_PAD.encode(random::<SECRET_BYTES>()?) })
    }

    /// Reads what a program sent; `None` if it has not the form of a key.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(MARK)?.split_once('_')?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let fits = id.len() == 2 * ID_BYTES && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        (fits && secret.len() == 43 && secret.bytes().all(plain))
            .then(|| Self { id: id.to_owned(), secret: secret.to_owned() })
    }

    /// Its public part.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The whole key, to be shown once.
    pub fn expose(&self) -> String {
        format!("{MARK}{}_{}", self.id, self.secret)
    }

    /// What is kept of its secret.
    pub(super) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.secret.as_bytes()).into()
    }

    /// What is kept of it.
    pub fn record(&self, new: NewKey, now: Timestamp) -> KeyRecord {
        KeyRecord {
            id: self.id.clone(),
            name: new.name,
            scopes: new.scopes,
            hash: self.hash(),
            created_at: now,
            expires_at: new.expires_at,
            revoked_at: None,
            last_used_at: None,
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.id)
    }
}

/// Bytes by chance, from the system.
pub(super) fn random<const N: usize>() -> Result<[u8; N], std::io::Error> {
    let mut bytes = [0; N];
    SysRng.try_fill_bytes(&mut bytes).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(bytes)
}
