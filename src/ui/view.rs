//! An answer as a page shows it: words, whole per cents and links instead of labels, numbers and ids.

use jiff::Timestamp;

use super::article::anchor;
use super::excerpt::{Piece, excerpt};
use super::voice::{Said, VoiceForm};
use crate::knowledge::{FoundBy, SimilarTicket, Suggested};
use crate::model::ModelName;
use crate::store::{Article, Audience, FeedbackKind, TicketStatus};
use crate::text::{Format, html};
use crate::triage::{Decision, Field, NamedItem, Prediction, Reason, Ticket, TriageAnswer};

/// Per cent from which another label is named beside the most likely one.
const WORTH_NAMING: u8 = 5;

/// From this score on a suggested article is likely to answer: the best one's score is a probability.
const LIKELY: f32 = 0.5;

/// Below this score an article is named, and its passage not shown: it would only be in the way.
const FAR: f32 = 0.1;

/// What a page shows of an answer.
#[derive(Debug)]
pub(super) struct AnswerView {
    pub(super) warnings: Vec<String>,
    pub(super) category: Option<PredictionView>,
    pub(super) priority: Option<PredictionView>,
    /// Impact, urgency, then whatever else the bundle was trained for.
    pub(super) levels: Vec<PredictionView>,
    /// What to say of the articles, unless one is likely to answer.
    pub(super) caution: Option<&'static str>,
    pub(super) articles: Vec<ArticleView>,
    /// Articles that are hardly worth a look.
    pub(super) far_articles: Vec<ArticleView>,
    pub(super) similar: Vec<SimilarView>,
    /// Those that are not solved and came in around the same time.
    pub(super) open: Vec<SimilarView>,
    /// Configuration items that the ticket names, in words.
    pub(super) named: Vec<String>,
    /// Name and versions of the model.
    pub(super) model: String,
    pub(super) language: Option<&'static str>,
    /// How to say what an article was worth, where the page takes that.
    pub(super) voice: Option<VoiceForm>,
    /// Whether it stands in a frame, so that links lead out of it.
    pub(super) framed: bool,
    /// Whether customers read it, to whom other people's tickets are not shown.
    pub(super) for_customer: bool,
}

/// One prediction.
#[derive(Debug, Clone)]
pub(super) struct PredictionView {
    /// "Category", "Impact" …
    pub(super) task: String,
    /// The label's path but for its last part.
    pub(super) parents: Vec<String>,
    /// The last part of the label's path.
    pub(super) leaf: String,
    pub(super) gauge: Gauge,
    /// The next labels of the ranking, as far as they are worth naming.
    pub(super) others: Vec<Other>,
    /// What the submitter chose, where the model is sure of another label.
    pub(super) mismatch: Option<String>,
    /// The words of the ticket that moved the decision, those that count most first.
    pub(super) reasons: Vec<String>,
    /// The likelier priority, where the site's floor for P1 raised this one.
    pub(super) raised: Option<String>,
    /// Whether the text is unlike all that the labels are for.
    pub(super) outside: bool,
}

/// A confidence against its threshold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gauge {
    /// Confidence in whole per cent, rounded down: what is below its threshold must not look equal to it.
    pub(super) percent: u8,
    /// Threshold of `auto`, in the same way.
    pub(super) threshold: u8,
    /// `auto`, `suggest` or `abstain`.
    pub(super) decision: &'static str,
}

/// Another label that may be right.
#[derive(Debug, Clone)]
pub(super) struct Other {
    pub(super) label: String,
    pub(super) percent: u8,
}

/// A suggested article.
#[derive(Debug)]
pub(super) struct ArticleView {
    pub(super) id: String,
    /// What was said of it on this occasion.
    pub(super) said: Option<Said>,
    /// The article's page, at the section that the passage is from.
    pub(super) href: String,
    pub(super) title: String,
    pub(super) heading: String,
    pub(super) passage: Vec<Piece>,
    /// By which evidence it was found, as said after "found by".
    pub(super) found_by: &'static str,
    pub(super) agents_only: bool,
    pub(super) category: Option<String>,
    pub(super) updated: Option<Day>,
    pub(super) score: String,
    pub(super) url: Option<String>,
}

/// A similar ticket.
#[derive(Debug)]
pub(super) struct SimilarView {
    pub(super) id: String,
    pub(super) subject: String,
    pub(super) category: Option<String>,
    pub(super) status: &'static str,
    pub(super) created: Option<Day>,
    pub(super) solved: Option<Day>,
    /// How often it was opened again, in words, if it was.
    pub(super) reopened: Option<String>,
    pub(super) resolution: Option<String>,
    pub(super) articles: Vec<Link>,
    pub(super) score: String,
}

