//! Which gaps make up most of what is not answered.

use serde::Serialize;
use utoipa::ToSchema;

use super::coverage::CategoryCoverage;

/// The part of the unanswered volume that the vital few make up.
pub(super) const MOST: f64 = 0.8;

/// Categories by what they leave unanswered.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Pareto {
    /// Tickets without an adequate article, by expectation.
    pub unanswered: f64,
    /// So many categories, the first of `steps`, make up 80 % of them.
    pub vital: usize,
    /// All categories, the largest part first.
    pub steps: Vec<ParetoStep>,
}

/// One category's part.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ParetoStep {
    /// The category.
    pub category: String,
    /// Its tickets without an adequate article, by expectation.
    pub unanswered: f64,
    /// Part of all unanswered tickets that it and those before it make up, 0 to 1.
    pub cumulative: f64,
}

/// The Pareto order of the categories.
pub(super) fn pareto(categories: &[CategoryCoverage]) -> Pareto {
    let mut order: Vec<&CategoryCoverage> = categories.iter().filter(|c| c.unanswered > 0.0).collect();
    order.sort_by(|a, b| b.unanswered.total_cmp(&a.unanswered).then_with(|| a.category.cmp(&b.category)));
    let unanswered: f64 = order.iter().map(|c| c.unanswered).sum();
    let mut sum = 0.0;
    let steps: Vec<ParetoStep> = order
        .into_iter()
        .map(|c| {
            sum += c.unanswered;
            let cumulative = (sum / unanswered).min(1.0);
            ParetoStep { category: c.category.clone(), unanswered: c.unanswered, cumulative }
        })
        .collect();
    let short = steps.iter().take_while(|step| step.cumulative < MOST).count();
    Pareto { unanswered, vital: (short + 1).min(steps.len()), steps }
}
