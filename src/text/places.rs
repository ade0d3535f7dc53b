//! Where words of a cleaned message stand in the message as it came.
//!
//! Cleaning keeps the characters of a line and their order, so a word is looked for, character by
//! character, in the part of the body that its line was read from. In doubt it is not found: a mark at the
//! wrong place would be worse than none.

use std::ops::Range;

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{Token, Tokenizer};

use super::Format;
use super::fold::is_invisible;

/// Longest part of a body that is looked through, in bytes: longer lines and paragraphs are no prose.
const MOST_BYTES: usize = 256 << 10;
/// Characters that are passed over at most to find the next word.
const MOST_SKIPPED: usize = 64 << 10;
/// Characters of a part that are passed over in vain, in all: so many for each that it has, and these besides. Without a
/// bound, words that are nowhere would cost the square of its length.
const VAIN_EACH: usize = 64;
const VAIN: usize = 256 << 10;

/// Finds the words of a body's cleaned lines, one line after the other.
#[derive(Debug)]
pub struct Places<'a> {
    body: &'a str,
    format: Format,
    /// The part that is being looked through.
    part: Range<usize>,
    /// What can be read in it, without white space.
    glyphs: Vec<Glyph>,
    /// Up to where it has been used.
    next: usize,
    /// Characters that may still be passed over in vain.
    vain: usize,
}

/// A character that a reader sees.
#[derive(Debug, Clone, Copy)]
struct Glyph {
    letter: char,
    /// Where it stands in the body, in bytes; an entity is longer than the character.
    start: usize,
    end: usize,
    /// Whether only invisible characters stand between it and the one before: no space and no tag.
    joined: bool,
}

impl<'a> Places<'a> {
    /// For a body as it came.
    pub fn new(body: &'a str, format: Format) -> Self {
        Self { body, format, part: 0..0, glyphs: Vec::new(), next: 0, vain: 0 }
    }

    /// Where each of the `wanted` parts of `line` stands in the body, in bytes. `source` is the part of the
    /// body that the line was read from (see [`Cleaned::sources`](super::mail::Cleaned::sources)); lines
    /// must be asked for in their order. None for what was written otherwise, such as the text of an image,
    /// and for a word with a tag amid it.
    pub fn find(
        &mut self,
        line: &str,
        source: &Range<usize>,
        wanted: &[Range<usize>],
    ) -> Vec<Option<Range<usize>>> {
        if self.part != *source {
            self.part = source.clone();
            self.glyphs = glyphs(self.body, source, self.format);
            self.next = 0;
            self.vain = VAIN + VAIN_EACH * self.glyphs.len();
        }
        let placed = self.place(line);
        wanted.iter().map(|wanted| self.range(line, &placed, wanted)).collect()
    }

    /// For each word of the line, where it begins in it, and its first glyph.
    fn place(&mut self, line: &str) -> Vec<(usize, usize)> {
        let words = words(line);
        let mut placed = Vec::with_capacity(words.len());
        for (number, (start, word)) in words.iter().enumerate() {
            if let Some(first) = self.seek(word, words.get(number + 1).map(|(_, after)| *after)) {
                placed.push((*start, first));
                self.next = first + word.chars().count();
            }
        }
        placed
    }

    /// The next place of `word`: right here, behind nothing but punctuation (`> `, `- `), or further on
    /// where the word after it follows too.
    fn seek(&mut self, word: &str, after: Option<&str>) -> Option<usize> {
        let mut only_marks = true;
        let end = self.glyphs.len().min(self.next + MOST_SKIPPED.min(self.vain));
        for at in self.next..end {
            let begins =
                at == self.next || !self.glyphs[at].joined || !self.glyphs[at - 1].letter.is_alphanumeric();
            if begins && self.stands(word, at) {
                let behind = at + word.chars().count();
                if only_marks || after.is_some_and(|after| self.stands(after, behind)) {
                    return Some(at);
                }
            }
            only_marks &= !self.glyphs[at].letter.is_alphanumeric();
        }
        self.vain -= end.saturating_sub(self.next);
        None
    }

