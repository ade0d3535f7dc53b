//! When the audit raises a flag.

use garde::Validate;
use serde::{Deserialize, Serialize};

/// When the audit of the knowledge base raises a flag. Each flag needs enough tickets and enough certainty:
/// a point estimate alone raises none.
#[derive(Debug, Clone, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct AuditSettings {
    /// Fewest tickets of a category in the window on which a flag may stand.
    #[garde(range(min = 1, max = 100_000))]
    pub min_tickets: u32,
    /// A category is `missing` where the share of its tickets with an adequate article is surely below this,
    /// 0 to 1.
    #[garde(range(min = 0.01, max = 0.99))]
    pub missing_below: f64,
    /// A category is `missing`, too, where that share is surely so much below what the better third of the
    /// house's categories reaches, 0 to 1: how sure the search is differs from one knowledge base to the next.
    #[garde(range(min = 0.01, max = 1.0))]
    pub missing_margin: f64,
    /// How sure a flag has to be: the level of the one-sided bounds, 0.5 to 0.999.
    #[garde(range(min = 0.5, max = 0.999))]
    pub certainty: f64,
    /// Days before the end of the window: an article that has not changed since is `outdated`.
    #[garde(range(min = 1, max = 36_500))]
    pub outdated_days: u32,
    /// Fewest tickets on which an article was used before it is judged `not_resolving`, and fewest that name
    /// a version which it does not know.
    #[garde(range(min = 1, max = 100_000))]
    pub min_uses: u32,
    /// Share of a category's tickets with an article that articles in fault have to carry before the
    /// category has their flag, 0 to 1.
    #[garde(range(min = 0.01, max = 1.0))]
    pub article_share: f64,
    /// A category is `missing`, too, where so many of its tickets, 0 to 1, lie nearer to an article that is
    /// archived, deleted or a draft than to any that is out.
    #[garde(range(min = 0.01, max = 1.0))]
    pub withdrawn_share: f64,
    /// How much more often than elsewhere, in points of the share (0.1 is ten in a hundred), tickets have to
    /// come back at least.
    #[garde(range(min = 0.0, max = 1.0))]
    pub resolving_margin: f64,
    /// Seconds for which what was read from the store answers further questions.
    #[garde(range(max = 86_400))]
    pub refresh_seconds: u32,
}

impl Default for AuditSettings {
    fn default() -> Self {
        Self {
            min_tickets: 5,
            missing_below: 0.5,
            missing_margin: 0.1,
            certainty: 0.9,
            outdated_days: 365,
            min_uses: 3,
            article_share: 1.0 / 3.0,
            withdrawn_share: 0.3,
            resolving_margin: 0.1,
            refresh_seconds: 60,
        }
    }
}
