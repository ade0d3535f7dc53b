//! Settings: one documented struct per concern, read from `deskhand.toml`, then the environment
//! (`DESKHAND_SERVER__LISTEN=…`, two underscores between section and field), then flags; the later
//! wins. A field that does not exist is refused by name, so that a typing error never passes as a default.

mod access;
mod audit;
mod drift;
mod events;
mod integrations;
mod learning;
mod outgoing;
mod privacy;
mod search;
mod secret;
mod signals;
mod surveys;
mod telemetry;
mod triage;
mod ui;

use std::net::SocketAddr;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};

use deskhand_kernels::Isa;
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use garde::Validate;
use serde::{Deserialize, Serialize};

pub use access::{AccessSettings, Authentication, Limit, Role, Scope};
pub use audit::AuditSettings;
pub use drift::DriftSettings;
pub use events::{EndpointSettings, EventSettings, signing_key};
pub use integrations::{
    ApiSettings, FieldMapping, HookSettings, IntegrationSettings, ProductSettings, TicketFields,
};
pub use integrations::{FreshdeskSettings, GenericSettings, ZammadSettings, ZendeskSettings};
pub use learning::LearningSettings;
pub use outgoing::{Allowed, OutgoingSettings};
pub use privacy::{PrivacySettings, RetentionSettings};
pub use search::SearchSettings;
pub use signals::{
    ContactsRule, GoneQuietRule, IncidentRule, LowScoresRule, ReopenedRule, SignalSettings, SilenceRule,
    SlaRule, SpreadRule, VolumeRule, Zone,
};
pub use surveys::{LowScores, OwnerRules, SurveySettings};
pub use telemetry::TelemetrySettings;
pub use triage::{Level, Matrix, Priority, TriageSettings};
pub use ui::{Secret, UiSettings};

/// Everything that can be set.
#[derive(Debug, Clone, Default, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The HTTP service.
    #[garde(dive)]
    pub server: ServerSettings,
    /// Where everything is kept, and what it may take.
    #[garde(dive)]
    pub store: StoreSettings,
    /// How the transformer is run.
    #[garde(dive)]
    pub inference: InferenceSettings,
    /// How predictions become decisions.
    #[garde(dive)]
    pub triage: TriageSettings,
    /// How articles are found.
    #[garde(dive)]
    pub search: SearchSettings,
    /// When the audit of the knowledge base raises a flag.
    #[garde(dive)]
    pub audit: AuditSettings,
    /// What customers answer, and who calls them.
    #[garde(dive)]
    pub surveys: SurveySettings,
    /// Signals that a customer may be lost, or that something large has broken.
    #[garde(dive)]
    pub signals: SignalSettings,
    /// The pages, and what other sites show of them.
    #[garde(dive)]
    pub ui: UiSettings,
    /// The helpdesks that send their tickets.
    #[garde(dive)]
    pub integrations: IntegrationSettings,
    /// Events, and who hears of them.
    #[garde(dive)]
    pub events: EventSettings,
    /// Requests that Deskhand sends.
    #[garde(dive)]
    pub outgoing: OutgoingSettings,
    /// What personal data is masked, and where.
    #[garde(dive)]
    pub privacy: PrivacySettings,
    /// What a site's bundle learns from, and when.
    #[garde(dive)]
    pub learning: LearningSettings,
    /// When an alarm of drift is raised.
    #[garde(dive)]
    pub drift: DriftSettings,
    /// Who may ask what, how often, and how long a sign-in lasts.
    #[garde(dive)]
    pub access: AccessSettings,
    /// Traces, and who collects them.
    #[garde(dive)]
    pub telemetry: TelemetrySettings,
}