    fn stands(&self, word: &str, at: usize) -> bool {
        let glyphs = self.glyphs.get(at..).unwrap_or_default();
        let mut found = glyphs.iter().map(|glyph| glyph.letter);
        word.chars().all(|letter| found.next() == Some(letter))
    }

    fn range(&self, line: &str, placed: &[(usize, usize)], wanted: &Range<usize>) -> Option<Range<usize>> {
        let before = placed.partition_point(|(start, _)| *start <= wanted.start);
        let (start, first) = *placed.get(before.checked_sub(1)?)?;
        let skipped = line.get(start..wanted.start)?;
        if skipped.contains(char::is_whitespace) {
            return None;
        }
        let first = first + skipped.chars().count();
        let found = self.glyphs.get(first..first + line.get(wanted.clone())?.chars().count())?;
        let whole = found.iter().skip(1).all(|glyph| glyph.joined);
        Some(found.first()?.start..found.last()?.end).filter(|_| whole)
    }
}

/// What stands between white space, and where it begins.
fn words(line: &str) -> Vec<(usize, &str)> {
    let mut at = 0;
    let parts = line.split_inclusive(char::is_whitespace).map(|part| {
        at += part.len();
        (at - part.len(), part.trim_end())
    });
    parts.filter(|(_, word)| !word.is_empty()).collect()
}

/// What can be read in a part of a body.
fn glyphs(body: &str, part: &Range<usize>, format: Format) -> Vec<Glyph> {
    let end = body.floor_char_boundary(part.end.min(part.start.saturating_add(MOST_BYTES)));
    let text = body.get(part.start..end).unwrap_or_default();
    let mut glyphs = Glyphs::default();
    if format != Format::Html {
        glyphs.plain(text, part.start);
        return glyphs.list;
    }
    for token in Tokenizer::new_with_emitter(text, DefaultEmitter::new_with_span()) {
        let Ok(token) = token;
        match token {
            Token::String(string) => {
                let written = text.get(string.span.start..string.span.end).unwrap_or_default();
                glyphs.html(written, part.start + string.span.start);
            }
            _ => glyphs.apart = true,
        }
    }
    glyphs.list
}

#[derive(Debug, Default)]
struct Glyphs {
    list: Vec<Glyph>,
    /// Whether white space or a tag stands before what comes next.
    apart: bool,
}

impl Glyphs {
    /// Takes in text that stands at `start` of the body.
    fn plain(&mut self, text: &str, start: usize) {
        for (at, letter) in text.char_indices() {
            self.push(letter, start + at..start + at + letter.len_utf8());
        }
    }

    /// The same for text with entities.
    fn html(&mut self, text: &str, mut start: usize) {
        let mut rest = text;
        while let Some(at) = rest.find('&') {
            self.plain(&rest[..at], start);
            let entity = entity(&rest[at..]);
            for letter in decoded(entity).chars() {
                self.push(letter, start + at..start + at + entity.len());
            }
            start += at + entity.len();
            rest = &rest[at + entity.len()..];
        }
        self.plain(rest, start);
    }

    fn push(&mut self, letter: char, place: Range<usize>) {
        if letter.is_whitespace() {
            self.apart = true;
        } else if !is_invisible(letter) {
            let joined = !std::mem::take(&mut self.apart);
            self.list.push(Glyph { letter, start: place.start, end: place.end, joined });
        }
    }
}

/// What `text`, which begins with `&`, may have of an entity in front: at least the `&`.
fn entity(text: &str) -> &str {
    let name = text.char_indices().skip(1).find(|(_, c)| !c.is_ascii_alphanumeric() && *c != '#');
    match name {
        Some((end, ';')) => &text[..=end],
        _ => &text[..1],
    }
}

