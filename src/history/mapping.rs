//! What the columns and values of a file are taken for: by what was said, else by what is known of the product.
//! Whatever could be taken in two ways is a refusal, and all of them are told at once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use super::dates::{DateOrder, Times};
use super::error::Refusal;
use super::field::{Field, Kind, folded};
use super::look::{Column, Look, MAX_KINDS};
use super::product::{Product, Sheet};
use super::shown::rows;
use super::values::meaning;
use super::wishes::{ValueWish, Wishes};

/// Columns that a message lists.
const MAX_NAMED: usize = 30;
/// Values of a column that are refused by name.
const MAX_VALUES: usize = 20;

/// How a file is read.
#[derive(Debug)]
pub(super) struct Mapping {
    pub(super) product: Product,
    /// The column of each field that the file has.
    pub(super) columns: BTreeMap<Field, String>,
    pub(super) times: Times,
    pub(super) values: Vec<ValueWish>,
}

impl Mapping {
    /// The only way in which the file can be read, or all that must be said first.
    pub(super) fn of(look: &Look, wishes: &Wishes) -> Result<Self, Vec<Refusal>> {
        let mut refusals = Vec::new();
        let (columns, open) = columns(look, wishes, &mut refusals);
        required(&columns, &open, look, &mut refusals);
        for (field, column) in &columns {
            labels(*field, column, look.product.sheet(), &wishes.values, &mut refusals);
        }
        let times = times(&columns, wishes, &mut refusals);
        if !refusals.is_empty() {
            return Err(refusals);
        }
        Ok(Self {
            product: look.product,
            columns: columns.into_iter().map(|(field, column)| (field, column.name.clone())).collect(),
            times,
            values: wishes.values.clone(),
        })
    }
}

type Columns<'a> = BTreeMap<Field, &'a Column>;

/// The column of each field, and the fields for which there are several.
fn columns<'a>(
    look: &'a Look,
    wishes: &Wishes,
    refusals: &mut Vec<Refusal>,
) -> (Columns<'a>, BTreeSet<Field>) {
    let (mut columns, mut open) = (Columns::new(), BTreeSet::new());
    let taken = wished(look, wishes, &mut columns, refusals);
    for (field, known) in look.product.sheet().columns {
        if columns.contains_key(field) {
            continue;
        }
        match candidates(look, known, &taken).as_slice() {
            [] => {}
            [only] => drop(columns.insert(*field, only)),
            several => {
                open.insert(*field);
                refusals.push(two(*field, several));
            }
        }
    }
    if let (Some(minutes), Some(seconds)) =
        (columns.get(&Field::HandlingMinutes), columns.get(&Field::HandlingSeconds))
    {
        refusals.push(two(Field::HandlingMinutes, &[minutes, seconds]));
    }
    (columns, open)
}

/// Takes the columns that were said; gives their names.
fn wished<'a>(
    look: &'a Look,
    wishes: &Wishes,
    columns: &mut Columns<'a>,
    refusals: &mut Vec<Refusal>,
) -> Vec<&'a str> {
    let mut taken = Vec::new();
    for wish in &wishes.columns {
        let Some(column) = look.named(&wish.column) else {
            refusals.push(Refusal {
                line: 1,
                column: quoted(&wish.column),
                what: format!("there is no such column; the file has {}", names(look)),
            });
            continue;
        };
        taken.push(column.name.as_str());
        let Some(field) = wish.field else { continue };
        if let Some(other) = columns.insert(field, column) {
            refusals.push(two(field, &[other, column]));
        }
    }
    taken
}

/// The columns that are known under these names and of which none can be preferred.
fn candidates<'a>(look: &'a Look, known: &[&str], taken: &[&str]) -> Vec<&'a Column> {
    let free = |column: &&Column| column.rows > 0 && !taken.contains(&column.name.as_str());
    let ranked = look.columns.iter().filter(free);
    let ranked = ranked
        .filter_map(|column| Some((known.iter().position(|name| *name == folded(&column.name))?, column)));
    let mut ranked: Vec<(usize, &Column)> = ranked.collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    if look.product.sheet().ordered {
        let best = ranked.first().map(|(rank, _)| *rank);
        ranked.retain(|(rank, _)| Some(*rank) == best);
    }
    // A header that has the same name again.
    let again = ranked.first().and_then(|(_, first)| look.named(&format!("{} #2", first.name)));
    ranked.into_iter().map(|(_, column)| column).chain(again.filter(free)).collect()
}

fn two(field: Field, columns: &[&Column]) -> Refusal {
    let all: Vec<String> = columns.iter().map(|column| quoted(&column.name)).collect();
    let say: Vec<String> = columns
        .iter()
        .enumerate()
        .map(|(n, column)| {
            format!("--column \"{}={}\"", column.name, if n == 0 { field.name() } else { "none" })
        })
        .collect();
    Refusal {
        line: columns.iter().map(|column| column.line.max(1)).min().unwrap_or(1),
        column: all.join(" and "),
        what: format!("each could be the {}; say which, for instance {}", field.name(), say.join(" ")),
    }
}

