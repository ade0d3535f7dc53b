//! JSON Lines in, JSON Lines out: one object for each line, in the same order; a bad line gives an
//! object with `error` and its line number, and the rest go on.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use garde::Validate;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Outcome;

/// Longest line that is read; a longer one is refused, and reading goes on behind it.
const MAX_LINE_BYTES: usize = 16 << 20;

/// Rows that are worked on at a time.
const BATCH: usize = 64;

/// The file that rows come from and where answers go.
#[derive(Args)]
pub(super) struct Files {
    /// File with one JSON object a line; - reads standard input
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Write here instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// A row as read, or why it could not be.
pub(super) struct Row<T> {
    pub(super) line: usize,
    id: Value,
    pub(super) content: Result<T, String>,
}

impl Files {
    /// Answers every row with `answer`, which gets the good rows of a batch in order and gives as many
    /// results.
    pub(super) async fn answer<T, A>(
        &self,
        label: &'static str,
        answer: impl AsyncFn(Vec<T>) -> Vec<Result<A, String>>,
    ) -> anyhow::Result<Outcome>
    where
        T: DeserializeOwned,
        A: Serialize,
    {
        let mut lines = Lines::open(&self.input)?;
        let mut output = self.writer()?;
        let progress = Progress::new(label, None);
        let mut outcome = Outcome::Clean;
        loop {
            let rows: Vec<Row<T>> = lines.batch(BATCH)?;
            if rows.is_empty() {
                break;
            }
            let count = rows.len() as u64;
            if write_batch(&mut output, rows, &answer).await? == Outcome::SomeRefused {
                outcome = Outcome::SomeRefused;
            }
            progress.add(count);
        }
        output.flush().context("the output cannot be written")?;
        progress.finish();
        Ok(outcome)
    }

    fn writer(&self) -> anyhow::Result<Box<dyn Write + Send>> {
        Ok(match &self.output {
            None => Box::new(BufWriter::new(io::stdout())),
            Some(path) => {
                let file =
                    File::create(path).with_context(|| format!("{} cannot be written", path.display()))?;
                Box::new(BufWriter::new(file))
            }
        })
    }
}

async fn write_batch<T, A: Serialize>(
    output: &mut (dyn Write + Send),
    rows: Vec<Row<T>>,
    answer: &impl AsyncFn(Vec<T>) -> Vec<Result<A, String>>,
) -> anyhow::Result<Outcome> {
    let mut places = Vec::with_capacity(rows.len());
    let mut good = Vec::with_capacity(rows.len());
    for row in rows {
        let refusal = row.content.map(|content| good.push(content)).err();
        places.push((row.line, row.id, refusal));
    }
    let mut answers = answer(good).await.into_iter();
    let mut outcome = Outcome::Clean;
    for (line, id, refusal) in places {
        let result = match refusal {
            Some(refusal) => Err(refusal),
            None => answers.next().unwrap_or_else(|| Err("no answer".into())),
        };
        match result {
            Ok(answer) => {
                serde_json::to_writer(&mut *output, &answer).context("the output cannot be written")?;
            }
            Err(error) => {
                outcome = Outcome::SomeRefused;
                let refusal = json!({"id": id, "line": line, "error": error});
                serde_json::to_writer(&mut *output, &refusal).context("the output cannot be written")?;
            }
        }
        output.write_all(b"\n").context("the output cannot be written")?;
    }
    Ok(outcome)
}

/// Lines of a file, numbered from 1; blank ones are passed over.
pub(super) struct Lines {
    reader: Box<dyn BufRead + Send>,
    number: usize,
}

impl Lines {
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let reader: Box<dyn BufRead + Send> = if path == Path::new("-") {
            Box::new(BufReader::new(io::stdin()))
        } else {
            let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
            Box::new(BufReader::new(file))
        };
        Ok(Self { reader, number: 0 })
    }

    pub(super) fn batch<T: DeserializeOwned>(&mut self, most: usize) -> anyhow::Result<Vec<Row<T>>> {
        let mut rows = Vec::new();
        while rows.len() < most {
            match self.next_line()? {
                None => break,
                Some(line) => rows.extend(parse(self.number, line)),
            }
        }
        Ok(rows)
    }

