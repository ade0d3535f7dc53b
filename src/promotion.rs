//! Another bundle takes the place of the one that answers.
//!
//! With a store of its own, an instance keeps its bundles on the shelf of its data folder, and the shelf says which of
//! them answers. Where instances share a store, the store says it and keeps the files too, and each instance brings its
//! shelf to what is said there.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::fs::{self, File};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Mutex;

use crate::model::{Bundle, BundleError, Shelf, ShelfError};
use crate::store::{BundlePart, NewPromotion, PART_BYTES, Promotion, Store, StoreError};

/// A bundle that could not be promoted, or not be taken over from the store.
#[derive(Debug, thiserror::Error)]
pub enum PromotionError {
    /// The bundle cannot be used.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The shelf of the data folder.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// The shared store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another one was promoted since it was looked up which one answers.
    #[error(
        "another bundle was promoted meanwhile, so this one was not compared with what answers now; try again"
    )]
    Overtaken,
    /// What the store keeps of a bundle is not that bundle.
    #[error("the promoted bundle in the store is not whole: {0}; promote it again")]
    NotWhole(String),
}

/// Which bundle answers: on the shelf of a data folder, or on all instances that share a store. Clones wait for each other
/// where they change the shelf.
#[derive(Debug, Clone)]
pub struct Promotions {
    shelf: Shelf,
    shared: Option<Store>,
    keep: usize,
    alone: Arc<Mutex<()>>,
}

impl Promotions {
    /// For the data folder `data`, and the store where there is one at hand. Of former bundles on the shelf, those that
    /// nobody goes back to, the `keep` newest stay.
    #[must_use]
    pub fn new(data: &Path, store: Option<&Store>, keep: usize) -> Self {
        let shared = store.filter(|store| store.is_shared()).cloned();
        Self { shelf: Shelf::of(data), shared, keep, alone: Arc::default() }
    }

    /// Folder of the bundle that answers; `None` where that is the shipped one. Of a shared store only what was caught up
    /// with.
    ///
    /// # Errors
    /// A shelf that cannot be read.
    pub fn current(&self) -> Result<Option<PathBuf>, ShelfError> {
        self.shelf.current()
    }

    /// Brings the shelf to what a shared store says; the folder of the bundle that answers then, as [`Self::current`]. Cheap
    /// where nothing has changed.
    ///
    /// # Errors
    /// [`PromotionError`]; then the shelf is as before.
    pub async fn catch_up(&self) -> Result<Option<PathBuf>, PromotionError> {
        let _alone = self.alone.lock().await;
        self.follow().await
    }

    async fn follow(&self) -> Result<Option<PathBuf>, PromotionError> {
        let Some(store) = &self.shared else { return Ok(aside(self, Self::current).await?) };
        let Promotion { bundle, note, .. } = store.promotion().await?;
        match (bundle, aside(self, Self::here).await?) {
            (None, None) => Ok(None),
            (None, Some(_)) => {
                aside(self, |all| all.shelf.withdraw()).await?;
                Ok(None)
            }
            (Some(id), Some((dir, here))) if here.as_ref() == Some(&id) => Ok(Some(dir)),
            (Some(id), _) => self.take_over(store, id, note).await.map(Some),
        }
    }

    /// The folder that the shelf names, and which bundle lies there, if one does.
    fn here(&self) -> Result<Option<(PathBuf, Option<String>)>, ShelfError> {
        let dir = match self.current() {
            Ok(dir) => dir,
            // It is fetched again.
            Err(ShelfError::Gone { .. }) => Some(PathBuf::new()),
            Err(error) => return Err(error),
        };
        Ok(dir.map(|dir| {
            let id = Bundle::id_in(&dir).ok();
            (dir, id)
        }))
    }

    /// Lets a bundle answer instead of the one at `instead_of` ([`Self::current`] when it was compared). Returns its folder
    /// and the names of those that are no longer kept.
    ///
    /// # Errors
    /// [`PromotionError`]; then the bundle before goes on answering.
    pub async fn promote(
        &self,
        bundle: &Bundle,
        instead_of: Option<&Path>,
        note: Option<String>,
        at: Timestamp,
    ) -> Result<(PathBuf, Vec<String>), PromotionError> {
        let _alone = self.alone.lock().await;
        if let Some(store) = &self.shared {
            let after = self.standing(store, instead_of).await?;
            let id = id_of(bundle)?;
            let parts = keep_parts(store, bundle, &id).await?;
            let asked = NewPromotion { bundle: Some(id), parts, after, note: note.clone(), at };
            if !store.promote_bundle(asked).await? {
                return Err(PromotionError::Overtaken);
            }
        } else if self.current()?.as_deref() != instead_of {
            return Err(PromotionError::Overtaken);
        }
        let bundle = bundle.clone();
        let place = aside(self, move |all| all.shelf.promote(&bundle, note)).await?;
        Ok((place, self.clear().await))
    }

    /// Lets the former bundle answer again. Returns its folder; `None` for the shipped one.
    ///
    /// # Errors
    /// [`PromotionError`], and where nothing was promoted yet.
    pub async fn back(&self, at: Timestamp) -> Result<Option<PathBuf>, PromotionError> {
        let _alone = self.alone.lock().await;
        let Some(store) = &self.shared else { return Ok(aside(self, |all| all.shelf.back()).await?) };
        let now = store.promotion().await?;
        if now.number == 0 {
            return Err(ShelfError::NothingBefore(self.shelf.landing()).into());
        }
        let parts = match &now.former {
            Some(former) => {
                store.bundle_files(former).await?.iter().map(|(_, parts)| u64::from(*parts)).sum()
            }
            None => 0,
        };
        let asked = NewPromotion { bundle: now.former, parts, after: now.number, note: None, at };
        if !store.promote_bundle(asked).await? {
            return Err(PromotionError::Overtaken);
        }
        self.follow().await
    }

