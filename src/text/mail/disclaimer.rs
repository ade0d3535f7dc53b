//! Legal small print at the end of a mail, and the caution that gateways put at its head.

use std::ops::Range;

use super::SetAsideKind;
use super::lines::{Fate, Lines};

/// Longer paragraphs, in bytes, are not looked at.
const LONGEST: usize = 6_000;

/// How small print begins.
const OPENERS: [&str; 26] = [
    "this e-mail",
    "this email",
    "this message",
    "this communication",
    "this transmission",
    "the information contained",
    "the information in this",
    "the contents of this",
    "the content of this",
    "confidentiality notice",
    "confidentiality:",
    "confidential:",
    "disclaimer",
    "important notice",
    "privileged",
    "legal notice",
    "if you are not the intended",
    "if you have received this",
    "if you received this",
    "any views",
    "diese e-mail",
    "diese nachricht",
    "der inhalt dieser",
    "ce message",
    "este mensaje",
    "este correo",
];

/// What small print speaks of.
const CUES: [&str; 42] = [
    "confidential",
    "intended recipient",
    "intended solely",
    "intended only",
    "addressee",
    "legally privileged",
    "privileged",
    "notify the sender",
    "notify us",
    "inform the sender",
    "delete it",
    "delete this",
    "delete the",
    "destroy",
    "unauthorised",
    "unauthorized",
    "disclos",
    "dissemination",
    "distribution",
    "copying",
    "must not copy",
    "strictly prohibited",
    "liability",
    "viruses",
    "in error",
    "own views",
    "of the author",
    "vertraulich",
    "nicht der richtige adressat",
    "irrtümlich",
    "unbefugte",
    "informieren sie",
    "vernichten",
    "confidentiel",
    "destinataire",
    "erreur",
    "détruire",
    "confidencial",
    "destinatario",
    "por error",
    "riservat",
    "vertrouwelijk",
];

/// The company's particulars, which some laws demand.
const PARTICULARS: [&str; 14] = [
    "registered office",
    "registered in",
    "registered number",
    "registration number",
    "company number",
    "company no",
    "vat reg",
    "amtsgericht",
    "handelsregister",
    "hrb ",
    "geschäftsführer",
    "sitz der gesellschaft",
    "ust-id",
    "siège social",
];

/// Whole paragraphs by themselves.
const ENVIRONMENT: [&str; 4] = [
    "consider the environment before printing",
    "think before you print",
    "do not print this e-mail unless",
    "do not print this email unless",
];

/// Where the small print begins that ends the lines.
pub(super) fn start(lines: &Lines, range: Range<usize>) -> Option<usize> {
    let mut size = 0;
    let mut first = range.end;
    for index in range.clone().rev() {
        if lines.is_blank(index) {
            break;
        }
        size += lines.get(index).len();
        if size > LONGEST {
            return None;
        }
        first = index;
    }
    let paragraph: Vec<String> = (first..range.end).map(|index| lines.get(index).to_lowercase()).collect();
    // A signature may stand right above it, so it begins where it says so.
    let skipped =
        paragraph.iter().position(|line| OPENERS.iter().any(|opener| line.starts_with(opener))).unwrap_or(0);
    let opened = paragraph.get(skipped..)?.join(" ");
    is_small_print(&opened).then_some(first + skipped)
}

fn is_small_print(paragraph: &str) -> bool {
    // Who says `I` says something.
    if paragraph.is_empty() || speaks_of_oneself(paragraph) {
        return false;
    }
    let count = |cues: &[&str]| cues.iter().filter(|cue| paragraph.contains(*cue)).count();
    if paragraph.len() <= 250 && count(&ENVIRONMENT) > 0 || paragraph.len() <= 500 && count(&PARTICULARS) >= 2
    {
        return true;
    }
    let cues = count(&CUES);
    let opens = OPENERS.iter().any(|opener| paragraph.starts_with(opener));
    let short = paragraph.len() <= 120 && paragraph.contains("confidential");
    opens && (cues >= 2 || short) || cues >= 4 && mentions_mail(paragraph)
}

fn mentions_mail(paragraph: &str) -> bool {
    ["e-mail", "email", "message", "nachricht", "mensaje", "correo"]
        .iter()
        .any(|word| paragraph.contains(word))
}

fn speaks_of_oneself(paragraph: &str) -> bool {
    paragraph
        .split(|c: char| !c.is_alphanumeric() && c != '\'')
        .any(|word| matches!(word, "i" | "i'm" | "i've" | "my" | "me" | "ich" | "mein" | "meine" | "je"))
}

/// Sets aside `CAUTION: This email originated from outside the organization…` at the head.
pub(super) fn set_aside_caution(lines: &mut Lines, part: Range<usize>) {
    let Some(first) = lines.next_text(part.start).filter(|&i| i < part.end) else {
        return;
    };
    let mut text = String::new();
    let mut end = first;
    while end < part.end && !lines.is_blank(end) && text.len() <= 500 {
        text.push_str(&lines.get(end).get(..600).unwrap_or(lines.get(end)).to_lowercase());
        text.push(' ');
        end += 1;
        if is_caution(&text) {
            lines.set_fate(first..end, Fate::Aside(SetAsideKind::Disclaimer));
        }
    }
}

fn is_caution(text: &str) -> bool {
    let says = |cues: &[&str]| cues.iter().any(|cue| text.contains(cue));
    const OPENERS: [&str; 7] =
        ["caution", "warning", "attention", "external", "this e", "this message", "you don't often"];
    let start = text.trim_start_matches(|c: char| !c.is_alphanumeric());
    text.len() <= 500
        && OPENERS.iter().any(|opener| start.starts_with(opener))
        && !speaks_of_oneself(text)
        && says(&[
            "originated from outside",
            "originated outside",
            "external sender",
            "external email",
            "from an external",
            "don't often get email from",
        ])
        && says(&[
            "do not click",
            "don't click",
            "exercise caution",
            "use caution",
            "be cautious",
            "unless you recogni",
            "learn why this is important",
        ])
}
