//! Mail and IP addresses.

use std::net::Ipv6Addr;
use std::ops::Range;

use super::words::word_before;

/// Longest local part in bytes (RFC 5321, 4.5.3.1.1).
const LONGEST_LOCAL: usize = 64;
/// Longest domain in bytes (RFC 5321, 4.5.3.1.2).
const LONGEST_DOMAIN: usize = 255;
/// Longest text of an IPv6 address.
const LONGEST_IPV6: usize = 45;
/// Words before four numbers that are a version.
const VERSIONS: [&str; 8] = ["v", "version", "ver", "release", "build", "firmware", "driver", "update"];

/// Mail addresses: a local part, `@`, and a domain with a dot.
pub(super) fn mail(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, _) in text.match_indices('@') {
        let from = found.last().map_or(0, |last| last.end);
        let (start, end) = (local(text, from, at), domain(text, at + 1));
        if let (Some(start), Some(end)) = (start, end) {
            found.push(start..end);
        }
    }
    found
}

/// Where the local part begins that ends before `at`.
fn local(text: &str, from: usize, at: usize) -> Option<usize> {
    let is_local = |c: char| c.is_alphanumeric() || "._%+-'&".contains(c);
    let mut start = at;
    for (place, c) in text.get(from..at)?.char_indices().rev() {
        if !is_local(c) || at - (from + place) > LONGEST_LOCAL {
            break;
        }
        start = from + place;
    }
    let local = &text[start..at];
    start = at - local.trim_start_matches(|c: char| !c.is_alphanumeric()).len();
    (start < at).then_some(start)
}

/// Where the domain ends that begins at `start`, if it is one.
fn domain(text: &str, start: usize) -> Option<usize> {
    let rest = text.get(start..)?;
    let is_domain = |c: char| c.is_alphanumeric() || c == '-' || c == '.';
    let ends = |&(place, c): &(usize, char)| !is_domain(c) || place > LONGEST_DOMAIN;
    let end = rest.char_indices().find(ends).map_or(rest.len(), |(place, _)| place);
    let domain = rest[..end].trim_end_matches(['.', '-']);
    let (host, top) = domain.rsplit_once('.')?;
    let whole = !host.is_empty() && !host.starts_with('.') && !host.contains("..");
    let known_top = top.chars().count() > 1 && top.chars().all(|c| c.is_alphabetic() || c == '-');
    (whole && known_top).then_some(start + domain.len())
}

/// IPv4 and IPv6 addresses. Four numbers that a word before calls a version are none, nor is `::1`.
pub(super) fn ip(text: &str) -> Vec<Range<usize>> {
    let is_part = |c: char| c.is_ascii_hexdigit() || c == ':' || c == '.';
    let mut found = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (is_part(c), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                start = None;
                let glued = text[..from].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-');
                if !c.is_alphanumeric() && c != '_' {
                    // `office:10.0.0.1`: the run begins within a word, the address behind its colon.
                    found.extend(address(text, from..at).filter(|range| !glued || range.start > from));
                }
            }
            _ => {}
        }
    }
    found
}

/// The address that a run of digits, letters to `f`, colons and dots is, without the punctuation after it.
fn address(text: &str, run: Range<usize>) -> Option<Range<usize>> {
    let trimmed = text[run.clone()].trim_end_matches(['.', ':']);
    let end = run.start + trimmed.len();
    if is_ipv4(trimmed) {
        return (!VERSIONS.contains(&word_before(text, run.start).as_str())).then_some(run.start..end);
    }
    // `Server:10.0.0.1` and `10.0.0.1:8080` are runs too.
    if let Some((first, rest)) = trimmed.split_once(':')
        && !rest.contains(':')
    {
        let before = is_ipv4(first).then(|| run.start..run.start + first.len());
        return before.or_else(|| is_ipv4(rest).then(|| end - rest.len()..end));
    }
    let long = trimmed.len() >= 4 && trimmed.len() <= LONGEST_IPV6 && trimmed.matches(':').count() > 1;
    let telling = trimmed.contains(|c: char| c.is_ascii_digit());
    (long && telling && trimmed.parse::<Ipv6Addr>().is_ok()).then_some(run.start..end)
}

fn is_ipv4(text: &str) -> bool {
    let octet = |part: &str| {
        (1..=3).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_digit())
            && (part.len() == 1 || !part.starts_with('0'))
            && part.parse::<u16>().is_ok_and(|value| value < 256)
    };
    text.len() < 16 && text.split('.').count() == 4 && text.split('.').all(octet)
}
