//! Settings of requests that Deskhand sends: to the helpdesk, and events to addresses of the site.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use garde::Validate;
use serde::{Deserialize, Serialize};

/// Requests to other programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct OutgoingSettings {
    /// Seconds that a request may take, its answer included.
    #[garde(range(min = 1, max = 60))]
    pub timeout_s: u64,
    /// Largest answer in bytes.
    #[garde(range(min = 1_024, max = 67_108_864))]
    pub max_response_bytes: usize,
    /// A file of certificates (PEM) that are trusted beside those of the system.
    #[garde(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Addresses that are not public and may be reached all the same: networks such as `10.20.0.0/16`, or names
    /// of hosts such as `desk.internal`. Where one of them holds a loopback address, plain `http://` may be used
    /// on loopback.
    #[garde(skip)]
    pub allow_networks: Vec<Allowed>,
}

impl Default for OutgoingSettings {
    fn default() -> Self {
        Self { timeout_s: 20, max_response_bytes: 8 << 20, ca_file: None, allow_networks: Vec::new() }
    }
}

/// What may be reached although it is not public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Allowed {
    /// All addresses of a network.
    Network {
        /// One of its addresses.
        address: IpAddr,
        /// Bits that all of them have in common.
        bits: u8,
    },
    /// Whatever a host's name stands for, in lower case.
    Host(String),
}

impl Allowed {
    /// Whether the address lies in the network; of a host never.
    pub fn holds(&self, ip: IpAddr) -> bool {
        let Self::Network { address, bits } = self else { return false };
        let (network, ip, width) = match (address, ip) {
            (IpAddr::V4(network), IpAddr::V4(ip)) => {
                (u128::from(network.to_bits()), u128::from(ip.to_bits()), 32)
            }
            (IpAddr::V6(network), IpAddr::V6(ip)) => (network.to_bits(), ip.to_bits(), 128),
            _ => return false,
        };
        // A shift by the whole width is no shift in Rust, hence the case of no bits.
        *bits == 0 || (network ^ ip) >> (width - u32::from(*bits)) == 0
    }
}

impl FromStr for Allowed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("{text:?} is no network such as 10.20.0.0/16 and no host such as desk.internal");
        if let Some((address, bits)) = text.split_once('/') {
            let address: IpAddr = address.parse().map_err(|_| wrong())?;
            let bits: u8 = bits.parse().map_err(|_| wrong())?;
            let width = if address.is_ipv4() { 32 } else { 128 };
            return if bits <= width { Ok(Self::Network { address, bits }) } else { Err(wrong()) };
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::Network { address, bits: if address.is_ipv4() { 32 } else { 128 } });
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.' || c == '_';
        if text.is_empty() || !text.chars().all(plain) {
            return Err(wrong());
        }
        Ok(Self::Host(text.to_ascii_lowercase()))
    }
}

impl TryFrom<String> for Allowed {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Allowed> for String {
    fn from(allowed: Allowed) -> Self {
        match allowed {
            Allowed::Network { address, bits } => format!("{address}/{bits}"),
            Allowed::Host(name) => name,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_network_holds_the_addresses_that_share_its_bits_and_no_others() {
        let holds = |network: &str, ip: &str| network.parse::<Allowed>().unwrap().holds(ip.parse().unwrap());
        assert!(holds("10.20.0.0/16", "10.20.255.1") && !holds("10.20.0.0/16", "10.21.0.0"));
        assert!(holds("127.0.0.1", "127.0.0.1") && !holds("127.0.0.1", "127.0.0.2"));
        assert!(holds("0.0.0.0/0", "192.0.2.1") && !holds("0.0.0.0/0", "::1"));
        assert!(holds("fd00::/8", "fdff::1") && !holds("fd00::/8", "fe80::1"));
        assert!(holds("::/0", "2001:db8::1") && !holds("desk.internal", "10.0.0.1"));
    }

    #[test]
    fn what_is_neither_network_nor_host_is_refused() {
        for bad in ["", "10.0.0.0/33", "fd00::/129", "10.0.0/8", "https://desk.internal", "a b", "10.0.0.0/"]
        {
            assert!(bad.parse::<Allowed>().is_err(), "{bad}");
        }
        assert_eq!("Desk.Internal".parse(), Ok(Allowed::Host("desk.internal".into())));
    }

    proptest! {
        #[test]
        fn a_network_holds_its_own_address_and_reads_back_as_it_is_written(bits in 0u8..=32, ip: u32) {
            let address = IpAddr::V4(ip.into());
            let network = Allowed::Network { address, bits };
            prop_assert!(network.holds(address));
            prop_assert_eq!(String::from(network.clone()).parse(), Ok(network));
        }
    }
}
