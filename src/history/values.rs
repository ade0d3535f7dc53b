//! What the values of labels mean.

use super::field::{Field, Kind};
use super::product::Sheet;
use super::wishes::ValueWish;

/// What a value means: a label of ours, or nothing.
pub(super) type Meaning = Option<String>;

/// What `value` of `field` means: by what was said, by the product's words, or by our own; `None` where nobody
/// knows.
pub(super) fn meaning(field: Field, value: &str, sheet: &Sheet, wishes: &[ValueWish]) -> Option<Meaning> {
    let table = field.table();
    let said = wishes.iter().find(|wish| wish.field == table && wish.value.eq_ignore_ascii_case(value));
    if let Some(wish) = said {
        return Some(wish.label.clone());
    }
    let lower = value.to_lowercase();
    let tables = sheet.values.iter().filter(|(of, _)| *of == table);
    if let Some((_, label)) = tables.flat_map(|(_, values)| *values).find(|(known, _)| *known == lower) {
        return Some((!label.is_empty()).then(|| (*label).to_owned()));
    }
    match field.kind() {
        Kind::Label(labels) => labels
            .iter()
            .find(|label| label.eq_ignore_ascii_case(value))
            .map(|label| Some((*label).to_owned())),
        _ => Some(Some(value.to_owned())),
    }
}

/// Yes or no; `None` where it is neither.
pub(super) fn truth(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "true" | "yes" | "y" | "1" => Some(true),
        "false" | "no" | "n" | "0" => Some(false),
        _ => None,
    }
}
