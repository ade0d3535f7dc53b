//! Which articles a search may see.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Query;
use crate::store::{Article, ArticleStatus, Audience};

/// Stands for "not said" where a field needs a value; ISO 639-2 calls it undetermined.
pub(super) const UNKNOWN_LANGUAGE: &str = "und";

/// What decides whether an article is in scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Facets {
    /// Who may see it.
    pub(super) audience: Audience,
    /// Its category.
    pub(super) category: Option<String>,
    /// Primary language, such as `en`, or [`UNKNOWN_LANGUAGE`].
    pub(super) language: String,
    /// Product that it is about; `None` where it is about all.
    pub(super) product: Option<String>,
    /// Its labels.
    pub(super) labels: Vec<String>,
    /// From when on it is not suggested, see [`moment`].
    pub(super) expires_at: Option<i64>,
}

impl Facets {
    /// The facets of an article that may be suggested; `None` for drafts and archived ones.
    pub(super) fn of(article: &Article) -> Option<Self> {
        (article.status == ArticleStatus::Published).then(|| Self {
            audience: article.audience,
            category: article.category.clone(),
            language: article.language.as_deref().map_or_else(|| UNKNOWN_LANGUAGE.into(), primary_language),
            product: article.product.clone(),
            labels: article.tags.clone(),
            expires_at: article.expires_at.map(moment),
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
    /// Only articles about this product, or about none in particular.
    pub(super) product: Option<String>,
    /// Only articles with all of these labels.
    pub(super) labels: Vec<String>,
    /// When it is asked, see [`moment`]: what has expired by then does not exist.
    pub(super) now: i64,
}

impl Scope {
    pub(super) fn of(query: &Query<'_>) -> Self {
        Self {
            audience: query.audience,
            category: query.category.map(str::to_owned),
            language: query.language.map(primary_language),
            product: query.product.map(str::to_owned),
            labels: query.labels.to_vec(),
            now: moment(query.now),
        }
    }

    /// Whether an article with these facets is in scope.
    pub(super) fn admits(&self, facets: &Facets) -> bool {
        (self.audience == Audience::Agent || facets.audience == Audience::Customer)
            && facets.expires_at.is_none_or(|expires| self.now < expires)
            && self.category.as_ref().is_none_or(|wanted| facets.category.as_ref() == Some(wanted))
            && self
                .language
                .as_ref()
                .is_none_or(|wanted| facets.language == *wanted || facets.language == UNKNOWN_LANGUAGE)
            && (self.product.is_none() || facets.product.is_none() || facets.product == self.product)
            && self.labels.iter().all(|label| facets.labels.contains(label))
    }

    /// Whether the article itself is in scope; drafts and archived ones never are.
    pub(super) fn admits_article(&self, article: &Article) -> bool {
        Facets::of(article).is_some_and(|facets| self.admits(&facets))
    }
}

/// A time as both channels compare it, in microseconds: a column of the index holds whole numbers.
pub(super) fn moment(time: Timestamp) -> i64 {
    time.as_microsecond()
}

/// `en` of `en-GB` or `EN_us`.
fn primary_language(code: &str) -> String {
    code.split(['-', '_']).next().unwrap_or_default().trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facets(audience: Audience, category: &str, language: &str) -> Facets {
        let (category, language) = (Some(category.into()), language.into());
        Facets { audience, category, language, product: None, labels: Vec::new(), expires_at: None }
    }

    fn query(audience: Audience) -> Query<'static> {
        Query::unfiltered("", &[], audience, Timestamp::UNIX_EPOCH, 1)
    }

    #[test]
    fn a_customer_sees_customer_articles_and_an_agent_sees_all() {
        let (customer, agent) = (facets(Audience::Customer, "c", "en"), facets(Audience::Agent, "c", "en"));
        let scope = |audience| Scope::of(&query(audience));
        assert!(scope(Audience::Customer).admits(&customer) && !scope(Audience::Customer).admits(&agent));
        assert!(scope(Audience::Agent).admits(&customer) && scope(Audience::Agent).admits(&agent));
    }

    #[test]
    fn a_language_admits_its_regions_and_articles_that_name_none() {
        let scope = Scope::of(&Query { language: Some("en-GB"), ..query(Audience::Agent) });
        assert!(scope.admits(&facets(Audience::Agent, "c", "en")));
        assert!(scope.admits(&facets(Audience::Agent, "c", UNKNOWN_LANGUAGE)));
        assert!(!scope.admits(&facets(Audience::Agent, "c", "de")));
    }

    #[test]
    fn a_category_is_compared_whole() {
        let scope = Scope::of(&Query { category: Some("Network"), ..query(Audience::Agent) });
        assert!(!scope.admits(&facets(Audience::Agent, "Network::VPN", "en")));
        assert!(scope.admits(&facets(Audience::Agent, "Network", "en")));
    }

    #[test]
    fn a_product_admits_its_articles_and_those_about_none_in_particular() {
        let scope = Scope::of(&Query { product: Some("Bench"), ..query(Audience::Agent) });
        let about = |product: Option<&str>| Facets {
            product: product.map(str::to_owned),
            ..facets(Audience::Agent, "c", "en")
        };
        assert!(scope.admits(&about(Some("Bench"))) && scope.admits(&about(None)));
        assert!(!scope.admits(&about(Some("Lark"))));
    }

    #[test]
    fn all_labels_are_needed() {
        let labels = ["vpn".to_owned(), "mac".to_owned()];
        let scope = Scope::of(&Query { labels: &labels, ..query(Audience::Agent) });
        let with = |labels: &[&str]| Facets {
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            ..facets(Audience::Agent, "c", "en")
        };
        assert!(scope.admits(&with(&["mac", "wifi", "vpn"])));
        assert!(!scope.admits(&with(&["vpn"])));
    }

    #[test]
    fn an_article_is_gone_from_the_moment_it_expires() {
        let scope = Scope::of(&query(Audience::Agent));
        let until = |expires| Facets { expires_at: Some(expires), ..facets(Audience::Agent, "c", "en") };
        assert!(scope.admits(&until(1)) && !scope.admits(&until(0)) && !scope.admits(&until(-1)));
    }
}
