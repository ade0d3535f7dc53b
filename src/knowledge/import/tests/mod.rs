#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::PathBuf;

use super::*;

mod always;
mod fields;
mod products;
mod sources;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/knowledge").join(name)
}

/// Everything that a fixture gives, for a snapshot: refusals and warnings as people read them.
fn told(name: &str) -> String {
    lines(read(&fixture(name)).unwrap())
}

fn lines(reader: Reader) -> String {
    let mut lines = Vec::new();
    for row in reader {
        match row {
            Ok(Row { article, warnings, place }) => {
                lines.push(format!("{place}: {} | {}", article.id, article.title));
                lines.extend(warnings.iter().map(|warning| format!("  ! {warning}")));
            }
            Err(error) => lines.push(format!("refused: {error}")),
        }
    }
    lines.join("\n")
}

fn articles(name: &str) -> Vec<Article> {
    read(&fixture(name)).unwrap().filter_map(Result::ok).map(|row| row.article).collect()
}

fn from_text(kind: Kind, text: &str) -> Vec<Result<Row, RowError>> {
    from_bytes(kind, text.as_bytes().to_vec()).unwrap().collect()
}

fn from_bytes(kind: Kind, bytes: Vec<u8>) -> Result<Reader, ImportError> {
    read_from(kind, "body", Cursor::new(bytes))
}

/// The article of one JSON object.
fn one(object: serde_json::Value) -> Row {
    from_text(Kind::JsonLines, &object.to_string()).remove(0).unwrap()
}
