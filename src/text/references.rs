//! The images and files that a document refers to.

use html5gum::{StartTag, Token, Tokenizer};
use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use super::Format;
use super::fold;

/// An image or a file that a document refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// As the document gives it.
    pub address: String,
    /// What an image shows, or the words of the link.
    pub alt: String,
}

/// Links that end in one of these lead to a file and not to a page.
const FILES: [&str; 22] = [
    "pdf", "doc", "docx", "docm", "odt", "rtf", "xls", "xlsx", "xlsm", "ods", "csv", "ppt", "pptx", "odp",
    "zip", "7z", "png", "jpg", "jpeg", "gif", "mp4", "msi",
];

/// The images that a document shows and the files that it links, in reading order. Images inside of the
/// document itself (`data:`) are not among them.
pub fn references(body: &str, format: Format) -> Vec<Reference> {
    match format {
        Format::Text => Vec::new(),
        Format::Html => in_html(body),
        Format::Markdown => in_markdown(body),
    }
}

fn in_html(html: &str) -> Vec<Reference> {
    let mut found = Found::default();
    for token in Tokenizer::new(html) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) if *tag.name == *b"img" => {
                found.image(attribute(&tag, b"src"), attribute(&tag, b"alt"));
            }
            Token::StartTag(tag) if *tag.name == *b"a" => found.open(attribute(&tag, b"href")),
            Token::EndTag(tag) if *tag.name == *b"a" => found.close(),
            Token::String(text) => found.words(&String::from_utf8_lossy(&text)),
            _ => {}
        }
    }
    found.finish()
}

fn attribute(tag: &StartTag<()>, name: &[u8]) -> String {
    let value = tag.attributes.get(name);
    value.map(|value| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
}

fn in_markdown(markdown: &str) -> Vec<Reference> {
    let mut found = Found::default();
    // The alternative text of an image is what stands between its two events.
    let mut image: Option<(String, String)> = None;
    for event in Parser::new(markdown) {
        match event {
            Event::Start(Tag::Image { dest_url, .. }) => image = Some((dest_url.into(), String::new())),
            Event::End(TagEnd::Image) => {
                if let Some((address, alt)) = image.take() {
                    found.image(address, alt);
                }
            }
            Event::Start(Tag::Link { dest_url, .. }) => found.open(dest_url.into()),
            Event::End(TagEnd::Link) => found.close(),
            Event::Text(text) | Event::Code(text) => match &mut image {
                Some((_, alt)) => alt.push_str(&text),
                None => found.words(&text),
            },
            Event::Html(html) | Event::InlineHtml(html) => found.all.extend(in_html(&html)),
            _ => {}
        }
    }
    found.finish()
}

#[derive(Default)]
struct Found {
    all: Vec<Reference>,
    /// The link that is open, if it leads to a file.
    link: Option<Reference>,
}

impl Found {
    fn image(&mut self, address: String, alt: String) {
        self.take(Reference { address, alt });
    }

    fn open(&mut self, address: String) {
        self.close();
        self.link = is_file(&address).then(|| Reference { address, alt: String::new() });
    }

    fn words(&mut self, text: &str) {
        if let Some(link) = &mut self.link {
            link.alt.push_str(text);
        }
    }

    fn close(&mut self) {
        if let Some(link) = self.link.take() {
            self.take(link);
        }
    }

    fn take(&mut self, Reference { address, alt }: Reference) {
        let address = address.trim().to_owned();
        if !address.is_empty() && !address.starts_with("data:") {
            self.all.push(Reference { address, alt: fold::fold(&alt) });
        }
    }

    fn finish(mut self) -> Vec<Reference> {
        self.close();
        self.all
    }
}

fn is_file(address: &str) -> bool {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_lowercase());
    extension.is_some_and(|extension| FILES.contains(&extension.as_str())) || path.contains("/attachments/")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn found(body: &str, format: Format) -> Vec<(String, String)> {
        references(body, format).into_iter().map(|found| (found.address, found.alt)).collect()
    }

    #[test]
    fn images_and_linked_files_are_found_in_html_and_links_to_pages_are_not() {
        let html = "<p><img alt='The  panel' src='img/panel.png'> <a href=/files/manual.PDF?v=2>the <b>manual</b></a> \
                    <a href='other.html'>page</a> <img src='data:image/png;base64,AA'> <a href='x.zip'>open";
        let expected =
            [("img/panel.png", "The panel"), ("/files/manual.PDF?v=2", "the manual"), ("x.zip", "open")];
        assert_eq!(found(html, Format::Html), expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    }

    #[test]
    fn markdown_has_them_in_its_own_way_and_as_html() {
        let markdown =
            "![The *tray*](tray.png)\n\nSee [the form](form.docx), [a page](a.md).\n\n<img src=\"b.gif\">";
        let expected = [("tray.png", "The tray"), ("form.docx", "the form"), ("b.gif", "")];
        assert_eq!(found(markdown, Format::Markdown), expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
        assert!(found(markdown, Format::Text).is_empty());
    }

    proptest! {
        #[test]
        fn any_text_is_read_to_its_end(body in "(<img src=|<a href='|</a>|!\\[|\\]\\(|\\)|x.pdf|'|>|\\PC){0,30}") {
            for format in [Format::Html, Format::Markdown] {
                prop_assert!(references(&body, format).iter().all(|found| !found.address.is_empty()));
            }
        }
    }
}
