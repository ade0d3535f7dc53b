#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use proptest::prelude::*;

use super::*;

fn table(rows: Vec<Vec<Cell>>) -> Table {
    Table {
        id: "labels",
        caption: "Labels & thresholds".into(),
        one_many: ["label", "labels"],
        if_empty: "This bundle has no labels.".into(),
        columns: vec![Column::words("label", "Label"), Column::numbers("auto", "Auto from")],
        rows,
    }
}

fn three() -> Table {
    let row = |label: &str, auto| vec![Cell::words(label), auto];
    table(vec![row("b", Cell::number(0.9, 2)), row("A", Cell::Nothing), row("<c>", Cell::number(0.10, 2))])
}

fn shown(table: Table, query: &str) -> String {
    table.view(&Address::new("/model", query)).to_string()
}

fn order(html: &str) -> Vec<&str> {
    html.split("<th scope=\"row\">").skip(1).map(|part| part.split('<').next().unwrap()).collect()
}

#[test]
fn a_table_is_sorted_as_its_address_asks_and_what_is_unknown_stands_last() {
    assert_eq!(order(&shown(three(), "")), ["b", "A", "&#60;c&#62;"]);
    assert_eq!(order(&shown(three(), "sort=label&dir=asc")), ["&#60;c&#62;", "A", "b"]);
    assert_eq!(order(&shown(three(), "sort=auto&dir=desc")), ["b", "&#60;c&#62;", "A"]);
    assert_eq!(order(&shown(three(), "sort=auto&dir=asc")), ["&#60;c&#62;", "b", "A"]);
    assert_eq!(order(&shown(three(), "sort=nothing")), ["b", "A", "&#60;c&#62;"]);
    assert_eq!(order(&shown(three(), "table=other&sort=label")), ["b", "A", "&#60;c&#62;"]);
}

#[test]
fn a_head_links_to_the_other_order_and_says_which_one_holds() {
    let html = shown(three(), "task=category&sort=auto&dir=desc&page=3");
    assert!(html.contains("aria-sort=\"descending\""), "{html}");
    assert!(
        html.contains("href=\"/model?task=category&#38;table=labels&#38;sort=auto&#38;dir=asc#labels\""),
        "{html}"
    );
    assert!(
        html.contains(
            "href=\"/model?task=category&#38;sort=auto&#38;dir=desc&#38;table=labels&#38;format=csv\""
        ),
        "{html}"
    );
    assert!(html.contains("3 labels") && html.contains("<caption>Labels &#38; thresholds"), "{html}");
}

#[test]
fn a_long_table_is_cut_into_pages_and_a_page_that_is_not_there_is_the_nearest() {
    let long = || table((0..120).map(|n| vec![Cell::words(n.to_string()), Cell::count(n)]).collect());
    let (first, last) = (shown(long(), ""), shown(long(), "page=99"));
    assert!(
        first.contains("1 to 50 of 120 labels")
            && first.contains("page=2")
            && !first.contains("rel=\"prev\"")
    );
    assert!(
        last.contains("101 to 120 of 120 labels")
            && last.contains("page=2")
            && !last.contains("rel=\"next\"")
    );
    assert_eq!(order(&shown(long(), "page=2")).first(), Some(&"50"));
    assert!(shown(long(), "page=-1").contains("1 to 50"));
}

#[test]
fn a_table_without_rows_says_so_in_a_sentence() {
    let html = shown(table(Vec::new()), "");
    assert!(html.contains("This bundle has no labels.") && !html.contains("<table"), "{html}");
}

#[test]
fn no_cell_of_the_csv_is_a_formula_and_numbers_stay_numbers() {
    let row = |label: &str, number| vec![Cell::words(label), number];
    let rows = ["=1+1", "+1", "-1", "@x", "\tx", "plain", "a,\"b\""].map(|label| row(label, Cell::Nothing));
    let mut table = table(rows.to_vec());
    table.rows.push(row("n", Cell::number(-0.5, 2)));
    let text = String::from_utf8(csv::written(&table).unwrap()).unwrap();
    let expected = "label,auto\n'=1+1,\n'+1,\n'-1,\n'@x,\n'\tx,\nplain,\n\"a,\"\"b\"\"\",\nn,-0.5\n";
    assert_eq!(text, expected);
}

#[test]
fn the_csv_has_all_rows_in_the_order_asked_for_and_only_of_the_table_asked_for() {
    let address = Address::new("/model", "table=labels&sort=label&dir=asc&format=csv");
    assert!(three().csv(&address).is_some());
    assert!(Table { id: "other", ..three() }.csv(&address).is_none());
    assert!(three().csv(&Address::new("/model", "format=html")).is_none());
}

#[test]
fn a_filter_takes_only_what_may_be_chosen() {
    let filter = Filter::choice("task", "Task", [("", "all"), ("category", "category")]);
    let chosen = |query| filter.chosen(&Address::new("/model", query));
    assert_eq!([chosen("task=category"), chosen("task=%3Cx"), chosen("")], ["category", "", ""]);
    let html = Filters::new(vec![filter.clone()], &Address::new("/model", "task=category&sort=a&page=2"))
        .to_string();
    assert!(
        html.contains("value=\"category\" selected") && html.contains("name=\"sort\" value=\"a\""),
        "{html}"
    );
    assert!(!html.contains("name=\"page\""), "{html}");
}

proptest! {
    #[test]
    fn no_address_and_no_cell_becomes_markup(query in "([a-z]+=|&|%3Cscript%3E|\"|'|<|>|%|\\PC){0,30}", words in "(<script>|\"|&|\\PC){0,10}") {
        let rows = vec![vec![Cell::words(&words), Cell::Link { href: "/".into(), words: words.clone() }]];
        let html = shown(table(rows), &query);
        prop_assert!(!html.contains("<script"), "{}", html);
    }

    #[test]
    fn what_an_address_asks_for_survives_its_own_links(value in "[ -~äß€]{1,40}") {
        let query = format!("q={}", crate::ui::view::escaped(&value));
        let address = Address::new("/x", &query);
        prop_assert_eq!(address.get("q"), Some(value.as_str()));
        let link = address.table_with("t", &[("page", "2")], "");
        let again = Address::new("/x", link.split('?').nth(1).unwrap().split('#').next().unwrap());
        prop_assert_eq!(again.get("q"), Some(value.as_str()));
    }
}
