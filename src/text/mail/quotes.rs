//! Which lines are earlier mail.

use super::SetAsideKind;
use super::lines::{Fate, Hint, Lines};

/// How far a quote reaches that a line introduces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Only over what is marked as quoted below.
    Marked,
    /// Over all that follows, unless something marked as quoted follows at once.
    Rest,
}

/// Lines that introduce earlier mail.
#[derive(Debug, Clone, Copy)]
struct Introduction {
    /// The line after the last one.
    end: usize,
    reach: Reach,
}

/// No introduction is longer, in bytes.
const LONGEST_INTRODUCTION: usize = 400;

/// Sets the fate of all lines that are earlier mail. Gives back whether a mail program says that it
/// was forwarded.
pub(super) fn mark(lines: &mut Lines) -> bool {
    read_comparisons(lines);
    // What the last line with text was: earlier mail or its introduction; the writer's own colon.
    let (mut introduced, mut announced) = (false, false);
    let mut forwarded = false;
    let mut index = 0;
    while let Some(start) = lines.next_text(index) {
        let found = match lines.hint(start) {
            Hint::Quoted => Some(start + 1),
            Hint::Cited if announced || !introduced && is_forward_by_hand(lines, start) => None,
            Hint::Cited => Some(end_of_run(lines, start)),
            Hint::Blockquote => introduced.then(|| end_of_run(lines, start)),
            Hint::None | Hint::ReplyHeader => {
                introduction(lines, start).and_then(|introduction| introduction.extent(lines))
            }
            Hint::Signature => None,
        };
        if let Some(end) = found {
            forwarded |= says_forwarded(lines.get(start));
            include_rule_above(lines, start);
            lines.set_fate(start..end, Fate::Aside(SetAsideKind::Quoted));
        }
        index = found.unwrap_or_else(|| match lines.hint(start) {
            // What the writer cites stays as a whole.
            Hint::Cited | Hint::Blockquote => end_of_run(lines, start),
            _ => start + 1,
        });
        introduced = found.is_some();
        announced = !introduced && lines.get(index - 1).ends_with(':');
    }
    forwarded
}

fn says_forwarded(line: &str) -> bool {
    const FORWARDED: [&str; 5] = [
        "forwarded message",
        "- forwarded",
        "weitergeleitete nachricht",
        "message transféré",
        "mensaje reenviado",
    ];
    line.len() <= LONGEST_INTRODUCTION && {
        let lower = line.to_lowercase();
        FORWARDED.iter().any(|words| lower.contains(words))
    }
}

impl Introduction {
    /// The line after the last one that is earlier mail, the introduction included; nothing where it
    /// introduces no mail after all.
    fn extent(self, lines: &Lines) -> Option<usize> {
        let next = lines.next_text(self.end).map(|next| lines.hint(next));
        match (next, self.reach) {
            (Some(Hint::Cited | Hint::Quoted | Hint::Blockquote), _) => Some(self.end),
            (_, Reach::Rest) => Some(lines.len()),
            (_, Reach::Marked) => None,
        }
    }
}

/// `>50 users` and `>= 3 retries` are no quotes where they stand alone.
fn read_comparisons(lines: &mut Lines) {
    for index in 0..lines.len() {
        let alone = |other: Option<usize>| other.is_none_or(|i| lines.hint(i) != Hint::Cited);
        let is_comparison = lines.hint(index) == Hint::Cited
            && lines
                .written(index)
                .strip_prefix('>')
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == '='))
            && alone(index.checked_sub(1))
            && alone(Some(index + 1));
        if is_comparison {
            lines.set_hint(index, Hint::None);
        }
    }
}

/// Whether quoted lines begin with the sender alone. Programs write the whole header; people who
/// forward something as evidence write `> From: …`.
fn is_forward_by_hand(lines: &Lines, start: usize) -> bool {
    label(lines.get(start)).is_some_and(|label| FROM.contains(&label.as_str()))
        && header(lines, start).is_none()
}

/// The line after a run of lines with one hint; blank lines in between belong to it.
fn end_of_run(lines: &Lines, start: usize) -> usize {
    let hint = lines.hint(start);
    let mut end = start + 1;
    let mut index = end;
    while index < lines.len() {
        if lines.hint(index) == hint && !lines.is_blank(index) {
            end = index + 1;
        } else if !lines.is_blank(index) {
            break;
        }
        index += 1;
    }
    end
}

/// Outlook's line of underscores above its header.
fn include_rule_above(lines: &mut Lines, index: usize) {
    let above = (0..index).rev().take(2).find(|&i| !lines.is_blank(i));
    if let Some(above) = above {
        let rule = lines.get(above);
        if rule.len() >= 10 && rule.bytes().all(|byte| matches!(byte, b'_' | b'-')) {
            lines.set_fate(above..above + 1, Fate::Aside(SetAsideKind::Quoted));
        }
    }
}

