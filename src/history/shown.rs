//! What a file is taken for, as a table for people: columns, fields, and what values become. Texts, names and ids are
//! shown by their length alone.

use std::fmt;

use super::dates::DateOrder;
use super::field::{Field, Kind};
use super::look::{Column, Look};
use super::mapping::Mapping;
use super::product::Product;
use super::values::meaning;

/// Values of a column that are shown, the most frequent first.
const MAX_VALUES: usize = 6;
/// Columns without a use that are named.
const MAX_UNUSED: usize = 40;

/// What a file is taken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Where it comes from.
    pub product: Product,
    /// Rows that could be read.
    pub rows: u64,
    /// Column, field and how its values are read.
    pub lines: Vec<(String, Field, String)>,
    /// Columns that nothing is taken from.
    pub unused: Vec<String>,
    /// What a reader should know.
    pub notes: Vec<String>,
}

impl Shown {
    pub(super) fn of(look: &Look, mapping: &Mapping) -> Self {
        let column = |name: &String| look.columns.iter().find(|column| column.name == *name);
        let lines = mapping.columns.iter().filter_map(|(field, name)| {
            let column = column(name)?;
            Some((name.clone(), *field, how(*field, column, mapping)))
        });
        let used = |column: &&Column| mapping.columns.values().any(|name| *name == column.name);
        let unused = look.columns.iter().filter(|column| column.rows > 0 && !used(column));
        let unused = unused.map(|column| column.name.clone()).collect();
        let has = |field| mapping.columns.contains_key(&field);
        let mut notes = Vec::new();
        if !has(Field::Body) {
            notes.push("no column has the ticket's text; only subjects will be read".to_owned());
        }
        if !has(Field::CreatedAt) {
            notes.push("no column says when tickets came in".to_owned());
        }
        if !has(Field::Category) {
            notes.push(
                "no column is known to be the category; if one is: --column \"COLUMN=category\"".to_owned(),
            );
        }
        if !has(Field::Status) && has(Field::SolvedAt) {
            notes.push(
                "no column says where tickets stand; those with a time at which they were solved count as solved"
                    .to_owned(),
            );
        }
        Self { product: look.product, rows: look.rows, lines: lines.collect(), unused, notes }
    }
}

fn how(field: Field, column: &Column, mapping: &Mapping) -> String {
    match field.kind() {
        Kind::Label(_) | Kind::Name => labels(field, column, mapping),
        Kind::Time => times(column, mapping),
        Kind::Count => "whole numbers".to_owned(),
        Kind::Span if field == Field::HandlingSeconds => "seconds, or hours:minutes".to_owned(),
        Kind::Span => "minutes, or hours:minutes".to_owned(),
        Kind::Truth => "yes or no".to_owned(),
        Kind::List => "lists of ids".to_owned(),
        Kind::Text => match column.chars {
            Some((least, most)) if least == most => format!("text, {most} long"),
            Some((least, most)) => format!("text, {least} to {most} long"),
            None => "text".to_owned(),
        },
    }
}

fn labels(field: Field, column: &Column, mapping: &Mapping) -> String {
    // So many or such long ones may be words that somebody wrote.
    if column.more_kinds {
        return "names, too many or too long to be shown".to_owned();
    }
    let mut kinds: Vec<(&String, u64)> =
        column.kinds.iter().map(|(value, (rows, _))| (value, *rows)).collect();
    kinds.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let told = kinds.iter().take(MAX_VALUES).map(|(value, rows)| {
        let label = meaning(field, value, mapping.product.sheet(), &mapping.values).flatten();
        match label {
            Some(label) if label == **value => format!("{value} ({rows})"),
            Some(label) => format!("{value} → {label} ({rows})"),
            None => format!("{value} → nothing ({rows})"),
        }
    });
    let more = kinds.len().saturating_sub(MAX_VALUES);
    let more = (more > 0).then(|| format!("and {more} more"));
    told.chain(more).collect::<Vec<_>>().join(", ")
}

fn times(column: &Column, mapping: &Mapping) -> String {
    let zone = match column.local {
        Some(_) => mapping.times.zone.iana_name().unwrap_or("UTC"),
        None => "each with its zone",
    };
    let numbers = column.open.is_some() || column.proofs.iter().any(Option::is_some);
    let order = match mapping.times.order {
        _ if !numbers => "",
        DateOrder::Dmy => ", day before month",
        DateOrder::Mdy => ", month before day",
    };
    let bad = column.rows - column.times;
    let bad = if bad > 0 { format!("; in {} it is none", rows(bad)) } else { String::new() };
    format!("times, {zone}{order}{bad}")
}

/// `1 row`, `2 rows`.
pub(super) fn rows(count: u64) -> String {
    if count == 1 { "1 row".to_owned() } else { format!("{count} rows") }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}, read as {}", rows(self.rows), self.product.name())?;
        let wide =
            |of: &dyn Fn(&(String, Field, String)) -> usize| self.lines.iter().map(of).max().unwrap_or(0);
        let columns = wide(&|line| line.0.chars().count()).max("column".len());
        let fields = wide(&|line| line.1.name().len());
        writeln!(f, "  {:columns$}  {:fields$}  values", "column", "field")?;
        for (column, field, how) in &self.lines {
            writeln!(f, "  {column:columns$}  {:fields$}  {how}", field.name())?;
        }
        if !self.unused.is_empty() {
            let more = self.unused.len().saturating_sub(MAX_UNUSED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let named: Vec<&str> = self.unused.iter().take(MAX_UNUSED).map(String::as_str).collect();
            writeln!(f, "not used: {}{more}", named.join(", "))?;
        }
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        Ok(())
    }
}
