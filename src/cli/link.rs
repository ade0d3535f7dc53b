//! `deskhand link`: a signed link to a ticket's panel.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use jiff::{SignedDuration, Timestamp};

use super::Outcome;
use crate::config::Settings;
use crate::store::Audience;
use crate::ui::link::PanelLink;

/// Flags of `deskhand link`.
#[derive(Args)]
#[command(
    after_help = "Example:\n  DESKHAND_UI__LINK_SECRET=$(cat secret) deskhand link --ticket 81 --hours 8 --site https://deskhand.example"
)]
pub(super) struct Link {
    /// The ticket's own id
    #[arg(long, value_name = "ID")]
    ticket: String,
    /// Hours until it opens nothing any more, 1 to 8760
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=8760))]
    hours: u16,
    /// Whose articles it shows; other people's tickets are shown to agents only
    #[arg(long, value_enum, default_value_t = Whose::Agent)]
    audience: Whose,
    /// Where Deskhand is reached; without it the link is a path
    #[arg(long, value_name = "ADDRESS", default_value = "")]
    site: String,
    /// Settings file, with ui.link_secret
    #[arg(long, value_name = "FILE", env = "DESKHAND_CONFIG")]
    config: Option<PathBuf>,
}

/// An audience as a flag.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Whose {
    Agent,
    Customer,
}

impl Link {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let settings = Settings::load(self.config.as_deref())?;
        let secret = settings.ui.link_secret.context(
            "there is no ui.link_secret in the settings, so no link can be signed; set the one that the service has",
        )?;
        let expires = Timestamp::now()
            .checked_add(SignedDuration::from_hours(i64::from(self.hours)))
            .context("that many hours lie beyond what can be counted")?;
        let audience = match self.audience {
            Whose::Agent => Audience::Agent,
            Whose::Customer => Audience::Customer,
        };
        let link = PanelLink { ticket_id: self.ticket, expires, audience };
        writeln!(std::io::stdout(), "{}{}", self.site.trim_end_matches('/'), link.signed(&secret))?;
        Ok(Outcome::Clean)
    }
}
