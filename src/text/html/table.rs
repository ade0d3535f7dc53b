//! Rows of tables. A table may hold data, where a row is one line with its cells joined by ` | `,
//! or may only lay out a page or a newsletter, where each cell is a column of ordinary text.

use std::ops::Range;

use crate::text::document::{Piece, Role};
use crate::text::{Block, BlockKind};

/// A row with more blocks or more text than this lays out a page.
const MOST_BLOCKS_IN_ROW: usize = 40;
/// In bytes.
const MOST_TEXT_IN_ROW: usize = 2_000;

/// The open tables, innermost last.
#[derive(Debug, Default)]
pub(super) struct Tables {
    open: Vec<Option<Row>>,
}

/// A row by the places in the list of blocks at which its cells begin.
#[derive(Debug)]
struct Row {
    cells: Vec<usize>,
}

impl Tables {
    pub(super) fn open(&mut self) {
        self.open.push(None);
    }

    pub(super) fn close(&mut self, pieces: &mut Vec<Piece>) {
        if let Some(row) = self.open.pop() {
            join(row, pieces);
        }
    }

    pub(super) fn close_all(&mut self, pieces: &mut Vec<Piece>) {
        while !self.open.is_empty() {
            self.close(pieces);
        }
    }

    pub(super) fn open_row(&mut self, pieces: &mut Vec<Piece>) {
        self.close_row(pieces);
        let row = Some(Row { cells: Vec::new() });
        match self.open.last_mut() {
            Some(innermost) => *innermost = row,
            None => self.open.push(row),
        }
    }

    pub(super) fn close_row(&mut self, pieces: &mut Vec<Piece>) {
        if let Some(row) = self.open.last_mut() {
            join(row.take(), pieces);
        }
    }

    pub(super) fn open_cell(&mut self, pieces: &mut Vec<Piece>) {
        if !matches!(self.open.last(), Some(Some(_))) {
            self.open_row(pieces);
        }
        if let Some(Some(row)) = self.open.last_mut() {
            row.cells.push(pieces.len());
        }
    }
}

/// Makes one block of a row of data; leaves the blocks of a row of layout as they are.
fn join(row: Option<Row>, pieces: &mut Vec<Piece>) {
    let Some(mut row) = row else { return };
    // Empty cells: the next one begins at the same place.
    row.cells.push(pieces.len());
    row.cells.dedup();
    let (Some(&start), true) = (row.cells.first(), row.cells.len() > 2) else {
        return;
    };
    let Some((kind, role)) = joint_kind(pieces.get(start..).unwrap_or_default()) else {
        return;
    };
    let mut text = String::new();
    let mut source: Option<Range<usize>> = None;
    let mut cells = row.cells.iter().skip(1);
    let mut next_cell = cells.next();
    for (index, piece) in pieces.drain(start..).enumerate() {
        if next_cell == Some(&(start + index)) {
            text.push_str(" | ");
            next_cell = cells.next();
        } else if index > 0 {
            text.push(' ');
        }
        text.push_str(&piece.block.text);
        if !piece.source.is_empty() {
            source.get_or_insert(piece.source.clone()).end = piece.source.end;
        }
    }
    let block = Block { kind, text };
    pieces.push(Piece { block, role, source: source.unwrap_or_default() });
}

/// What the blocks of a row make together; nothing where they are too much or too different for
/// one block.
fn joint_kind(pieces: &[Piece]) -> Option<(BlockKind, Role)> {
    if pieces.len() > MOST_BLOCKS_IN_ROW {
        return None;
    }
    let role = pieces.first()?.role;
    let size: usize = pieces.iter().map(|piece| piece.block.text.len()).sum();
    let alike = pieces.iter().all(|piece| {
        piece.role == role && !matches!(piece.block.kind, BlockKind::Heading(_) | BlockKind::Code)
    });
    if !alike || size > MOST_TEXT_IN_ROW {
        None
    } else if pieces.iter().all(|p| p.block.kind == BlockKind::Quote) {
        Some((BlockKind::Quote, role))
    } else {
        Some((BlockKind::Paragraph, role))
    }
}
