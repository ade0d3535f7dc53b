//! Sections: the text under one heading, and the joining of small ones.

use super::cut::{Joint, Unit, units};
use super::measure::{chunks, words};
use super::{PassageText, SMALL_WORDS, TARGET_WORDS};
use crate::text::{Block, BlockKind};

/// Most words of a heading as it stands before a passage; beyond that it is a paragraph in disguise.
const HEADING_WORDS: usize = 25;

/// The text under one heading.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Section {
    /// Headings above it, outermost first.
    pub(super) path: Vec<String>,
    pub(super) units: Vec<Unit>,
}

/// Text under one heading, in a passage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    path: Vec<String>,
    text: String,
    words: usize,
}

impl Part {
    pub(super) fn new(path: Vec<String>, units: &[Unit]) -> Self {
        let mut text = String::new();
        for unit in units {
            if !text.is_empty() {
                text.push_str(unit.joint.text());
            }
            text.push_str(&unit.text);
        }
        Self { path, text, words: units.iter().map(|unit| unit.words).sum() }
    }
}

/// A passage in the making: text under one heading, or under several that stand side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    parts: Vec<Part>,
}

impl Piece {
    pub(super) fn new(part: Part) -> Self {
        Self { parts: vec![part] }
    }

    /// How many headings all its parts share.
    fn shared(&self) -> usize {
        let first = self.parts.first().map_or(&[][..], |part| &part.path);
        let shared = self.parts.iter().map(|part| common(first, &part.path)).min();
        shared.unwrap_or(first.len())
    }

    /// Its text: each part under those of its headings which not all of them share.
    fn text(&self) -> String {
        let shared = self.shared();
        let mut lines: Vec<&str> = Vec::new();
        let mut above: &[String] = &[];
        for part in &self.parts {
            let told = common(above, &part.path).max(shared);
            lines.extend(part.path[told..].iter().map(String::as_str));
            lines.push(&part.text);
            above = &part.path;
        }
        lines.join("\n")
    }

    fn words(&self) -> usize {
        self.parts.iter().map(|part| part.words).sum()
    }
}

impl From<Piece> for PassageText {
    fn from(piece: Piece) -> Self {
        let shared = piece.parts.first().map_or(&[][..], |part| &part.path[..piece.shared()]);
        Self { heading: shared.join(" › "), text: piece.text() }
    }
}

/// The sections of a document that have text of their own. Headings that repeat the title are not
/// counted among those above a text.
pub(super) fn sections(blocks: &[Block], title: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut above: Vec<(u8, String)> = Vec::new();
    let mut fresh = true;
    let mut before = None;
    for block in blocks {
        if let BlockKind::Heading(level) = block.kind {
            above.retain(|(outer, _)| *outer < level);
            if !same(&block.text, title) {
                above.push((level, shortened(&block.text)));
            }
            fresh = true;
            continue;
        }
        let mut units = units(block.kind, &block.text);
        if units.is_empty() {
            continue;
        }
        if std::mem::take(&mut fresh) {
            let path = above.iter().map(|(_, heading)| heading.clone()).collect();
            sections.push(Section { path, units: Vec::new() });
            before = None;
        }
        if let Some(first) = units.first_mut() {
            first.joint = joint(before, block.kind);
        }
        before = Some((block.kind, block.text.ends_with(':')));
        if let Some(section) = sections.last_mut() {
            section.units.append(&mut units);
        }
    }
    sections
}

/// What lies between two blocks; of the first the kind, and whether it ends with a colon.
fn joint(before: Option<(BlockKind, bool)>, kind: BlockKind) -> Joint {
    match before {
        Some((_, true)) | Some((BlockKind::ListItem, _)) if kind == BlockKind::ListItem => Joint::Item,
        Some((_, true)) => Joint::Item,
        _ => Joint::Block,
    }
}

/// Joins small pieces to the neighbour under the same outer heading where both together stay within
/// the target: a procedure of forty words and its "Before you begin" answer better together.
pub(super) fn joined(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut joined: Vec<Piece> = Vec::new();
    for mut piece in pieces {
        match joined.last_mut() {
            Some(last) if last.words().min(piece.words()) < SMALL_WORDS => {
                let alone = last.parts.len();
                last.parts.append(&mut piece.parts);
                if words(&last.text()) > TARGET_WORDS {
                    let parts = last.parts.split_off(alone);
                    joined.push(Piece { parts });
                }
            }
            _ => joined.push(piece),
        }
    }
    joined
}

/// Whether a heading says the same as the title.
pub(super) fn same(heading: &str, title: &str) -> bool {
    let folded = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    folded(heading) == folded(title)
}

fn shortened(heading: &str) -> String {
    let folded = heading.split_whitespace().collect::<Vec<_>>().join(" ");
    match chunks(&folded, HEADING_WORDS).as_slice() {
        [start, _, ..] => format!("{start}…"),
        _ => folded,
    }
}

fn common(one: &[String], other: &[String]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one == other).count()
}
