//! Text in pieces, so that a page can mark some of them.

use std::ops::Range;

/// A run of text, marked or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) marked: bool,
}

/// Cuts `text` at `marks`, which are in bytes, in order and apart from one another. The pieces
/// joined are `text`, whatever the marks.
pub(super) fn pieces(text: &str, marks: &[Range<usize>]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut push = |text: &str, marked: bool| {
        if !text.is_empty() {
            pieces.push(Piece { text: text.to_owned(), marked });
        }
    };
    let mut end = 0;
    for mark in marks {
        if let (Some(before), Some(inside)) = (text.get(end..mark.start), text.get(mark.clone())) {
            push(before, false);
            push(inside, true);
            end = mark.end;
        }
    }
    push(text.get(end..).unwrap_or_default(), false);
    pieces
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_is_cut_at_its_marks() {
        let marked = |piece: Piece| if piece.marked { format!("[{}]", piece.text) } else { piece.text };
        let text: String = pieces("Open the VPN", &[0..4, 9..12]).into_iter().map(marked).collect();
        assert_eq!(text, "[Open] the [VPN]");
    }

    proptest! {
        #[test]
        fn the_pieces_joined_are_the_text(text in "\\PC{0,40}", marks in prop::collection::vec((0_usize..60, 0_usize..9), 0..5)) {
            let marks: Vec<_> = marks.into_iter().map(|(start, length)| start..start + length).collect();
            let joined: String = pieces(&text, &marks).into_iter().map(|piece| piece.text).collect();
            prop_assert_eq!(joined, text);
        }
    }
}
