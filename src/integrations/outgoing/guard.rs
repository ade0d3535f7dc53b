//! Which addresses may be reached.
//!
//! Addresses come from the settings alone, but a name in them is resolved by whoever runs its zone. So the address
//! that a name stands for is looked at after it was resolved, and the connection goes to that very address: to
//! answer otherwise a second time gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::config::Allowed;

/// An address that must not be reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// Neither `https`, nor `http` on loopback.
    #[error("{0} is not https; plain http is for loopback only")]
    NotHttps(String),
    /// The host is no public address, or its name stands for none.
    #[error(
        "{host} is at {ip}, which is not a public address; list the host or its network in outgoing.allow_networks if it is meant"
    )]
    NotPublic {
        /// As the settings say.
        host: String,
        /// One of its addresses.
        ip: IpAddr,
    },
    /// The name stands for nothing.
    #[error("the name {0} cannot be resolved; check its spelling and this machine's DNS")]
    Unknown(String),
    /// There is no host in the address.
    #[error("there is no host in the address")]
    NoHost,
}

/// Lets through what is public, and what the site lists beside that. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Guard(Arc<[Allowed]>);

impl Guard {
    pub(super) fn new(allowed: &[Allowed]) -> Self {
        Self(allowed.into())
    }

    /// Looks at what the address itself says; names are looked at when they are resolved.
    pub(super) fn check(&self, url: &Url) -> Result<(), Forbidden> {
        let host = url.host().ok_or(Forbidden::NoHost)?;
        let loopback = match host {
            Host::Ipv4(ip) => ip.is_loopback(),
            Host::Ipv6(ip) => IpAddr::V6(ip).to_canonical().is_loopback(),
            Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        };
        if url.scheme() != "https" && !(url.scheme() == "http" && loopback) {
            return Err(Forbidden::NotHttps(host.to_string()));
        }
        let ip = match host {
            Host::Ipv4(ip) => IpAddr::V4(ip),
            Host::Ipv6(ip) => IpAddr::V6(ip),
            Host::Domain(_) => return Ok(()),
        };
        if self.lets(ip) { Ok(()) } else { Err(Forbidden::NotPublic { host: host.to_string(), ip }) }
    }

