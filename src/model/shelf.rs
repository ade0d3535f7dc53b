//! The bundles of a data folder, and which of them answers.
//!
//! `DATA/bundles/` holds a folder for each bundle that was put there, and the file `current`, which names
//! the one that answers and the one before it. A bundle is complete and on disk before `current` names it,
//! and `current` is replaced by a rename, so that at any moment, after a crash too, a whole bundle answers.

mod clear;

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::bundle::{Bundle, BundleError};
use crate::faults;

/// The file that names the bundle that answers.
const CURRENT: &str = "current";
/// Held while the shelf is changed.
const LOCK: &str = "lock";
/// The folder of a bundle that comes from elsewhere.
const LANDING: &str = ".landing";
/// What the name of a folder begins with that is being copied.
const STAGING: &str = ".new-";

/// A bundle that cannot be put on the shelf or taken from it.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// The bundle itself cannot be used.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file `current` is not as it was written.
    #[error("{}: {detail}\n  Delete the file to answer with the shipped bundle, then promote again.", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// The bundle that should answer is gone.
    #[error(
        "{} names the bundle {name:?}, which is not there\n  Put its folder back, or run `deskhand promote --back`.", path.display()
    )]
    Gone {
        /// The file `current`.
        path: PathBuf,
        /// The folder that it names.
        name: String,
    },
    /// There is no former bundle.
    #[error("{}: nothing was promoted here, so there is nothing to go back to", .0.display())]
    NothingBefore(PathBuf),
    /// Another process changes the shelf.
    #[error("{}: another `deskhand promote` is at work here; try again when it is done", .0.display())]
    Busy(PathBuf),
}

/// What `current` says. A name is that of a folder beside it; without one the shipped bundle is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pointer {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bundle: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    former: Option<String>,
    /// What a person should know about the promotion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// Which bundle a data folder has promoted, and which answered before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promoted {
    /// Its folder's name; `None` is the shipped one.
    pub bundle: Option<String>,
    /// The one before; `None` is the shipped one.
    pub former: Option<String>,
    /// What a person should know about the promotion.
    pub note: Option<String>,
}

/// The bundles of a data folder.
#[derive(Debug, Clone)]
pub struct Shelf {
    dir: PathBuf,
}

impl Shelf {
    /// The shelf of a data folder, which need not be there yet.
    #[must_use]
    pub fn of(data_dir: &Path) -> Self {
        Self { dir: data_dir.join("bundles") }
    }

    /// Folder of the bundle that answers; `None` where that is the shipped one.
    ///
    /// # Errors
    /// A file that cannot be read or is damaged, and a folder that is gone.
    pub fn current(&self) -> Result<Option<PathBuf>, ShelfError> {
        let Some(name) = self.read()?.bundle else { return Ok(None) };
        let dir = self.dir.join(&name);
        if dir.is_dir() { Ok(Some(dir)) } else { Err(ShelfError::Gone { path: self.pointer(), name }) }
    }

    /// What was promoted, and what answered before; `None` where nothing ever was.
    ///
    /// # Errors
    /// A file that cannot be read or is damaged.
    pub fn promoted(&self) -> Result<Option<Promoted>, ShelfError> {
        let Pointer { bundle, former, note } = self.read()?;
        let ever = bundle.is_some() || former.is_some();
        Ok(ever.then_some(Promoted { bundle, former, note }))
    }

    /// Copies a bundle onto the shelf and lets it answer; what answered before is the former one. Returns
    /// its folder. Nothing has changed where this fails. `note` is kept beside the name.
    ///
    /// # Errors
    /// A bundle that is not whole, a full disk, a shelf that another process changes.
    pub fn promote(&self, bundle: &Bundle, note: Option<String>) -> Result<PathBuf, ShelfError> {
        let _alone = self.lock()?;
        let before = self.read()?;
        let name = match self.find(bundle) {
            Some(name) => name,
            None => self.copy(bundle)?,
        };
        let former = if before.bundle.as_ref() == Some(&name) { before.former } else { before.bundle };
        self.write(&Pointer { bundle: Some(name.clone()), former, note })?;
        Ok(self.dir.join(name))
    }

    /// Lets the former bundle answer again, and makes the present one the former. Returns its folder;
    /// `None` for the shipped one.
    ///
    /// # Errors
    /// As [`Self::promote`], and where nothing was promoted yet.
    pub fn back(&self) -> Result<Option<PathBuf>, ShelfError> {
        let _alone = self.lock()?;
        let now = self.read()?;
        if now.bundle.is_none() && now.former.is_none() {
            return Err(ShelfError::NothingBefore(self.dir.clone()));
        }
        let dir = now.former.as_ref().map(|name| self.dir.join(name));
        if let Some(dir) = &dir {
            Bundle::open(dir)?;
        }
        self.write(&Pointer { bundle: now.former, former: now.bundle, note: None })?;
        Ok(dir)
    }

    /// Lets the shipped bundle answer; what answered before is the former one.
    ///
    /// # Errors
    /// As [`Self::promote`].
    pub fn withdraw(&self) -> Result<(), ShelfError> {
        let _alone = self.lock()?;
        let Some(former) = self.read()?.bundle else { return Ok(()) };
        self.write(&Pointer { former: Some(former), ..Pointer::default() })
    }

