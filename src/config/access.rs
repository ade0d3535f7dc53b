//! Settings of access: who may ask what, how often, and how long a sign-in lasts.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who may ask what, how often, and how long a sign-in lasts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
#[garde(allow_unvalidated)]
pub struct AccessSettings {
    /// `on`: every request needs a key or a sign-in, but for those that `docs/security.md` names. `off`: none
    /// does, and the service listens on this machine alone.
    pub authentication: Authentication,
    /// Minutes without a request after which a sign-in ends.
    #[garde(range(min = 1, max = 10_080))]
    pub session_idle_minutes: u32,
    /// Hours after which a sign-in ends in any case.
    #[garde(range(min = 1, max = 720))]
    pub session_hours: u32,
    /// Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed, by address. Where authentication is off,
    /// they are let in with what they pass on: they have to authenticate.
    #[garde(length(max = 100))]
    pub trusted_proxies: Vec<IpAddr>,
    /// How often one key or user may ask what a scope allows; a scope without a limit here has none.
    #[garde(custom(all_in_range))]
    pub limits: BTreeMap<Scope, Limit>,
    /// How often one address may ask for the widget, which has no key.
    #[garde(dive)]
    pub widget_limit: Limit,
}

impl Default for AccessSettings {
    fn default() -> Self {
        Self {
            authentication: Authentication::Off,
            session_idle_minutes: 60,
            session_hours: 12,
            trusted_proxies: Vec::new(),
            limits: BTreeMap::new(),
            widget_limit: Limit { per_second: 5.0, burst: 50 },
        }
    }
}

impl AccessSettings {
    /// Whether requests need a key or a sign-in.
    pub fn is_on(&self) -> bool {
        self.authentication == Authentication::On
    }
}

/// Whether requests need a key or a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Authentication {
    /// None does; for one person on one machine.
    #[default]
    Off,
    /// They do.
    On,
}

/// How often: a bucket of `burst` requests that fills up by `per_second`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Requests a second in the long run, .01 to 100,000.
    #[garde(range(min = 0.01, max = 100_000.0))]
    pub per_second: f64,
    /// Requests at once, 1 to 1,000,000.
    #[garde(range(min = 1, max = 1_000_000))]
    pub burst: u32,
}

fn all_in_range(limits: &BTreeMap<Scope, Limit>, (): &()) -> garde::Result {
    for (scope, limit) in limits {
        limit.validate().map_err(|report| garde::Error::new(format!("{scope}: {report}")))?;
    }
    Ok(())
}

/// What a key or a user may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Triage tickets, read them, tell what became of them.
    Triage,
    /// Ask for articles that customers may see.
    SuggestCustomer,
    /// Ask for articles of either audience.
    SuggestAgent,
    /// Read comments, keep surveys, lead follow-ups.
    Survey,
    /// Change and export articles.
    Knowledge,
    /// Read the audits and decide about gaps; read the metrics.
    Audit,
    /// Everything, with keys, users and the trail.
    Admin,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Triage,
        Self::SuggestCustomer,
        Self::SuggestAgent,
        Self::Survey,
        Self::Knowledge,
        Self::Audit,
        Self::Admin,
    ];

    /// As it is written everywhere.
    pub fn word(self) -> &'static str {
        match self {
            Self::Triage => "triage",
            Self::SuggestCustomer => "suggest-customer",
            Self::SuggestAgent => "suggest-agent",
            Self::Survey => "survey",
            Self::Knowledge => "knowledge",
            Self::Audit => "audit",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|scope| scope.word() == word).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|scope| scope.word()).collect();
            format!("there is no scope {word:?}; use some of {}", known.join(", "))
        })
    }
}

/// What a user is here for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Answers tickets and calls customers.
    Agent,
    /// Looks after the knowledge base, too.
    Owner,
    /// Looks after Deskhand.
    Admin,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Agent, Self::Owner, Self::Admin];

    /// As it is written everywhere.
    pub fn word(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Owner => "owner",
            Self::Admin => "admin",
        }
    }

    /// What it may ask for.
    pub fn scopes(self) -> &'static [Scope] {
        use Scope::{Audit, Knowledge, SuggestAgent, SuggestCustomer, Survey, Triage};
        match self {
            Self::Agent => &[Triage, SuggestCustomer, SuggestAgent, Survey],
            Self::Owner => &[Triage, SuggestCustomer, SuggestAgent, Survey, Knowledge, Audit],
            Self::Admin => &Scope::ALL,
        }
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|role| role.word() == word)
            .ok_or_else(|| format!("there is no role {word:?}; use agent, owner or admin"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn problem(settings: &str) -> Option<String> {
        let settings: AccessSettings = toml::from_str(settings).unwrap();
        settings.validate().err().map(|report| report.to_string())
    }

    #[test]
    fn a_limit_is_for_a_scope_and_in_its_range() {
        assert_eq!(problem("[limits.suggest-agent]\nper_second = 5\nburst = 10"), None);
        let told = problem("[limits.triage]\nper_second = 0\nburst = 10").unwrap();
        assert!(told.contains("triage") && told.contains("per_second"), "{told}");
        assert!(toml::from_str::<AccessSettings>("[limits.everything]\nper_second = 1\nburst = 1").is_err());
    }

    #[test]
    fn every_scope_and_role_is_read_as_it_is_written() {
        for scope in Scope::ALL {
            assert_eq!(scope.word().parse(), Ok(scope));
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.word());
        }
        for role in Role::ALL {
            assert_eq!(role.word().parse(), Ok(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.word());
        }
        assert!("root".parse::<Scope>().unwrap_err().contains("suggest-customer"));
    }
}
