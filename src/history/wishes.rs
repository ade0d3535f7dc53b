//! What a person says about a file that it does not say itself.

use std::str::FromStr;

use jiff::tz::TimeZone;

use super::dates::DateOrder;
use super::field::{Field, Kind};
use super::product::Product;

/// What is said about a file.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// Where it comes from; `None` tells it by the columns.
    pub product: Option<Product>,
    /// What columns are.
    pub columns: Vec<ColumnWish>,
    /// What values mean.
    pub values: Vec<ValueWish>,
    /// Which comes first in dates of numbers.
    pub date_order: Option<DateOrder>,
    /// Where the clocks stand whose times name no zone.
    pub time_zone: Option<TimeZone>,
}

/// `Ticket title=subject`: a column, and the field that it is, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnWish {
    /// As the file calls it.
    pub column: String,
    /// What it is; `None` leaves it out.
    pub field: Option<Field>,
}

/// `priority:Sev1=P1`: a value of a field as the file has it, and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueWish {
    /// Whose value.
    pub field: Field,
    /// As the file has it.
    pub value: String,
    /// Our label; `None` is: nothing.
    pub label: Option<String>,
}

impl FromStr for ColumnWish {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.rsplit_once('=').filter(|(column, _)| !column.trim().is_empty());
        let (column, field) =
            parts.ok_or("it is not of the form COLUMN=FIELD, such as \"Ticket title=subject\"")?;
        Ok(Self { column: column.trim().to_owned(), field: named(field)? })
    }
}

impl FromStr for ValueWish {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "it is not of the form FIELD:VALUE=LABEL, such as \"priority:Sev1=P1\"";
        let (field, rest) = text.split_once(':').ok_or(form)?;
        let (value, label) =
            rest.rsplit_once('=').filter(|(value, _)| !value.trim().is_empty()).ok_or(form)?;
        let field = named(field)?.ok_or("none is no field")?.table();
        let label = label.trim();
        let label = (!label.eq_ignore_ascii_case("none") && !label.is_empty()).then(|| label.to_owned());
        let label = match (field.kind(), label) {
            (_, None) => None,
            (Kind::Name, Some(label)) => Some(label),
            (Kind::Label(known), Some(label)) => {
                let known_label = known.iter().find(|known| known.eq_ignore_ascii_case(&label));
                let of = || format!("{} is one of {}, none", field.name(), known.join(", "));
                Some((*known_label.ok_or_else(of)?).to_owned())
            }
            _ => return Err(format!("{} has no labels that values could stand for", field.name())),
        };
        Ok(Self { field, value: value.trim().to_owned(), label })
    }
}

fn named(name: &str) -> Result<Option<Field>, String> {
    let name = name.trim();
    if name == "none" {
        return Ok(None);
    }
    let all = || Field::ALL.map(Field::name).join(", ");
    Field::named(name)
        .map(Some)
        .ok_or_else(|| format!("there is no field {name}; the fields are {}, none", all()))
}
