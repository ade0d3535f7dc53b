//! Tables, a row for each of theirs.

use super::inline::inline;

/// Takes the lines between `{|` and `|}`.
pub(super) fn table<'a>(
    html: &mut String,
    lines: impl Iterator<Item = &'a str>,
    categories: &mut Vec<String>,
) {
    html.push_str("<table>");
    let mut open = false;
    for line in lines {
        let line = line.trim();
        if line.starts_with("|-") {
            open = false;
            continue;
        }
        let (mark, cells) = match line.as_bytes() {
            [b'|', b'+', ..] => ("td", &line[2..]),
            [b'|', ..] => ("td", &line[1..]),
            [b'!', ..] => ("th", &line[1..]),
            // A cell goes on in the next line.
            _ => {
                html.push_str(&inline(line, categories));
                continue;
            }
        };
        if !open {
            html.push_str("<tr>");
            open = true;
        }
        for cell in cells.replace("!!", "||").split("||") {
            html.push_str(&format!("<{mark}>{}</{mark}>", inline(content(cell).trim(), categories)));
        }
    }
    html.push_str("</table>\n");
}

/// A cell without its attributes, `style="…" | words`.
fn content(cell: &str) -> &str {
    match cell.split_once('|') {
        Some((attributes, words)) if attributes.contains('=') && !attributes.contains("[[") => words,
        _ => cell,
    }
}
