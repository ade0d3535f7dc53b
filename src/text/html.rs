//! HTML to blocks, in one pass over the tokens: no tree is built and nothing recurses, so the
//! nesting of a mail costs neither time nor stack.

mod builder;
mod effects;
mod element;
mod raw;
mod table;
mod wrapper;

#[cfg(test)]
mod tests;

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{Span, StartTag, Token, Tokenizer};

use super::document::{Document, Piece, Warning};
use super::{BlockKind, fold};
use builder::Builder;
use raw::{Raw, RawText};
use wrapper::Wrapper;

pub(super) use element::is_element;

/// Reads HTML: a page, a fragment, or the body of a mail.
///
/// Headings, paragraphs, list items, table rows (cells joined by ` | `), preformatted text and
/// quotes become blocks; `<br>` a line break within one. Entities are decoded and white space is
/// folded. Scripts, styles, templates, `<noscript>`, drawings, hidden elements and tracking pixels
/// are left out; of an image its alternative text stays, as `[image: …]`, of a link its text.
/// Quoted mail is recognised by the wrappers of the usual mail programs and comes as
/// [`BlockKind::Quote`]. Tags that are never closed, or wrongly nested, lose no text. Time is
/// linear in the length of `html`.
pub fn blocks(html: &str) -> Document {
    let Parsed { title, pieces, warnings } = parse(html);
    Document { title, blocks: pieces.into_iter().map(|piece| piece.block).collect(), warnings }
}

/// What [`blocks`] reads, with the part of each block in a mail.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) title: Option<String>,
    pub(super) pieces: Vec<Piece>,
    pub(super) warnings: Vec<Warning>,
}

pub(super) fn parse(html: &str) -> Parsed {
    let (mut parsed, hidden) = Converter::default().convert(html);
    if parsed.pieces.is_empty() && hidden {
        let converter = Converter { show_hidden: true, ..Converter::default() };
        (parsed, _) = converter.convert(html);
        if !parsed.pieces.is_empty() {
            parsed.warnings.push(Warning::AllHidden);
        }
    }
    parsed
}

/// How often reading starts again behind a tag or comment that never ends. More is never needed for
/// tags: an unfinished one means that the rest holds no more quotes of its kind.
const MOST_RESTARTS: usize = 4;

#[derive(Debug, Default)]
struct Converter {
    builder: Builder,
    hidden: Option<Hidden>,
    /// Whether hidden text has been left out.
    has_hidden: bool,
    show_hidden: bool,
    raw: Option<Raw>,
    title: String,
    warnings: Vec<Warning>,
    /// Where what is being read begins in the whole.
    start: usize,
}

/// An open element whose content is read apart, and dropped when the element is closed.
#[derive(Debug)]
struct Hidden {
    name: Vec<u8>,
    /// Open elements of this name, from this one inwards.
    depth: usize,
    label: &'static str,
    /// What was being read before.
    outer: Builder,
}

impl Converter {
    fn convert(mut self, html: &str) -> (Parsed, bool) {
        let mut rest = html;
        for _ in 0..MOST_RESTARTS {
            let Some(unfinished) = self.tokens(rest) else {
                rest = "";
                break;
            };
            rest = raw::after_unfinished(unfinished);
            // What is left is always the end of the whole.
            self.start = html.len() - rest.len();
        }
        self.builder.text_at(rest, self.start..html.len());
        if let Some(hidden) = self.hidden.take() {
            let kept = std::mem::replace(&mut self.builder, hidden.outer).finish();
            if !kept.is_empty() {
                self.warn_unclosed(hidden.label);
            }
            self.builder.append(kept);
        }
        let pieces = self.builder.finish();
        let parsed = Parsed { title: title(&self.title, &pieces), pieces, warnings: self.warnings };
        (parsed, self.has_hidden)
    }

