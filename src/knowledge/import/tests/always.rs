//! What holds for any input.

use proptest::prelude::*;
use serde_json::json;

use super::*;

proptest! {
    #[test]
    fn no_bytes_make_the_import_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        kind in prop_oneof![Just(Kind::JsonLines), Just(Kind::JsonArray), Just(Kind::Csv), Just(Kind::MediaWiki)],
    ) {
        if let Ok(reader) = from_bytes(kind, bytes) {
            reader.for_each(drop);
        }
    }

    #[test]
    fn nothing_that_looks_like_rows_makes_the_import_panic(
        text in "(id,title,body\n)?([\\[\\]{}\",;:\n\r\t\\\\ a1-]|\"id\":|\"title\":|\"articles\":){0,60}",
        kind in prop_oneof![Just(Kind::JsonLines), Just(Kind::JsonArray), Just(Kind::Csv)],
    ) {
        if let Ok(reader) = from_bytes(kind, text.into_bytes()) {
            prop_assert!(reader.count() <= 400);
        }
    }

    #[test]
    fn no_values_make_the_import_panic(body in "(---\n[a-z]{1,5}: [^-]{0,9}\n---\n)?.{0,40}", other in ".{0,20}") {
        let row = json!({"id": 1, "title": other, "body": body, "url": other, "language": other,
            "updated_at": other, "tags": other, "category": other, "draft": other});
        prop_assert_eq!(from_text(Kind::JsonLines, &row.to_string()).len(), 1);
    }

    #[test]
    fn rows_are_framed_as_the_csv_writer_meant_them(
        texts in proptest::collection::vec("[a\",;\t\n\r x]{0,12}", 1..8),
        separator in prop_oneof![Just(b','), Just(b';'), Just(b'\t')],
    ) {
        let mut writer = ::csv::WriterBuilder::new().delimiter(separator).from_writer(Vec::new());
        writer.write_record(["id", "title", "body"]).unwrap();
        for (at, text) in texts.iter().enumerate() {
            writer.write_record([&at.to_string(), "t", text]).unwrap();
        }
        let reader = from_bytes(Kind::Csv, writer.into_inner().unwrap()).unwrap();
        let bodies: Vec<String> = reader.map(|row| row.unwrap().article.body).collect();
        let expected: Vec<&str> = texts.iter().map(|text| text.trim()).collect();
        prop_assert_eq!(bodies, expected);
    }

    #[test]
    fn a_json_array_has_as_many_rows_as_elements(texts in proptest::collection::vec(".{0,12}", 0..8), pretty: bool) {
        let elements: Vec<_> = texts.iter().map(|text| json!({"id": text, "title": [text, {"x": text}]})).collect();
        let whole = json!({"sections": elements, "articles": elements, "count": 2});
        let text = if pretty { serde_json::to_string_pretty(&whole).unwrap() } else { whole.to_string() };
        prop_assert_eq!(from_text(Kind::JsonArray, &text).len(), texts.len());
    }
}