fn required(columns: &Columns<'_>, open: &BTreeSet<Field>, look: &Look, refusals: &mut Vec<Refusal>) {
    let lacks =
        |fields: &[Field]| !fields.iter().any(|field| columns.contains_key(field) || open.contains(field));
    for (fields, what) in [
        (&[Field::Id][..], "the ticket's id"),
        (&[Field::Subject, Field::Body], "the ticket's subject or text"),
    ] {
        if lacks(fields) {
            let (all, field) = (names(look), fields[0].name());
            refusals.push(Refusal {
                line: 1,
                column: String::new(),
                what: format!(
                    "no column is known to be {what}; the file has {all}; say which it is: --column \"COLUMN={field}\""
                ),
            });
        }
    }
}

/// Every value of a column of labels must mean something.
fn labels(field: Field, column: &Column, sheet: &Sheet, wishes: &[ValueWish], refusals: &mut Vec<Refusal>) {
    let Kind::Label(known) = field.kind() else { return };
    let refuse = |line: usize, what: String| Refusal { line, column: quoted(&column.name), what };
    if column.more_kinds {
        refusals.push(refuse(
            column.line,
            format!(
                "it is taken for the {}, but has long values or more than {MAX_KINDS} different ones; say which \
                 column it is: --column \"COLUMN={}\", or --column \"{}=none\"",
                field.name(),
                field.name(),
                column.name
            ),
        ));
        return;
    }
    let unknown = column.kinds.iter().filter(|(value, _)| meaning(field, value, sheet, wishes).is_none());
    let unknown: Vec<_> = unknown.collect();
    for (value, (count, line)) in unknown.iter().take(MAX_VALUES) {
        let (of, labels) = (field.table().name(), known.join(", "));
        refusals.push(refuse(
            *line,
            format!(
                "what {} means as {} is not known ({}); say it: --value \"{of}:{value}=LABEL\" with one of \
                 {labels}, none",
                quoted(value),
                field.name(),
                rows(*count)
            ),
        ));
    }
    if unknown.len() > MAX_VALUES {
        refusals.push(refuse(column.line, format!("and {} values more", unknown.len() - MAX_VALUES)));
    }
}

/// How times are read: the order by what was said or by what the dates prove, the zone by what was said.
fn times(columns: &Columns<'_>, wishes: &Wishes, refusals: &mut Vec<Refusal>) -> Times {
    let of_time = columns.iter().filter(|(field, _)| field.kind() == Kind::Time);
    let of_time: Vec<&Column> = of_time.map(|(_, column)| *column).collect();
    let refuse =
        |line: usize, column: &Column, what: String| Refusal { line, column: quoted(&column.name), what };
    for column in of_time.iter().filter(|column| column.rows > 0 && column.times == 0) {
        let what = format!(
            "it is taken for a time, but no value is one; write times as 2026-11-21T09:40:00Z, or leave it out: \
             --column \"{}=none\"",
            column.name
        );
        refusals.push(refuse(column.line, column, what));
    }
    let order =
        wishes.date_order.map_or_else(|| order(&of_time), Ok).unwrap_or_else(|(line, column, what)| {
            refusals.push(refuse(line, column, what));
            DateOrder::Dmy
        });
    if let (None, Some((line, column))) = (&wishes.time_zone, first(&of_time, |column| column.local)) {
        let what = "a time without a time zone; say where its clock stood: --time-zone Europe/Berlin, or --time-zone \
                    UTC";
        refusals.push(refuse(line, column, what.to_owned()));
    }
    Times { order, zone: wishes.time_zone.clone().unwrap_or(TimeZone::UTC) }
}

/// The order that the dates of a file prove; else where that is open, and what to write. Without dates of numbers
/// it does not matter.
fn order<'a>(of_time: &[&'a Column]) -> Result<DateOrder, (usize, &'a Column, String)> {
    let (day, month) = (first(of_time, |column| column.proofs[0]), first(of_time, |column| column.proofs[1]));
    match (day, month, first(of_time, |column| column.open)) {
        (Some((line, column)), Some((other, _)), _) => {
            let what = format!(
                "here the day comes before the month, on line {other} the month before the day; say which rows to \
                 believe: --date-order dmy or --date-order mdy"
            );
            Err((line, column, what))
        }
        (None, None, Some((line, column))) => {
            let what = "whether the day or the month comes first cannot be told from any date of the file; say it: \
                        --date-order dmy (day first) or --date-order mdy";
            Err((line, column, what.to_owned()))
        }
        (None, Some(_), _) => Ok(DateOrder::Mdy),
        _ => Ok(DateOrder::Dmy),
    }
}

/// The first place of which something is true, in whichever column.
fn first<'a>(columns: &[&'a Column], of: impl Fn(&Column) -> Option<usize>) -> Option<(usize, &'a Column)> {
    columns.iter().filter_map(|column| Some((of(column)?, *column))).min_by_key(|(line, _)| *line)
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

fn names(look: &Look) -> String {
    let named: Vec<&str> = look.columns.iter().take(MAX_NAMED).map(|column| column.name.as_str()).collect();
    let more = look.columns.len().saturating_sub(MAX_NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", named.join(", "))
}