    /// Those of a host's addresses that may be reached.
    fn of(&self, host: &str, addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Forbidden> {
        let Some(first) = addresses.first().map(SocketAddr::ip) else {
            return Err(Forbidden::Unknown(host.to_owned()));
        };
        let named = host.trim_end_matches('.').to_ascii_lowercase();
        if self.0.contains(&Allowed::Host(named)) {
            return Ok(addresses);
        }
        let good: Vec<SocketAddr> = addresses.into_iter().filter(|address| self.lets(address.ip())).collect();
        if good.is_empty() {
            Err(Forbidden::NotPublic { host: host.to_owned(), ip: first })
        } else {
            Ok(good)
        }
    }

    fn lets(&self, ip: IpAddr) -> bool {
        is_public(ip) || self.0.iter().any(|allowed| allowed.holds(ip) || allowed.holds(ip.to_canonical()))
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let name = name.as_str();
            let found = tokio::net::lookup_host((name, 0)).await;
            let found = found.map_err(|_| Forbidden::Unknown(name.to_owned()))?;
            let good = guard.of(name, found.collect())?;
            Ok(Box::new(good.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is anybody's on the internet: neither of a private network nor of this machine nor set aside.
/// By the registries of special-purpose addresses of IANA (RFC 6890 and its successors). Forms of IPv6 that carry an
/// address of IPv4 are as public as that one; 6to4 and Teredo are out of use and never public.
fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

/// Networks of IPv4 that are set aside: first address and bits.
const SET_ASIDE_V4: [([u8; 4], u32); 15] = [
    ([0, 0, 0, 0], 8),       // this network
    ([10, 0, 0, 0], 8),      // private
    ([100, 64, 0, 0], 10),   // behind a carrier's NAT
    ([127, 0, 0, 0], 8),     // loopback
    ([169, 254, 0, 0], 16),  // link-local, and the metadata of clouds
    ([172, 16, 0, 0], 12),   // private
    ([192, 0, 0, 0], 24),    // protocols
    ([192, 0, 2, 0], 24),    // documentation
    ([192, 88, 99, 0], 24),  // 6to4 relays
    ([192, 168, 0, 0], 16),  // private
    ([198, 18, 0, 0], 15),   // benchmarks
    ([198, 51, 100, 0], 24), // documentation
    ([203, 0, 113, 0], 24),  // documentation
    ([224, 0, 0, 0], 4),     // multicast
    ([240, 0, 0, 0], 4),     // reserved, broadcast
];

fn is_public_v4(ip: Ipv4Addr) -> bool {
    !SET_ASIDE_V4
        .iter()
        .any(|(network, bits)| (Ipv4Addr::from(*network).to_bits() ^ ip.to_bits()) >> (32 - bits) == 0)
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let parts = ip.segments();
    // NAT64 (RFC 6052): the last 32 bits are the address behind.
    if parts[..6] == [0x64, 0xff9b, 0, 0, 0, 0] {
        return is_public_v4(Ipv4Addr::from_bits(u32::from(parts[6]) << 16 | u32::from(parts[7])));
    }
    let global = parts[0] & 0xe000 == 0x2000;
    let protocols = parts[0] == 0x2001 && parts[1] < 0x200; // Teredo, ORCHID and others
    let documentation = parts[..2] == [0x2001, 0xdb8] || (parts[0] == 0x3fff && parts[1] < 0x1000);
    let six_to_four = parts[0] == 0x2002;
    global && !protocols && !documentation && !six_to_four
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn guard(allowed: &[&str]) -> Guard {
        Guard::new(&allowed.iter().map(|text| text.parse().unwrap()).collect::<Vec<_>>())
    }

    fn check(guard: &Guard, url: &str) -> Result<(), Forbidden> {
        guard.check(&Url::parse(url).unwrap())
    }

    #[test]
    fn every_way_to_write_an_inner_address_is_refused() {
        for url in [
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0177.0.0.1/",
            "https://0/",
            "https://10.0.0.1/",
            "https://172.31.255.255/",
            "https://192.168.1.1:8443/",
            "https://100.64.0.1/",
            "https://169.254.169.254/latest/meta-data/",
            "https://192.0.2.1/",
            "https://198.18.0.1/",
            "https://224.0.0.1/",
            "https://255.255.255.255/",
            "https://[::]/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:a9fe:a9fe]/",
            "https://[::7f00:1]/",
            "https://[64:ff9b::10.0.0.1]/",
            "https://[64:ff9b:1::1]/",
            "https://[2002:7f00:1::]/",
            "https://[2001:0:7f00:1::]/",
            "https://[2001:db8::1]/",
            "https://[3fff::1]/",
            "https://[fd00::1]/",
            "https://[fe80::1]/",
            "https://[fec0::1]/",
            "https://[ff02::1]/",
            "https://[100::1]/",
        ] {
            assert!(matches!(check(&guard(&[]), url), Err(Forbidden::NotPublic { .. })), "{url}");
        }
    }

    #[test]
    fn public_addresses_pass() {
        for url in [
            "https://acme.zendesk.com/",
            "https://1.1.1.1/",
            "https://172.32.0.1/",
            "https://100.128.0.1/",
            "https://[2606:4700::1]/",
            "https://[64:ff9b::1.1.1.1]/",
            "https://[2001:200::1]/",
        ] {
            assert_eq!(check(&guard(&[]), url), Ok(()), "{url}");
        }
    }

    #[test]
    fn plain_http_is_for_loopback_that_the_site_lists() {
        assert_eq!(check(&guard(&["127.0.0.0/8"]), "http://127.0.0.1:9000/"), Ok(()));
        assert_eq!(check(&guard(&["::1"]), "http://[::1]:9000/"), Ok(()));
        assert!(matches!(check(&guard(&[]), "http://127.0.0.1:9000/"), Err(Forbidden::NotPublic { .. })));
        for url in ["http://10.0.0.1/", "http://acme.zendesk.com/", "ftp://127.0.0.1/"] {
            let told = check(&guard(&["127.0.0.0/8", "10.0.0.0/8"]), url).unwrap_err();
            assert!(matches!(told, Forbidden::NotHttps(_)), "{url}");
        }
    }

    #[test]
    fn of_a_name_only_the_addresses_that_may_be_reached_are_left() {
        let addresses =
            |texts: &[&str]| texts.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect();
        let mixed: Vec<SocketAddr> = addresses(&["10.0.0.1", "1.1.1.1", "::ffff:127.0.0.1"]);
        assert_eq!(guard(&[]).of("desk.example", mixed.clone()), Ok(addresses(&["1.1.1.1"])));
        assert_eq!(
            guard(&["10.0.0.0/8"]).of("desk.example", mixed.clone()),
            Ok(addresses(&["10.0.0.1", "1.1.1.1"]))
        );
        assert_eq!(guard(&["desk.example"]).of("Desk.Example.", mixed.clone()), Ok(mixed));
        let told = guard(&["desk.example"]).of("evil.desk.example", addresses(&["10.0.0.1"])).unwrap_err();
        assert!(told.to_string().contains("evil.desk.example is at 10.0.0.1"), "{told}");
        assert!(matches!(guard(&[]).of("desk.example", Vec::new()), Err(Forbidden::Unknown(_))));
    }

    proptest! {
        /// Whatever IPv4 address is not public is not public in any form of IPv6 that carries it.
        #[test]
        fn a_form_of_ipv6_hides_no_inner_address(bits: u32) {
            let ip = Ipv4Addr::from_bits(bits);
            let [high, low] = [(bits >> 16) as u16, bits as u16];
            let forms = [
                ip.to_ipv6_mapped(),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 0),
                Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low),
            ];
            for form in forms {
                prop_assert!(is_public_v4(ip) || !is_public(IpAddr::V6(form)), "{} in {}", ip, form);
            }
            prop_assert_eq!(is_public(IpAddr::V6(forms[0])), is_public_v4(ip));
        }

        /// What the standard library calls special is never public.
        #[test]
        fn no_special_address_is_public(bits: u32, wide: u128) {
            let ip = Ipv4Addr::from_bits(bits);
            let special = ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_multicast()
                || ip.is_broadcast() || ip.is_documentation() || ip.is_unspecified();
            prop_assert!(!(special && is_public(IpAddr::V4(ip))));
            let ip = Ipv6Addr::from_bits(wide);
            let special = ip.is_loopback() || ip.is_multicast() || ip.is_unspecified()
                || ip.is_unique_local() || ip.is_unicast_link_local();
            prop_assert!(!(special && is_public(IpAddr::V6(ip))));
        }
    }
}
