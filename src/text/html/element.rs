//! What each element does to the flow of the text.

use super::builder::Builder;

/// Elements whose content is markup, but not for reading.
pub(super) fn unread(name: &[u8]) -> Option<&'static str> {
    match name {
        b"template" => Some("template"),
        b"noscript" => Some("noscript"),
        b"svg" => Some("svg"),
        _ => None,
    }
}

/// Elements that have no content.
pub(super) fn is_void(name: &[u8]) -> bool {
    matches!(
        name,
        b"area"
            | b"base"
            | b"br"
            | b"col"
            | b"embed"
            | b"hr"
            | b"img"
            | b"input"
            | b"link"
            | b"meta"
            | b"param"
            | b"source"
            | b"track"
            | b"wbr"
    )
}

/// Elements that begin a new block of text.
pub(super) fn is_block(name: &[u8]) -> bool {
    matches!(
        name,
        b"address"
            | b"article"
            | b"aside"
            | b"blockquote"
            | b"body"
            | b"caption"
            | b"center"
            | b"dd"
            | b"details"
            | b"div"
            | b"dl"
            | b"dt"
            | b"fieldset"
            | b"figcaption"
            | b"figure"
            | b"footer"
            | b"form"
            | b"h1"
            | b"h2"
            | b"h3"
            | b"h4"
            | b"h5"
            | b"h6"
            | b"head"
            | b"header"
            | b"html"
            | b"legend"
            | b"li"
            | b"main"
            | b"nav"
            | b"ol"
            | b"p"
            | b"pre"
            | b"section"
            | b"summary"
            | b"table"
            | b"td"
            | b"th"
            | b"tr"
            | b"ul"
    )
}

/// Takes in the start tag of an element.
pub(super) fn open(builder: &mut Builder, name: &[u8]) {
    match name {
        [b'h', level @ b'1'..=b'6'] => builder.open_heading(level - b'0'),
        b"pre" => builder.open_preformatted(),
        b"ul" | b"ol" => builder.open_list(),
        b"li" => builder.open_item(),
        b"table" => builder.open_table(),
        b"tr" => builder.open_row(),
        b"td" | b"th" => builder.open_cell(),
        b"button" | b"option" | b"select" | b"textarea" => builder.gap(),
        _ if is_block(name) => builder.flush(),
        _ => {}
    }
}

/// Takes in the end tag of an element.
pub(super) fn close(builder: &mut Builder, name: &[u8]) {
    match name {
        [b'h', b'1'..=b'6'] => builder.close_heading(),
        b"pre" => builder.close_preformatted(),
        b"ul" | b"ol" => builder.close_list(),
        b"li" => builder.close_item(),
        b"table" => builder.close_table(),
        b"tr" => builder.close_row(),
        b"button" | b"option" | b"select" | b"textarea" => builder.gap(),
        _ if is_block(name) => builder.flush(),
        _ => {}
    }
}

/// Elements of HTML besides those that the other functions here know. Custom elements have a
/// hyphen in their name, so one cannot tell them from placeholders.
const OTHER_ELEMENTS: [&[u8]; 57] = [
    b"a",
    b"abbr",
    b"acronym",
    b"audio",
    b"b",
    b"bdi",
    b"bdo",
    b"big",
    b"button",
    b"canvas",
    b"cite",
    b"code",
    b"colgroup",
    b"data",
    b"datalist",
    b"del",
    b"dfn",
    b"dialog",
    b"em",
    b"font",
    b"i",
    b"ins",
    b"kbd",
    b"label",
    b"map",
    b"mark",
    b"math",
    b"menu",
    b"meter",
    b"object",
    b"optgroup",
    b"option",
    b"output",
    b"picture",
    b"progress",
    b"q",
    b"s",
    b"samp",
    b"search",
    b"select",
    b"slot",
    b"small",
    b"span",
    b"strike",
    b"strong",
    b"sub",
    b"sup",
    b"tbody",
    b"textarea",
    b"tfoot",
    b"thead",
    b"time",
    b"tt",
    b"u",
    b"var",
    b"video",
    b"hgroup",
];

/// Whether HTML has an element of this name, given in lower case.
pub(in crate::text) fn is_element(name: &[u8]) -> bool {
    is_block(name)
        || is_void(name)
        || unread(name).is_some()
        || super::raw::element(name).is_some()
        || OTHER_ELEMENTS.contains(&name)
}
