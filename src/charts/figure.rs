//! A picture as it is written: shapes in SVG units, and what is said beside them.

use askama::Template;

/// Width of every picture in SVG units; text is 12 of them high.
pub(super) const WIDTH: f64 = 400.0;

/// What a picture is called.
#[derive(Debug, Clone, Copy)]
pub struct Naming<'a> {
    /// Unique on its page, letters and hyphens: the ids of its parts begin with it.
    pub id: &'a str,
    /// What it shows, above it.
    pub title: &'a str,
    /// What to read instead where there is nothing to draw: a sentence.
    pub if_empty: &'a str,
}

/// A picture with its caption and its numbers, or a sentence where there is none. Written by `Display`.
#[derive(Debug, Clone, Template)]
#[template(path = "charts/figure.html")]
pub struct Figure {
    /// Unique on its page.
    pub id: String,
    /// What it shows.
    pub title: String,
    /// What is drawn, or what to say.
    pub drawing: Result<Drawing, String>,
}

/// Its text is escaped by its own template.
impl askama::filters::HtmlSafe for Figure {}

/// What is drawn.
#[derive(Debug, Clone)]
pub struct Drawing {
    /// What is to be seen, for those who do not see it.
    pub description: String,
    /// In SVG units; the width is always the same.
    pub height: f64,
    /// Back to front.
    pub shapes: Vec<Shape>,
    /// The numbers that were drawn.
    pub numbers: Numbers,
}

/// A table of what was drawn.
#[derive(Debug, Clone)]
pub struct Numbers {
    /// One for each column.
    pub titles: Vec<String>,
    /// As many cells as titles; the first one names the row.
    pub rows: Vec<Vec<String>>,
}

/// A shape. Coordinates are in SVG units, written with one digit.
#[derive(Debug, Clone)]
pub enum Shape {
    /// A filled box.
    Box {
        /// Class of the style sheet.
        class: &'static str,
        /// Left, top, width, height.
        at: [String; 4],
        /// What a pointer over it shows; may be empty.
        title: String,
    },
    /// A path in the language of SVG.
    Path {
        /// Class of the style sheet.
        class: &'static str,
        /// The path.
        d: String,
    },
    /// A point.
    Dot {
        /// Class of the style sheet.
        class: &'static str,
        /// Its centre.
        at: [String; 2],
        /// What a pointer over it shows.
        title: String,
    },
    /// Words.
    Text {
        /// Where its line begins, ends or has its middle.
        at: [String; 2],
        /// `start`, `middle` or `end`.
        anchor: &'static str,
        /// What it says.
        words: String,
    },
}

impl Figure {
    /// Names a drawing; `None` says the sentence instead.
    pub(super) fn new(naming: Naming<'_>, drawing: Option<Drawing>) -> Self {
        Self {
            id: naming.id.to_owned(),
            title: naming.title.to_owned(),
            drawing: drawing.ok_or_else(|| naming.if_empty.to_owned()),
        }
    }
}

impl Shape {
    pub(super) fn rectangle(class: &'static str, at: [f64; 4], title: impl Into<String>) -> Self {
        Self::Box { class, at: at.map(units), title: title.into() }
    }

    pub(super) fn path(class: &'static str, d: impl Into<String>) -> Self {
        Self::Path { class, d: d.into() }
    }

    /// A straight line.
    pub(super) fn rule(class: &'static str, from: [f64; 2], to: [f64; 2]) -> Self {
        Self::path(class, path(&[from, to]))
    }

    pub(super) fn dot(class: &'static str, at: [f64; 2], title: impl Into<String>) -> Self {
        Self::Dot { class, at: at.map(units), title: title.into() }
    }

    pub(super) fn text(at: [f64; 2], anchor: &'static str, words: impl Into<String>) -> Self {
        Self::Text { at: at.map(units), anchor, words: words.into() }
    }
}

/// A line through these points.
pub(super) fn path(points: &[[f64; 2]]) -> String {
    let places: Vec<String> = points.iter().map(|point| point.map(units).join(" ")).collect();
    if places.is_empty() { String::new() } else { format!("M{}", places.join("L")) }
}

/// One digit is finer than a screen shows; `-0.0` is written as zero.
fn units(value: f64) -> String {
    let text = format!("{value:.1}");
    if text == "-0.0" { "0.0".to_owned() } else { text }
}
