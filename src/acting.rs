//! Who acts, and since when: told once at the edge and known to everything below it, so that the trail can name
//! them and the model's queue be fair to them without each function between handing it on.

use std::future::Future;

use jiff::Timestamp;

/// Stands for everybody where nobody has to say who they are.
pub const ANYONE: &str = "anyone";

tokio::task_local! {
    static ACTING: Acting;
}

/// Who makes the changes of this task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acting {
    /// Such as `key:5f0c…`, `user:mira`, `command:root`, or [`ANYONE`].
    pub who: String,
    /// When the request or the command began.
    pub at: Timestamp,
}

impl Acting {
    /// Does the work in this name.
    pub async fn doing<F: Future>(self, work: F) -> F::Output {
        ACTING.scope(self, work).await
    }

    /// Who acts in this task; `None` where the program acts by itself.
    pub fn now() -> Option<Self> {
        ACTING.try_with(Clone::clone).ok()
    }

    /// The name of the one who acts in this task; `None` where the program acts by itself, or nobody has to say.
    pub fn name() -> Option<String> {
        Self::now().map(|acting| acting.who).filter(|who| who != ANYONE)
    }

    /// The work in the name of the one who asks for it, whichever task then does it.
    pub fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
        Self::instead_of(Self::now(), work)
    }

    /// The work in the name of `acting`, or of nobody.
    pub async fn instead_of<F: Future>(acting: Option<Self>, work: F) -> F::Output {
        match acting {
            Some(acting) => acting.doing(work).await,
            None => work.await,
        }
    }
}
