//! What `doctor` looks at in the data folder.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use jiff::{SignedDuration, Timestamp};

use super::{Checks, Doctor};
use crate::config::Settings;
use crate::model::{Bundle, Model, Shelf};
use crate::steady::Steady;
use crate::store::{Chain, Store, backup};

/// Less room than this on the disk is too little: an import or a large merge of the index takes as much.
const ROOM: u64 = 1 << 30;
/// A clock may be behind by so much: those of two machines never agree.
const BEHIND: SignedDuration = SignedDuration::from_mins(5);

impl Doctor {
    pub(super) async fn data_folder(
        &self,
        checks: &mut Checks,
        settings: &Settings,
        model: Option<Arc<Model>>,
    ) -> anyhow::Result<()> {
        let data = &self.data.data;
        checks.report("disk", self.room())?;
        checks.report("bundles", self.bundles())?;
        let opened = self.data.store(settings).await;
        let told = |store| (format!("{} can be opened", data.display()), store);
        let Some(store) = checks.report("data folder", opened.map(told).map_err(Into::into))? else {
            return Ok(());
        };
        let checked = store.check().await;
        checks.report::<()>("database", checked.map(|()| ("is whole".into(), ())).map_err(Into::into))?;
        checks.report("trail", trail(&store).await)?;
        checks.report("clock", clock(data, &store, Timestamp::now()).await)?;
        let (articles, tickets) = (store.article_count().await?, store.ticket_count().await?);
        let published = store.published_count().await?;
        store.close().await?;
        let Some(model) = model else { return Ok(()) };
        let opened = self.data.open(&model, settings).await;
        let opened = opened.and_then(|(store, knowledge)| {
            let found = knowledge.indexed_articles();
            if found != published {
                bail!(
                    "it has {found} articles of {published} that are published; stop the service and delete {}, it is then built anew",
                    data.join("index").display()
                );
            }
            Ok((format!("in step with {articles} articles, {published} of them published; {tickets} tickets are kept"), store))
        });
        if let Some(store) = checks.report("search index", opened)? {
            store.close().await?;
        }
        Ok(())
    }

    /// Whether there is room for what comes in.
    fn room(&self) -> anyhow::Result<(String, ())> {
        let data = &self.data.data;
        let free =
            fs4::available_space(data).with_context(|| format!("{} cannot be asked", data.display()))?;
        let used = data.join(backup::DATABASE).metadata().map_or(0, |file| file.len());
        let told = format!("{} MiB are free, the database has {} MiB", free >> 20, used >> 20);
        if free < ROOM {
            bail!("{told}; make room, or what comes in cannot be kept");
        }
        Ok((told, ()))
    }

    /// Whether the bundle that answers and the one before it are as they were put there.
    fn bundles(&self) -> anyhow::Result<(String, ())> {
        let data = &self.data.data;
        let Some(promoted) = Shelf::of(data).promoted()? else {
            return Ok(("none was promoted here; the shipped one answers".to_owned(), ()));
        };
        let mut told = Vec::new();
        for (which, name) in [("answers", promoted.bundle), ("answered before", promoted.former)] {
            let Some(name) = name else { continue };
            Bundle::open(&data.join("bundles").join(&name))
                .with_context(|| format!("the bundle that {which} cannot be used"))?;
            told.push(format!("{name} {which}"));
        }
        Ok((format!("{}; checksums agree", told.join(", ")), ()))
    }
}

/// Whether the trail is as it was written.
async fn trail(store: &Store) -> anyhow::Result<(String, ())> {
    match store.follow_trail(None).await? {
        Chain::Whole { entries, .. } => Ok((format!("{entries} entries, each fits the one before"), ())),
        Chain::Broken { seq } => Err(anyhow!(
            "it breaks at entry {seq}: that, or what stood before it, is not what was written; `deskhand trail show` prints it"
        )),
    }
}

/// Whether the clock is where it was when something was written last, and has not jumped.
async fn clock(data_dir: &Path, store: &Store, now: Timestamp) -> anyhow::Result<(String, ())> {
    if let Some(mut steady) = Steady::read(data_dir) {
        steady.look(now, None);
        if let Some(doubt) = steady.doubt() {
            bail!(
                "it says {now:.0} after a jump; without it, it would be after {:.0}; set it right, or nothing that is kept for a time is forgotten before it has gone on evenly for a day",
                doubt.expected
            );
        }
    }
    let Some(last) = store.written_last().await? else {
        return Ok(("nothing was written yet".to_owned(), ()));
    };
    if last > now.saturating_add(BEHIND)? {
        bail!(
            "it says {now:.0}, but something was written at {last:.0} already; set it right, else deadlines and periods come late"
        );
    }
    Ok((format!("goes on from {last:.0}, when something was written last"), ()))
}
