//! Tables in plain text.

use std::fmt::Write;

use super::lines::Lines;

/// Longest label in a table, so that the widest one stays within 100 columns.
const LABEL_CHARS: usize = 46;

/// Cells in columns; the first column stands left, the others right.
pub(in crate::learn) struct Table {
    pub(in crate::learn) rows: Vec<Vec<String>>,
    pub(super) cell_chars: usize,
}

impl From<Lines> for Table {
    fn from(lines: Lines) -> Self {
        let mut table = Self::new(&lines.titles);
        table.rows.extend(lines.rows);
        table
    }
}

impl Table {
    pub(in crate::learn) fn new(titles: &[&str]) -> Self {
        let titles = titles.iter().map(|&title| title.to_owned()).collect();
        Self { rows: vec![titles], cell_chars: LABEL_CHARS }
    }

    /// Writes the table with an empty line above; a table without a row below its titles is left
    /// out.
    pub(in crate::learn) fn render(&self, out: &mut String) {
        if self.rows.len() < 2 {
            return;
        }
        let cut = |cell: &String| shortened(cell, self.cell_chars);
        let rows: Vec<Vec<String>> = self.rows.iter().map(|row| row.iter().map(cut).collect()).collect();
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        out.push('\n');
        for row in &rows {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let _ = match column {
                    0 => write!(line, "{cell:<width$}"),
                    _ => write!(line, "  {cell:>width$}"),
                };
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
}

fn shortened(label: &str, chars: usize) -> String {
    if label.chars().count() <= chars {
        return label.to_owned();
    }
    let kept: String = label.chars().take(chars - 1).collect();
    format!("{kept}…")
}
