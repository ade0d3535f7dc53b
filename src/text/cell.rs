//! Names in tables that are opened by a spreadsheet.

/// The text as a cell of a CSV file. One that a spreadsheet would run as a formula (it begins with `=`, `+`,
/// `-`, `@`, a tab or a carriage return) gets an apostrophe before it, which a spreadsheet shows as text.
///
/// Source: OWASP, "CSV Injection".
pub fn cell(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_becomes_a_formula() {
        assert_eq!(cell("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
        assert_eq!(cell("@sum"), "'@sum");
        assert_eq!(cell("Network::VPN"), "Network::VPN");
        assert_eq!(cell(""), "");
    }
}
