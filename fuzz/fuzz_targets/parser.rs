//! The parser that `DESKHAND_PARSER` names. Its good inputs are put into its corpus, and its words into a dictionary,
//! before libFuzzer reads either.

#![no_main]

#[path = "../../tests/parsers/mod.rs"]
mod parsers;
#[path = "../../tests/common/tiny_bundle.rs"]
mod tiny_bundle;

use std::fmt::Write as _;
use std::path::Path;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use parsers::Parser;

static PARSER: OnceLock<Parser> = OnceLock::new();

fn named() -> Parser {
    let all = parsers::all();
    let wanted = std::env::var("DESKHAND_PARSER").unwrap_or_default();
    let known: Vec<_> = all.iter().map(|parser| parser.name).collect();
    let found = all.iter().find(|parser| parser.name == wanted);
    *found.unwrap_or_else(|| panic!("DESKHAND_PARSER has to be one of {}", known.join(", ")))
}

fn prepare() {
    let parser = PARSER.get_or_init(named);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = root.join("corpus").join(parser.name);
    std::fs::create_dir_all(&corpus).unwrap();
    for (n, seed) in (parser.seeds)().iter().enumerate() {
        std::fs::write(corpus.join(format!("seed-{n}")), seed).unwrap();
    }
    let mut words = String::new();
    for word in parser.words {
        let bytes: String = word.bytes().map(|byte| format!("\\x{byte:02x}")).collect();
        writeln!(words, "\"{bytes}\"").unwrap();
    }
    std::fs::write(root.join("corpus").join(format!("{}.dict", parser.name)), words).unwrap();
}

fuzz_target!(init: prepare(), |data: &[u8]| {
    if let Some(parser) = PARSER.get() {
        (parser.read)(data);
    }
});
