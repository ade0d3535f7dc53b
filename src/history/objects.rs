//! Tickets of a JSON file cut out one by one, so that a file of any size takes the memory of one ticket.
//!
//! Understood are an array of objects, an object that holds such an array (`{"tickets": [...]}`, as APIs
//! answer), and objects one after the other, each on a line of its own or over several.

use std::io::{self, BufRead};

use crate::learn::dataset::MAX_ROW_BYTES;

/// Under these names an object holds the tickets, near its beginning.
const HOLDERS: [&str; 7] = ["tickets", "records", "result", "results", "data", "items", "helpdesk_tickets"];

/// An object as it stands in the file, or why it cannot be had.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cut {
    Whole(Vec<u8>),
    TooLong,
    /// Something else than an object stands in its place.
    Other,
    /// The file ends within it.
    Open,
}

/// Reads object after object.
pub(super) struct Objects<R> {
    input: R,
    /// Line of the next byte, from 1.
    line: usize,
    /// Whether the objects stand in an array, behind whose end nothing counts.
    listed: bool,
    done: bool,
}

impl<R: BufRead> Objects<R> {
    pub(super) fn new(mut input: R) -> io::Result<Self> {
        let start = input.fill_buf()?;
        let (skip, listed) = beginning(start);
        let line = 1 + start[..skip].iter().filter(|&&byte| byte == b'\n').count();
        input.consume(skip);
        Ok(Self { input, line, listed, done: false })
    }

    /// The next object with the line on which it begins; `None` at the end.
    pub(super) fn next_object(&mut self) -> io::Result<Option<(usize, Cut)>> {
        let mut strange = None;
        while !self.done {
            let Some(byte) = self.peek()? else { break };
            match byte {
                b'{' => {
                    return match strange {
                        Some(line) => Ok(Some((line, Cut::Other))),
                        None => self.object().map(Some),
                    };
                }
                b']' if self.listed => self.done = true,
                b',' | b' ' | b'\t' | b'\r' | b'\n' => {}
                _ => strange = strange.or(Some(self.line)),
            }
            self.line += usize::from(byte == b'\n');
            self.input.consume(1);
        }
        self.done = true;
        Ok(strange.map(|line| (line, Cut::Other)))
    }

    /// Line of the next byte, from 1.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        Ok(self.input.fill_buf()?.first().copied())
    }

    fn object(&mut self) -> io::Result<(usize, Cut)> {
        let first = self.line;
        let (mut bytes, mut too_long, mut state) = (Vec::new(), false, Depth::default());
        loop {
            let chunk = self.input.fill_buf()?;
            if chunk.is_empty() {
                self.done = true;
                return Ok((first, Cut::Open));
            }
            let end = chunk.iter().position(|&byte| state.ends(byte)).map(|at| at + 1);
            let piece = &chunk[..end.unwrap_or(chunk.len())];
            too_long |= bytes.len() + piece.len() > MAX_ROW_BYTES;
            if too_long {
                bytes = Vec::new();
            } else {
                bytes.extend_from_slice(piece);
            }
            self.line += piece.iter().filter(|&&byte| byte == b'\n').count();
            let used = piece.len();
            self.input.consume(used);
            if end.is_some() {
                return Ok((first, if too_long { Cut::TooLong } else { Cut::Whole(bytes) }));
            }
        }
    }
}

/// How deep a place lies in brackets, and whether it is in a string.
#[derive(Default)]
struct Depth {
    depth: usize,
    quoted: bool,
    escaped: bool,
}

impl Depth {
    /// Takes in a byte; whether the outermost bracket is closed by it.
    fn ends(&mut self, byte: u8) -> bool {
        if self.quoted {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.quoted = false,
                _ => {}
            }
            return false;
        }
        match byte {
            b'"' => self.quoted = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                return self.depth == 0;
            }
            _ => {}
        }
        false
    }
}

/// How many bytes stand before the objects, and whether these are a list.
fn beginning(start: &[u8]) -> (usize, bool) {
    let mark = if start.starts_with(&[0xEF, 0xBB, 0xBF]) { 3 } else { 0 };
    let Some(at) = start[mark..].iter().position(|byte| !byte.is_ascii_whitespace()).map(|at| at + mark)
    else {
        return (mark, false);
    };
    if start[at] == b'[' {
        return (at + 1, true);
    }
    match held(&start[at..]) {
        Some(inside) => (at + inside, true),
        None => (at, false),
    }
}