    /// The folder of the bundle with this [id](Bundle::id_in), if it is here and whole.
    #[must_use]
    pub fn find_id(&self, id: &str) -> Option<Bundle> {
        let folders = fs::read_dir(&self.dir).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut same = folders.filter(|dir| Bundle::id_in(dir).is_ok_and(|there| there == id));
        same.find_map(|dir| Bundle::open(&dir).ok())
    }

    /// Where a bundle that comes from elsewhere is put together; nothing of it counts before it is promoted.
    #[must_use]
    pub fn landing(&self) -> PathBuf {
        self.dir.join(LANDING)
    }

    fn pointer(&self) -> PathBuf {
        self.dir.join(CURRENT)
    }

    fn read(&self) -> Result<Pointer, ShelfError> {
        let path = self.pointer();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Pointer::default()),
            Err(source) => return Err(ShelfError::File { path, source }),
        };
        let pointer: Pointer = toml::from_str(&text).map_err(|error| ShelfError::Damaged {
            path: path.clone(),
            detail: error.message().to_owned(),
        })?;
        let plain = |name: &String| Path::new(name).file_name().is_some_and(|plain| plain == name.as_str());
        match pointer.bundle.iter().chain(&pointer.former).find(|name| !plain(name)) {
            Some(name) => Err(ShelfError::Damaged {
                path,
                detail: format!("{name:?} is not the name of a folder here"),
            }),
            None => Ok(pointer),
        }
    }

    /// Replaces `current` whole.
    fn write(&self, pointer: &Pointer) -> Result<(), ShelfError> {
        let path = self.pointer();
        let text = toml::to_string(pointer)
            .map_err(|error| ShelfError::Damaged { path: path.clone(), detail: error.to_string() })?;
        let new = self.dir.join(format!(".{CURRENT}.new"));
        let written = fs::write(&new, text)
            .and_then(|()| sync(&new))
            .and_then(|()| faults::at("shelf::before_pointer"))
            .and_then(|()| fs::rename(&new, &path))
            .and_then(|()| sync(&self.dir));
        written.map_err(|source| ShelfError::File { path, source })
    }

    /// The folder that holds this very bundle already, if there is one that is whole.
    fn find(&self, bundle: &Bundle) -> Option<String> {
        names(bundle).map_while(|name| self.dir.join(&name).exists().then_some(name)).find(|name| {
            Bundle::open(&self.dir.join(name)).is_ok_and(|there| there.manifest() == bundle.manifest())
        })
    }

    /// Copies a bundle beside its place, checks the copy and moves it there; the name of its folder.
    fn copy(&self, bundle: &Bundle) -> Result<String, ShelfError> {
        let Some(name) = names(bundle).find(|name| !self.dir.join(name).exists()) else {
            return Err(ShelfError::Busy(self.dir.clone()));
        };
        self.sweep();
        let new = Staging(self.dir.join(format!("{STAGING}{}", std::process::id())));
        let failed = |path: &Path| {
            let path = path.to_owned();
            |source| ShelfError::File { path, source }
        };
        fs::create_dir_all(&new.0).map_err(failed(&new.0))?;
        for file in bundle.files() {
            let (from, to) = (bundle.dir().join(file), new.0.join(file));
            fs::copy(&from, &to).and_then(|_| sync(&to)).map_err(failed(&to))?;
        }
        Bundle::open(&new.0)?;
        let place = self.dir.join(&name);
        let ready = sync(&new.0).and_then(|()| faults::at("shelf::before_rename"));
        let moved = ready.and_then(|()| fs::rename(&new.0, &place)).and_then(|()| sync(&self.dir));
        moved.map_err(failed(&place))?;
        Ok(name)
    }

    /// Takes away what promotions left that were killed; the lock says that none is at work.
    fn sweep(&self) {
        let left = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        for left in left.filter(|left| left.file_name().to_string_lossy().starts_with(STAGING)) {
            // What cannot be taken away is in nobody's way.
            let _ = fs::remove_dir_all(left.path());
        }
    }

    fn lock(&self) -> Result<File, ShelfError> {
        let path = self.dir.join(LOCK);
        let failed = |source| ShelfError::File { path: path.clone(), source };
        fs::create_dir_all(&self.dir).map_err(failed)?;
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(ShelfError::Busy(self.dir.clone())),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

/// A half-made copy, which goes where it was not moved to its place.
struct Staging(PathBuf);

impl Drop for Staging {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Names for a bundle's folder: name and version, then the same with a number, without what a file system
/// might take amiss.
fn names(bundle: &Bundle) -> impl Iterator<Item = String> {
    let manifest = bundle.manifest();
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') { c } else { '-' };
    let name: String = format!("{}-{}", manifest.name, manifest.version).chars().map(plain).collect();
    let name = name.trim_start_matches('.').to_owned();
    (1..1_000).map(move |n| if n == 1 { name.clone() } else { format!("{name}-{n}") })
}

/// Waits until a file, or the names in a folder, are on disk.
fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
