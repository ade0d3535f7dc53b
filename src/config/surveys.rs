//! Settings of surveys and the follow-ups that low scores open.

use std::collections::BTreeMap;

use garde::Validate;
use serde::{Deserialize, Serialize};

/// Surveys: what is a low score, who calls then and until when, and how few answers are too few.
#[derive(Debug, Clone, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct SurveySettings {
    /// Up to which rating a score is low.
    #[garde(dive)]
    pub low: LowScores,
    /// Hours after a low answer until which the customer is to be called.
    #[garde(range(min = 1, max = 8_760))]
    pub follow_up_hours: u32,
    /// Hours before that from which a follow-up is due soon.
    #[garde(range(min = 0, max = 8_760))]
    pub reminder_hours: u32,
    /// Fewest ratings from which a category may be called one of the lowest.
    #[garde(range(min = 1))]
    pub min_answers: u64,
    /// Who owns a new follow-up.
    #[garde(skip)]
    pub owners: OwnerRules,
}

impl Default for SurveySettings {
    fn default() -> Self {
        Self {
            low: LowScores::default(),
            follow_up_hours: 48,
            reminder_hours: 12,
            min_answers: 5,
            owners: OwnerRules::default(),
        }
    }
}

/// Up to which rating a score is low, by scale, that rating with it. A thumb down always is. Without a rating
/// a comment is that is clearly negative.
#[derive(Debug, Clone, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct LowScores {
    /// On 1 to 5: the two lower boxes.
    #[garde(range(min = 0.0, max = 5.0))]
    pub one_to_five: f64,
    /// On 1 to 10: the four lower boxes.
    #[garde(range(min = 0.0, max = 10.0))]
    pub one_to_ten: f64,
    /// Of NPS: every detractor, because the closed loop of that method calls them all. A site with more of
    /// them than it can call lowers this. -1: none.
    #[garde(range(min = -1.0, max = 10.0))]
    pub nps: f64,
    /// Confidence (0..1) from which a negative comment without a rating is clearly so.
    #[garde(range(min = 0.0, max = 1.0))]
    pub comment_confidence: f32,
}

impl Default for LowScores {
    fn default() -> Self {
        Self { one_to_five: 2.0, one_to_ten: 4.0, nps: 6.0, comment_confidence: 0.6 }
    }
}

/// Who owns a new follow-up: the first of these that says somebody. The organization comes first, because
/// who has an account manager is called by that one whatever it was about.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OwnerRules {
    /// By the customer's organization.
    pub organization: BTreeMap<String, String>,
    /// By the group that served them.
    pub agent_group: BTreeMap<String, String>,
    /// By category, or the beginning of its path; the longest that fits counts.
    pub category: BTreeMap<String, String>,
    /// Where none of these says somebody. Without it a follow-up waits for an owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

impl OwnerRules {
    /// The owner of a follow-up about a ticket of which this is known.
    pub fn owner(
        &self,
        organization: Option<&str>,
        agent_group: Option<&str>,
        category: Option<&str>,
    ) -> Option<&str> {
        if let Some(owner) = organization.and_then(|name| self.organization.get(name)) {
            return Some(owner);
        }
        if let Some(owner) = agent_group.and_then(|group| self.agent_group.get(group)) {
            return Some(owner);
        }
        self.of_category(category).or(self.default.as_deref())
    }

    fn of_category(&self, category: Option<&str>) -> Option<&str> {
        let mut path = category?;
        loop {
            if let Some(owner) = self.category.get(path) {
                return Some(owner);
            }
            path = path.rsplit_once("::")?.0;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::Settings;

    #[test]
    fn a_site_changes_what_it_names_and_keeps_the_rest() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deskhand.toml");
        let load = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Settings::load(Some(&path)).map(|settings| settings.surveys)
        };
        let settings =
            load("[surveys.low]\nnps = -1\n[surveys.owners]\ncategory = { \"A::B\" = \"kim\" }\n").unwrap();
        assert_eq!((settings.low.nps, settings.low.one_to_ten, settings.follow_up_hours), (-1.0, 4.0, 48));
        assert_eq!(settings.owners.owner(None, None, Some("A::B::C")), Some("kim"));
        let error = load("[surveys]\nfollow_up_hours = 0\n").unwrap_err().to_string();
        assert!(error.contains("follow_up_hours"), "{error}");
        assert!(load("[surveys.low]\nstars = 2\n").unwrap_err().to_string().contains("stars"));
    }

    #[test]
    fn the_organization_decides_before_the_group_and_the_group_before_the_longest_category() {
        let map = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, owner)| ((*name).to_owned(), (*owner).to_owned())).collect()
        };
        let rules = OwnerRules {
            organization: map(&[("acme", "Ada")]),
            agent_group: map(&[("network", "Grace")]),
            category: map(&[("Network", "Linus"), ("Network::VPN", "Radia")]),
            default: Some("lead".into()),
        };
        assert_eq!(rules.owner(Some("acme"), Some("network"), Some("Network")), Some("Ada"));
        assert_eq!(rules.owner(Some("other"), Some("network"), Some("Network")), Some("Grace"));
        assert_eq!(rules.owner(None, Some("other"), Some("Network::VPN::Client")), Some("Radia"));
        assert_eq!(rules.owner(None, None, Some("Network::Wi-Fi")), Some("Linus"));
        assert_eq!(rules.owner(None, None, Some("Networking")), Some("lead"));
        assert_eq!(OwnerRules::default().owner(None, None, None), None);
    }
}
