//! Files of lines that only grow, one JSON value each.
//!
//! A write that was interrupted, by a kill, a full disk or a power cut, may have left the beginning of a line at the end.
//! Nobody was told that such a line is there, so it is none: it is not read, and cut off before the next one is written.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::de::IgnoredAny;

/// The longest line that is read, in bytes.
const LINE: u64 = 4096;

/// The lines of a file, each with its number, from 1.
pub(crate) struct Lines {
    /// None of a file that is not there.
    file: Option<BufReader<File>>,
    number: usize,
}

/// Reads a file. One that is not there is empty; a line that is longer than [`LINE`] comes in pieces, which are no
/// values.
pub(crate) fn read(path: &Path) -> io::Result<Lines> {
    let file = match File::open(path) {
        Ok(file) => Some(BufReader::new(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    Ok(Lines { file, number: 0 })
}

impl Iterator for Lines {
    type Item = io::Result<(usize, Vec<u8>)>;

    fn next(&mut self) -> Option<Self::Item> {
        let file = self.file.as_mut()?;
        let mut line = Vec::new();
        let read = file.take(LINE).read_until(b'\n', &mut line);
        let is_last = read.and_then(|_| Ok(file.fill_buf()?.is_empty()));
        match is_last {
            Ok(is_last) if line.is_empty() || (is_last && is_cut_short(&line)) => None,
            Ok(_) => {
                self.number += 1;
                Some(Ok((self.number, line)))
            }
            Err(error) => {
                // It would fail again and again.
                self.file = None;
                Some(Err(error))
            }
        }
    }
}

/// Appends a line. It is not waited for the disk.
pub(crate) fn append(path: &Path, line: &str) -> io::Result<File> {
    let mut file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)?;
    mend(&mut file)?;
    file.write_all(format!("{line}\n").as_bytes())?;
    Ok(file)
}

/// Appends a line, and has it on the disk.
pub(crate) fn append_durably(path: &Path, line: &str) -> io::Result<()> {
    append(path, line)?.sync_data()
}

/// Has the file end where a line ends.
fn mend(file: &mut File) -> io::Result<()> {
    let from = file.metadata()?.len().saturating_sub(LINE);
    let mut end = Vec::new();
    file.seek(SeekFrom::Start(from))?;
    file.take(LINE).read_to_end(&mut end)?;
    let ended = end.iter().rposition(|byte| *byte == b'\n');
    let (lines, rest) = end.split_at(ended.map_or(0, |at| at + 1));
    match rest {
        [] => Ok(()),
        rest if is_cut_short(rest) => file.set_len(from + lines.len() as u64),
        // Somebody wrote it by hand.
        _ => file.write_all(b"\n"),
    }
}

/// Whether the end of a file is only the beginning of a line.
fn is_cut_short(end: &[u8]) -> bool {
    !end.ends_with(b"\n") && serde_json::from_slice::<IgnoredAny>(end).is_err()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn all(path: &Path) -> Vec<(usize, String)> {
        let lines = read(path).unwrap().map(Result::unwrap);
        let text = |line| String::from_utf8(line).unwrap().trim_end().to_owned();
        lines.map(|(number, line)| (number, text(line))).collect()
    }

    #[test]
    fn a_line_that_was_cut_short_is_none_and_harms_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines.jsonl");
        assert_eq!(all(&path), []);
        let (first, second) = (r#"{"a":1}"#, r#"{"b":[22,33]}"#);
        append_durably(&path, first).unwrap();
        let whole = format!("{first}\n{second}\n");
        // Wherever a write stopped: what was there before stays, what comes after is read.
        for cut in first.len() + 1..whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let is_whole = cut == whole.len() - 1;
            let mut expected = vec![(1, first.to_owned())];
            if is_whole {
                expected.push((2, second.to_owned()));
            }
            assert_eq!(all(&path), expected, "{cut}");
            append_durably(&path, "3").unwrap();
            expected.push((expected.len() + 1, "3".to_owned()));
            assert_eq!(all(&path), expected, "{cut}");
        }
    }

    #[test]
    fn a_line_without_end_is_no_value_and_does_not_fill_the_memory() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines.jsonl");
        let long = format!("\"{}\"\n7\n", "x".repeat(10_000));
        std::fs::write(&path, long).unwrap();
        let lines: Vec<_> = read(&path).unwrap().map(|line| line.unwrap().1).collect();
        assert!(lines.iter().all(|line| line.len() <= 4096));
        assert_eq!(lines.last().unwrap(), b"7\n");
    }
}
