//! The working folder of a training: the order, the rows, the candidate, the verdict.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::gate::Verdict;
use super::rows::{Group, Row, Selected, Selection};
use crate::config::{InferenceSettings, TriageSettings};
use crate::faults;

const ORDER: &str = "order.json";
const VERDICT: &str = "verdict.json";

/// What a training is to do.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Order {
    /// Folder of the bundle that answers now.
    pub current: PathBuf,
    /// Name of the candidate.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What a class or a head may lose, 0 to 1.
    pub margin: f64,
    /// Fewest rows that have to be held out.
    pub min_held_out: usize,
    /// How the transformer is run, with the threads that a training may take.
    pub inference: InferenceSettings,
    /// How predictions become decisions on this site.
    pub triage: TriageSettings,
    /// What is trained on.
    pub selected: Selected,
    /// The files of rows, set when they are written.
    #[serde(default)]
    pub files: Vec<RowFile>,
}

/// A pair of files of rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RowFile {
    /// Tasks of which each row has a label.
    pub tasks: Vec<String>,
    /// Rows to train on.
    pub train: PathBuf,
    /// Rows that are held out; `None` where there are none.
    pub held_out: Option<PathBuf>,
}

/// A working folder that cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// A file.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file that is not as it was written.
    #[error("{}: {source}; delete the folder and train again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
}

/// Writes the order and its rows into an empty folder `dir`, which only the owner of the process may read; what
/// stood there goes. The order comes last: a folder without one is not complete.
///
/// # Errors
/// A file that cannot be written.
pub fn write(dir: &Path, selection: &Selection, mut order: Order) -> Result<(), WorkError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| WorkError::File { path, source }
    };
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(dir)(error)),
        _ => {}
    }
    private_folder(dir).map_err(failed(dir))?;
    order.files.clear();
    for group in &selection.groups {
        order.files.push(write_group(dir, group)?);
    }
    let path = dir.join(ORDER);
    write_json(&path, &order)
}

/// A folder that nobody else reads, where the system knows that.
fn private_folder(dir: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

fn write_group(dir: &Path, group: &Group) -> Result<RowFile, WorkError> {
    let name = group.tasks.join("-");
    let rows = |path: PathBuf, rows: &[Row]| {
        let written = File::create(&path).and_then(|file| {
            let mut out = BufWriter::new(file);
            for row in rows {
                serde_json::to_writer(&mut out, row)?;
                out.write_all(b"\n")?;
            }
            out.into_inner()?.sync_all()
        });
        match written {
            Ok(()) => Ok(path),
            Err(source) => Err(WorkError::File { path, source }),
        }
    };
    let held_out = match group.held_out.as_slice() {
        [] => None,
        held_out => Some(rows(dir.join(format!("held-out-{name}.jsonl")), held_out)?),
    };
    Ok(RowFile {
        tasks: group.tasks.iter().map(|task| (*task).to_owned()).collect(),
        train: rows(dir.join(format!("train-{name}.jsonl")), &group.train)?,
        held_out,
    })
}

/// Writes beside and renames, so that what is there is whole.
fn write_json(path: &Path, value: &impl Serialize) -> Result<(), WorkError> {
    let beside = path.with_extension("new");
    let written = serde_json::to_vec_pretty(value)
        .map_err(std::io::Error::from)
        .and_then(|text| fs::write(&beside, text))
        .and_then(|()| faults::at("learning::before_rename"))
        .and_then(|()| fs::rename(&beside, path));
    written.map_err(|source| WorkError::File { path: path.to_owned(), source })
}

/// The order of a working folder; `None` where there is none or the folder is not complete.
pub(super) fn read_order(dir: &Path) -> Result<Option<Order>, WorkError> {
    read_json(&dir.join(ORDER))
}

/// What came of it; `None` before it is known.
///
/// # Errors
/// A file that cannot be read.
pub fn read_verdict(dir: &Path) -> Result<Option<Verdict>, WorkError> {
    read_json(&dir.join(VERDICT))
}

pub(super) fn write_verdict(dir: &Path, verdict: &Verdict) -> Result<(), WorkError> {
    write_json(&dir.join(VERDICT), verdict)
}

/// Where the candidate lies when it is trained.
#[must_use]
pub fn candidate(dir: &Path) -> PathBuf {
    dir.join("bundle")
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>, WorkError> {
    match fs::read(path) {
        Ok(text) => serde_json::from_slice(&text)
            .map(Some)
            .map_err(|source| WorkError::Damaged { path: path.to_owned(), source }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(WorkError::File { path: path.to_owned(), source }),
    }
}
