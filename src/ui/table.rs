//! Tables of the pages: sorted by links, cut into pages, and the whole of it as CSV at the same address.
//!
//! A page gives the columns and all rows; what the address asks for decides which rows are shown, and in
//! which order. Another page with a table needs no more than that.

mod address;
mod cell;
mod csv;
mod filter;
#[cfg(test)]
mod tests;

use askama::Template;
use axum::response::Response;

pub(super) use address::Address;
pub(super) use cell::Cell;
pub(super) use filter::{Filter, Filters};

/// Rows on one page of a table.
const ROWS: usize = 50;

/// A column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    /// Its name in addresses and in the head of the CSV.
    pub(super) key: &'static str,
    /// Its title.
    pub(super) title: &'static str,
    /// Whether it holds numbers, which stand at the right.
    pub(super) numbers: bool,
}

impl Column {
    /// A column of words.
    pub(super) const fn words(key: &'static str, title: &'static str) -> Self {
        Self { key, title, numbers: false }
    }

    /// A column of numbers.
    pub(super) const fn numbers(key: &'static str, title: &'static str) -> Self {
        Self { key, title, numbers: true }
    }
}

/// A table with all its rows, in the order that they have unless the address asks for another.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// Its name in addresses (`table=`), unique on its page: letters and hyphens.
    pub(super) id: &'static str,
    /// What it lists.
    pub(super) caption: String,
    /// One of its rows and several, such as "label" and "labels".
    pub(super) one_many: [&'static str; 2],
    /// What to say where it has no rows: a sentence.
    pub(super) if_empty: String,
    pub(super) columns: Vec<Column>,
    /// As many cells each as columns; the first one names the row.
    pub(super) rows: Vec<Vec<Cell>>,
}

/// A table as it is shown. Written by `Display`.
#[derive(Debug, Template)]
#[template(path = "ui/table.html")]
pub(super) struct TableView {
    id: &'static str,
    caption: String,
    if_empty: String,
    heads: Vec<Head>,
    rows: Vec<Vec<Cell>>,
    /// How many rows there are, and which of them are shown.
    count: String,
    csv: String,
    before: Option<String>,
    after: Option<String>,
}

/// Its text is escaped by its own template.
impl askama::filters::HtmlSafe for TableView {}

#[derive(Debug)]
struct Head {
    title: &'static str,
    numbers: bool,
    /// The address of the table sorted by this, the other way round if it is already.
    href: String,
    /// `ascending` or `descending`, if the table is sorted by this.
    sorted: Option<&'static str>,
}

impl Table {
    /// What the address asks to see of it.
    pub(super) fn view(mut self, address: &Address) -> TableView {
        let sorted = self.sort(address);
        let total = self.rows.len();
        let pages = total.div_ceil(ROWS).max(1);
        let page = address.of_table(self.id, "page").and_then(|page| page.parse().ok()).unwrap_or(1);
        let page = usize::clamp(page, 1, pages);
        let link = |page: usize| address.table_with(self.id, &[("page", &page.to_string())], "");
        let heads = self.columns.iter().map(|column| {
            let down = sorted.filter(|(key, _)| *key == column.key).map(|(_, down)| down);
            let dir = match down {
                Some(down) => {
                    if down {
                        "asc"
                    } else {
                        "desc"
                    }
                }
                // Of numbers the largest are asked for first.
                None => {
                    if column.numbers {
                        "desc"
                    } else {
                        "asc"
                    }
                }
            };
            Head {
                title: column.title,
                numbers: column.numbers,
                href: address.table_with(self.id, &[("sort", column.key), ("dir", dir)], "page"),
                sorted: down.map(|down| if down { "descending" } else { "ascending" }),
            }
        });
        TableView {
            heads: heads.collect(),
            count: count(total, page, self.one_many),
            csv: address.table_with(self.id, &[("format", "csv")], "page"),
            before: (page > 1).then(|| link(page - 1)),
            after: (page < pages).then(|| link(page + 1)),
            rows: self.rows.into_iter().skip((page - 1) * ROWS).take(ROWS).collect(),
            id: self.id,
            caption: self.caption,
            if_empty: self.if_empty,
        }
    }

    /// All rows as CSV, if the address asks for this table so.
    pub(super) fn csv(&mut self, address: &Address) -> Option<Response> {
        if address.of_table(self.id, "format") != Some("csv") {
            return None;
        }
        self.sort(address);
        Some(csv::response(self))
    }

    /// Sorts as the address asks; by which column, and whether the largest come first.
    fn sort(&mut self, address: &Address) -> Option<(&'static str, bool)> {
        let wanted = address.of_table(self.id, "sort")?;
        let at = self.columns.iter().position(|column| column.key == wanted)?;
        let down = address.of_table(self.id, "dir") == Some("desc");
        self.rows.sort_by(|a, b| match (a.get(at), b.get(at)) {
            (Some(a), Some(b)) => a.compare(b, down),
            _ => std::cmp::Ordering::Equal,
        });
        Some((self.columns[at].key, down))
    }
}

fn count(total: usize, page: usize, [one, many]: [&str; 2]) -> String {
    match total {
        1 => format!("1 {one}"),
        total if total <= ROWS => format!("{total} {many}"),
        total => {
            let first = (page - 1) * ROWS + 1;
            format!("{first} to {} of {total} {many}", total.min(first + ROWS - 1))
        }
    }
}
