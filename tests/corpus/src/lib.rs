//! Replays what a fuzzer should begin with and what it found, and each of it changed a little, through the very function
//! that the fuzzer calls. For tests only: it knows none of what is tested.
//!
//! ```text
//! PAPERMESH_WRITE_CORPUS=1 cargo test --workspace --lib what_is_like_it
//! ```
//!
//! writes the generated samples anew, and leaves all others.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

pub mod ipp;

use std::fs;
use std::path::{Path, PathBuf};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Set to write the generated samples before they are replayed.
const WRITE: &str = "PAPERMESH_WRITE_CORPUS";
/// Files longer than this do not belong in a repository, in bytes.
const SMALL: usize = 16 * 1024;

/// A sample: the name of its file, and its bytes.
pub type Sample = (String, Vec<u8>);

/// Whether the generated samples are to be written anew.
#[must_use]
pub fn is_to_be_written() -> bool {
    std::env::var_os(WRITE).is_some()
}

/// What is kept in a folder: each file's path and bytes, by their names.
///
/// # Panics
/// If a file cannot be read, or does not belong there.
#[must_use]
pub fn kept(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let files = fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    let read = paths.into_iter().map(|path| {
        let bytes = fs::read(&path).unwrap();
        let is_small = bytes.len() <= SMALL;
        assert!(is_small, "{} is too long to be kept", path.display());
        (path, bytes)
    });
    read.collect()
}

/// Replays what is kept in a folder, which is at least these samples, and of each so many changed copies: the same ones
/// every time.
///
/// # Panics
/// If what is replayed does; its name is printed before.
pub fn replay(folder: &Path, samples: &[Sample], changes: u64, mut run: impl FnMut(&[u8])) {
    if is_to_be_written() {
        fs::create_dir_all(folder).unwrap();
        for (name, bytes) in samples {
            fs::write(folder.join(name), bytes).unwrap();
        }
    }
    let kept = kept(folder);
    assert!(kept.len() >= samples.len(), "{} samples", kept.len());
    for (number, (path, bytes)) in (0..).zip(kept) {
        // Shown if it panics.
        eprintln!("{}", path.display());
        run(&bytes);
        let mut random = StdRng::seed_from_u64(number);
        for _ in 0..changes {
            run(&changed(&bytes, &mut random));
        }
    }
}

/// Cuts, flips, repeats and moves some bytes.
fn changed(bytes: &[u8], random: &mut StdRng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..random.random_range(1..4) {
        if bytes.is_empty() {
            return bytes;
        }
        let at = random.random_range(0..bytes.len());
        let end = (at + random.random_range(1..9)).min(bytes.len());
        match random.random_range(0..5) {
            0 => bytes[at] = random.random(),
            1 => bytes[at] ^= 1 << random.random_range(0..8),
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..end)),
            _ => {
                let piece = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, piece));
            }
        }
    }
    bytes
}