/// A link to an article's page.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) href: String,
    pub(super) title: String,
}

/// A day, in UTC.
#[derive(Debug)]
pub(super) struct Day {
    /// 2026-09-22
    pub(super) iso: String,
    /// 22 Sep 2026
    pub(super) words: String,
}

impl AnswerView {
    /// `ticket` is what was answered; `used` are the articles that solved similar tickets, as far as the
    /// reader may see them; `article_count` is how many articles the site has.
    pub(super) fn new(answer: TriageAnswer, ticket: &Ticket, used: &[Article], article_count: u64) -> Self {
        let mut predictions = answer.predictions;
        let mut take = |task: &str| predictions.remove(task).map(|p| PredictionView::new(task, p, ticket));
        let (category, priority) = (take("category"), take("priority"));
        let mut levels: Vec<PredictionView> = ["impact", "urgency"].into_iter().filter_map(take).collect();
        levels.extend(predictions.into_iter().map(|(task, p)| PredictionView::new(&task, p, ticket)));
        let caution = caution(&answer.articles, article_count);
        let (near, far): (Vec<_>, Vec<_>) =
            answer.articles.into_iter().partition(|article| article.score >= FAR);
        Self {
            warnings: answer.warnings.iter().map(|warning| sentence(warning)).collect(),
            category,
            priority,
            levels,
            caution,
            articles: near.into_iter().map(ArticleView::new).collect(),
            far_articles: far.into_iter().map(ArticleView::new).collect(),
            similar: answer.similar_tickets.into_iter().map(|t| SimilarView::new(t, used)).collect(),
            open: answer.open_tickets.into_iter().map(|t| SimilarView::new(t, used)).collect(),
            named: answer.configuration_items.iter().map(named).collect(),
            model: model_name(&answer.model),
            language: answer.language,
            voice: None,
            framed: false,
            for_customer: false,
        }
    }

    /// Lets it be said what the articles were worth; `said` is what was.
    #[must_use]
    pub(super) fn with_voice(mut self, form: VoiceForm, said: &[(String, FeedbackKind)]) -> Self {
        for article in &mut self.articles {
            let of_it = said.iter().filter(|(id, _)| *id == article.id);
            article.said = of_it.filter_map(|(_, kind)| Said::of(*kind)).next();
        }
        self.voice = Some(form);
        self
    }
}

/// An item that the ticket names, in words.
fn named(item: &NamedItem) -> String {
    let told: Vec<&str> = [&item.kind, &item.agent_group].into_iter().flatten().map(String::as_str).collect();
    if told.is_empty() { item.name.clone() } else { format!("{} ({})", item.name, told.join(", ")) }
}

fn model_name(model: &ModelName) -> String {
    let taxonomy =
        if model.taxonomy.is_empty() { String::new() } else { format!(" · taxonomy {}", model.taxonomy) };
    format!("{} {}{taxonomy}", model.name, model.version)
}

fn caution(articles: &[Suggested], article_count: u64) -> Option<&'static str> {
    match articles.first() {
        Some(best) if best.score >= LIKELY => None,
        Some(best) if best.score >= FAR => Some("More likely than not, none of these answers the ticket."),
        _ if article_count == 0 => Some(
            "There are no articles yet. Import your knowledge base with `deskhand import articles PATH` and read the ticket again.",
        ),
        _ => Some("No article comes near this ticket. If more like it come in, one may be worth writing."),
    }
}

impl PredictionView {
    fn new(task: &str, prediction: Prediction, ticket: &Ticket) -> Self {
        let reasons = prediction.reasons.iter().flatten().map(|reason| word(reason, ticket)).collect();
        let mut parents: Vec<String> = prediction.label.split("::").map(str::to_owned).collect();
        let leaf = parents.pop().unwrap_or_default();
        let others = prediction.ranking.iter().filter(|ranked| ranked.label != prediction.label);
        let others =
            others.map(|other| Other { label: path(&other.label), percent: percent(other.confidence) });
        Self {
            task: capitalised(&task.replace('_', " ")),
            parents,
            leaf,
            gauge: Gauge {
                percent: percent(prediction.confidence),
                threshold: percent(prediction.threshold),
                decision: decided(prediction.decision),
            },
            others: others.filter(|other| other.percent >= WORTH_NAMING).collect(),
            mismatch: prediction.mismatch.filter(|m| m.flagged).map(|m| path(&m.submitted)),
            raised: prediction.raised.map(|raised| raised.from),
            outside: prediction.in_scope == Some(false),
            reasons,
        }
    }

