//! Settings of the signals that a customer may be lost.

use garde::Validate;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// Signals that a customer may be lost, or that something large has broken. Each rule has a part of its own.
#[derive(Debug, Clone, Default, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct SignalSettings {
    /// Where days begin and end for the rules that count days: a name of the IANA database such as
    /// `Europe/Berlin`. UTC, if it is not set.
    #[garde(skip)]
    pub time_zone: Zone,
    /// A ticket that may miss an agreed time.
    #[garde(dive)]
    pub sla: SlaRule,
    /// A requester who got a first sign and then nothing.
    #[garde(dive)]
    pub silence: SilenceRule,
    /// Low scores one after another.
    #[garde(dive)]
    pub low_scores: LowScoresRule,
    /// A ticket that was opened again and again.
    #[garde(dive)]
    pub reopened: ReopenedRule,
    /// Many more tickets than is usual for the account.
    #[garde(dive)]
    pub volume: VolumeRule,
    /// Trouble of several kinds in a short time.
    #[garde(dive)]
    pub spread: SpreadRule,
    /// Contacts that led to no solution.
    #[garde(dive)]
    pub contacts: ContactsRule,
    /// A customer who was unhappy and is not heard from any more.
    #[garde(dive)]
    pub gone_quiet: GoneQuietRule,
    /// Many similar tickets at once.
    #[garde(dive)]
    pub incident: IncidentRule,
}

/// A time zone, by its IANA name.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone(pub TimeZone);

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl Serialize for Zone {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.iana_name().unwrap_or("UTC"))
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        TimeZone::get(&name).map(Self).map_err(|_| {
            let told = "is not a time zone of the IANA database; give a name such as Europe/Berlin or UTC";
            serde::de::Error::custom(format!("{name:?} {told}"))
        })
    }
}

/// SLA at risk.
#[derive(Debug, Clone, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct SlaRule {
    /// Whether it is looked for.
    #[garde(skip)]
    pub on: bool,
    /// Minutes before the agreed time from which it is at risk.
    #[garde(range(max = 43_200))]
    pub lead_minutes: u32,
    /// Which share (0..1) of known tickets of the category were handled in the time that is expected of this
    /// one; where that is more than `lead_minutes`, it is at risk earlier.
    #[garde(range(min = 0.0, max = 1.0))]
    pub handling_quantile: f64,
    /// Fewest tickets of the category with a known handling time on which an expectation may stand.
    #[garde(range(min = 1))]
    pub min_handled: u32,
    /// Hours after the agreed time until which a missed one still shows.
    #[garde(range(max = 8_760))]
    pub overdue_hours: u32,
}

impl Default for SlaRule {
    fn default() -> Self {
        Self { on: true, lead_minutes: 15, handling_quantile: 0.5, min_handled: 10, overdue_hours: 24 }
    }
}

/// Silence after acknowledgment.
#[derive(Debug, Clone, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct SilenceRule {
    /// Whether it is looked for.
    #[garde(skip)]
    pub on: bool,
    /// Hours by the clock without an agent's reply after the first sign.
    #[garde(range(min = 1, max = 8_760))]
    pub hours: u32,
    /// Days after the first sign from which a ticket that nobody told the end of is no longer waited for.
    #[garde(range(min = 1, max = 3_650))]
    pub until_days: u32,
}

impl Default for SilenceRule {
    fn default() -> Self {
        Self { on: true, hours: 24, until_days: 30 }
    }
}

/// Low scores in a row.
#[derive(Debug, Clone, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct LowScoresRule {
    /// Whether it is looked for.
    #[garde(skip)]
    pub on: bool,
    /// How many in a row.
    #[garde(range(min = 1, max = 100))]
    pub in_a_row: u32,
    /// Days for which the last of them counts, its own day with them.
    #[garde(range(min = 1, max = 90))]
    pub days: u32,
}

impl Default for LowScoresRule {
    fn default() -> Self {
        Self { on: true, in_a_row: 2, days: 90 }
    }
}

/// Reopened more than once.
#[derive(Debug, Clone, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct ReopenedRule {
    /// Whether it is looked for.
    #[garde(skip)]
    pub on: bool,
    /// More often than so many times.
    #[garde(range(max = 1_000))]
    pub more_than: u32,
    /// Days for which it counts after the ticket was last opened or solved, that day with them.
    #[garde(range(min = 1, max = 3_650))]
    pub days: u32,
}

impl Default for ReopenedRule {
    fn default() -> Self {
        Self { on: true, more_than: 1, days: 30 }
    }
}

