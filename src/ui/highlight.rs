//! Where the matched terms stand in a passage.

/// A run of text, matched or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// As it is written.
    pub(super) text: String,
    /// Whether it is one of the matched terms.
    pub(super) matched: bool,
}

/// Cuts `text` at the places where one of `terms` stands as whole words, in any case. The pieces
/// joined are `text`.
pub(super) fn pieces(text: &str, terms: &[String]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut plain_from = 0;
    let mut at = 0;
    let mut after_word = false;
    while let Some(next) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let longest =
            if after_word { None } else { terms.iter().filter_map(|term| match_at(text, at, term)).max() };
        if let Some(end) = longest {
            push(&mut pieces, text.get(plain_from..at), false);
            push(&mut pieces, text.get(at..end), true);
            plain_from = end;
            at = end;
            after_word = true;
        } else {
            at += next.len_utf8();
            after_word = next.is_alphanumeric();
        }
    }
    push(&mut pieces, text.get(plain_from..), false);
    pieces
}

fn push(pieces: &mut Vec<Piece>, text: Option<&str>, matched: bool) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        pieces.push(Piece { text: text.to_owned(), matched });
    }
}

/// Where `term` ends in `text` if it begins at byte `start` and no word goes on after it.
fn match_at(text: &str, start: usize, term: &str) -> Option<usize> {
    let mut wanted = term.chars().flat_map(char::to_lowercase).peekable();
    wanted.peek()?;
    let mut rest = text.get(start..)?.char_indices();
    while wanted.peek().is_some() {
        let (_, written) = rest.next()?;
        for c in written.to_lowercase() {
            if wanted.next() != Some(c) {
                return None;
            }
        }
    }
    match rest.next() {
        Some((_, next)) if next.is_alphanumeric() => None,
        Some((offset, _)) => Some(start + offset),
        None => Some(text.len()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    fn marked(text: &str, terms: &[&str]) -> String {
        let terms: Vec<String> = terms.iter().map(ToString::to_string).collect();
        let mark = |piece: Piece| if piece.matched { format!("[{}]", piece.text) } else { piece.text };
        pieces(text, &terms).into_iter().map(mark).collect()
    }

    #[test]
    fn whole_words_are_marked_in_any_case() {
        assert_eq!(
            marked("The VPN, a vpn; no vpns. Connect VPN", &["vpn", "connect"]),
            "The [VPN], a [vpn]; no vpns. [Connect] [VPN]"
        );
    }

    #[test]
    fn the_longer_of_two_terms_is_marked() {
        assert_eq!(marked("Error ORA-12154.", &["ora", "ora-12154", "12154"]), "Error [ORA-12154].");
    }

    #[test]
    fn nothing_is_marked_without_terms() {
        assert_eq!(marked("Émile", &[""]), "Émile");
        assert_eq!(marked("Émile", &["émile"]), "[Émile]");
    }

    proptest! {
        #[test]
        fn the_pieces_joined_are_the_text(text in "\\PC{0,60}", terms in prop::collection::vec("\\PC{0,3}", 0..4)) {
            let joined: String = pieces(&text, &terms).into_iter().map(|piece| piece.text).collect();
            prop_assert_eq!(joined, text);
        }
    }
}
