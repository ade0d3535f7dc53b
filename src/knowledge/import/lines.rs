//! Lines of a stream, each bounded, so that no input can fill the memory.

use std::io::{self, BufRead, Cursor, Read};

/// A source of bytes.
pub(super) type Input = Box<dyn BufRead + Send>;

/// What [`Lines::append`] found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A line, without its line feed, was appended.
    Line,
    /// A line was passed over, since the buffer would have grown beyond the limit; how much of it
    /// was appended is not defined.
    TooLong,
    /// There is no further line.
    End,
}

/// Reads line after line and counts them.
pub(super) struct Lines {
    input: Input,
    read: u64,
}

impl Lines {
    pub(super) fn new(input: Input) -> Self {
        Self { input, read: 0 }
    }

    /// Number of the line that was read last, from 1; 0 before the first.
    pub(super) fn number(&self) -> u64 {
        self.read
    }

    /// Appends the next line to `buffer`, which never grows beyond `limit` bytes.
    pub(super) fn append(&mut self, buffer: &mut Vec<u8>, limit: usize) -> io::Result<Next> {
        let mut started = false;
        let mut too_long = false;
        loop {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk.is_empty() && !started {
                return Ok(Next::End);
            }
            started = true;
            let end = chunk.iter().position(|&byte| byte == b'\n');
            let text = &chunk[..end.unwrap_or(chunk.len())];
            too_long |= buffer.len() + text.len() > limit;
            if !too_long {
                buffer.extend_from_slice(text);
            }
            let used = text.len() + usize::from(end.is_some());
            self.input.consume(used);
            if end.is_some() || used == 0 {
                self.read += 1;
                return Ok(if too_long { Next::TooLong } else { Next::Line });
            }
        }
    }

    /// Puts bytes back in front of what is still to be read; `lines` is how many of the lines read
    /// so far they hold.
    pub(super) fn put_back(&mut self, bytes: Vec<u8>, lines: u64) {
        let rest = std::mem::replace(&mut self.input, Box::new(io::empty()));
        self.input = Box::new(Cursor::new(bytes).chain(rest));
        self.read = self.read.saturating_sub(lines);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::io::BufReader;

    use super::*;

    fn all(text: &'static [u8], limit: usize) -> Vec<(Next, String)> {
        // A tiny buffer, so that lines span several reads.
        let mut lines = Lines::new(Box::new(BufReader::with_capacity(3, text)));
        let mut found = Vec::new();
        loop {
            let mut line = Vec::new();
            match lines.append(&mut line, limit).unwrap() {
                Next::End => return found,
                next => found.push((next, String::from_utf8(line).unwrap())),
            }
        }
    }

    #[test]
    fn the_last_line_needs_no_line_feed() {
        let lines = all(b"one\n\nthree", 10);
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[1].1, "");
        assert_eq!(lines[2].1, "three");
        assert_eq!(all(b"one\n", 10).len(), 1);
    }

    #[test]
    fn a_line_over_the_limit_is_passed_over_and_the_next_is_read() {
        let lines = all(b"0123456789abc\nnext\n", 10);
        assert_eq!(lines[0].0, Next::TooLong);
        assert!(lines[0].1.len() <= 10);
        assert_eq!(lines[1], (Next::Line, "next".into()));
    }

    #[test]
    fn lines_put_back_are_read_again_under_their_old_numbers() {
        let mut lines = Lines::new(Box::new(&b"one\ntwo\nthree\n"[..]));
        let mut buffer = Vec::new();
        for _ in 0..2 {
            lines.append(&mut buffer, 100).unwrap();
        }
        lines.put_back(b"two\n".to_vec(), 1);
        buffer.clear();
        lines.append(&mut buffer, 100).unwrap();
        assert_eq!((buffer.as_slice(), lines.number()), (&b"two"[..], 2));
    }
}