/// The characters that an entity stands for; the entity itself where it stands for none.
fn decoded(entity: &str) -> String {
    let tokens = Tokenizer::new(entity);
    tokens
        .filter_map(|token| match token {
            Ok(Token::String(text)) => Some(String::from_utf8_lossy(&text).into_owned()),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;
    use crate::text::mail;

    /// The cleaned message, with what was found in the body for each of its words.
    fn found(body: &str, format: Format) -> String {
        let cleaned = mail::clean(body, format);
        let mut places = Places::new(body, format);
        let mut shown = Vec::new();
        for (line, source) in cleaned.text.lines().zip(&cleaned.sources) {
            let wanted: Vec<_> = words(line).iter().map(|(at, word)| *at..at + word.len()).collect();
            for ((_, word), place) in words(line).iter().zip(places.find(line, source, &wanted)) {
                shown.push(match place {
                    Some(place) if body[place.clone()] == **word => format!("{word}@{}", place.start),
                    Some(place) => format!("{word}@{}={}", place.start, body[place.clone()].escape_debug()),
                    None => format!("{word}@-"),
                });
            }
        }
        shown.join(" ")
    }

    #[test]
    fn words_of_plain_text_are_found_where_the_writer_says_them() {
        insta::assert_snapshot!(found("> The VPN drops\n\nThe  VPN\u{200b} drops\r\nOn Mon, Eva wrote:\n> VPN", Format::Text), @"The@17 VPN@22 drops@29");
        insta::assert_snapshot!(found("Hi,\n\nmy  sc\u{ad}reen flickers.\n-- \nEva, flickers", Format::Text), @r"Hi,@0 my@5 screen@9=sc\u{ad}reen flickers.@18");
    }

    /// Found by fuzzing: each of them was looked for through all that follows, in minutes for a megabyte.
    #[test]
    fn words_that_are_nowhere_cost_the_length_of_the_message() {
        let body = format!("drops {}", "a ".repeat(100_000));
        let mut places = Places::new(&body, Format::Markdown);
        let source = 0..body.len();
        let here = std::slice::from_ref(&(0..5));
        assert_eq!(places.find("drops", &source, here), [Some(0..5)]);
        for _ in 0..100_000 {
            assert_eq!(places.find("nowhere", &source, here), [None]);
        }
    }

    #[test]
    fn words_of_html_are_found_outside_of_tags_and_with_entities() {
        insta::assert_snapshot!(found(
            "<style>p {color: red}</style><p title='VPN'>The <b>VPN</b> of the caf&eacute; &amp; s&#111;me V<i>P</i>N</p><p>drops</p>",
            Format::Html
        ), @"The@44 VPN@51 of@59 the@62 café@66=caf&eacute; &@78=&amp; some@84=s&#111;me VPN@- drops@111");
        insta::assert_snapshot!(found(
            "<table><tr><td>Error</td><td><img src=x alt='Error 5'> VPN</td></tr></table><div style='display:none'>gone</div>after gone",
            Format::Html
        ), @"Error@15 |@- [image:@- Error@- 5]@- VPN@55 after@112 gone@118");
    }

    #[test]
    fn words_of_markdown_are_found_between_its_marks() {
        insta::assert_snapshot!(found("# Title\n\nThe **VPN** [drops](https://x.example)\n\n- every hour\n- daily", Format::Markdown), @"Title@2 The@9 VPN@15 drops@22 every@51 hour@57 daily@64");
    }

    proptest! {
        #[test]
        fn what_is_found_reads_as_the_word_and_nothing_panics(
            body in "(VPN|drops|<b>|</p><p>|&amp;|&nbsp;|&|> |\n|\r\n| |\u{ad}|é|[<>a-c.,-]){0,60}",
            format in prop::sample::select(vec![Format::Text, Format::Html, Format::Markdown]),
        ) {
            let cleaned = mail::clean(&body, format);
            let mut places = Places::new(&body, format);
            let mut last = 0;
            prop_assert_eq!(cleaned.text.lines().count(), cleaned.sources.len());
            for (line, source) in cleaned.text.lines().zip(&cleaned.sources) {
                let wanted: Vec<_> = words(line).iter().map(|(at, word)| *at..at + word.len()).collect();
                for ((_, word), place) in words(line).iter().zip(places.find(line, source, &wanted)) {
                    let Some(place) = place else { continue };
                    prop_assert!(place.start >= last && place.end <= body.len());
                    last = place.end;
                    let written: String = body[place].chars().filter(|c| !is_invisible(*c)).collect();
                    prop_assert!(written == *word || format == Format::Html, "{} {}", written, word);
                }
            }
        }
    }
}
