//! What a ticket of the past may say: our names for it.

/// A field of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the field of a ticket's record that is called like it")]
pub enum Field {
    Id,
    Subject,
    Body,
    BodyFormat,
    Channel,
    CreatedAt,
    RequesterId,
    OrganizationId,
    Form,
    AgentGroup,
    SubmittedCategory,
    SubmittedPriority,
    Category,
    Impact,
    Urgency,
    Priority,
    Status,
    SolvedAt,
    FirstResponseAt,
    DueAt,
    FirstResponseDueAt,
    Resolution,
    ArticleIds,
    Reopened,
    Escalated,
    HandlingMinutes,
    HandlingSeconds,
}

/// How the values of a field are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// As they stand, and they may be anybody's words or name: never shown.
    Text,
    /// As they stand, unless another label is said for them; they are names of a house's own.
    Name,
    /// One of these, by a table.
    Label(&'static [&'static str]),
    /// A point in time.
    Time,
    /// A whole number from 0.
    Count,
    /// A time that people worked.
    Span,
    /// Yes or no.
    Truth,
    /// Several ids.
    List,
}

const LEVELS: &[&str] = &["high", "medium", "low"];
const PRIORITIES: &[&str] = &["P1", "P2", "P3", "P4"];

impl Field {
    /// All fields, in the order in which they are shown.
    pub const ALL: [Self; 27] = [
        Self::Id,
        Self::Subject,
        Self::Body,
        Self::BodyFormat,
        Self::Channel,
        Self::CreatedAt,
        Self::RequesterId,
        Self::OrganizationId,
        Self::Form,
        Self::AgentGroup,
        Self::SubmittedCategory,
        Self::SubmittedPriority,
        Self::Category,
        Self::Impact,
        Self::Urgency,
        Self::Priority,
        Self::Status,
        Self::SolvedAt,
        Self::FirstResponseAt,
        Self::DueAt,
        Self::FirstResponseDueAt,
        Self::Resolution,
        Self::ArticleIds,
        Self::Reopened,
        Self::Escalated,
        Self::HandlingMinutes,
        Self::HandlingSeconds,
    ];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Subject => "subject",
            Self::Body => "body",
            Self::BodyFormat => "body_format",
            Self::Channel => "channel",
            Self::CreatedAt => "created_at",
            Self::RequesterId => "requester_id",
            Self::OrganizationId => "organization_id",
            Self::Form => "form",
            Self::AgentGroup => "agent_group",
            Self::SubmittedCategory => "submitted_category",
            Self::SubmittedPriority => "submitted_priority",
            Self::Category => "category",
            Self::Impact => "impact",
            Self::Urgency => "urgency",
            Self::Priority => "priority",
            Self::Status => "status",
            Self::SolvedAt => "solved_at",
            Self::FirstResponseAt => "first_response_at",
            Self::DueAt => "due_at",
            Self::FirstResponseDueAt => "first_response_due_at",
            Self::Resolution => "resolution",
            Self::ArticleIds => "article_ids",
            Self::Reopened => "reopened",
            Self::Escalated => "escalated",
            Self::HandlingMinutes => "handling_minutes",
            Self::HandlingSeconds => "handling_seconds",
        }
    }

    /// The field with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Id | Self::Subject | Self::Body | Self::RequesterId | Self::OrganizationId => Kind::Text,
            Self::Resolution | Self::Form => Kind::Text,
            Self::Channel | Self::AgentGroup | Self::Category | Self::SubmittedCategory => Kind::Name,
            Self::BodyFormat => Kind::Label(&["text", "html", "markdown"]),
            Self::Impact | Self::Urgency => Kind::Label(LEVELS),
            Self::Priority | Self::SubmittedPriority => Kind::Label(PRIORITIES),
            Self::Status => Kind::Label(&["open", "solved"]),
            Self::CreatedAt | Self::SolvedAt | Self::FirstResponseAt => Kind::Time,
            Self::DueAt | Self::FirstResponseDueAt => Kind::Time,
            Self::ArticleIds => Kind::List,
            Self::Reopened => Kind::Count,
            Self::Escalated => Kind::Truth,
            Self::HandlingMinutes | Self::HandlingSeconds => Kind::Span,
        }
    }

    /// The field whose table of values holds for this one too.
    pub(super) fn table(self) -> Self {
        match self {
            Self::SubmittedPriority => Self::Priority,
            Self::SubmittedCategory => Self::Category,
            other => other,
        }
    }
}

/// `Ticket-ID`, `ticket id` and `Ticket (ID)` are the same column; `#` is a number.
pub(super) fn folded(name: &str) -> String {
    if name.trim() == "#" {
        return "number".to_owned();
    }
    let letter = |letter: char| if letter.is_alphanumeric() { letter } else { '_' };
    let plain: String = name.to_lowercase().chars().map(letter).collect();
    plain.split('_').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_")
}
