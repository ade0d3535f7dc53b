//! `deskhand sentiment`: how the customers of a file feel.

use std::path::PathBuf;

use clap::Args;

use super::rows::{Files, checked};
use super::{Common, Outcome};
use crate::model::Lane;
use crate::survey::{Comment, CommentAnswer, CommentRow, Surveys};

/// Flags of `deskhand sentiment`.
#[derive(Args)]
#[command(after_help = "Example:\n  deskhand sentiment --input samples/surveys.jsonl")]
pub(super) struct Sentiment {
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    common: Common,
    /// Use the bundle promoted in this data folder
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Sentiment {
    pub(super) async fn run(self) -> anyhow::Result<Outcome> {
        let settings = self.common.settings()?;
        let surveys = Surveys::new(self.common.model(&settings, self.data.as_deref()).await?);
        self.files
            .answer("comments", async |rows: Vec<CommentRow>| {
                answer(&surveys, rows.into_iter().map(Comment::from).collect()).await
            })
            .await
    }
}

/// Good comments are read together; each refused one says why in its place.
async fn answer(surveys: &Surveys, comments: Vec<Comment>) -> Vec<Result<CommentAnswer, String>> {
    let refusals: Vec<Option<String>> = comments.iter().map(|comment| checked(comment).err()).collect();
    let good: Vec<Comment> = comments
        .into_iter()
        .zip(&refusals)
        .filter_map(|(comment, refusal)| refusal.is_none().then_some(comment))
        .collect();
    let read = surveys.read(&good, Lane::Bulk).await;
    let mut answers = match read {
        Ok(answers) => answers.into_iter().map(Ok).collect::<Vec<_>>(),
        Err(error) => good.iter().map(|_| Err(error.to_string())).collect(),
    }
    .into_iter();
    refusals
        .into_iter()
        .map(|refusal| match refusal {
            Some(refusal) => Err(refusal),
            None => answers.next().unwrap_or_else(|| Err("no answer".into())),
        })
        .collect()
}
