//! What other instances on the same PostgreSQL have written, told as it is committed.
//!
//! Each transaction notifies a channel of what it changed that instances hold in memory. A notification is lost
//! where nobody listens, so whoever begins to listen, or begins anew, takes everything from the store once.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sqlx::postgres::PgListener;
use tokio::time::timeout;

use super::database::PATIENCE;
use super::keys::KeyWrite;
use super::sql::{self, Connection, Pool};
use super::writer::{Signed, Write, Written};
use super::{Store, StoreError, TicketRecord};

/// Longest notification, in bytes; PostgreSQL takes less than 8,000.
const LONGEST: usize = 7_000;

/// Without news for so long, it is asked whether the connection still brings any.
const QUIET: Duration = Duration::from_secs(2);

/// What another instance changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct News {
    /// Whatever was changed before was missed: all that is held is to be read again.
    #[serde(skip)]
    pub everything: bool,
    /// Articles, which have numbers of their own.
    pub articles: bool,
    /// Keys.
    pub keys: bool,
    /// Configuration items.
    pub items: bool,
    /// There are jobs.
    pub jobs: bool,
    /// Something was forgotten: figures that were made of it are to be made anew.
    pub forgotten: bool,
    /// Tickets with these ids.
    pub tickets: Vec<String>,
    /// What was said about the articles with these ids.
    pub voices: Vec<String>,
}

/// What is sent: news, and by whom.
#[derive(Serialize, Deserialize)]
struct Letter {
    from: u64,
    news: News,
}

/// Hears what others change, for as long as it is asked.
#[derive(Debug)]
pub struct Follower {
    store: Store,
    listener: Option<PgListener>,
}

impl Store {
    /// Whether other instances may write into the same store.
    pub fn is_shared(&self) -> bool {
        matches!(self.readers(), Pool::Postgres(_))
    }

    /// A follower of what others change; `None` where nobody else can.
    pub fn follow(&self) -> Option<Follower> {
        self.is_shared().then(|| Follower { store: self.clone(), listener: None })
    }
}

impl Follower {
    /// What was changed next; nothing, some seconds later at the most, where nothing was and that is certain. The
    /// first answer, and the first after the connection broke, is that everything may have been.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`] and the like; ask again after a while.
    pub async fn next(&mut self) -> Result<News, StoreError> {
        loop {
            let Some(listener) = &mut self.listener else {
                self.listener = self.listen().await.map_err(|error| self.store.failed(error))?;
                return Ok(News { everything: true, ..News::default() });
            };
            let Ok(heard) = timeout(QUIET, listener.try_recv()).await else {
                if self.still_hears().await {
                    return Ok(News::default());
                }
                self.listener = None;
                continue;
            };
            match heard {
                Ok(Some(told)) => match serde_json::from_str::<Letter>(told.payload()) {
                    Ok(letter) if letter.from == self.store.writer().name() => {}
                    Ok(letter) => return Ok(letter.news),
                    // From a program that says more than this one understands.
                    Err(_) => return Ok(News { everything: true, ..News::default() }),
                },
                // Something may have been missed.
                Ok(None) | Err(_) => self.listener = None,
            }
        }
    }

    /// Has the next answer be that everything may have been changed: what was told could not be used.
    pub fn begin_anew(&mut self) {
        self.listener = None;
    }

    /// Whether the connection is alive: of one that is dead nothing is told, nor that it is.
    async fn still_hears(&mut self) -> bool {
        let Some(listener) = &mut self.listener else { return false };
        matches!(timeout(PATIENCE, sqlx::query("SELECT 1").execute(listener)).await, Ok(Ok(_)))
    }

    async fn listen(&self) -> Result<Option<PgListener>, sqlx::Error> {
        let Some(leader) = self.store.leader() else { return Ok(None) };
        leader.pulse().patient().await?;
        // A connection of its own: the readers' can be closed only when all are given back.
        let pool = leader.server().listening();
        let listening = async {
            let channel: String = sqlx::query_scalar(CHANNEL).fetch_one(&pool).await?;
            let mut listener = PgListener::connect_with(&pool).await?;
            listener.eager_reconnect(false);
            listener.listen(&channel).await?;
            Ok(Some(listener))
        };
        timeout(PATIENCE, listening).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }
}