/// Where the list of a holder begins in an object, behind its bracket.
fn held(object: &[u8]) -> Option<usize> {
    let (mut state, mut name, mut last) = (Depth::default(), None, None);
    for (at, &byte) in object.iter().enumerate() {
        let was_quoted = state.quoted;
        if state.depth == 1 && byte == b'[' && last.is_some_and(|name| HOLDERS.contains(&name)) {
            return Some(at + 1);
        }
        if state.ends(byte) {
            return None;
        }
        match (was_quoted, state.quoted) {
            (false, true) if state.depth == 1 => name = Some(at + 1),
            (true, false) if state.depth == 1 => {
                last = name.take().and_then(|from| std::str::from_utf8(object.get(from..at)?).ok());
            }
            _ if byte == b',' && state.depth == 1 => last = None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn cut(text: &str) -> Vec<(usize, String)> {
        let mut objects = Objects::new(io::BufReader::new(text.as_bytes())).unwrap();
        let mut all = Vec::new();
        while let Some((line, cut)) = objects.next_object().unwrap() {
            all.push((
                line,
                match cut {
                    Cut::Whole(bytes) => String::from_utf8(bytes).unwrap(),
                    other => format!("{other:?}"),
                },
            ));
        }
        all
    }

    fn whole(line: usize, text: &str) -> (usize, String) {
        (line, text.to_owned())
    }

    #[test]
    fn lists_holders_and_objects_one_after_the_other_are_understood() {
        let both = [whole(1, "{\"a\":[1]}"), whole(2, "{\"b\":\"}]\\\"{\"}")];
        assert_eq!(cut("[{\"a\":[1]},\n{\"b\":\"}]\\\"{\"}]"), both);
        assert_eq!(cut("{\"a\":[1]}\n{\"b\":\"}]\\\"{\"}\n"), both);
        assert_eq!(
            cut("{\"count\":2, \"tickets\" : [{\"a\":[1]},\n{\"b\":\"}]\\\"{\"}], \"next\":{}}"),
            both
        );
        assert_eq!(cut("\u{feff} {\"tickets\":[]}"), []);
        assert_eq!(cut("{\"x\":{\"tickets\":[{}]}}"), [whole(1, "{\"x\":{\"tickets\":[{}]}}")]);
        assert_eq!(cut("{\"tickets\":3,\"tags\":[1]}").len(), 1);
    }

    #[test]
    fn what_is_no_object_is_named_and_the_rest_go_on() {
        assert_eq!(
            cut("[1,\n{\"a\":1},\n\"x\"]"),
            [whole(1, "Other"), whole(2, "{\"a\":1}"), whole(3, "Other")]
        );
        assert_eq!(cut("[{\"a\":1},\n{\"b\""), [whole(1, "{\"a\":1}"), whole(2, "Open")]);
        assert_eq!(cut(""), []);
    }

    #[test]
    fn an_endless_object_does_not_fill_the_memory() {
        let endless = io::Read::chain(
            io::Read::chain(&b"[{\"a\":\""[..], io::Read::take(io::repeat(b'x'), 9 << 20)),
            &b"\"},{}]"[..],
        );
        let mut objects = Objects::new(io::BufReader::new(endless)).unwrap();
        assert_eq!(objects.next_object().unwrap().unwrap().1, Cut::TooLong);
        assert_eq!(objects.next_object().unwrap().unwrap().1, Cut::Whole(b"{}".to_vec()));
    }

    proptest::proptest! {
        #[test]
        fn any_file_comes_to_its_end(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300), json in "[\\[\\]{}\",:a0 \n\\\\]{0,60}") {
            for input in [bytes.as_slice(), json.as_bytes()] {
                let mut objects = Objects::new(io::BufReader::with_capacity(16, input)).unwrap();
                let mut count = 0;
                while objects.next_object().unwrap().is_some() {
                    count += 1;
                }
                proptest::prop_assert!(count <= input.len());
            }
        }
    }
}
