//! `deskhand trail`: who changed what, and whether that is as it was written.

use std::io::Write as _;

use clap::{Args, Subcommand};

use super::{Data, Outcome};
use crate::store::Chain;

/// Entries that are read at a time.
const PART: u32 = 1_000;

/// Flags of `deskhand trail`.
#[derive(Args)]
#[command(
    after_help = "Example:\n  deskhand trail verify --data kb\n  deskhand trail verify --noted 1204:9f2c… --data kb\n  deskhand trail show --data kb\n\nThe exit status of verify is 1 where the trail was changed. Whoever can write the file can write a whole new\ntrail, or cut its end off: note number and hash of the last entry elsewhere, and give them with --noted."
)]
pub(super) struct Trail {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Follow the chain of hashes from its beginning
    Verify {
        /// Number and hash of an entry, as an earlier verify gave them
        #[arg(long, value_name = "NUMBER:HASH", value_parser = noted)]
        noted: Option<(u64, String)>,
        #[command(flatten)]
        data: Data,
    },
    /// Print the entries, as JSON Lines
    Show {
        /// Only those after this number
        #[arg(long, value_name = "NUMBER", default_value_t = 0)]
        after: u64,
        #[command(flatten)]
        data: Data,
    },
}

fn noted(text: &str) -> Result<(u64, String), String> {
    let parts = text.split_once(':').and_then(|(seq, hash)| Some((seq.parse().ok()?, hash.to_owned())));
    parts
        .filter(|(_, hash)| hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .ok_or_else(|| "write the number, a colon and the 64 digits of the hash".into())
}

impl Trail {
    pub(super) async fn run(self) -> anyhow::Result<Outcome> {
        match self.what {
            What::Verify { noted, data } => verify(noted, &data).await,
            What::Show { after, data } => show(after, &data).await,
        }
    }
}

async fn verify(noted: Option<(u64, String)>, data: &Data) -> anyhow::Result<Outcome> {
    let (access, store) = data.access().await?;
    let chain = access.follow_trail(noted.as_ref().map(|(seq, hash)| (*seq, hash.as_str()))).await?;
    store.close().await?;
    let mut out = std::io::stdout();
    match chain {
        Chain::Whole { entries, last } => {
            writeln!(out, "The trail is whole: {entries} entries. The last one is {entries}:{last}")?;
            Ok(Outcome::Clean)
        }
        Chain::Broken { seq } => {
            writeln!(
                out,
                "The trail breaks at entry {seq}: it, or what stood before it, is not what was written."
            )?;
            Ok(Outcome::SomeRefused)
        }
    }
}

async fn show(mut after: u64, data: &Data) -> anyhow::Result<Outcome> {
    let (access, store) = data.access().await?;
    let mut out = std::io::stdout().lock();
    loop {
        let entries = access.trail(after, PART).await?;
        let Some(last) = entries.last() else { break };
        after = last.seq;
        for entry in &entries {
            serde_json::to_writer(&mut out, entry)?;
            writeln!(out)?;
        }
    }
    store.close().await?;
    Ok(Outcome::Clean)
}
