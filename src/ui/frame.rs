//! What stands around every page: where it is among the others.

/// A page that the navigation leads to. A further one needs a line in each of the three places here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Paste a ticket, read what it is.
    Triage,
    /// Paste a question, read what answers it.
    Suggestions,
    /// What the knowledge base covers.
    Coverage,
    /// What nothing answers.
    Gaps,
    /// How customers feel.
    Surveys,
    /// How the desk does.
    Performance,
    /// Whose labels are wrong.
    Mismatches,
    /// What helpdesks sent, and what was written into their tickets.
    Deliveries,
    /// Customers at risk.
    Signals,
    /// What answers.
    Model,
}

impl Place {
    /// In the order of the navigation.
    const ALL: [Self; 10] = [
        Self::Triage,
        Self::Suggestions,
        Self::Coverage,
        Self::Gaps,
        Self::Surveys,
        Self::Performance,
        Self::Mismatches,
        Self::Deliveries,
        Self::Signals,
        Self::Model,
    ];

    fn href(self) -> &'static str {
        match self {
            Self::Triage => "/",
            Self::Suggestions => "/suggest",
            Self::Coverage => "/coverage",
            Self::Gaps => "/gaps",
            Self::Surveys => "/surveys",
            Self::Performance => "/performance",
            Self::Mismatches => "/mismatches",
            Self::Deliveries => "/deliveries",
            Self::Signals => "/signals",
            Self::Model => "/model",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Triage => "Triage",
            Self::Suggestions => "Suggestions",
            Self::Coverage => "Coverage",
            Self::Gaps => "Gaps",
            Self::Surveys => "Surveys",
            Self::Performance => "Performance",
            Self::Mismatches => "Mismatches",
            Self::Deliveries => "Deliveries",
            Self::Signals => "Signals",
            Self::Model => "Model",
        }
    }
}

/// The frame of one page; the layout writes it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Frame {
    here: Option<Place>,
}

/// A link of the navigation.
#[derive(Debug)]
pub(super) struct PlaceLink {
    pub(super) href: &'static str,
    pub(super) words: &'static str,
    /// Whether it leads to the page that it stands on.
    pub(super) here: bool,
}

impl Frame {
    /// Of a page that the navigation leads to.
    pub(super) fn at(place: Place) -> Self {
        Self { here: Some(place) }
    }

    /// The navigation.
    pub(super) fn places(&self) -> impl Iterator<Item = PlaceLink> {
        Place::ALL.into_iter().map(|place| PlaceLink {
            href: place.href(),
            words: place.words(),
            here: self.here == Some(place),
        })
    }
}
