//! Signatures: what stands at the end of a message and names the writer.

use std::ops::Range;

use super::SetAsideKind;
use super::address::{LONGEST_LINE, looks_like_address, looks_like_name};
use super::close::{Close, complimentary_close};
use super::disclaimer;
use super::lines::{Fate, Hint, Lines};

/// Things that may end a message one after the other: small print, a phone's footer, a signature.
const MOST_ENDINGS: usize = 6;
/// Lines with text that may follow a complimentary close or a bare `--`.
const MOST_LINES: usize = 8;
/// Lines with text in a signature that the mail program marked.
const MOST_MARKED_LINES: usize = 15;
/// Characters in a signature that the mail program marked; who writes more has something to say.
const LONGEST_MARKED: usize = 1_500;

/// Sets the fate of signature and small print in one part of a message. They end the part, in any
/// order, so each look takes the last thing off until nothing is found any more.
pub(super) fn set_aside(lines: &mut Lines, part: Range<usize>) {
    disclaimer::set_aside_caution(lines, part.clone());
    set_aside_marked(lines, part.clone());
    let mut end = part.end;
    let mut signed = false;
    for _ in 0..MOST_ENDINGS {
        end = end_of_text(lines, part.start..end);
        let rest = part.start..end;
        if let Some(start) = disclaimer::start(lines, rest.clone()) {
            lines.set_fate(start..end, Fate::Aside(SetAsideKind::Disclaimer));
            end = start;
        } else if let Some(start) =
            device_footer(lines, rest.clone()).or_else(|| signature(lines, rest).filter(|_| !signed))
        {
            signed |= start + 1 < end;
            lines.set_fate(start..end, Fate::Aside(SetAsideKind::Signature));
            end = start;
        } else {
            return;
        }
    }
}

/// The line after the last one that has text and is kept.
fn end_of_text(lines: &Lines, range: Range<usize>) -> usize {
    range
        .clone()
        .rev()
        .find(|&index| !lines.is_blank(index) && lines.fate(index) == Fate::Kept)
        .map_or(range.start, |last| last + 1)
}

/// Signatures that the mail program marked in HTML, with the dashes above.
fn set_aside_marked(lines: &mut Lines, part: Range<usize>) {
    let mut index = part.start;
    while index < part.end {
        if lines.hint(index) != Hint::Signature {
            index += 1;
            continue;
        }
        let start = index;
        while index < part.end && (lines.hint(index) == Hint::Signature || lines.is_blank(index)) {
            index += 1;
        }
        if is_short(lines, start..index, MOST_MARKED_LINES) {
            let dashes = (part.start..start)
                .rev()
                .take(2)
                .find(|&i| !lines.is_blank(i))
                .filter(|&i| is_dashes(lines.get(i)));
            let start = dashes.unwrap_or(start);
            lines.set_fate(start..index, Fate::Aside(SetAsideKind::Signature));
        }
    }
}

fn is_short(lines: &Lines, range: Range<usize>, most: usize) -> bool {
    let texts = range.map(|index| lines.get(index)).filter(|l| !l.is_empty());
    let (mut count, mut length) = (0, 0);
    for text in texts {
        count += 1;
        length += text.len();
        if count > most || length > LONGEST_MARKED {
            return false;
        }
    }
    true
}

fn is_dashes(line: &str) -> bool {
    line == "--"
}

/// Where the signature begins that ends the lines.
fn signature(lines: &Lines, range: Range<usize>) -> Option<usize> {
    let mut start = None;
    let mut below = 0;
    // Whether all lines below look like a name and an address.
    let mut plain = true;
    for index in range.clone().rev() {
        let line = lines.get(index);
        if line.is_empty() {
            continue;
        }
        if below > MOST_MARKED_LINES {
            break;
        }
        let short = below <= MOST_LINES && plain;
        if lines.is_signature_mark(index) && is_short(lines, index..range.end, MOST_MARKED_LINES)
            || is_dashes(line) && below > 0 && short
            || short && closes(line, below, || first_below(lines, index + 1..range.end))
        {
            start = Some(index);
        }
        plain = plain && looks_like_address(line);
        below += 1;
    }
    start
}

fn first_below(lines: &Lines, range: Range<usize>) -> &str {
    range.map(|index| lines.get(index)).find(|line| !line.is_empty()).unwrap_or_default()
}

/// Whether a line is a complimentary close, given how many lines stand below and the first of them.
fn closes<'a>(line: &str, below: usize, first: impl FnOnce() -> &'a str) -> bool {
    if line.len() > 2 * LONGEST_LINE {
        return false;
    }
    match complimentary_close(line) {
        // A last line `Thanks!` says thanks; only with a name below does it sign.
        Some(Close::Thanks) => below > 0 && looks_like_name(first()),
        Some(Close::Regards) => below == 0 || looks_like_name(first()),
        Some(Close::WithName) => true,
        None => false,
    }
}

/// Where the footer of a phone or mail service begins, if one ends the lines.
fn device_footer(lines: &Lines, range: Range<usize>) -> Option<usize> {
    let last = range.end.checked_sub(1).filter(|&last| last >= range.start)?;
    let line = lines.get(last);
    (line.len() <= LONGEST_LINE && is_device_footer(&line.to_lowercase())).then_some(last)
}

const DEVICE_FOOTERS: [&str; 8] = [
    "get outlook for",
    "outlook für ios",
    "outlook für android",
    "von meinem iphone gesendet",
    "von meinem ipad gesendet",
    "envoyé de mon iphone",
    "enviado desde mi iphone",
    "inviato da iphone",
];
/// All that may follow `Sent from`: the phone, the program, nothing that happens to it.
const DEVICES: [&str; 50] = [
    "my",
    "a",
    "the",
    "iphone",
    "ipad",
    "ipod",
    "phone",
    "mobile",
    "smartphone",
    "tablet",
    "device",
    "android",
    "samsung",
    "galaxy",
    "huawei",
    "xiaomi",
    "redmi",
    "oneplus",
    "nokia",
    "google",
    "pixel",
    "motorola",
    "sony",
    "xperia",
    "blackberry",
    "windows",
    "apple",
    "watch",
    "mac",
    "outlook",
    "mail",
    "gmail",
    "yahoo",
    "proton",
    "app",
    "for",
    "ios",
    "on",
    "with",
    "using",
    "via",
    "pro",
    "max",
    "plus",
    "mini",
    "ultra",
    "note",
    "fold",
    "flip",
    "email",
];

fn is_device_footer(lower: &str) -> bool {
    if DEVICE_FOOTERS.iter().any(|footer| lower.starts_with(footer)) {
        return true;
    }
    let Some(device) = ["sent from ", "sent via ", "gesendet mit ", "gesendet von "]
        .iter()
        .find_map(|start| lower.strip_prefix(start))
    else {
        return false;
    };
    device.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).all(|word| {
        DEVICES.contains(&word)
            || ["meinem", "meiner", "der", "handy", "gmx", "web"].contains(&word)
            || word.contains(|c: char| c.is_ascii_digit())
    })
}