    /// Reads all of `html` but a last tag or comment that never ends, which is given back.
    fn tokens<'a>(&mut self, html: &'a str) -> Option<&'a str> {
        let mut raw_text = RawText::new(html);
        let mut tokenizer = Tokenizer::new_with_emitter(html, DefaultEmitter::new_with_span());
        let mut end = 0;
        while let Some(token) = tokenizer.next() {
            let Ok(token) = token;
            match token {
                Token::StartTag(tag) if raw::is_address(&tag.name) => {
                    end = tag.span.end;
                    self.literal(html, tag.span);
                }
                Token::StartTag(tag) => {
                    end = tag.span.end;
                    if let Some(state) = self.start(&tag, &mut raw_text) {
                        tokenizer.set_state(state);
                    }
                }
                Token::EndTag(tag) => {
                    end = tag.span.end;
                    self.end(&tag.name);
                }
                Token::String(text) => {
                    end = text.span.end;
                    self.text(&String::from_utf8_lossy(&text), text.span);
                }
                Token::Comment(comment) => {
                    if raw::is_unfinished(html, comment.span) {
                        return html.get(comment.span.start..);
                    }
                    end = comment.span.end;
                    if raw::is_broken_heart(html, comment.span) {
                        self.literal(html, comment.span);
                    }
                }
                Token::Doctype(doctype) => end = doctype.span.end,
                Token::Error(_) => {}
            }
        }
        html.get(end..).filter(|rest| rest.starts_with('<'))
    }

    /// Takes in what the tokenizer took for markup, as it stands.
    fn literal(&mut self, html: &str, span: Span<usize>) {
        self.text(html.get(span.start..span.end).unwrap_or_default(), span);
    }

    fn text(&mut self, text: &str, span: Span<usize>) {
        match self.raw {
            Some(Raw::Title) => self.title.push_str(text),
            Some(Raw::Skipped | Raw::UpToNextTag) => {}
            None => self.builder.text_at(text, self.start + span.start..self.start + span.end),
        }
    }

    /// Takes in a start tag; returns the state that the tokenizer must go on in, where the content
    /// of the element is not markup.
    fn start(&mut self, tag: &StartTag<usize>, raw_text: &mut RawText) -> Option<html5gum::State> {
        let name = tag.name.as_slice();
        self.raw = None;
        if let Some(element) = raw::element(name) {
            let is_title = name == b"title";
            if raw_text.is_closed_after(element, tag.span.end) {
                let first = self.title.is_empty() && self.hidden.is_none();
                self.raw = Some(if is_title && first { Raw::Title } else { Raw::Skipped });
                return Some(raw::state(is_title));
            }
            self.warn_unclosed(element);
            self.raw = (!is_title).then_some(Raw::UpToNextTag);
            return None;
        }
        if element::is_void(name) {
            self.void(tag);
            return None;
        }
        self.open(tag);
        None
    }

    fn void(&mut self, tag: &StartTag<usize>) {
        match tag.name.as_slice() {
            b"br" => self.builder.line_break(),
            b"hr" => self.builder.flush(),
            b"img" if !wrapper::is_tracking_pixel(tag) => {
                let alt = fold::fold(&wrapper::attribute(tag, b"alt"));
                if !alt.is_empty() {
                    self.builder.gap();
                    self.builder.text(&format!("[image: {alt}]"));
                    self.builder.gap();
                }
            }
            b"input" => self.builder.gap(),
            _ => {}
        }
    }

    fn open(&mut self, tag: &StartTag<usize>) {
        let name = tag.name.as_slice();
        let unread = element::unread(name).filter(|_| !tag.self_closing);
        let wrapper = match unread {
            Some(_) => Some(Wrapper::Hidden),
            None => wrapper::of(tag).filter(|w| !(self.show_hidden && *w == Wrapper::Hidden)),
        };
        // A paragraph ends where the next block begins, `</p>` or not.
        if element::is_block(name) && self.builder.effects().has(b"p") {
            self.builder.flush();
            self.builder.effects().end(b"p");
        }
        element::open(&mut self.builder, name);
        if matches!(wrapper, Some(Wrapper::Part(_) | Wrapper::GmailReply)) {
            self.builder.flush();
        }
        self.builder.effects().open(name, wrapper);
        if let Some(hidden) = &mut self.hidden {
            hidden.depth += usize::from(hidden.name == name);
        } else if wrapper == Some(Wrapper::Hidden) {
            self.has_hidden |= unread.is_none();
            let inner = Builder::inside(&self.builder);
            self.hidden = Some(Hidden {
                name: name.to_vec(),
                depth: 1,
                label: unread.unwrap_or("hidden"),
                outer: std::mem::replace(&mut self.builder, inner),
            });
        }
    }

    fn end(&mut self, name: &[u8]) {
        if self.raw.take().is_some() && raw::element(name).is_some() {
            return;
        }
        // Browsers read </br> as <br>, and </p> without <p> as an empty paragraph.
        if name == b"br" {
            return self.builder.line_break();
        }
        if let Some(mut hidden) = self.hidden.take() {
            hidden.depth -= usize::from(hidden.name == name);
            if hidden.depth == 0 {
                self.builder = hidden.outer;
            } else {
                self.hidden = Some(hidden);
            }
        }
        if self.builder.effects().would_end(name) {
            self.builder.flush();
        }
        element::close(&mut self.builder, name);
        self.builder.effects().close(name);
    }

    fn warn_unclosed(&mut self, element: &'static str) {
        let warning = Warning::Unclosed { element };
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }
}

/// The document's own title, or else its first heading of level 1.
fn title(title: &str, pieces: &[Piece]) -> Option<String> {
    let title = fold::fold(title);
    if !title.is_empty() {
        return Some(title);
    }
    pieces
        .iter()
        .find(|piece| piece.block.kind == BlockKind::Heading(1))
        .map(|piece| piece.block.text.clone())
}
