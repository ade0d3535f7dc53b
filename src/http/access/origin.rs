//! Where a request comes from: its address, and where nobody has to say who they are, that it is this machine.

use std::net::{IpAddr, Ipv4Addr};

use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};

use super::super::error::{Code, Problem};
use crate::access::Peer;
use crate::config::AccessSettings;

/// What proxies add to a request that they pass on.
const PASSED_ON: [&str; 4] = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];

/// The peer that sent the request; behind a trusted proxy, whom that names.
///
/// # Errors
/// Without authentication, a request that did not come from this machine, or only seems to.
pub(super) fn peer(parts: &Parts, settings: &AccessSettings) -> Result<Peer, Problem> {
    let Some(peer) = parts.extensions.get::<Peer>().copied() else {
        // No connection brought it: a test, or whoever embeds the router.
        return Ok(Peer { address: IpAddr::V4(Ipv4Addr::LOCALHOST), secure: false });
    };
    let proxies = &settings.trusted_proxies;
    // A proxy that the site names authenticates whom it lets through.
    if !settings.is_on() && !is_among(peer.address, proxies) {
        alone(&parts.headers, &parts.uri)?;
    }
    Ok(behind_proxies(peer, &parts.headers, proxies))
}

/// Without authentication whoever reaches this machine's own address may do everything. A proxy would let others
/// reach it, and so would a web page whose name is made to point to it (DNS rebinding): such requests show by what
/// the proxy added, or by the name that they ask for.
fn alone(headers: &HeaderMap, uri: &Uri) -> Result<(), Problem> {
    if PASSED_ON.iter().any(|name| headers.contains_key(*name)) {
        let detail = "The request came through a proxy, and authentication is off.";
        return Err(Problem::because(Code::AuthenticationOff, detail));
    }
    let host = headers.get(header::HOST).map(|host| host.to_str().unwrap_or_default());
    let host = host.or_else(|| uri.authority().map(|authority| authority.as_str()));
    if host.is_none_or(is_this_machine) {
        return Ok(());
    }
    let detail =
        "The request asks for a name on the internet, not for this machine, and authentication is off.";
    Err(Problem::because(Code::AuthenticationOff, detail))
}

fn is_this_machine(host: &str) -> bool {
    // What is behind the last colon is the port, unless it belongs to an IPv6 address.
    let name = match host.rsplit_once(':') {
        _ if host.parse::<IpAddr>().is_ok() => host,
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    match name.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        // A name of one word is nobody's to point anywhere but this network's own.
        Err(_) => name.ends_with(".localhost") || (!name.is_empty() && !name.contains(['.', ':'])),
    }
}

/// The last address of `X-Forwarded-For` that is no trusted proxy's: what stands before it, anybody may have
/// written.
fn behind_proxies(peer: Peer, headers: &HeaderMap, trusted: &[IpAddr]) -> Peer {
    if !is_among(peer.address, trusted) {
        return peer;
    }
    let values = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let named: Vec<&str> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
    let mut address = peer.address;
    for word in named.iter().rev() {
        let Ok(named) = word.parse::<IpAddr>() else { break };
        address = named;
        if !is_among(named, trusted) {
            break;
        }
    }
    let secure = headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https");
    Peer { address, secure: peer.secure || secure }
}

fn is_among(address: IpAddr, known: &[IpAddr]) -> bool {
    known.iter().any(|known| known.to_canonical() == address.to_canonical())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn without_authentication_only_this_machine_is_answered() {
        let answered =
            |pairs: &[(&'static str, &'static str)]| alone(&headers(pairs), &Uri::from_static("/")).is_ok();
        for host in [
            "127.0.0.1:8080",
            "localhost",
            "localhost:8080",
            "[::1]:8080",
            "::1",
            "LOCALHOST:1",
            "a.localhost",
        ] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example:80",
            "192.0.2.1",
            "[2001:db8::1]:80",
            "",
            ":80",
        ] {
            assert!(!is_this_machine(host), "{host}");
        }
        assert!(answered(&[("host", "127.0.0.1:8080")]));
        assert!(!answered(&[("host", "desk.example")]), "a name that was made to point here");
        for name in PASSED_ON {
            assert!(!answered(&[("host", "127.0.0.1"), (name, "192.0.2.1")]), "{name}");
        }
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_about_who_asks() {
        let trusted: Vec<IpAddr> = vec!["10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()];
        let of = |peer: &str, pairs: &[(&'static str, &'static str)]| {
            let peer = Peer { address: peer.parse().unwrap(), secure: false };
            let told = behind_proxies(peer, &headers(pairs), &trusted);
            (told.address.to_string(), told.secure)
        };
        let named =
            [("x-forwarded-for", "198.51.100.9, 192.0.2.7, 10.0.0.2"), ("x-forwarded-proto", "https")];
        assert_eq!(of("10.0.0.1", &named), ("192.0.2.7".into(), true));
        assert_eq!(of("192.0.2.1", &named), ("192.0.2.1".into(), false));
        assert_eq!(of("10.0.0.1", &[("x-forwarded-for", "x, y")]), ("10.0.0.1".into(), false));
        assert_eq!(of("10.0.0.1", &[]), ("10.0.0.1".into(), false));
    }
}
