//! The files of a bundle, whose checksums agree with them: what damage, or a bundle by somebody else, could hold.

use std::cell::RefCell;
use std::path::Path;

use deskhand::config::{EncoderKind, InferenceSettings};
use deskhand::model::weights;
use deskhand::model::{Bundle, Shelf, digest, read_hugging_face};

use super::{Parser, file, plain};
use crate::tiny_bundle;

pub const PARSERS: &[Parser] = &[
    Parser { name: "bundle_manifest", seeds: manifests, words: TOML, read: manifest },
    Parser {
        name: "bundle_tokenizer",
        seeds: tokenizers,
        words: JSON,
        read: |data| part("tokenizer.json", data),
    },
    Parser {
        name: "bundle_heads",
        seeds: heads,
        words: TENSORS,
        read: |data| part("heads.safetensors", data),
    },
    Parser {
        name: "bundle_encoder",
        seeds: encoders,
        words: TENSORS,
        read: |data| part("encoder.safetensors", data),
    },
    Parser {
        name: "bundle_terms",
        seeds: heads,
        words: TENSORS,
        read: |data| extra("terms.safetensors", data),
    },
    Parser {
        name: "bundle_search",
        seeds: heads,
        words: TENSORS,
        read: |data| extra("search.safetensors", data),
    },
    Parser { name: "safetensors", seeds: heads, words: TENSORS, read: safetensors },
    Parser { name: "bundle_pointer", seeds: pointers, words: TOML, read: pointer },
    Parser { name: "hugging_face", seeds: configurations, words: JSON, read: configuration },
];

const TOML: &[&str] = &[
    "[",
    "]",
    "[[heads]]\n",
    "=",
    "\"",
    "\n",
    "0",
    "-1",
    "1e999",
    "nan",
    "18446744073709551615",
    "9223372036854775807",
    "labels = []",
    "taps = [99]",
    "hidden_size = ",
    "layers = ",
    "vocab_size = 0",
    "attention_heads = 0",
    "../",
    "/",
    "{",
    "}",
    "temperature = ",
    "task = \"category\"",
];
const JSON: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "null",
    "true",
    "-1",
    "1e999",
    "18446744073709551615",
    "\"type\":\"BPE\"",
    "\"type\":\"Unigram\"",
    "\"Regex\":\"(a+)+$\"",
    "\"Regex\":\"(?=\"",
    "\"vocab\":{",
    "\"id\":4294967295",
    "\"unk_token\":",
    "\"max_input_chars_per_word\":0",
    "\\ud800",
];
const TENSORS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "\"dtype\":\"I8\"",
    "\"dtype\":\"F16\"",
    "\"dtype\":\"BOOL\"",
    "\"dtype\":\"F64\"",
    "\"shape\":[0]",
    "\"shape\":[]",
    "\"shape\":[1,1,1]",
    "\"shape\":[18446744073709551615,2]",
    "\"data_offsets\":[0,0]",
    "0",
    "9",
    "\u{0}",
    ".scale",
    "category",
    "/weight",
    "/bias",
];

thread_local! {
    static BUNDLE: RefCell<Option<tempfile::TempDir>> = const { RefCell::new(None) };
}

/// A good bundle to be damaged, a copy for this thread.
fn with_bundle<T>(work: impl FnOnce(&Path) -> T) -> T {
    BUNDLE.with_borrow_mut(|kept| {
        let dir = kept.get_or_insert_with(|| {
            let dir = tempfile::tempdir().unwrap();
            tiny_bundle::write(dir.path());
            dir
        });
        work(dir.path())
    })
}

fn seed(name: &str) -> Vec<Vec<u8>> {
    with_bundle(|dir| vec![std::fs::read(dir.join(name)).unwrap()])
}

fn manifests() -> Vec<Vec<u8>> {
    seed("bundle.toml")
}

fn tokenizers() -> Vec<Vec<u8>> {
    seed("tokenizer.json")
}

fn heads() -> Vec<Vec<u8>> {
    seed("heads.safetensors")
}

fn encoders() -> Vec<Vec<u8>> {
    seed("encoder.safetensors")
}

