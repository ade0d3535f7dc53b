//! `deskhand backup` and `deskhand restore`: a copy of a data folder, made while a service runs, and the way back.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use walkdir::WalkDir;

use super::{Data, Outcome};
use crate::config::Settings;
use crate::model::digest;
use crate::store::backup;

/// What a backup says of itself; written last, so that one without it is not complete.
const MANIFEST: &str = "backup.toml";
/// What is copied beside the database. The index and the embeddings' file are made anew from it.
const BUNDLES: &str = "bundles";

/// Flags of `deskhand backup`.
#[derive(Args)]
#[command(after_help = "Example:\n  deskhand backup --data kb --to /backups/deskhand-2026-11-22\n\n\
    The service may go on running. The folder must not be there yet; what it holds is what was acknowledged before \
    the copy began. Bundles are copied too; the search index is not, it is built from the rest.")]
pub(super) struct Backup {
    #[command(flatten)]
    data: Data,
    /// Folder to write
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Settings file
    #[arg(long, value_name = "FILE", env = "DESKHAND_CONFIG")]
    config: Option<PathBuf>,
}

/// Flags of `deskhand restore`.
#[derive(Args)]
#[command(
    after_help = "Example:\n  deskhand restore --from /backups/deskhand-2026-11-22 --data kb-restored\n\n\
    The data folder must not hold anything yet. Checksums are compared before anything is written."
)]
pub(super) struct Restore {
    #[command(flatten)]
    data: Data,
    /// Folder that `deskhand backup` wrote
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
}

/// What is in a backup.
#[derive(Serialize, Deserialize)]
struct Manifest {
    /// Version of the program that made it.
    program: String,
    made_at: Timestamp,
    /// SHA-256 of each file, by its path in the folder with slashes.
    files: BTreeMap<String, String>,
}

impl Backup {
    pub(super) async fn run(self) -> anyhow::Result<Outcome> {
        let to = &self.to;
        if self.data.is_shared(&Settings::load(self.config.as_deref())?) {
            bail!(
                "what is kept lies in PostgreSQL, which has its own tools for copies: pg_dump -Fc for one moment, or \
                 pg_basebackup with WAL archiving for every moment; a data folder beside it can be made anew"
            );
        }
        if to.exists() {
            bail!("{} is there already; name a folder that is not", to.display());
        }
        let made_at = Timestamp::now();
        fs::create_dir_all(to).with_context(|| format!("{} cannot be made", to.display()))?;
        let written = self.write(made_at).await;
        if written.is_err() {
            // Half a backup is none, and its folder would be in the way of the next.
            let _ = fs::remove_dir_all(to);
        }
        let files = written?;
        writeln!(std::io::stdout(), "{} files are in {}, as of {made_at}", files, to.display())?;
        Ok(Outcome::Clean)
    }

    async fn write(&self, made_at: Timestamp) -> anyhow::Result<usize> {
        // First, because it names bundles that are complete by then and never change.
        copy_folder(&self.data.data.join(BUNDLES), &self.to.join(BUNDLES))?;
        backup::copy(&self.data.data, &self.to.join(backup::DATABASE)).await?;
        let manifest =
            Manifest { program: env!("CARGO_PKG_VERSION").to_owned(), made_at, files: digests(&self.to)? };
        let path = self.to.join(MANIFEST);
        let text = toml::to_string(&manifest)?;
        let mut file = fs::File::create(&path)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all())?;
        Ok(manifest.files.len())
    }
}

impl Restore {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let (from, data) = (&self.from, &self.data.data);
        let path = from.join(MANIFEST);
        let text = fs::read_to_string(&path)
            .with_context(|| format!("{} cannot be read: this is no complete backup", path.display()))?;
        let manifest: Manifest =
            toml::from_str(&text).with_context(|| format!("{} is not as it was written", path.display()))?;
        let holds = data.read_dir().is_ok_and(|mut entries| entries.next().is_some());
        if holds {
            bail!("{} holds something already; restore into an empty folder", data.display());
        }
        let found = digests(from)?;
        for (file, digest) in &manifest.files {
            match found.get(file) {
                None => bail!("{file} is missing in {}; take another backup", from.display()),
                Some(other) if other != digest => {
                    bail!("{file} in {} is not as it was written; take another backup", from.display())
                }
                Some(_) => {}
            }
        }
        fs::create_dir_all(data).with_context(|| format!("{} cannot be made", data.display()))?;
        for file in manifest.files.keys() {
            let to = data.join(file);
            if let Some(folder) = to.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::copy(from.join(file), &to).with_context(|| format!("{} cannot be written", to.display()))?;
            fs::File::open(&to)?.sync_all()?;
        }
        let (files, data) = (manifest.files.len(), data.display());
        writeln!(std::io::stdout(), "{files} files as of {} are in {data}", manifest.made_at)?;
        Ok(Outcome::Clean)
    }
}

/// Copies a folder's files; nothing where there is none.
fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    if !from.is_dir() {
        return Ok(());
    }
    // `current` before the folders that it names: one promoted meanwhile is then not named.
    let entries =
        WalkDir::new(from).sort_by_key(|entry| (entry.file_type().is_dir(), entry.file_name().to_owned()));
    for entry in entries {
        let entry = entry?;
        let to = to.join(entry.path().strip_prefix(from)?);
        if entry.file_type().is_dir() {
            fs::create_dir_all(&to)?;
        } else {
            fs::copy(entry.path(), &to).with_context(|| format!("{} cannot be written", to.display()))?;
            fs::File::open(&to)?.sync_all()?;
        }
    }
    Ok(())
}

/// The SHA-256 of every file of a backup but its manifest.
fn digests(folder: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for entry in WalkDir::new(folder) {
        let entry = entry.with_context(|| format!("{} cannot be read", folder.display()))?;
        let path = entry.path().strip_prefix(folder)?;
        if entry.file_type().is_file() && path != Path::new(MANIFEST) {
            let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
            found.insert(parts.join("/"), digest(entry.path())?);
        }
    }
    Ok(found)
}
