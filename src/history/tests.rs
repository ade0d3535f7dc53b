#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use proptest::prelude::*;

use super::*;

fn file(name: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, text).unwrap();
    (dir, path)
}

fn refused(name: &str, text: &str, wishes: &Wishes) -> Vec<Refusal> {
    let (_dir, path) = file(name, text);
    match History::open(&path, wishes, &|_| ()).map(|(_, shown)| shown) {
        Err(HistoryError::Refused { refusals, .. }) => refusals,
        other => unreachable!("{other:?}"),
    }
}

fn read(name: &str, text: &str, wishes: &Wishes) -> (Vec<PastRow>, Shown) {
    let (_dir, path) = file(name, text);
    let (mut history, shown) = History::open(&path, wishes, &|_| ()).unwrap();
    (history.batch(100).unwrap(), shown)
}

#[test]
fn a_wish_is_written_as_column_and_field_or_field_value_and_label() {
    let wish: ColumnWish = "Size = big=subject".parse().unwrap();
    assert_eq!(wish, ColumnWish { column: "Size = big".into(), field: Some(Field::Subject) });
    assert_eq!("Notes=none".parse::<ColumnWish>().unwrap().field, None);
    let wish: ValueWish = "priority:Sev1=p1".parse().unwrap();
    assert_eq!(wish, ValueWish { field: Field::Priority, value: "Sev1".into(), label: Some("P1".into()) });
    assert_eq!("status:Parked=none".parse::<ValueWish>().unwrap().label, None);
    for bad in ["subject", "=subject", "x=title"] {
        assert!(bad.parse::<ColumnWish>().is_err(), "{bad}");
    }
    for bad in ["priority=P1", "priority:Sev1", "priority:Sev1=P9", "subject:x=y", "colour:x=y"] {
        assert!(bad.parse::<ValueWish>().is_err(), "{bad}");
    }
}

#[test]
fn every_field_has_a_name_of_its_own_and_is_found_by_it() {
    for field in Field::ALL {
        assert_eq!(Field::named(field.name()), Some(field));
    }
}

#[test]
fn no_product_says_a_column_twice_and_every_value_means_a_label_of_ours() {
    for product in Product::ALL {
        let sheet = product.sheet();
        let mut columns: Vec<&str> = sheet.columns.iter().flat_map(|(_, names)| *names).copied().collect();
        columns.sort_unstable();
        let count = columns.len();
        columns.dedup();
        assert_eq!(columns.len(), count, "{}", product.name());
        for (field, values) in sheet.values {
            for (value, label) in *values {
                assert_eq!(*value, value.to_lowercase());
                let wish =
                    format!("{}:{value}={}", field.name(), if label.is_empty() { "none" } else { label });
                assert!(wish.parse::<ValueWish>().is_ok(), "{wish}");
            }
        }
    }
}

#[test]
fn what_could_be_read_in_two_ways_is_refused_all_at_once() {
    let text = "id,Title,Subject,Priority,Created\n1,a,b,Sev1,03/04/2026 10:00\n2,a,b,low,05/04/2026\n";
    let told: Vec<String> =
        refused("a.csv", text, &Wishes::default()).iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 4, "{told:#?}");
    assert!(
        told[0].starts_with("line 2, column \"Subject\" and \"Title\": each could be the subject"),
        "{told:#?}"
    );
    assert!(told[1].contains("--value \"priority:Sev1=LABEL\""), "{told:#?}");
    assert!(told[2].contains("--date-order dmy"), "{told:#?}");
    assert!(told[3].contains("--time-zone"), "{told:#?}");
}

#[test]
fn what_was_said_settles_it() {
    let text = "id,Title,Subject,Priority,Created\n1,a,b,Sev1,03/04/2026 10:00\n";
    let wishes = Wishes {
        columns: vec!["Title=none".parse().unwrap()],
        values: vec!["priority:sev1=P1".parse().unwrap()],
        date_order: Some(DateOrder::Mdy),
        time_zone: Some(jiff::tz::TimeZone::get("America/New_York").unwrap()),
        ..Wishes::default()
    };
    let (rows, shown) = read("a.csv", text, &wishes);
    let record = &rows[0].ticket.as_ref().unwrap().record;
    assert_eq!((record.subject.as_str(), record.labels.priority.as_deref()), ("b", Some("P1")));
    assert_eq!(record.created_at.unwrap().to_string(), "2026-03-04T15:00:00Z");
    assert!(shown.to_string().contains("Sev1 → P1 (1)"), "{shown}");
    assert!(shown.to_string().contains("America/New_York, month before day"), "{shown}");
}

#[test]
fn dates_that_prove_both_orders_are_refused() {
    let text = "id,subject,created\n1,a,31/12/2026\n2,a,12/31/2026\n";
    let zone = Wishes { time_zone: Some(jiff::tz::TimeZone::UTC), ..Wishes::default() };
    let refusals = refused("a.csv", text, &zone);
    assert_eq!((refusals.len(), refusals[0].line), (1, 2));
    assert!(refusals[0].what.contains("on line 3 the month before the day"), "{refusals:?}");
    let (rows, _) = read("a.csv", text, &Wishes { date_order: Some(DateOrder::Dmy), ..zone });
    assert!(rows[0].ticket.is_ok() && rows[1].ticket.as_ref().unwrap_err().contains("no such month"));
}

#[test]
fn a_column_that_stands_there_twice_is_refused_where_it_counts() {
    let refusals = refused("a.csv", "id,subject,subject,tag,tag\n1,a,b,x,y\n", &Wishes::default());
    assert_eq!(refusals.len(), 1);
    assert!(refusals[0].what.contains("--column \"subject #2=none\""), "{refusals:?}");
}

#[test]
fn an_object_with_ever_new_columns_does_not_fill_the_memory() {
    let rows: Vec<String> = (0..10_001).map(|n| format!("{{\"id\":{n},\"column {n}\":1}}")).collect();
    let refusals = refused("a.jsonl", &rows.join("\n"), &Wishes::default());
    assert!(refusals[0].what.contains("more than 10000 different columns"), "{refusals:?}");
}

#[test]
fn no_message_and_no_table_quotes_a_text() {
    let text = "id,subject,body,priority,notes\n1,SECRET,SECRET,low,SECRET\n2,,,low,\n3,x,y,low,\"\n";
    let (rows, shown) = read("a.csv", text, &Wishes::default());
    assert!(!shown.to_string().contains("SECRET"), "{shown}");
    let errors: Vec<&String> = rows.iter().filter_map(|row| row.ticket.as_ref().err()).collect();
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(errors.iter().all(|error| !error.contains("SECRET")));
}

proptest! {
    #[test]
    fn whatever_a_file_holds_it_is_read_or_refused(
        header in prop::collection::vec("(id|subject|title|priority|created_at|status|tag|via)", 1..6),
        cells in prop::collection::vec("[a-z0-9/: P-]{0,12}", 0..40),
    ) {
        let mut text = header.join(",");
        for row in cells.chunks(header.len()) {
            text.push('\n');
            text.push_str(&row.join(","));
        }
        let (_dir, path) = file("a.csv", &text);
        if let Ok((mut history, shown)) = History::open(&path, &Wishes::default(), &|_| ()) {
            let rows = history.batch(1_000).unwrap();
            prop_assert!(rows.len() as u64 >= shown.rows);
            for row in rows {
                if let Ok(ticket) = row.ticket {
                    prop_assert!(!ticket.record.id.is_empty());
                }
            }
        }
    }
}
