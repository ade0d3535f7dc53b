//! What a training starts from, opened as a bundle.

use std::path::{Path, PathBuf};

use super::recipe::Recipe;
use crate::model::{
    Base, Bundle, BundleError, BundleWriter, EncoderSpec, FORMAT, Manifest, read_hugging_face,
};

/// What training starts from.
#[derive(Debug, Clone)]
pub enum Start {
    /// A bundle; heads that are not trained anew are taken over from it.
    Bundle(PathBuf),
    /// A Hugging Face folder of a BERT-family encoder, with its name and licence.
    HuggingFace {
        /// The folder.
        dir: PathBuf,
        /// Name of the model.
        name: String,
        /// Its licence, as an SPDX expression.
        licence: String,
    },
}

/// The base of a training, opened.
pub(super) struct Opened {
    pub(super) bundle: Bundle,
    /// Removes the intermediate bundle of a Hugging Face base when training is over.
    _scratch: Option<Scratch>,
}

/// A folder that goes when this does.
pub(super) struct Scratch(pub(super) PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Opens the base, with the taps that the recipe wants.
pub(super) fn open(start: &Start, recipe: &Recipe, out: &Path) -> Result<Opened, BundleError> {
    let (bundle, scratch) = match start {
        Start::Bundle(dir) => (Bundle::open(dir)?, None),
        Start::HuggingFace { dir, name, licence } => {
            let base = read_hugging_face(dir, name, licence)?;
            let place = beside(out, "base");
            let writer = BundleWriter::new(&place)?;
            writer.tokenizer(&base.tokenizer)?;
            writer.encoder(&base.weights)?;
            let bundle = writer.finish(headless(base.base, base.spec))?;
            (bundle, Some(Scratch(place)))
        }
    };
    // Heads that are taken over see the features they were fitted on, so taps change only with all heads.
    if let Some(taps) = &recipe.taps
        && *taps != bundle.manifest().encoder.taps
    {
        let place = beside(out, "taps");
        let writer = BundleWriter::new(&place)?;
        writer.encoder_of(&bundle)?;
        writer.search_of(&bundle)?;
        let encoder = EncoderSpec { taps: taps.clone(), ..bundle.manifest().encoder.clone() };
        let search = bundle.manifest().search;
        let bundle =
            writer.finish(Manifest { search, ..headless(bundle.manifest().base.clone(), encoder) })?;
        drop(scratch);
        return Ok(Opened { bundle, _scratch: Some(Scratch(place)) });
    }
    Ok(Opened { bundle, _scratch: scratch })
}

/// A place beside `out` for something that will not stay.
pub(super) fn beside(out: &Path, what: &str) -> PathBuf {
    let name = out.file_name().map_or_else(|| "bundle".into(), |n| n.to_string_lossy().into_owned());
    out.with_file_name(format!(".{name}.{what}-{}", std::process::id()))
}

/// A manifest without heads.
pub(super) fn headless(base: Base, encoder: EncoderSpec) -> Manifest {
    Manifest {
        format: FORMAT,
        name: "base".into(),
        version: "0".into(),
        taxonomy: String::new(),
        languages: Vec::new(),
        base,
        encoder,
        priority: None,
        p1: Vec::new(),
        search: None,
        heads: Vec::new(),
        files: Default::default(),
    }
}
