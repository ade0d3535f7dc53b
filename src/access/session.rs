//! Users and their sign-ins.
//!
//! A cookie holds 256 bits by chance, of which only SHA-256 is kept; forms carry a token that is made from it, so
//! that whoever knows the token does not know the cookie.

use std::net::IpAddr;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::key::random;
use super::{Access, Caller, PasswordError, Who, network};
use crate::acting::Acting;
use crate::config::Role;
use crate::store::{SessionRecord, StoreError, UserRecord};

/// Seconds that the last use of a sign-in may be behind.
const COARSE: i64 = 60;
/// A sign-in of another instance may seem to come from the future by so much.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);
/// Seconds after which to try again where too many others do.
const BUSY: u64 = 2;
/// Most characters of a name.
const NAME: usize = 100;

/// Why nobody is signed in. Which of name and password was wrong is not told.
#[derive(Debug, thiserror::Error)]
pub enum SigningIn {
    /// Name or password was wrong.
    #[error("name and password do not belong together")]
    Refused,
    /// Too many tries have failed.
    #[error("too many tries have failed; try again in {seconds} s")]
    Wait {
        /// Until the next try.
        seconds: u64,
    },
    /// Something failed here.
    #[error(transparent)]
    Failed(#[from] UserError),
}

/// Why a user could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// It is no name.
    #[error("{0:?} cannot be a name: it must have 1 to {NAME} letters, digits and any of . _ @ -")]
    Name(String),
    /// There is one already.
    #[error("there is a user {0} already; `deskhand users password` changes the password")]
    Taken(String),
    /// There is none.
    #[error("there is no user {0}")]
    Unknown(String),
    /// The password cannot be taken.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The system gave no randomness.
    #[error("the system has no randomness to give: {0}")]
    NoChance(#[from] std::io::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who, with what they may.
    pub caller: Caller,
    /// What every form of theirs carries.
    pub token: String,
}

impl SignedIn {
    /// Whether a form carries the right token; how long this takes does not tell how much of it is right.
    pub fn owns(&self, token: &str) -> bool {
        self.token.as_bytes().ct_eq(token.as_bytes()).into()
    }
}

impl Access {
    /// Signs a user in from this address; gives what the cookie is to hold.
    ///
    /// # Errors
    /// [`SigningIn`].
    pub async fn sign_in(
        &self,
        name: &str,
        password: &str,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<String, SigningIn> {
        let address = network(address);
        // What cannot be a name is nobody's; it is counted by its address, and compared as long as any other.
        let known = tidy(name).ok();
        let counted = known.as_deref().unwrap_or_default();
        let _place = self.0.passwords.place().ok_or(SigningIn::Wait { seconds: BUSY })?;
        self.0.lockout.begin(counted, address, now).map_err(|seconds| SigningIn::Wait { seconds })?;
        let user = match &known {
            Some(name) => self.0.store.user(name).await.map_err(UserError::from)?,
            None => None,
        };
        let kept = user.as_ref().map(|user| user.password.clone());
        let fits = self.0.passwords.fits(password, kept).await.map_err(UserError::from)?;
        let Some(user) = user.filter(|_| fits) else { return Err(SigningIn::Refused) };
        self.0.lockout.succeeded(counted, address);
        let cookie = BASE64_URL_SAFE_NO_PAD.encode(random::<32>().map_err(UserError::from)?);
        let hash = Sha256::digest(&cookie).into();
        let acting = Acting { who: Who::User(user.name.clone()).to_string(), at: now };
        let session = SessionRecord { hash, user: user.name, began_at: now, seen_at: now };
        acting.doing(self.begin(session, now)).await.map_err(UserError::from)?;
        Ok(cookie)
    }

    async fn begin(&self, session: SessionRecord, now: Timestamp) -> Result<(), StoreError> {
        let (idle, longest) = self.lasts();
        let before = |length| now.saturating_sub(length).unwrap_or(Timestamp::MIN);
        self.0.store.prune_sessions(before(longest), before(idle)).await?;
        self.0.store.begin_session(session).await
    }

    /// Who has this cookie, if the sign-in has not ended by then.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn signed_in(&self, cookie: &str, now: Timestamp) -> Result<Option<SignedIn>, StoreError> {
        let hash: [u8; 32] = Sha256::digest(cookie).into();
        let Some((session, role)) = self.0.store.session(&hash).await? else { return Ok(None) };
        let (idle, longest) = self.lasts();
        let (idle_for, lasted) = (now.duration_since(session.seen_at), now.duration_since(session.began_at));
        // One that began under a clock that was ahead would last for as long as that was.
        if idle_for >= idle || lasted >= longest || lasted < -AHEAD {
            return Ok(None);
        }
        // A short idle time is followed more closely.
        if idle_for.as_secs() >= COARSE.min(idle.as_secs() / 10) {
            self.0.store.see_session(hash, now).await?;
        }
        let caller = Caller { who: Who::User(session.user), scopes: role.scopes().into() };
        Ok(Some(SignedIn { caller, token: token_of(cookie) }))
    }