/// Volume above the average.
#[derive(Debug, Clone, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct VolumeRule {
    /// Whether it is looked for.
    #[garde(skip)]
    pub on: bool,
    /// Days before the one in question whose average is compared.
    #[garde(range(min = 7, max = 60))]
    pub days: u32,
    /// Fewest days since the account's first ticket; before that there is no average.
    #[garde(range(min = 1, max = 60))]
    pub min_days: u32,
    /// Fewest tickets of the day.
    #[garde(range(min = 1))]
    pub min_tickets: u32,
    /// Largest probability (0..1) that an account of that average has so many tickets in a day by chance.
    #[garde(range(min = 0.0, max = 0.5))]
    pub chance: f64,
}

impl Default for VolumeRule {
    fn default() -> Self {
        Self { on: true, days: 30, min_days: 14, min_tickets: 4, chance: 0.001 }
    }
}

/// Several categories in a short time.
#[derive(Debug, Clone, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct SpreadRule {
    /// Whether it is looked for.
    #[garde(skip)]
    pub on: bool,
    /// Tickets.
    #[garde(range(min = 1))]
    pub tickets: u32,
    /// Different categories among them.
    #[garde(range(min = 1))]
    pub categories: u32,
    /// Days, today with them.
    #[garde(range(min = 1, max = 90))]
    pub days: u32,
    /// Whether organizations are looked at as well as single requesters; of a large one it nearly always
    /// holds.
    #[garde(skip)]
    pub organizations: bool,
}

impl Default for SpreadRule {
    fn default() -> Self {
        Self { on: true, tickets: 4, categories: 2, days: 14, organizations: false }
    }
}

/// Contacts without solution.
#[derive(Debug, Clone, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct ContactsRule {
    /// Whether it is looked for.
    #[garde(skip)]
    pub on: bool,
    /// How many.
    #[garde(range(min = 1))]
    pub contacts: u32,
    /// Minutes within which messages are one contact.
    #[garde(range(max = 10_080))]
    pub together_minutes: u32,
    /// Days, today with them, whose contacts count.
    #[garde(range(min = 1, max = 90))]
    pub days: u32,
}

impl Default for ContactsRule {
    fn default() -> Self {
        Self { on: true, contacts: 3, together_minutes: 60, days: 30 }
    }
}

/// Silent after a low score.
#[derive(Debug, Clone, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct GoneQuietRule {
    /// Whether it is looked for.
    #[garde(skip)]
    pub on: bool,
    /// Whole days without a word after the day of the low score.
    #[garde(range(min = 1, max = 89))]
    pub days: u32,
    /// Days after the low score from which it is no longer news.
    #[garde(range(min = 2, max = 90))]
    pub until_days: u32,
}

impl Default for GoneQuietRule {
    fn default() -> Self {
        Self { on: true, days: 30, until_days: 90 }
    }
}

/// A possible major incident.
#[derive(Debug, Clone, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct IncidentRule {
    /// Whether it is looked for.
    #[garde(skip)]
    pub on: bool,
    /// Minutes whose tickets are compared with one another.
    #[garde(range(min = 5, max = 1_440))]
    pub minutes: u32,
    /// Cosine (0..1) from which two tickets are near each other. Of six invented incidents of eight tickets, at
    /// 0.5 the bundled model's embeddings find 6 to 8 each and at most two strangers among 190, at 0.6 one to six
    /// (`benches/incidents.py`).
    #[garde(range(min = 0.0, max = 1.0))]
    pub cosine: f32,
    /// Fewest tickets.
    #[garde(range(min = 2))]
    pub min_tickets: u32,
    /// Largest probability (0..1) that so many tickets like these come in at once by chance.
    #[garde(range(min = 0.0, max = 0.5))]
    pub chance: f64,
}

impl Default for IncidentRule {
    fn default() -> Self {
        Self { on: true, minutes: 60, cosine: 0.5, min_tickets: 5, chance: 0.001 }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::config::Settings;

    #[test]
    fn a_site_names_its_time_zone_and_one_that_does_not_exist_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deskhand.toml");
        let load = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Settings::load(Some(&path)).map(|settings| settings.signals)
        };
        let settings =
            load("[signals]\ntime_zone = \"Europe/Berlin\"\n[signals.volume]\non = false\n").unwrap();
        assert_eq!(settings.time_zone.0.iana_name(), Some("Europe/Berlin"));
        assert_eq!((settings.volume.on, settings.volume.days, settings.silence.hours), (false, 30, 24));
        let error = load("[signals]\ntime_zone = \"Europe/Bielefeld\"\n").unwrap_err().to_string();
        assert!(error.contains("Bielefeld") && error.contains("IANA"), "{error}");
        assert!(load("[signals.silence]\nhours = 0\n").unwrap_err().to_string().contains("hours"));
    }
}
