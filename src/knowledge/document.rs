//! The text of an article as blocks, whatever its format.

use crate::text::{Block, BlockKind, Document, Format, html, markdown};

/// Reads a body into blocks. In plain text blank lines part the paragraphs.
pub(super) fn document(body: &str, format: Format) -> Document {
    match format {
        Format::Html => html::blocks(body),
        Format::Markdown => markdown::blocks(body),
        Format::Text => Document { blocks: paragraphs(body), title: None, warnings: Vec::new() },
    }
}

fn paragraphs(body: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open = false;
    for line in body.lines() {
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        match blocks.last_mut() {
            _ if line.is_empty() => {}
            Some(Block { text, .. }) if open => {
                text.push('\n');
                text.push_str(&line);
            }
            _ => blocks.push(Block { kind: BlockKind::Paragraph, text: line.clone() }),
        }
        open = !line.is_empty();
    }
    blocks
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn blank_lines_part_the_paragraphs_of_plain_text() {
        let document = document("One\r\ntwo  three\r\n \r\n\r\nFour\n", Format::Text);
        let texts: Vec<&str> = document.blocks.iter().map(|block| block.text.as_str()).collect();
        assert_eq!(texts, ["One\ntwo three", "Four"]);
    }
}
