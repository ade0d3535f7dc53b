//! Personal data in a text: found as spans, and masked.
//!
//! What is looked for: mail addresses, phone, card and account numbers, IP addresses, national ids of chosen
//! countries, and names where a letter says them: after a salutation, after a title, in a signature. Numbers
//! count only where they hold the checks that such numbers have; a ticket number, a version or an error code
//! stays. A name in the middle of a sentence is not found. Each look goes once over the words of the text,
//! so that time is linear in its length.

mod addresses;
mod draft;
mod names;
mod national;
mod numbers;
mod phones;
mod words;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::ops::Range;

use serde::{Deserialize, Serialize};

pub use draft::for_drafts;
pub use national::Country;

/// How often a text is looked through: what stood against a number, such as an address, has a border of its own once
/// the number is taken. Two times are enough for what people write; the bound is for texts that were made to go on.
const PASSES: usize = 16;

/// A kind of personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A mail address.
    Email,
    /// An international bank account number that holds its check digits.
    Iban,
    /// A number of a payment card that holds its check digit.
    Card,
    /// A national id, by the checks of its country.
    Id,
    /// An IPv4 or IPv6 address.
    Ip,
    /// A phone number, international or in the usual national forms.
    Phone,
    /// A person's name after a salutation or a title, or in a signature.
    Name,
}

impl Kind {
    /// All, in the order in which they are looked for: what one has taken, the next no longer sees.
    pub const ALL: [Self; 7] =
        [Self::Email, Self::Iban, Self::Card, Self::Id, Self::Ip, Self::Phone, Self::Name];

    /// What stands in the text instead.
    #[must_use]
    pub fn placeholder(self) -> &'static str {
        match self {
            Self::Email => "[email]",
            Self::Iban => "[iban]",
            Self::Card => "[card]",
            Self::Id => "[id]",
            Self::Ip => "[ip]",
            Self::Phone => "[phone]",
            Self::Name => "[name]",
        }
    }
}

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masking {
    /// Kinds of personal data.
    pub kinds: BTreeSet<Kind>,
    /// Countries whose national ids are looked for.
    pub countries: BTreeSet<Country>,
}

impl Default for Masking {
    /// All kinds and all countries.
    fn default() -> Self {
        Self { kinds: Kind::ALL.into(), countries: Country::ALL.into() }
    }
}

/// Personal data in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Where it stands, in bytes.
    pub range: Range<usize>,
    /// What it is.
    pub kind: Kind,
}

/// A text without its personal data, as far as that is found. Only [`mask`] makes one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct MaskedText(String);

impl MaskedText {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

/// A text with placeholders, and what they stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masked {
    /// The text with placeholders.
    pub text: MaskedText,
    /// What was masked, by its place in the original.
    pub spans: Vec<Span>,
}

/// Replaces personal data in plain text by placeholders. A masked text has none: masking it again changes
/// nothing.
#[must_use]
pub fn mask(text: &str, masking: &Masking) -> Masked {
    let spans = find(text, masking);
    let mut masked = String::with_capacity(text.len());
    let mut done = 0;
    for span in &spans {
        masked.push_str(&text[done..span.range.start]);
        masked.push_str(span.kind.placeholder());
        done = span.range.end;
    }
    masked.push_str(&text[done..]);
    Masked { text: MaskedText(masked), spans }
}

/// Personal data in plain text, in the order of the text; no two overlap.
#[must_use]
pub fn find(text: &str, masking: &Masking) -> Vec<Span> {
    let mut rest = text.to_owned();
    let mut spans = Vec::new();
    for _ in 0..PASSES {
        let before = spans.len();
        for kind in Kind::ALL.into_iter().filter(|kind| masking.kinds.contains(kind)) {
            let found = of_kind(kind, &rest, masking);
            if !found.is_empty() {
                rest = without(&rest, &found);
                spans.extend(found.into_iter().map(|range| Span { range, kind }));
            }
        }
        if spans.len() == before {
            break;
        }
    }
    apart(spans)
}

/// In the order of the text. A later pass may find something around what an earlier one took, such as a name that
/// had a number in it: both are one then, of the kind that began first.
fn apart(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by_key(|span| (span.range.start, std::cmp::Reverse(span.range.end)));
    let mut apart: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match apart.last_mut().filter(|last| span.range.start < last.range.end) {
            Some(last) => last.range.end = last.range.end.max(span.range.end),
            None => apart.push(span),
        }
    }
    apart
}

fn of_kind(kind: Kind, text: &str, masking: &Masking) -> Vec<Range<usize>> {
    match kind {
        Kind::Email => addresses::mail(text),
        Kind::Iban => numbers::ibans(text),
        Kind::Card => numbers::cards(text),
        Kind::Id => national::ids(text, &masking.countries),
        Kind::Ip => addresses::ip(text),
        Kind::Phone => phones::phones(text),
        Kind::Name => names::names(text),
    }
}

/// The text, as long as before, with brackets where something was found: the borders that a placeholder has.
fn without(text: &str, found: &[Range<usize>]) -> String {
    let mut rest = String::with_capacity(text.len());
    for range in found {
        rest.push_str(&text[rest.len()..range.start]);
        rest.push('[');
        rest.extend(std::iter::repeat_n(']', range.len().saturating_sub(1)));
    }
    rest.push_str(&text[rest.len()..]);
    rest
}