fn introduction(lines: &Lines, index: usize) -> Option<Introduction> {
    if lines.hint(index) == Hint::ReplyHeader {
        let end = (index..lines.len()).find(|&i| lines.hint(i) != Hint::ReplyHeader).unwrap_or(lines.len());
        return Some(Introduction { end, reach: Reach::Rest });
    }
    if lines.get(index).len() > LONGEST_INTRODUCTION {
        return None;
    }
    if is_separator(lines.get(index)) {
        // Its header belongs to it.
        let end = lines.next_text(index + 1).and_then(|next| header(lines, next)).unwrap_or(index + 1);
        return Some(Introduction { end, reach: Reach::Rest });
    }
    header(lines, index)
        .map(|end| Introduction { end, reach: Reach::Rest })
        .or_else(|| attribution(lines, index))
}

/// Between dashes, before the original of a reply or a forward.
const SEPARATORS: [&str; 16] = [
    "original message",
    "forwarded message",
    "forwarded",
    "original appointment",
    "originalnachricht",
    "ursprüngliche nachricht",
    "weitergeleitete nachricht",
    "message d'origine",
    "message transféré",
    "mensaje original",
    "mensaje reenviado",
    "messaggio originale",
    "mensagem original",
    "oorspronkelijk bericht",
    "wiadomość oryginalna",
    "ursprungligt meddelande",
];

fn is_separator(line: &str) -> bool {
    let lower = line.to_lowercase();
    if lower == "begin forwarded message:" || lower.contains("reply above this line") {
        return true;
    }
    let inner = lower.trim_matches(|c: char| matches!(c, '-' | '_' | '*' | '=' | ' '));
    let inner = inner.strip_suffix(" from").unwrap_or(inner);
    line.starts_with("--") && SEPARATORS.contains(&inner.trim_end_matches(':'))
}

/// The labels of a header in the mail programs' larger languages.
const FROM: [&str; 9] = ["from", "von", "de", "da", "van", "od", "från", "fra", "от"];
const SENT: [&str; 20] = [
    "sent",
    "date",
    "gesendet",
    "datum",
    "envoyé",
    "enviado",
    "enviado el",
    "enviada em",
    "fecha",
    "inviato",
    "data",
    "verzonden",
    "wysłano",
    "wysłane",
    "skickat",
    "sendt",
    "dato",
    "отправлено",
    "дата",
    "gesendet am",
];
const SUBJECT: [&str; 11] = [
    "subject",
    "betreff",
    "objet",
    "asunto",
    "oggetto",
    "assunto",
    "onderwerp",
    "temat",
    "ämne",
    "emne",
    "тема",
];

/// The line after a header of sender, date and subject that begins at `index`. All three must be
/// there: a travel booking, too, has a `From:` and a `Date:`.
fn header(lines: &Lines, index: usize) -> Option<usize> {
    if !FROM.contains(&label(lines.get(index))?.as_str()) {
        return None;
    }
    let (mut sent, mut subject) = (false, None);
    // Long lists of recipients are wrapped.
    for next in index + 1..index + 12 {
        let Some(label) = label(lines.get(next)) else {
            continue;
        };
        sent |= SENT.contains(&label.as_str());
        if SUBJECT.contains(&label.as_str()) {
            subject = Some(next + 1);
            break;
        }
    }
    subject.filter(|_| sent)
}

/// What stands before the colon of a header line, in lower case.
fn label(line: &str) -> Option<String> {
    let (label, _) = line.split_once(':')?;
    let label = label.trim_matches(['*', ' ']);
    (label.len() <= 24).then(|| label.to_lowercase())
}

/// How the line begins that mail programs put before a quote.
const ATTRIBUTION_STARTS: [&str; 12] =
    ["on ", "am ", "le ", "el ", "il ", "em ", "op ", "den ", "w dniu ", "dnia ", "pada ", "в "];
const WROTE: [&str; 15] = [
    "wrote",
    "schrieb",
    "a écrit",
    "escribió",
    "ha scritto",
    "escreveu",
    "schreef",
    "skrev",
    "napisał",
    "kirjoitti",
    "napsal",
    "írta",
    "пишет",
    "написал",
    "writes",
];

/// `On Mon, 2 Mar 2026 at 9:12, Eva <eva@example.org> wrote:`, in one line or wrapped over three.
fn attribution(lines: &Lines, index: usize) -> Option<Introduction> {
    let first = lines.get(index).to_lowercase();
    let starts = ATTRIBUTION_STARTS.iter().any(|s| first.starts_with(s));
    let mut joined = first;
    for end in index + 1..=index + 3 {
        if joined.len() > LONGEST_INTRODUCTION {
            return None;
        }
        if joined.ends_with(':') {
            let reach = reach_of(&joined, starts)?;
            return Some(Introduction { end, reach });
        }
        if !starts || lines.is_blank(end) || lines.hint(end) != lines.hint(index) {
            return None;
        }
        joined.push(' ');
        joined.push_str(&lines.get(end).to_lowercase());
    }
    None
}

/// How far the quote reaches which a line that ends in a colon introduces. Only a line that names
/// the address in angle brackets, as programs do and people do not, may end the message.
fn reach_of(line: &str, starts: bool) -> Option<Reach> {
    let wrote = WROTE.iter().any(|verb| line.contains(verb));
    let address = line.split_once('<').is_some_and(|(_, rest)| rest.contains('@') && rest.contains('>'));
    let digits = line.chars().filter(char::is_ascii_digit).count();
    if address && (starts && wrote || digits >= 6 && line.ends_with(">:")) {
        Some(Reach::Rest)
    } else {
        wrote.then_some(Reach::Marked)
    }
}
