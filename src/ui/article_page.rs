//! `/articles/{id}`: a whole article.

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::article::{ArticlePage, Part};
use super::frame::Frame;
use super::problem::Problem;
use super::{Pages, page};

#[derive(Template)]
#[template(path = "ui/article.html")]
struct ArticleTemplate {
    frame: Frame,
    article: ArticlePage,
}

#[derive(Template)]
#[template(path = "ui/message.html")]
struct MessageTemplate {
    frame: Frame,
    problem: Problem,
}

/// Shows the article, or says that there is none.
pub(super) async fn show(State(pages): State<Pages>, id: Result<Path<String>, PathRejection>) -> Response {
    let Ok(Path(id)) = id else { return message(Problem::no_article()) };
    match pages.store.article(&id).await {
        Ok(Some(article)) => page(
            StatusCode::OK,
            &ArticleTemplate { frame: Frame::default(), article: ArticlePage::new(article) },
        ),
        Ok(None) => message(Problem::no_article()),
        Err(error) => {
            tracing::error!(%error, "an article page could not be made");
            message(Problem::failed())
        }
    }
}

/// A page that says what went wrong.
pub(super) fn message(problem: Problem) -> Response {
    page(problem.status, &MessageTemplate { frame: Frame::default(), problem })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;

    use super::*;
    use crate::store::Attachment;
    use crate::text::Format;
    use crate::ui::samples::{self, Tag};

    const ELEMENTS: &str = "html head meta title link body a header img nav main article h1 h2 h3 h4 h5 h6 ul ol li time div p table tr td pre code blockquote footer";
    const ATTRIBUTES: &str = "lang charset name content rel type href class alt src aria-label aria-labelledby id tabindex role datetime";

    fn shown(body: &str, format: Format) -> String {
        let mut article = samples::article(body, format);
        article.title = format!("{body} {}", article.title);
        article.category = Some(body.into());
        article.product = Some(body.into());
        let hostile = |address: &str| Attachment { address: address.into(), alt: body.into() };
        article.attachments = [body, "javascript:alert(1)", "a.png", "/b.pdf"].map(hostile).into();
        ArticleTemplate { frame: Frame::default(), article: ArticlePage::new(article) }.render().unwrap()
    }

    fn is_ours((name, attributes): &Tag) -> bool {
        let links_are_plain = attributes.get("href").is_none_or(|href| href.starts_with(['/', '#', 'h']));
        ELEMENTS.split(' ').any(|element| element == name)
            && attributes.keys().all(|name| ATTRIBUTES.split(' ').any(|attribute| attribute == name))
            && links_are_plain
    }

    #[test]
    fn markup_in_an_article_never_reaches_the_page_as_markup() {
        let body = "<script>alert(1)</script><img src=x onerror=alert(1)> [a](javascript:alert(1)) `<b>` &lt;script&gt;\n\n```\n</pre><script>\n```";
        for format in [Format::Text, Format::Markdown, Format::Html] {
            let html = shown(body, format);
            assert!(!html.contains("<script"), "{html}");
            assert!(samples::tags(&html).iter().all(is_ours), "{html}");
        }
        let html = shown("`<script>` & \"x\"", Format::Markdown);
        assert!(html.contains("<p>&#60;script&#62; &#38; &#34;x&#34;</p>"), "{html}");
    }

    #[test]
    fn an_article_shows_who_may_see_it_and_when_it_changed() {
        let html = shown("Text", Format::Text);
        assert!(html.contains("agents only") && html.contains("22 Sep 2026"), "{html}");
    }

    #[test]
    fn images_and_files_of_an_article_are_links_below_it() {
        let html = shown("The panel", Format::Text);
        let link =
            "<a href=\"https://help.larkfield.example/a.png\" rel=\"noreferrer noopener\">The panel</a>";
        assert!(html.contains(link) && html.contains("https://help.larkfield.example/b.pdf"), "{html}");
        assert!(html.contains("<li>The panel</li>") && !html.contains("href=\"javascript:"), "{html}");
    }

    proptest! {
        #[test]
        fn no_text_of_an_article_becomes_markup(
            body in "(<script>|</script>|<!--|-->|<a href=\"|\"|'|<|>|&lt;|&#60;|\\]\\(javascript:|\\[|\\PC){0,40}",
            format in prop::sample::select(vec![Format::Text, Format::Markdown, Format::Html]),
        ) {
            let html = shown(&body, format);
            prop_assert!(samples::tags(&html).iter().all(is_ours), "{}", html);
        }
    }
}