/// The channel of the store: its schema's.
const CHANNEL: &str = "SELECT 'deskhand:' || hashtext(current_schema())";

/// Tells others what these writes changed, if the transaction is kept.
pub(super) async fn tell(
    connection: &mut Connection,
    from: u64,
    writes: &[Signed],
    written: &[Written],
) -> Result<(), sqlx::Error> {
    let mut news = News::default();
    for ((write, _), written) in writes.iter().zip(written) {
        news.add(write, written);
    }
    for news in news.in_letters() {
        let letter = serde_json::to_string(&Letter { from, news });
        let letter = letter.map_err(|error| sqlx::Error::Encode(error.into()))?;
        sql::query("SELECT pg_notify('deskhand:' || hashtext(current_schema()), $1)")
            .bind(letter)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

impl News {
    fn add(&mut self, write: &Write, written: &Written) {
        self.articles |= written.seq.is_some();
        self.jobs |= written.added.contains(&true) || !written.signals.is_empty();
        self.voices.extend(written.feedback.voices.iter().map(|voice| voice.article_id.clone()));
        let ids = |batch: &[TicketRecord]| batch.iter().map(|ticket| ticket.id.clone()).collect::<Vec<_>>();
        match write {
            Write::SaveTickets(batch) | Write::EmbedTickets(batch) => self.tickets.extend(ids(batch)),
            Write::KeepHistory { batch, .. } => {
                self.tickets.extend(batch.iter().map(|past| past.record.id.clone()));
            }
            Write::SaveTriage(triage) => self.tickets.push(triage.0.id.clone()),
            Write::SaveOutcome(told) if written.found => self.tickets.push(told.0.clone()),
            Write::SaveEvents(told) if written.found => self.tickets.push(told.0.clone()),
            Write::Forget(_) => {
                self.forgotten = true;
                self.tickets.extend(written.tickets.iter().cloned());
            }
            Write::PutItems(_) | Write::DeleteItem { .. } => self.items = true,
            Write::Key(write) => self.keys |= !matches!(**write, KeyWrite::Used { .. }),
            _ => {}
        }
    }

    /// In pieces that fit into a notification; none where there is nothing to tell.
    fn in_letters(mut self) -> Vec<Self> {
        let (mut tickets, mut voices) = (std::mem::take(&mut self.tickets), std::mem::take(&mut self.voices));
        for ids in [&mut tickets, &mut voices] {
            ids.sort_unstable();
            ids.dedup();
        }
        let mut letters = vec![];
        let mut letter = self;
        let mut room = LONGEST;
        let named = tickets.into_iter().map(|id| (true, id)).chain(voices.into_iter().map(|id| (false, id)));
        for (is_ticket, id) in named {
            // As JSON writes it, at the most: six bytes for one that it has to write out.
            let takes = 6 * id.len() + 3;
            if takes > LONGEST {
                continue;
            }
            if takes > room {
                letters.push(std::mem::take(&mut letter));
                room = LONGEST;
            }
            room -= takes;
            if is_ticket { letter.tickets.push(id) } else { letter.voices.push(id) }
        }
        if letter != Self::default() {
            letters.push(letter);
        }
        letters
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn however_much_there_is_to_tell_each_letter_fits_and_nothing_is_left_out() {
        assert!(News::default().in_letters().is_empty());
        let ids = |what: &str| (0..3_000).map(|n| format!("{what}-\u{1}{n}")).collect::<Vec<_>>();
        let news = News { keys: true, tickets: ids("t"), voices: ids("v"), ..News::default() };
        let letters = news.in_letters();
        assert!(letters.iter().all(|news| serde_json::to_string(news).unwrap().len() < 7_900));
        assert_eq!(letters.iter().filter(|news| news.keys).count(), 1);
        assert_eq!(letters.iter().map(|news| news.tickets.len()).sum::<usize>(), 3_000);
        assert_eq!(letters.iter().map(|news| news.voices.len()).sum::<usize>(), 3_000);
    }
}
