//! A table as a file for a spreadsheet.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::{Cell, Table};

/// A spreadsheet takes a cell that begins so for a formula, and would carry out what somebody wrote into a
/// ticket (OWASP, "CSV Injection"); behind an apostrophe it is text.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// The file, to be saved.
pub(super) fn response(table: &Table) -> Response {
    match written(table) {
        Ok(file) => {
            let name = format!("attachment; filename=\"deskhand-{}.csv\"", table.id);
            let name =
                HeaderValue::from_str(&name).unwrap_or_else(|_| HeaderValue::from_static("attachment"));
            let kind = HeaderValue::from_static("text/csv; charset=utf-8");
            ([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], file).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a table could not be written as CSV");
            axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Keys of the columns, then the rows. Numbers stand as they are: they are ours, and no formula.
pub(super) fn written(table: &Table) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(table.columns.iter().map(|column| column.key))?;
    for row in &table.rows {
        writer.write_record(row.iter().map(field))?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

fn field(cell: &Cell) -> String {
    match cell {
        Cell::Nothing => String::new(),
        Cell::Number { value, .. } => value.to_string(),
        Cell::Words(words) | Cell::Link { words, .. } if words.starts_with(FORMULA) => format!("'{words}"),
        Cell::Words(words) | Cell::Link { words, .. } => words.clone(),
    }
}