/// The HTTP service.
#[derive(Debug, Clone, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
#[garde(allow_unvalidated)]
pub struct ServerSettings {
    /// Address and port; port 0 takes a free one, which the ready line names.
    pub listen: SocketAddr,
    /// Largest request body in bytes; above it the answer is 413.
    #[garde(range(min = 1_024))]
    pub max_body_bytes: usize,
    /// Largest body of an article import in bytes.
    #[garde(range(min = 1_024))]
    pub max_import_bytes: usize,
    /// Seconds after which a request that has no answer yet gets 503.
    #[garde(range(min = 1, max = 3_600))]
    pub request_timeout_s: u64,
    /// Seconds that accepted requests may take to finish after the signal to stop.
    #[garde(range(min = 1, max = 3_600))]
    pub shutdown_grace_s: u64,
    /// The site's certificate and those that lead to its authority, PEM; with it the service speaks TLS alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_certificate: Option<PathBuf>,
    /// The key of that certificate, PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_key: Option<PathBuf>,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            max_body_bytes: 2 << 20,
            max_import_bytes: 64 << 20,
            request_timeout_s: 30,
            shutdown_grace_s: 20,
            tls_certificate: None,
            tls_key: None,
        }
    }
}

/// Where everything is kept, and what it may take.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct StoreSettings {
    /// Most MiB that the database file may take; a write past it is refused as if the disk were
    /// full. Beside it a write-ahead log takes as much as the largest single write, and is cut
    /// back to 16 MiB. Without a value only the disk is the limit.
    #[garde(skip)]
    pub max_mebibytes: Option<NonZeroU64>,
    /// Where PostgreSQL is, such as `postgres://deskhand:password@db.example:5432/deskhand`, or `file:` and the path of
    /// a file with that. Several instances may share it. Without a value SQLite in the data folder keeps everything,
    /// and `max_mebibytes` counts for that one only.
    #[garde(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<Secret>,
}

/// How the transformer is run.
#[derive(Debug, Clone, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
#[garde(allow_unvalidated)]
pub struct InferenceSettings {
    /// Worker threads; absent means one for each core that this process may use (cgroup limits counted).
    pub threads: Option<NonZeroUsize>,
    /// Tokens that may wait for a worker before new requests are answered 429. At the default and
    /// 30,000 tokens a second, what four cores read, this is some two seconds of waiting.
    #[garde(range(min = 512))]
    pub max_queued_tokens: usize,
    /// Tokens that one worker takes at a time.
    #[garde(range(min = 1))]
    pub batch_tokens: usize,
    /// Which forward pass runs: `int8`, `f32` or `candle`.
    pub encoder: EncoderKind,
    /// Plainer instructions than this CPU has, to compare them or to get around a fault: `portable`,
    /// `avx2`, `avx-vnni`, `avx512`, `avx512-vnni`, `amx`, `neon` or `neon-dot`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instructions: Option<Instructions>,
}

/// A forward pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EncoderKind {
    /// Our own kernels with 8-bit products: the fastest, with the same decisions on nearly all tickets.
    #[default]
    Int8,
    /// Our own kernels in 32-bit floats.
    F32,
    /// candle in 32-bit floats: for every machine, and for a card with the feature `cuda`.
    Candle,
}

/// A set of instructions by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Instructions(pub Isa);

impl TryFrom<String> for Instructions {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let isa: Isa = name.parse()?;
        if isa.is_available() { Ok(Self(isa)) } else { Err(format!("this CPU does not have {isa}")) }
    }
}

impl From<Instructions> for String {
    fn from(Instructions(isa): Instructions) -> Self {
        isa.to_string()
    }
}

impl Default for InferenceSettings {
    fn default() -> Self {
        Self {
            threads: None,
            max_queued_tokens: 65_536,
            batch_tokens: 256,
            encoder: EncoderKind::default(),
            instructions: None,
        }
    }
}