fn pointers() -> Vec<Vec<u8>> {
    plain(&["bundle = \"a-1\"\nformer = \"b-2\"\nnote = \"better\"\n"])
}

fn configurations() -> Vec<Vec<u8>> {
    plain(&[
        "{\"model_type\":\"bert\",\"vocab_size\":50,\"hidden_size\":12,\"num_hidden_layers\":2,\"num_attention_heads\":3,\"intermediate_size\":20,\"hidden_act\":\"gelu\",\"max_position_embeddings\":32,\"type_vocab_size\":2,\"layer_norm_eps\":1e-12,\"pad_token_id\":0}",
    ])
}

/// Opens everything that a service opens.
fn open(dir: &Path) {
    let Ok(bundle) = Bundle::open(dir) else { return };
    let _ = bundle.heads();
    let _ = bundle.terms();
    let _ = bundle.search();
    if let Ok(tokenizer) = bundle.tokenizer() {
        let text = deskhand::model::Input::text(
            "The VPN drops \u{1F600} every ten minutes; aaaaaaaaaaaaaaaaaaaaaaaaaaaa!",
        );
        let _ = tokenizer.encode(&text);
    }
    for encoder in [EncoderKind::Int8, EncoderKind::F32, EncoderKind::Candle] {
        let _ = bundle.encoder(&InferenceSettings { encoder, ..InferenceSettings::default() });
    }
}

/// What a file was, to be put back at the end, after a panic too.
struct Before<'a>(&'a Path, Option<Vec<u8>>);

impl Drop for Before<'_> {
    fn drop(&mut self) {
        let _ = match &self.1 {
            Some(bytes) => std::fs::write(self.0, bytes),
            None => std::fs::remove_file(self.0),
        };
    }
}

/// Puts these bytes in the place of a file, runs, and puts the file back.
fn instead(path: &Path, data: &[u8], work: impl FnOnce()) {
    let _before = Before(path, std::fs::read(path).ok());
    std::fs::write(path, data).unwrap();
    work();
}

fn manifest(data: &[u8]) {
    with_bundle(|dir| instead(&dir.join("bundle.toml"), data, || open(dir)));
}

fn part(name: &str, data: &[u8]) {
    with_bundle(|dir| {
        let path = dir.join("bundle.toml");
        let manifest = std::fs::read_to_string(&path).unwrap();
        let former = digest(&dir.join(name)).unwrap();
        instead(&dir.join(name), data, || {
            let now = digest(&dir.join(name)).unwrap();
            instead(&path, manifest.replace(&former, &now).as_bytes(), || open(dir));
        });
    });
}

/// A file that the good bundle has not.
fn extra(name: &str, data: &[u8]) {
    with_bundle(|dir| {
        let path = dir.join("bundle.toml");
        let manifest = std::fs::read_to_string(&path).unwrap();
        instead(&dir.join(name), data, || {
            let now = digest(&dir.join(name)).unwrap();
            let manifest = manifest.replace("[files]", &format!("[files]\n\"{name}\" = \"{now}\""));
            assert!(manifest.contains(name), "the manifest has a table of files");
            instead(&path, manifest.as_bytes(), || open(dir));
        });
    });
}

fn safetensors(data: &[u8]) {
    let path = file("w.safetensors", data);
    let _ = weights::read(&path);
    let _ = weights::read_matrices(&path);
}

fn pointer(data: &[u8]) {
    let path = file("current", data);
    let bundles = path.with_file_name("bundles");
    std::fs::create_dir_all(&bundles).unwrap();
    std::fs::rename(&path, bundles.join("current")).unwrap();
    let shelf = Shelf::of(bundles.parent().unwrap());
    let _ = shelf.promoted();
    // A name with a path in it never leads out of the shelf.
    if let Ok(Some(dir)) = shelf.current() {
        assert_eq!(dir.parent(), Some(bundles.as_path()), "a bundle outside of the shelf");
    }
}

fn configuration(data: &[u8]) {
    let path = file("config.json", data);
    let _ = read_hugging_face(path.parent().unwrap(), "a base", "MIT");
}
