//! A file in memory without being read: the system brings in what is looked at, and may take it out again.

use std::fs::File;
use std::io;
use std::path::Path;

use memmap2::Mmap;

/// The bytes of a file that nobody writes any more.
///
/// Whoever replaces such a file has to write another beside and rename it: what is mapped here then stays as
/// it was. A file that is changed in place gives other numbers, one that is cut short ends the process.
#[derive(Debug)]
pub struct Mapped(Mmap);

impl Mapped {
    /// Maps the file.
    ///
    /// # Errors
    /// Those of opening and mapping; an empty file cannot be mapped everywhere.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        // SAFETY: every byte is a valid value of all types that are lent below, and the data folder belongs to
        // one process, which replaces such files by renaming and never writes into them.
        unsafe { Mmap::map(&file) }.map(Self)
    }

    /// The whole file.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The whole file as signed numbers.
    pub fn numbers(&self) -> &[i8] {
        let bytes = self.bytes();
        // SAFETY: i8 and u8 have the same size and alignment, and every byte is a valid i8.
        unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len()) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "there is no mapping under Miri")]
    fn a_mapped_file_stays_as_it_was_when_another_takes_its_name() {
        let dir = std::env::temp_dir().join(format!("deskhand-mapped-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let (path, beside) = (dir.join("numbers"), dir.join("beside"));
        std::fs::write(&path, [1, 255, 128]).unwrap();
        let mapped = Mapped::open(&path).unwrap();
        std::fs::write(&beside, [7]).unwrap();
        std::fs::rename(&beside, &path).unwrap();
        assert_eq!(mapped.bytes(), [1, 255, 128]);
        assert_eq!(mapped.numbers(), [1, -1, -128]);
        assert_eq!(Mapped::open(&path).unwrap().bytes(), [7]);
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
