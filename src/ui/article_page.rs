//! `/articles/{id}`: a whole article.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::article::{ArticlePage, Part};
use super::problem::Problem;
use super::{Pages, page};

#[derive(Template)]
#[template(path = "ui/article.html")]
struct ArticleTemplate {
    article: ArticlePage,
}

#[derive(Template)]
#[template(path = "ui/message.html")]
struct MessageTemplate {
    problem: Problem,
}

/// Shows the article, or says that there is none.
pub(super) async fn show(State(pages): State<Pages>, Path(id): Path<String>) -> Response {
    match pages.store.article(&id).await {
        Ok(Some(article)) => page(StatusCode::OK, &ArticleTemplate { article: ArticlePage::new(article) }),
        Ok(None) => message(Problem::no_article()),
        Err(error) => {
            tracing::error!(%error, "an article page could not be made");
            message(Problem::failed())
        }
    }
}

fn message(problem: Problem) -> Response {
    page(problem.status, &MessageTemplate { problem })
}
