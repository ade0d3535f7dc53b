//! Signed links to a ticket's panel, for a helpdesk that shows it in a frame.
//!
//! Whoever has the link may see what Deskhand says about this one ticket until it expires. It holds the
//! ticket, the time and the audience, and a MAC over these (HMAC-SHA256, RFC 2104) with a secret of the site:
//! none of them can be changed without it.

use hmac::{Hmac, KeyInit as _, Mac};
use jiff::Timestamp;
use sha2::Sha256;

use super::view::escaped;
use crate::config::Secret;
use crate::store::Audience;

/// What a link shows, until when, and to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PanelLink {
    /// The ticket's own id.
    pub ticket_id: String,
    /// From this second on it shows nothing.
    pub expires: Timestamp,
    /// Whose articles it shows.
    pub audience: Audience,
}

impl PanelLink {
    /// The path and query of the link, signed.
    pub fn signed(&self, secret: &Secret) -> String {
        let key: String =
            self.mac(secret).finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect();
        format!(
            "/panel/{}?expires={}&for={}&key={key}",
            escaped(&self.ticket_id),
            self.expires.as_second(),
            word(self.audience)
        )
    }

    /// Whether `key` was made by [`Self::signed`] with this secret for just this, and it is not yet too late.
    /// How long this takes does not tell how much of the key is right.
    pub fn is_valid(&self, key: &str, secret: &Secret, now: Timestamp) -> bool {
        let Some(key) = unhex(key) else { return false };
        self.mac(secret).verify_slice(&key).is_ok() && now < self.expires
    }

    /// The ticket stands last, so that no id can pass for another id with another time.
    fn mac(&self, secret: &Secret) -> Hmac<Sha256> {
        let signed = format!(
            "deskhand panel 1\n{}\n{}\n{}",
            self.expires.as_second(),
            word(self.audience),
            self.ticket_id
        );
        let mut mac = Hmac::<Sha256>::new(&key_of(secret));
        mac.update(signed.as_bytes());
        mac
    }
}

/// The secret as a key of one block: RFC 2104 hashes a longer one and fills up a shorter one.
fn key_of(secret: &Secret) -> hmac::digest::Key<Hmac<Sha256>> {
    use sha2::Digest as _;
    let mut key = hmac::digest::Key::<Hmac<Sha256>>::default();
    let word = secret.expose().as_bytes();
    if word.len() > key.len() {
        let hash = Sha256::digest(word);
        key[..hash.len()].copy_from_slice(&hash);
    } else {
        key[..word.len()].copy_from_slice(word);
    }
    key
}

/// How an audience is written in a link.
pub(super) fn word(audience: Audience) -> &'static str {
    match audience {
        Audience::Agent => "agent",
        Audience::Customer => "customer",
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() == 64)?;
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use proptest::prelude::*;

    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn secret() -> Secret {
        Secret::from(SECRET.to_owned())
    }

    fn link(ticket_id: &str, expires: i64, audience: Audience) -> PanelLink {
        PanelLink { ticket_id: ticket_id.into(), expires: Timestamp::from_second(expires).unwrap(), audience }
    }

    fn key(link: &PanelLink, secret: &Secret) -> String {
        link.signed(secret).rsplit("key=").next().unwrap().to_owned()
    }

    #[test]
    fn the_signature_is_the_hmac_that_any_other_tool_makes() {
        // printf 'deskhand panel 1\n1800000000\nagent\n81' | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef
        let signed = link("81", 1_800_000_000, Audience::Agent).signed(&secret());
        assert_eq!(
            signed,
            "/panel/81?expires=1800000000&for=agent&key=86b86de042d300fe89969392c441e63e5b189e2f17c3b59bc804cf8d62238535"
        );
    }

    #[test]
    fn a_link_ends_at_its_second() {
        let link = link("81", 1_800_000_000, Audience::Agent);
        let key = key(&link, &secret());
        let at = |second| link.is_valid(&key, &secret(), Timestamp::from_second(second).unwrap());
        assert_eq!(
            [at(0), at(1_799_999_999), at(1_800_000_000), at(1_900_000_000)],
            [true, true, false, false]
        );
    }

    proptest! {
        #[test]
        fn no_other_ticket_time_audience_or_secret_has_the_same_key(
            (a, b) in ("[0-9\n]{1,6}", "[0-9\n]{1,6}"),
            (from, to) in (1_i64..99, 1_i64..99),
            (agent, other_agent) in (any::<bool>(), any::<bool>()),
            word in "[ -~]{32,90}",
        ) {
            let audience = |agent| if agent { Audience::Agent } else { Audience::Customer };
            let (one, other) = (link(&a, from, audience(agent)), link(&b, to, audience(other_agent)));
            let key = key(&one, &secret());
            prop_assert_eq!(other.is_valid(&key, &secret(), Timestamp::UNIX_EPOCH), one == other);
            let another = Secret::from(word.clone());
            prop_assert_eq!(one.is_valid(&key, &another, Timestamp::UNIX_EPOCH), word == SECRET);
        }

        #[test]
        fn no_other_key_opens_it(key in "[0-9a-fG]{0,70}") {
            prop_assert!(!link("81", 99, Audience::Agent).is_valid(&key, &secret(), Timestamp::UNIX_EPOCH));
        }
    }
}
