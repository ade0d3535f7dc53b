//! Collects text into blocks while the tags go by.

use std::ops::Range;

use super::effects::Effects;
use super::table::Tables;
use crate::text::document::{Piece, Role};
use crate::text::fold::{fold_into, keep_into};
use crate::text::{Block, BlockKind};

/// What has been read so far, and what the text to come belongs to.
#[derive(Debug, Default)]
pub(super) struct Builder {
    pieces: Vec<Piece>,
    /// Text of the block that is being read.
    text: String,
    /// Where that text stands in the HTML.
    source: Option<Range<usize>>,
    /// White space is owed before the next character.
    space: bool,
    /// `<br>`s since the last character.
    breaks: u8,
    heading: Option<u8>,
    /// Open `<pre>` elements.
    preformatted: usize,
    /// For each open list, whether one of its items is open; the first stands for items outside of
    /// any list.
    lists: Vec<bool>,
    /// How many of `lists` are true.
    items: usize,
    tables: Tables,
    effects: Effects,
    /// The part that everything here plays, unless an element says otherwise.
    role: Role,
}

impl Builder {
    /// A builder for the content of an element whose surroundings play the part of `outer`'s.
    pub(super) fn inside(outer: &Self) -> Self {
        Self { role: outer.role(), ..Self::default() }
    }

    pub(super) fn effects(&mut self) -> &mut Effects {
        &mut self.effects
    }

    fn role(&self) -> Role {
        match self.effects.role() {
            Role::Own => self.role,
            role => role,
        }
    }

    /// Takes in text between tags that stands at `span` of the HTML.
    pub(super) fn text_at(&mut self, text: &str, span: Range<usize>) {
        self.text(text);
        // Text may end the block before, so it is only known now whose it is.
        match &mut self.source {
            Some(source) => source.end = span.end,
            None => self.source = Some(span),
        }
    }

    /// Takes in text that stands nowhere as it is.
    pub(super) fn text(&mut self, text: &str) {
        if self.preformatted > 0 {
            self.space = false;
            // The line break right after <pre> is no part of the text.
            let first = self.text.is_empty() && self.breaks == 0;
            let text = if first { text.strip_prefix('\n').unwrap_or(text) } else { text };
            return keep_into(&mut self.text, text);
        }
        if self.breaks > 0 && text.chars().any(|c| !c.is_whitespace()) {
            self.settle_breaks();
        }
        fold_into(&mut self.text, &mut self.space, text);
    }

    /// One `<br>` is a new line, two in a row end the paragraph, as mail programs write it.
    fn settle_breaks(&mut self) {
        let breaks = std::mem::take(&mut self.breaks);
        self.space = false;
        if breaks > 1 {
            self.flush();
        } else if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    /// Puts a space between the text before and after.
    pub(super) fn gap(&mut self) {
        if self.preformatted == 0 {
            self.space = true;
        }
    }

    pub(super) fn line_break(&mut self) {
        if self.preformatted > 0 {
            self.text.push('\n');
        } else if self.heading.is_some() {
            self.space = true;
        } else {
            self.breaks = self.breaks.saturating_add(1);
        }
    }

    /// Ends the block that is being read.
    pub(super) fn flush(&mut self) {
        self.space = false;
        self.breaks = 0;
        let text = std::mem::take(&mut self.text);
        let source = self.source.take().unwrap_or_default();
        let kept = if self.preformatted > 0 { text.trim_end() } else { text.trim() };
        if kept.trim().is_empty() {
            return;
        }
        let role = self.role();
        let block = Block { kind: self.kind(role), text: kept.to_owned() };
        self.pieces.push(Piece { block, role, source });
        // A heading that was never closed must not turn the rest of the page into headings.
        self.heading = None;
    }

    fn kind(&self, role: Role) -> BlockKind {
        if matches!(role, Role::Cited | Role::Quoted | Role::ReplyHeader) {
            BlockKind::Quote
        } else if self.preformatted > 0 {
            BlockKind::Code
        } else if let Some(level) = self.heading {
            BlockKind::Heading(level)
        } else if self.items > 0 {
            BlockKind::ListItem
        } else {
            BlockKind::Paragraph
        }
    }

    pub(super) fn open_heading(&mut self, level: u8) {
        self.flush();
        self.heading = Some(level);
    }

    pub(super) fn close_heading(&mut self) {
        self.flush();
        self.heading = None;
    }

    pub(super) fn open_preformatted(&mut self) {
        self.flush();
        self.preformatted += 1;
    }

    pub(super) fn close_preformatted(&mut self) {
        self.flush();
        self.preformatted = self.preformatted.saturating_sub(1);
    }

    pub(super) fn open_list(&mut self) {
        self.flush();
        if self.lists.is_empty() {
            self.lists.push(false);
        }
        self.lists.push(false);
    }

    pub(super) fn close_list(&mut self) {
        self.flush();
        if self.lists.len() > 1 && self.lists.pop() == Some(true) {
            self.items -= 1;
        }
    }

    pub(super) fn open_item(&mut self) {
        self.set_item(true);
    }

    pub(super) fn close_item(&mut self) {
        self.set_item(false);
    }

    fn set_item(&mut self, open: bool) {
        self.flush();
        if self.lists.is_empty() {
            self.lists.push(false);
        }
        if let Some(item) = self.lists.last_mut()
            && *item != open
        {
            *item = open;
            if open {
                self.items += 1;
            } else {
                self.items -= 1;
            }
        }
    }

    pub(super) fn open_table(&mut self) {
        self.flush();
        self.tables.open();
    }

    pub(super) fn close_table(&mut self) {
        self.flush();
        self.tables.close(&mut self.pieces);
    }

    pub(super) fn open_row(&mut self) {
        self.flush();
        self.tables.open_row(&mut self.pieces);
    }

    pub(super) fn close_row(&mut self) {
        self.flush();
        self.tables.close_row(&mut self.pieces);
    }

    pub(super) fn open_cell(&mut self) {
        self.flush();
        self.tables.open_cell(&mut self.pieces);
    }

    /// Everything read, in order.
    pub(super) fn finish(mut self) -> Vec<Piece> {
        self.flush();
        self.tables.close_all(&mut self.pieces);
        self.pieces
    }

    /// Takes in blocks that were read elsewhere, as blocks of their own.
    pub(super) fn append(&mut self, pieces: Vec<Piece>) {
        self.flush();
        self.pieces.extend(pieces);
    }
}
