//! Secrets that stand in files of their own.

use std::fs;
use std::io;

use super::Secret;

/// What a secret begins with whose word stands in a file.
const FILE: &str = "file:";

impl Secret {
    /// The secret itself: of `file:/run/secrets/token` what stands in that file, without white space at its ends;
    /// of any other the word as it is.
    ///
    /// # Errors
    /// The file cannot be read, or is empty; the error names it and shows nothing of it.
    pub fn resolved(&self) -> io::Result<Self> {
        let Some(path) = self.expose().strip_prefix(FILE) else { return Ok(self.clone()) };
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{path}: {error}"));
        let word = fs::read_to_string(path).map_err(named)?;
        match word.trim() {
            "" => Err(io::Error::new(io::ErrorKind::InvalidData, format!("{path} is empty"))),
            word => Ok(Self::from(word.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_secret_is_its_own_word_or_what_stands_in_the_file_that_it_names() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        let named = Secret::from(format!("file:{}", path.display()));
        assert!(named.resolved().unwrap_err().to_string().contains("token"));
        fs::write(&path, " \n").unwrap();
        assert!(named.resolved().unwrap_err().to_string().contains("is empty"));
        fs::write(&path, "abc def\n").unwrap();
        assert_eq!(named.resolved().unwrap().expose(), "abc def");
        assert_eq!(Secret::from("plain".to_owned()).resolved().unwrap().expose(), "plain");
    }
}
