//! Configuration items from a file, `.csv` or `.jsonl`: the list that a site has in its own system.

use std::collections::BTreeSet;
use std::path::Path;

use garde::Validate as _;
use serde_json::{Map, Value};

use super::NewItem;
use crate::learn::dataset::{DatasetError, FieldsReader};
use crate::store::ConfigurationItem;

/// Our field, and what it is called elsewhere; the first name that a row has counts.
const NAMES: [(&str, &[&str]); 8] = [
    ("id", &["id", "sys_id", "asset_id", "number", "key"]),
    ("name", &["name", "display_name", "title"]),
    ("kind", &["kind", "type", "class", "sys_class_name", "category"]),
    ("aliases", &["aliases", "alias", "also_known_as", "synonyms"]),
    ("tag_patterns", &["tag_patterns", "tag_pattern", "asset_tag", "tag"]),
    ("match_case", &["match_case"]),
    ("url", &["url", "link"]),
    ("agent_group", &["agent_group", "support_group", "assignment_group", "group", "team"]),
];

/// Reads items row by row.
pub struct ItemReader {
    rows: FieldsReader,
    unused: BTreeSet<String>,
}

/// A row of the file.
pub struct ItemRow {
    /// Line on which it begins, from 1.
    pub line: usize,
    /// The item, or why it cannot be taken.
    pub item: Result<ConfigurationItem, String>,
}

impl ItemReader {
    /// Opens a `.jsonl` (or `.ndjson`) or `.csv` file.
    ///
    /// # Errors
    /// A file that cannot be opened or is of another kind.
    pub fn open(path: &Path) -> Result<Self, DatasetError> {
        Ok(Self { rows: FieldsReader::open(path)?, unused: BTreeSet::new() })
    }

    /// Columns that were not read, so far.
    pub fn unused(&self) -> impl Iterator<Item = &str> {
        self.unused.iter().map(String::as_str)
    }

    /// The next row; `None` at the end of the file.
    ///
    /// # Errors
    /// A file that breaks off.
    pub fn next_row(&mut self) -> Result<Option<ItemRow>, DatasetError> {
        let Some((line, fields)) = self.rows.next_fields()? else { return Ok(None) };
        let item = match fields {
            Ok(fields) => self.item(&fields),
            Err(reason) => Err(reason.to_string()),
        };
        Ok(Some(ItemRow { line, item }))
    }

    fn item(&mut self, fields: &Map<String, Value>) -> Result<ConfigurationItem, String> {
        let mut row = Row::default();
        let mut used = BTreeSet::new();
        for (field, names) in NAMES {
            let column = names.iter().find_map(|name| {
                fields.iter().find(|(column, value)| folded(column) == *name && !is_empty(value))
            });
            if let Some((column, value)) = column {
                used.insert(column.as_str());
                row.set(field, &folded(column), value)?;
            }
        }
        self.unused.extend(fields.keys().filter(|column| !used.contains(column.as_str())).cloned());
        let id = row.id.ok_or("the row has no id")?;
        if id.len() > 512 {
            return Err("id: is longer than 512 bytes".to_owned());
        }
        let item = NewItem { name: row.name.ok_or("the row has no name")?, ..row.rest };
        item.validate().map_err(|report| report.to_string().trim().to_owned())?;
        Ok(item.into_item(id))
    }
}

struct Row {
    id: Option<String>,
    name: Option<String>,
    rest: NewItem,
}

impl Default for Row {
    fn default() -> Self {
        let rest = NewItem {
            name: String::new(),
            kind: None,
            aliases: Vec::new(),
            tag_patterns: Vec::new(),
            match_case: false,
            url: None,
            agent_group: None,
        };
        Self { id: None, name: None, rest }
    }
}

impl Row {
    fn set(&mut self, field: &str, column: &str, value: &Value) -> Result<(), String> {
        match field {
            "id" => self.id = Some(text(column, value)?),
            "name" => self.name = Some(text(column, value)?),
            "kind" => self.rest.kind = Some(text(column, value)?),
            "url" => self.rest.url = Some(text(column, value)?),
            "agent_group" => self.rest.agent_group = Some(text(column, value)?),
            "aliases" => self.rest.aliases = list(column, value)?,
            // A tag in a list of assets is that very tag, not a pattern.
            "tag_patterns" if matches!(column, "asset_tag" | "tag") => {
                self.rest.tag_patterns = list(column, value)?.iter().map(|tag| regex::escape(tag)).collect();
            }
            "tag_patterns" => self.rest.tag_patterns = list(column, value)?,
            _ => self.rest.match_case = flag(column, value)?,
        }
        Ok(())
    }
}

fn folded(column: &str) -> String {
    column.trim().to_lowercase().replace([' ', '-'], "_")
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

fn text(column: &str, value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.trim().to_owned()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(format!("{column}: is no text")),
    }
}

/// A JSON array, or texts with semicolons between them.
fn list(column: &str, value: &Value) -> Result<Vec<String>, String> {
    match value {
        Value::Array(values) => values.iter().map(|value| text(column, value)).collect(),
        value => {
            let parts = text(column, value)?;
            Ok(parts.split(';').map(str::trim).filter(|part| !part.is_empty()).map(Into::into).collect())
        }
    }
}

fn flag(column: &str, value: &Value) -> Result<bool, String> {
    match value {
        Value::Bool(flag) => Ok(*flag),
        value => match text(column, value)?.to_lowercase().as_str() {
            "true" | "yes" | "1" => Ok(true),
            "false" | "no" | "0" => Ok(false),
            _ => Err(format!("{column}: is neither true nor false")),
        },
    }
}
