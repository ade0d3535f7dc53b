//! Which articles a search may see.

use crate::store::{Article, ArticleStatus, Audience};

/// Stands for "not said" where a field needs a value; ISO 639-2 calls it undetermined.
pub(super) const UNKNOWN_LANGUAGE: &str = "und";

/// What decides whether an article is in scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facets {
    /// Who may see it.
    pub(super) audience: Audience,
    /// Its category.
    pub(super) category: Option<String>,
    /// Primary language, such as `en`, or [`UNKNOWN_LANGUAGE`].
    pub(super) language: String,
}

impl Facets {
    /// The facets of an article that may be suggested; `None` for drafts and archived ones.
    pub(super) fn of(article: &Article) -> Option<Self> {
        (article.status == ArticleStatus::Published).then(|| Self {
            audience: article.audience,
            category: article.category.clone(),
            language: article.language.as_deref().map_or_else(|| UNKNOWN_LANGUAGE.into(), primary_language),
        })
    }
}

/// The limits of one search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scope {
    /// Who asks: a customer never sees an article for agents.
    pub(super) audience: Audience,
    /// Only articles of exactly this category.
    pub(super) category: Option<String>,
    /// Only articles in this primary language, or in none that is known.
    pub(super) language: Option<String>,
}

impl Scope {
    pub(super) fn new(audience: Audience, category: Option<&str>, language: Option<&str>) -> Self {
        Self { audience, category: category.map(str::to_owned), language: language.map(primary_language) }
    }

    /// Whether an article with these facets is in scope.
    pub(super) fn admits(&self, facets: &Facets) -> bool {
        (self.audience == Audience::Agent || facets.audience == Audience::Customer)
            && self.category.as_ref().is_none_or(|wanted| facets.category.as_ref() == Some(wanted))
            && self
                .language
                .as_ref()
                .is_none_or(|wanted| facets.language == *wanted || facets.language == UNKNOWN_LANGUAGE)
    }

    /// Whether the article itself is in scope; drafts and archived ones never are.
    pub(super) fn admits_article(&self, article: &Article) -> bool {
        Facets::of(article).is_some_and(|facets| self.admits(&facets))
    }
}

/// `en` of `en-GB` or `EN_us`.
fn primary_language(code: &str) -> String {
    code.split(['-', '_']).next().unwrap_or_default().trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facets(audience: Audience, category: &str, language: &str) -> Facets {
        Facets { audience, category: Some(category.into()), language: language.into() }
    }

    #[test]
    fn a_customer_sees_customer_articles_and_an_agent_sees_all() {
        let (customer, agent) = (facets(Audience::Customer, "c", "en"), facets(Audience::Agent, "c", "en"));
        let scope = |audience| Scope::new(audience, None, None);
        assert!(scope(Audience::Customer).admits(&customer) && !scope(Audience::Customer).admits(&agent));
        assert!(scope(Audience::Agent).admits(&customer) && scope(Audience::Agent).admits(&agent));
    }

    #[test]
    fn a_language_admits_its_regions_and_articles_that_name_none() {
        let scope = Scope::new(Audience::Agent, None, Some("en-GB"));
        assert!(scope.admits(&facets(Audience::Agent, "c", "en")));
        assert!(scope.admits(&facets(Audience::Agent, "c", UNKNOWN_LANGUAGE)));
        assert!(!scope.admits(&facets(Audience::Agent, "c", "de")));
    }

    #[test]
    fn a_category_is_compared_whole() {
        let scope = Scope::new(Audience::Agent, Some("Network"), None);
        assert!(!scope.admits(&facets(Audience::Agent, "Network::VPN", "en")));
        assert!(scope.admits(&facets(Audience::Agent, "Network", "en")));
    }
}