    /// Whether the model has something to say.
    pub(super) fn known(&self) -> bool {
        self.gauge.decision != decided(Decision::Abstain)
    }

    /// The end of the style's name for a priority's colour.
    pub(super) fn style(&self) -> String {
        if self.known() { self.leaf.to_lowercase() } else { "unsure".to_owned() }
    }
}

/// The word that a reason points at, without entities.
fn word(reason: &Reason, ticket: &Ticket) -> String {
    let written = reason.word(ticket);
    match (reason.field, ticket.body_format) {
        (Field::Body, Format::Html) => {
            html::blocks(written).blocks.into_iter().map(|block| block.text).collect()
        }
        _ => written.to_owned(),
    }
}

fn decided(decision: Decision) -> &'static str {
    match decision {
        Decision::Auto => "auto",
        Decision::Suggest => "suggest",
        Decision::Abstain => "abstain",
    }
}

/// Whole per cent of a share (0..1), rounded down. The summand keeps 0.29 from becoming 28.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn percent(share: f32) -> u8 {
    (share.clamp(0.0, 1.0) * 100.0 + 0.001).floor() as u8
}

impl ArticleView {
    fn new(article: Suggested) -> Self {
        let section = article.heading.rsplit(" › ").next().map(anchor).filter(|anchor| !anchor.is_empty());
        let section = section.map_or_else(String::new, |anchor| format!("#{anchor}"));
        Self {
            href: format!("{}{section}", article_href(&article.id)),
            passage: excerpt(&article.passage, &article.marks()),
            title: article.title,
            heading: article.heading,
            found_by: match article.found_by {
                FoundBy::Words => "its words",
                FoundBy::Meaning => "its meaning",
                FoundBy::Both => "its words and its meaning",
            },
            agents_only: article.audience == Audience::Agent,
            category: article.category.as_deref().map(path),
            updated: article.updated_at.map(Day::new),
            score: format!("{:.2}", article.score),
            url: article.url.filter(|url| is_web(url)),
            said: None,
            id: article.id,
        }
    }
}

impl SimilarView {
    fn new(ticket: SimilarTicket, used: &[Article]) -> Self {
        let link = |id: &String| {
            let article = used.iter().find(|article| article.id == *id)?;
            Some(Link { href: article_href(id), title: article.title.clone() })
        };
        Self {
            subject: if ticket.subject.trim().is_empty() {
                "(no subject)".to_owned()
            } else {
                ticket.subject
            },
            category: ticket.category.as_deref().map(path),
            status: match ticket.status {
                Some(TicketStatus::Solved) => "solved",
                Some(TicketStatus::Open) => "still open",
                None => "state unknown",
            },
            created: ticket.created_at.map(Day::new),
            solved: ticket.solved_at.map(Day::new),
            reopened: match ticket.reopened {
                0 => None,
                1 => Some("opened again once".to_owned()),
                times => Some(format!("opened again {times} times")),
            },
            resolution: ticket.resolution.filter(|text| !text.trim().is_empty()),
            articles: ticket.article_ids.iter().filter_map(link).collect(),
            score: format!("{:.2}", ticket.score),
            id: ticket.id,
        }
    }
}

impl Day {
    pub(super) fn new(time: Timestamp) -> Self {
        Self { iso: time.strftime("%Y-%m-%d").to_string(), words: time.strftime("%-d %b %Y").to_string() }
    }
}

/// The page of an article.
pub(super) fn article_href(id: &str) -> String {
    format!("/articles/{}", escaped(id))
}

/// A category's path in words.
pub(super) fn path(label: &str) -> String {
    label.replace("::", " › ")
}

/// Whether an address may be linked: anything but the web, such as `javascript:`, may not.
pub(super) fn is_web(url: &str) -> bool {
    let scheme = url.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    matches!(scheme.as_deref(), Some("http" | "https"))
}

/// Percent-encodes everything but RFC 3986's unreserved characters.
pub(super) fn escaped(part: &str) -> String {
    let mut out = String::with_capacity(part.len());
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// A warning as a sentence of its own. One that begins with a field, `submitted.category`, stays so.
fn sentence(text: &str) -> String {
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    let names_field = text.split(' ').next().is_some_and(|word| word.contains(['.', '_']));
    let begin = if names_field { text.to_owned() } else { capitalised(text) };
    begin + end
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(char::to_uppercase).into_iter().flatten().chain(chars).collect()
}

#[cfg(test)]
mod tests;