impl InferenceSettings {
    /// The number of worker threads: as set, else what the operating system grants this process.
    pub fn worker_count(&self) -> usize {
        self.threads.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get)
    }
}

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file, a variable or a flag cannot be read as settings.
    #[error("settings: {0}\n  See `deskhand serve --help` for where settings come from.")]
    Unreadable(Box<figment::Error>),
    /// A value is out of its range.
    #[error("settings: {0}\n  Correct the value and start again.")]
    OutOfRange(garde::Report),
    /// A secret stands in a file that cannot be read.
    #[error("settings: {field}: {error}\n  Check the path after file:, and that this user may read it.")]
    NoSecret {
        /// The field with the secret.
        field: &'static str,
        /// The file and what is wrong with it.
        error: std::io::Error,
    },
    /// `--config` names a file that is not there.
    #[error("settings: there is no file {}\n  Check the path given to --config.", .0.display())]
    NoFile(PathBuf),
}

impl Settings {
    /// Reads settings: defaults, then `file` if given, then the environment.
    pub fn load(file: Option<&Path>) -> Result<Self, SettingsError> {
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        if let Some(path) = file {
            if !path.is_file() {
                return Err(SettingsError::NoFile(path.to_owned()));
            }
            figment = figment.merge(Toml::file_exact(path));
        }
        let mut settings: Self = figment
            .merge(Env::prefixed("DESKHAND_").filter(|key| key.as_str().contains("__")).split("__"))
            .extract()
            .map_err(|e| SettingsError::Unreadable(Box::new(e)))?;
        settings
            .integrations
            .read_secrets()
            .map_err(|(field, error)| SettingsError::NoSecret { field, error })?;
        settings.validate().map_err(SettingsError::OutOfRange)?;
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn load(text: &str) -> Result<Settings, SettingsError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deskhand.toml");
        std::fs::write(&path, text).unwrap();
        Settings::load(Some(&path))
    }

    #[test]
    fn an_unknown_field_is_refused_by_name() {
        let error = load("[server]\nlisten_on = \"127.0.0.1:1\"\n").unwrap_err().to_string();
        assert!(error.contains("listen_on"), "{error}");
    }

    #[test]
    fn a_value_out_of_range_is_refused_with_its_field() {
        let error = load("[search]\nanswer_threshold = 1.5\n").unwrap_err().to_string();
        assert!(error.contains("answer_threshold"), "{error}");
    }

    #[test]
    fn a_recall_floor_is_a_share() {
        assert_eq!(load("[triage]\np1_recall_floor = 0.95\n").unwrap().triage.p1_recall_floor, Some(0.95));
        let error = load("[triage]\np1_recall_floor = 95\n").unwrap_err().to_string();
        assert!(error.contains("p1_recall_floor"), "{error}");
    }

    #[test]
    fn a_site_can_change_one_row_of_the_matrix() {
        let settings = load("[triage.matrix]\nmedium = [\"P1\", \"P3\", \"P4\"]\n").unwrap();
        assert_eq!(settings.triage.matrix.priority(Level::Medium, Level::High), Priority::P1);
        assert_eq!(settings.triage.matrix.priority(Level::High, Level::Low), Priority::P3);
    }

    #[test]
    fn a_hooks_secret_may_stand_in_a_file_and_is_held_to_the_same_length() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        let text = format!("[integrations.zammad.hook]\nsecrets = [\"file:{}\"]\n", path.display());
        let missing = load(&text).unwrap_err().to_string();
        assert!(
            missing.contains("integrations.zammad.hook.secrets") && missing.contains("secret"),
            "{missing}"
        );
        std::fs::write(&path, "hunter2\n").unwrap();
        let short = load(&text).unwrap_err().to_string();
        assert!(short.contains("too short") && !short.contains("hunter2"), "{short}");
        std::fs::write(&path, "bG9uZyBlbm91Z2ggdG8gYmU=\n").unwrap();
        let secrets = load(&text).unwrap().integrations.zammad.hook.secrets;
        assert_eq!(secrets[0].expose(), "bG9uZyBlbm91Z2ggdG8gYmU=");
    }

    #[test]
    fn a_missing_settings_file_is_named() {
        let error = Settings::load(Some(Path::new("/nowhere/deskhand.toml"))).unwrap_err();
        assert!(error.to_string().contains("/nowhere/deskhand.toml"));
    }
}