    /// The next line without its end, or why it cannot be used; `None` at the end of the file.
    fn next_line(&mut self) -> io::Result<Option<Result<Vec<u8>, String>>> {
        self.number += 1;
        let mut line = Vec::new();
        let mut too_long = false;
        loop {
            let available = self.reader.fill_buf()?;
            if available.is_empty() {
                let nothing = line.is_empty() && !too_long;
                return Ok(if nothing { None } else { Some(finish(line, too_long)) });
            }
            let end = available.iter().position(|&byte| byte == b'\n');
            let piece = &available[..end.unwrap_or(available.len())];
            if line.len() + piece.len() > MAX_LINE_BYTES {
                too_long = true;
                line.clear();
            } else if !too_long {
                line.extend_from_slice(piece);
            }
            let used = piece.len() + usize::from(end.is_some());
            self.reader.consume(used);
            if end.is_some() {
                return Ok(Some(finish(line, too_long)));
            }
        }
    }
}

fn finish(line: Vec<u8>, too_long: bool) -> Result<Vec<u8>, String> {
    if too_long { Err(format!("the line is longer than {} MiB", MAX_LINE_BYTES >> 20)) } else { Ok(line) }
}

fn parse<T: DeserializeOwned>(line: usize, bytes: Result<Vec<u8>, String>) -> Option<Row<T>> {
    let text = bytes.and_then(|bytes| {
        String::from_utf8(bytes)
            .map_err(|e| format!("the line is not valid UTF-8 at byte {}", e.utf8_error().valid_up_to()))
    });
    let text = match text {
        Ok(text) if text.trim().is_empty() => return None,
        Ok(text) => text,
        Err(error) => return Some(Row { line, id: Value::Null, content: Err(error) }),
    };
    let text = text.trim_start_matches('\u{feff}');
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(e) => {
            let error = format!("not valid JSON at column {}", e.column());
            return Some(Row { line, id: Value::Null, content: Err(error) });
        }
    };
    let id = value.get("id").cloned().unwrap_or_default();
    let content = serde_path_to_error::deserialize(value).map_err(|e| match e.path().to_string().as_str() {
        "." => e.inner().to_string(),
        path => format!("{path}: {}", e.inner()),
    });
    Some(Row { line, id, content })
}

/// Why a row is refused, in one text.
pub(super) fn checked(row: &impl Validate<Context = ()>) -> Result<(), String> {
    row.validate().map_err(|report| report.to_string().trim().to_string())
}

/// Progress on stderr when that is a terminal, else silence.
pub(super) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar for `total` rows, or a counter where the total is not known.
    pub(super) fn new(label: &'static str, total: Option<u64>) -> Self {
        if !io::stderr().is_terminal() {
            return Self { bar: ProgressBar::hidden() };
        }
        let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        let template = match total {
            Some(_) => "{msg} {bar:30} {human_pos}/{human_len}, {eta} left",
            None => "{msg} {human_pos}, {per_sec}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(label);
        Self { bar }
    }

    pub(super) fn add(&self, count: u64) {
        self.bar.inc(count);
    }

    pub(super) fn to(&self, done: u64) {
        self.bar.set_position(done);
    }

    pub(super) fn set(&self, done: u64, total: u64) {
        self.bar.set_length(total);
        self.bar.set_position(done);
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn lines(bytes: &'static [u8]) -> Vec<(usize, Result<Value, String>)> {
        let mut lines = Lines { reader: Box::new(BufReader::with_capacity(7, bytes)), number: 0 };
        let rows: Vec<Row<Value>> = lines.batch(100).unwrap();
        rows.into_iter().map(|row| (row.line, row.content)).collect()
    }

    #[test]
    fn a_bad_line_is_named_and_the_rest_go_on() {
        let rows = lines(b"{\"id\":1}\n{oops\n\n\xff\xfe\n{\"id\":2}");
        assert_eq!(rows.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 2, 4, 5]);
        assert!(rows[1].1.as_ref().unwrap_err().contains("column"));
        assert!(rows[2].1.as_ref().unwrap_err().contains("UTF-8 at byte 0"));
        assert!(rows[3].1.is_ok());
    }

    #[test]
    fn an_endless_line_does_not_fill_the_memory() {
        let endless = io::Read::chain(io::Read::take(io::repeat(b'x'), 40 << 20), &b"\n{}\n"[..]);
        let mut lines = Lines { reader: Box::new(BufReader::new(endless)), number: 0 };
        let rows: Vec<Row<Value>> = lines.batch(10).unwrap();
        assert!(rows[0].content.as_ref().unwrap_err().contains("longer than"));
        assert!(rows[1].content.is_ok());
    }
}
