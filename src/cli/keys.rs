//! `deskhand keys`: keys of programs, while the service does not run; `/v1/keys` does the same while it does.

use std::io::Write as _;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};

use super::{Data, Outcome};
use crate::access::{Access, NewKey};
use crate::config::Scope;

/// Flags of `deskhand keys`.
#[derive(Args)]
#[command(
    after_help = "Example:\n  deskhand keys create --name helpdesk --scope triage,suggest-agent --expires 90d --data kb\n  deskhand keys list --data kb\n  deskhand keys revoke 5f0c6ad1e2b3 --data kb\n\nA data folder belongs to one process: while the service runs, use /v1/keys of its HTTP API."
)]
pub(super) struct Keys {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Make a key and print it, this once
    Create(Create),
    /// List the keys, as CSV
    List {
        #[command(flatten)]
        data: Data,
    },
    /// Take a key back: it opens nothing any more
    Revoke {
        /// Its public part, what stands between the underscores
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        data: Data,
    },
}

/// Flags of `deskhand keys create`.
#[derive(Args)]
struct Create {
    /// What it is for
    #[arg(long, value_name = "NAME", value_parser = name)]
    name: String,
    /// What it may ask for: triage, suggest-customer, suggest-agent, survey, knowledge, audit, admin
    #[arg(long, value_name = "SCOPES", value_delimiter = ',', required = true)]
    scope: Vec<Scope>,
    /// After how many days or hours it opens nothing, such as 90d or 12h; never, where it is not given
    #[arg(long, value_name = "TIME", value_parser = span)]
    expires: Option<SignedDuration>,
    #[command(flatten)]
    data: Data,
}

fn name(text: &str) -> Result<String, String> {
    let text = text.trim();
    if (1..=100).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err("a name has 1 to 100 characters, on one line".into())
}

/// Days (`90d`) or hours (`12h`), up to ten years.
fn span(text: &str) -> Result<SignedDuration, String> {
    let wrong = || format!("{text:?} is no time; write days like 90d or hours like 12h, up to ten years");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let number: i64 = text.strip_suffix(unit).and_then(|number| number.parse().ok()).ok_or_else(wrong)?;
    let hours = match unit {
        'd' => number.checked_mul(24).ok_or_else(wrong)?,
        'h' => number,
        _ => return Err(wrong()),
    };
    if (1..=10 * 366 * 24).contains(&hours) { Ok(SignedDuration::from_hours(hours)) } else { Err(wrong()) }
}

impl Keys {
    pub(super) async fn run(self) -> anyhow::Result<Outcome> {
        match self.what {
            What::Create(asked) => asked.run().await,
            What::List { data } => list(&data).await,
            What::Revoke { id, data } => revoke(&id, &data).await,
        }
    }
}

impl Create {
    async fn run(self) -> anyhow::Result<Outcome> {
        let now = Timestamp::now();
        let expires_at = self.expires.map(|span| now.checked_add(span)).transpose()?;
        let (access, store) = self.data.access().await?;
        let new = NewKey { name: self.name, scopes: self.scope, expires_at };
        let (key, _) = access.create_key(new, now).await?;
        store.close().await?;
        writeln!(std::io::stdout(), "{}", key.expose())?;
        writeln!(
            std::io::stderr(),
            "This is the only time that the key is shown; keep it where its program finds it."
        )?;
        Ok(Outcome::Clean)
    }
}

async fn list(data: &Data) -> anyhow::Result<Outcome> {
    let (access, store) = data.access().await?;
    let keys = access.keys().await?;
    store.close().await?;
    let mut table = csv::Writer::from_writer(std::io::stdout().lock());
    table.write_record(["id", "name", "scopes", "created_at", "expires_at", "revoked_at", "last_used_at"])?;
    let told = |time: Option<Timestamp>| time.map(|time| format!("{time:.0}")).unwrap_or_default();
    for key in keys {
        let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.word()).collect();
        let times = [Some(key.created_at), key.expires_at, key.revoked_at, key.last_used_at].map(told);
        let [created, expires, revoked, used] = times;
        table.write_record([key.id, key.name, scopes.join(" "), created, expires, revoked, used])?;
    }
    table.flush()?;
    Ok(Outcome::Clean)
}

async fn revoke(id: &str, data: &Data) -> anyhow::Result<Outcome> {
    let (access, store): (Access, _) = data.access().await?;
    let revoked = access.revoke_key(id, Timestamp::now()).await?;
    store.close().await?;
    let unknown = || format!("there is no key {id} that could be taken back; `deskhand keys list` shows all");
    revoked.then_some(()).with_context(unknown)?;
    writeln!(std::io::stdout(), "{id} opens nothing any more.")?;
    Ok(Outcome::Clean)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_key_expires_after_days_or_hours() {
        assert_eq!(span("90d"), Ok(SignedDuration::from_hours(90 * 24)));
        assert_eq!(span("12h"), Ok(SignedDuration::from_hours(12)));
        for wrong in ["", "d", "0d", "-1d", "90", "90m", "9999999999999999999d", "99999d", "1.5d", "é"] {
            assert!(span(wrong).unwrap_err().contains("90d"), "{wrong}");
        }
    }
}
