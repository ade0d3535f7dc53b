//! The first reading of a file: what columns it has and what stands in them, without keeping any text.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use serde_json::Value;

use super::dates::{self, DateOrder};
use super::error::{HistoryError, Refusal};
use super::field::folded;
use super::product::Product;
use super::source::{Source, flat, text_of};

/// Rows by whose columns a product is known.
const ROWS_TO_KNOW: usize = 200;
/// Different values of a column that are remembered; a column of labels has fewer.
pub(super) const MAX_KINDS: usize = 200;
/// Longest value that may be a label, in characters; longer ones are text and not remembered.
const MAX_KIND_CHARS: usize = 60;
/// Most columns that a file may have; one with more is no list of tickets, and would fill the memory.
const MAX_COLUMNS: usize = 10_000;
/// Rows between two words of progress.
const STEP: u64 = 256;

/// What a file holds.
pub(super) struct Look {
    pub(super) product: Product,
    /// Rows that could be read.
    pub(super) rows: u64,
    /// Columns in the order in which they came.
    pub(super) columns: Vec<Column>,
    places: HashMap<String, usize>,
}

/// What stands in a column.
#[derive(Default)]
pub(super) struct Column {
    pub(super) name: String,
    /// Rows with a value.
    pub(super) rows: u64,
    /// Line of the first value.
    pub(super) line: usize,
    /// Short values, how often they stand there, and on which line first.
    pub(super) kinds: BTreeMap<String, (u64, usize)>,
    /// Whether there were too many or too long ones to remember all.
    pub(super) more_kinds: bool,
    /// Characters of the shortest and longest value.
    pub(super) chars: Option<(usize, usize)>,
    /// Values that are times, and where the first stands that shows what.
    pub(super) times: u64,
    pub(super) local: Option<usize>,
    pub(super) open: Option<usize>,
    pub(super) proofs: [Option<usize>; 2],
}

impl Look {
    /// Reads the whole file once. `progress` hears of the rows read.
    pub(super) fn at(
        path: &Path,
        product: Option<Product>,
        progress: &dyn Fn(u64),
    ) -> Result<Self, HistoryError> {
        let product = match product {
            Some(product) => product,
            None => known(path)?,
        };
        let mut source = Source::open(path)?;
        let (mut look, mut bad) =
            (Self { product, rows: 0, columns: Vec::new(), places: HashMap::new() }, None);
        for column in source.columns().unwrap_or_default() {
            look.column(column);
        }
        while let Some((line, fields)) = source.next_row()? {
            match fields {
                Ok(fields) => {
                    look.rows += 1;
                    for (name, value) in flat((product.sheet().tidy)(fields)) {
                        look.column(&name).add(&value, line);
                    }
                }
                Err(reason) => bad = bad.or_else(|| Some(format!("line {line}: {reason}"))),
            }
            if look.columns.len() > MAX_COLUMNS {
                let what =
                    format!("there are more than {MAX_COLUMNS} different columns; is it a list of tickets?");
                let refusals = vec![Refusal { line, column: String::new(), what }];
                return Err(HistoryError::Refused { path: path.to_owned(), refusals });
            }
            if look.rows.is_multiple_of(STEP) {
                progress(look.rows);
            }
        }
        if look.rows == 0 {
            return Err(HistoryError::Empty { path: path.to_owned(), first: bad });
        }
        Ok(look)
    }

    fn column(&mut self, name: &str) -> &mut Column {
        let place = match self.places.get(name) {
            Some(place) => *place,
            None => {
                self.places.insert(name.to_owned(), self.columns.len());
                self.columns.push(Column { name: name.to_owned(), ..Column::default() });
                self.columns.len() - 1
            }
        };
        &mut self.columns[place]
    }

    /// The column of this name, exactly or without regard to case and signs.
    pub(super) fn named(&self, name: &str) -> Option<&Column> {
        let exact = self.places.get(name).map(|place| &self.columns[*place]);
        exact.or_else(|| self.columns.iter().find(|column| folded(&column.name) == folded(name)))
    }
}

impl Column {
    fn add(&mut self, value: &Value, line: usize) {
        if self.rows == 0 {
            self.line = line;
        }
        self.rows += 1;
        let Some(text) = text_of(value) else {
            self.more_kinds = true;
            return;
        };
        let chars = text.chars().count();
        self.chars =
            Some(self.chars.map_or((chars, chars), |(least, most)| (least.min(chars), most.max(chars))));
        self.add_time(&text, line);
        if chars > MAX_KIND_CHARS || (self.kinds.len() >= MAX_KINDS && !self.kinds.contains_key(&text)) {
            self.more_kinds = true;
        } else {
            self.kinds.entry(text).or_insert((0, line)).0 += 1;
        }
    }

    fn add_time(&mut self, text: &str, line: usize) {
        let Some(written) = dates::parse(text) else { return };
        self.times += 1;
        let here = Some(line);
        self.local = self.local.or(here.filter(|_| written.is_local()));
        self.open = self.open.or(here.filter(|_| written.is_open()));
        for (place, order) in [DateOrder::Dmy, DateOrder::Mdy].into_iter().enumerate() {
            self.proofs[place] = self.proofs[place].or(here.filter(|_| written.proves() == Some(order)));
        }
    }
}

/// The product by the columns of the first rows.
fn known(path: &Path) -> Result<Product, HistoryError> {
    let mut source = Source::open(path)?;
    let mut columns: BTreeSet<String> =
        source.columns().unwrap_or_default().iter().map(|name| folded(name)).collect();
    for _ in 0..ROWS_TO_KNOW {
        let Some((_, fields)) = source.next_row()? else { break };
        let Ok(fields) = fields else { continue };
        columns.extend(fields.keys().map(|name| folded(name)));
        columns.extend(flat(fields).keys().map(|name| folded(name)));
    }
    match Product::like(&columns).as_slice() {
        [] => Ok(Product::Plain),
        [product] => Ok(*product),
        several => {
            let found = several.iter().map(|product| product.name()).collect::<Vec<_>>().join(" and of ");
            Err(HistoryError::Products { path: path.to_owned(), found })
        }
    }
}