    /// The number of the promotion that stands in the store, where the bundle at `instead_of` is the one that it names.
    async fn standing(&self, store: &Store, instead_of: Option<&Path>) -> Result<u64, PromotionError> {
        let stands = store.promotion().await?;
        let still = match (&stands.bundle, instead_of) {
            (None, None) => true,
            (Some(id), Some(dir)) => Bundle::id_in(dir).is_ok_and(|compared| compared == *id),
            _ => false,
        };
        if still { Ok(stands.number) } else { Err(PromotionError::Overtaken) }
    }

    /// Puts the store's bundle on the shelf and lets it answer; its folder.
    async fn take_over(
        &self,
        store: &Store,
        id: String,
        note: Option<String>,
    ) -> Result<PathBuf, PromotionError> {
        let wanted = id.clone();
        if let Some(bundle) = aside(self, move |all| Ok(all.shelf.find_id(&wanted))).await? {
            return Ok(aside(self, move |all| all.shelf.promote(&bundle, note)).await?);
        }
        let landing = self.shelf.landing();
        let fetched = fetch(store, &id, &landing).await;
        let promoted = match fetched {
            Ok(()) => aside(self, move |all| {
                let bundle = Bundle::open(&all.shelf.landing())?;
                all.shelf.promote(&bundle, note)
            })
            .await
            .map_err(PromotionError::from),
            Err(error) => Err(error),
        };
        // What is left of it is in nobody's way, and goes before the next one is fetched.
        let _ = fs::remove_dir_all(&landing).await;
        let place = promoted?;
        self.clear().await;
        Ok(place)
    }

    /// The names of bundles that are no longer kept on the shelf.
    async fn clear(&self) -> Vec<String> {
        let keep = self.keep;
        aside(self, move |all| all.shelf.clear(keep)).await.unwrap_or_else(|error| {
            // The new one answers all the same; the next promotion tries again.
            tracing::warn!(%error, "older bundles could not be removed");
            Vec::new()
        })
    }
}

/// Does what waits for the disk away from the threads that answer.
async fn aside<T: Send + 'static>(
    promotions: &Promotions,
    what: impl FnOnce(&Promotions) -> Result<T, ShelfError> + Send + 'static,
) -> Result<T, ShelfError> {
    let promotions = promotions.clone();
    let dir = promotions.shelf.landing();
    let done = tokio::task::spawn_blocking(move || what(&promotions)).await;
    done.unwrap_or_else(|error| Err(ShelfError::File { path: dir, source: io::Error::other(error) }))
}

fn id_of(bundle: &Bundle) -> Result<String, PromotionError> {
    Bundle::id_in(bundle.dir()).map_err(failed(bundle.dir()))
}

/// Keeps the files of a bundle in the store; how many parts they have.
async fn keep_parts(store: &Store, bundle: &Bundle, id: &str) -> Result<u64, PromotionError> {
    let mut parts = 0;
    for name in bundle.files() {
        let path = bundle.dir().join(name);
        let mut file = File::open(&path).await.map_err(failed(&path))?;
        for part in 0.. {
            let mut bytes = Vec::with_capacity(PART_BYTES);
            let mut rest = (&mut file).take(PART_BYTES as u64);
            rest.read_to_end(&mut bytes).await.map_err(failed(&path))?;
            // An empty file has one part, so that it is a file there too.
            if bytes.is_empty() && part > 0 {
                break;
            }
            let kept = BundlePart { bundle: id.to_owned(), file: name.to_owned(), part, bytes };
            store.keep_bundle_part(kept).await?;
            parts += 1;
        }
    }
    Ok(parts)
}

/// Writes the files of the store's bundle `id` into the folder `landing`, which holds nothing else then.
async fn fetch(store: &Store, id: &str, landing: &Path) -> Result<(), PromotionError> {
    // What is left of an earlier attempt.
    let _ = fs::remove_dir_all(landing).await;
    fs::create_dir_all(landing).await.map_err(failed(landing))?;
    for (name, parts) in store.bundle_files(id).await? {
        // A name with a path in it could point anywhere.
        if Path::new(&name).file_name().is_none_or(|plain| plain != name.as_str()) {
            return Err(PromotionError::NotWhole("one of its files has a path for a name".into()));
        }
        let path = landing.join(&name);
        let mut file = File::create(&path).await.map_err(failed(&path))?;
        for part in 0..parts {
            let Some(bytes) = store.bundle_part(id, &name, part).await? else {
                return Err(PromotionError::NotWhole(format!("part {part} of {name} is missing")));
            };
            file.write_all(&bytes).await.map_err(failed(&path))?;
        }
        file.sync_all().await.map_err(failed(&path))?;
    }
    match Bundle::id_in(landing) {
        Ok(found) if found == id => Ok(()),
        Ok(_) => Err(PromotionError::NotWhole("its manifest is another one".into())),
        Err(_) => Err(PromotionError::NotWhole("it has no manifest".into())),
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> PromotionError {
    let path = path.to_owned();
    |source| PromotionError::File { path, source }
}
