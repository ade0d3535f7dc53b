//! Bundles that nobody goes back to any more.

use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use super::{LANDING, STAGING, Shelf, ShelfError};
use crate::model::bundle::MANIFEST;

impl Shelf {
    /// Removes the bundles of the data folder but for the one that answers, the one before it, and the `keep` newest
    /// of the others, and what promotions that broke off left behind. Gives the names of those that went. What is
    /// no bundle stays.
    ///
    /// # Errors
    /// A shelf that another process changes or that cannot be read, and a folder that cannot be removed.
    pub fn clear(&self, keep: usize) -> Result<Vec<String>, ShelfError> {
        let _alone = self.lock()?;
        let pointer = self.read()?;
        let failed = |path: PathBuf| |source| ShelfError::File { path, source };
        let mut others: Vec<(SystemTime, String)> = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(failed(self.dir.clone()))? {
            let entry = entry.map_err(failed(self.dir.clone()))?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if name.starts_with(STAGING) {
                fs::remove_dir_all(entry.path()).map_err(failed(entry.path()))?;
                continue;
            }
            if name == LANDING {
                continue;
            }
            // One without a manifest was put there by somebody for another purpose.
            let Ok(put) = fs::metadata(entry.path().join(MANIFEST)).and_then(|file| file.modified()) else {
                continue;
            };
            if pointer.bundle.as_ref() != Some(&name) && pointer.former.as_ref() != Some(&name) {
                others.push((put, name));
            }
        }
        others.sort();
        others.truncate(others.len().saturating_sub(keep));
        let mut gone = Vec::with_capacity(others.len());
        for (_, name) in others {
            let dir = self.dir.join(&name);
            fs::remove_dir_all(&dir).map_err(failed(dir.clone()))?;
            gone.push(name);
        }
        Ok(gone)
    }
}
