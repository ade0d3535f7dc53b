//! Passwords: hashed by Argon2id, and compared so that it takes as long for a user that there is not.

use std::sync::{Arc, LazyLock};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::key::random;

/// Hashes at a time: each takes 19 MiB and some 30 ms of a core.
const AT_A_TIME: usize = 2;
/// Tries to sign in that wait for one of these; further ones are sent away, so that a flood of them does not hold
/// the places of other requests.
const WAITING: usize = 16;
/// Fewest characters of a password: NIST SP 800-63B asks for 8 at least, and for no rules about kinds of characters.
const SHORTEST: usize = 12;
/// Most bytes, so that hashing stays cheap.
const LONGEST: usize = 1_024;

/// Why a password cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// It would be guessed.
    #[error(
        "the password is too short; it must have {SHORTEST} characters at least, some words with spaces for example"
    )]
    Short,
    /// It is no password.
    #[error("the password is too long; it may have {LONGEST} bytes")]
    Long,
    /// The system or the hash failed.
    #[error("the password could not be hashed: {0}; please report this")]
    Failed(String),
}

/// Hashes passwords beside the runtime, a few at a time.
#[derive(Debug)]
pub(super) struct Passwords {
    at_work: Semaphore,
    waiting: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { at_work: Semaphore::new(AT_A_TIME), waiting: Arc::new(Semaphore::new(WAITING)) }
    }
}

/// What the password of a user that there is not is compared with: nobody's, by the same parameters.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hash("nobody has this password").ok());

impl Passwords {
    /// A place among the tries to sign in; `None` where there are too many.
    pub(super) fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.waiting).try_acquire_owned().ok()
    }

    /// What is kept of a new password.
    pub(super) async fn hash(&self, password: &str) -> Result<String, PasswordError> {
        if password.chars().count() < SHORTEST {
            return Err(PasswordError::Short);
        }
        if password.len() > LONGEST {
            return Err(PasswordError::Long);
        }
        let password = password.to_owned();
        self.aside(move || hash(&password)).await?
    }

    /// Whether it is the password that `kept` was made of; of `None` never, after as long a time.
    pub(super) async fn fits(&self, password: &str, kept: Option<String>) -> Result<bool, PasswordError> {
        if password.len() > LONGEST {
            return Ok(false);
        }
        let password = password.to_owned();
        self.aside(move || {
            let known = kept.is_some();
            let kept = kept.or_else(|| NOBODY.clone()).unwrap_or_default();
            let kept = PasswordHash::new(&kept).map_err(|error| PasswordError::Failed(error.to_string()))?;
            Ok(Argon2::default().verify_password(password.as_bytes(), &kept).is_ok() && known)
        })
        .await?
    }

    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        // The semaphore is never closed.
        let _place = self.at_work.acquire().await;
        tokio::task::spawn_blocking(work).await.map_err(|error| PasswordError::Failed(error.to_string()))
    }
}

/// Argon2id with the crate's defaults, which are OWASP's: 19 MiB, two passes, one lane.
fn hash(password: &str) -> Result<String, PasswordError> {
    let failed = |error: String| PasswordError::Failed(error);
    let salt = random::<16>().map_err(|error| failed(error.to_string()))?;
    let hash: PasswordHash = Argon2::default()
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map_err(|error| failed(error.to_string()))?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_alone_and_two_hashes_of_it_differ() {
        let passwords = Passwords::default();
        let kept = passwords.hash("four words and more").await.unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(passwords.fits("four words and more", Some(kept.clone())).await.unwrap());
        assert!(!passwords.fits("four words and mores", Some(kept.clone())).await.unwrap());
        assert!(!passwords.fits("nobody has this password", None).await.unwrap());
        assert_ne!(passwords.hash("four words and more").await.unwrap(), kept);
    }

    #[test]
    fn a_flood_of_tries_is_sent_away() {
        let passwords = Passwords::default();
        let places: Vec<_> = std::iter::from_fn(|| passwords.place()).take(WAITING + 1).collect();
        assert_eq!(places.len(), WAITING);
        drop(places);
        assert!(passwords.place().is_some());
    }

    #[tokio::test]
    async fn a_password_that_would_be_guessed_is_refused_with_what_to_do() {
        let told = Passwords::default().hash("hunter2").await.unwrap_err().to_string();
        assert!(told.contains("12 characters") && !told.contains("hunter2"), "{told}");
    }
}