    /// Ends the sign-in with this cookie.
    ///
    /// # Errors
    /// Those of any write.
    pub async fn sign_out(&self, cookie: &str) -> Result<(), StoreError> {
        self.0.store.end_session(Sha256::digest(cookie).into()).await
    }

    /// Adds a user.
    ///
    /// # Errors
    /// [`UserError`]; then there is no new one.
    pub async fn add_user(
        &self,
        name: &str,
        password: &str,
        role: Role,
        now: Timestamp,
    ) -> Result<UserRecord, UserError> {
        let name = tidy(name)?;
        let password = self.0.passwords.hash(password).await?;
        let user = UserRecord { name, password, role, created_at: now };
        if self.0.store.put_user(user.clone(), true).await? {
            Ok(user)
        } else {
            Err(UserError::Taken(user.name))
        }
    }

    /// Gives a user another password, another role, or both; all their sign-ins end.
    ///
    /// # Errors
    /// [`UserError`]; then all is as before.
    pub async fn change_user(
        &self,
        name: &str,
        password: Option<&str>,
        role: Option<Role>,
    ) -> Result<UserRecord, UserError> {
        let name = tidy(name)?;
        let unknown = || UserError::Unknown(name.clone());
        let mut user = self.0.store.user(&name).await?.ok_or_else(unknown)?;
        if let Some(password) = password {
            user.password = self.0.passwords.hash(password).await?;
        }
        user.role = role.unwrap_or(user.role);
        if self.0.store.put_user(user.clone(), false).await? { Ok(user) } else { Err(unknown()) }
    }

    /// Removes a user with all sign-ins.
    ///
    /// # Errors
    /// [`UserError`]; then all is as before.
    pub async fn remove_user(&self, name: &str) -> Result<(), UserError> {
        let name = tidy(name)?;
        if self.0.store.remove_user(&name).await? { Ok(()) } else { Err(UserError::Unknown(name)) }
    }

    /// All users, by name.
    ///
    /// # Errors
    /// Those of any read.
    pub async fn users(&self) -> Result<Vec<UserRecord>, StoreError> {
        self.0.store.users().await
    }

    /// How long a sign-in lasts without a request, and in any case.
    fn lasts(&self) -> (SignedDuration, SignedDuration) {
        let settings = &self.0.settings;
        (
            SignedDuration::from_mins(settings.session_idle_minutes.into()),
            SignedDuration::from_hours(settings.session_hours.into()),
        )
    }
}

/// The token that the forms of a sign-in carry.
fn token_of(cookie: &str) -> String {
    let hash = Sha256::new().chain_update(b"deskhand form 1\n").chain_update(cookie).finalize();
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A name as it is kept: in small letters.
fn tidy(name: &str) -> Result<String, UserError> {
    let tidy = name.trim().to_ascii_lowercase();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._@-".contains(&byte);
    if (1..=NAME).contains(&tidy.len()) && tidy.bytes().all(plain) {
        return Ok(tidy);
    }
    Err(UserError::Name(name.chars().take(NAME).collect()))
}
