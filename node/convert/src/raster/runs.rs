//! Packed lines: what PWG raster (PWG 5102.4 section 4.4) and Apple raster share, and the packing
//! of bytes that PostScript and both PCLs share.
//!
//! In raster, a line is a byte that says how often it is repeated, then runs: 0 to 127 and one unit, which
//! stands n + 1 times; or 129 to 255 and 257 - n units as they are. Apple raster has 128 as well:
//! the rest of the line is white.

use std::io::{self, Read, Write};

use super::page::RasterError;

/// Reads a line into `line`, which has the length of one; returns how many lines it stands for.
pub(super) fn read_line(
    input: &mut impl Read,
    unit: usize,
    line: &mut [u8],
    white: u8,
) -> Result<u32, RasterError> {
    let repeats = u32::from(byte(input)?) + 1;
    let mut at = 0;
    while at < line.len() {
        let code = usize::from(byte(input)?);
        let room = line.len() - at;
        match code {
            128 => {
                line[at..].fill(white);
                break;
            }
            ..128 => {
                let length = (code + 1) * unit;
                if length > room {
                    return Err(RasterError::Malformed(
                        "a line is longer than its page is wide",
                    ));
                }
                let (first, rest) = line[at..at + length].split_at_mut(unit);
                input.read_exact(first)?;
                for copy in rest.chunks_exact_mut(unit) {
                    copy.copy_from_slice(first);
                }
                at += length;
            }
            _ => {
                let length = (257 - code) * unit;
                if length > room {
                    return Err(RasterError::Malformed(
                        "a line is longer than its page is wide",
                    ));
                }
                input.read_exact(&mut line[at..at + length])?;
                at += length;
            }
        }
    }
    Ok(repeats)
}

fn byte(input: &mut impl Read) -> io::Result<u8> {
    let mut byte = [0];
    input.read_exact(&mut byte)?;
    Ok(byte[0])
}

/// Packs lines as they come, equal ones together.
#[derive(Default)]
pub(super) struct Packer {
    unit: usize,
    /// The line that waits for others like it, and how many they are.
    waiting: Vec<u8>,
    repeats: u32,
    packed: Vec<u8>,
}

impl Packer {
    /// Most lines that are packed as one.
    const MOST: u32 = 256;

    /// Begins a page whose lines are made of such units.
    pub(super) fn begin_page(&mut self, unit: usize) {
        (self.unit, self.repeats) = (unit, 0);
    }

    /// Takes a line.
    pub(super) fn line(&mut self, out: &mut impl Write, line: &[u8]) -> io::Result<()> {
        if self.repeats > 0 && self.repeats < Self::MOST && self.waiting == line {
            self.repeats += 1;
            return Ok(());
        }
        self.end_page(out)?;
        self.waiting.clear();
        self.waiting.extend_from_slice(line);
        self.repeats = 1;
        Ok(())
    }

    /// Gives out the line that waits.
    pub(super) fn end_page(&mut self, out: &mut impl Write) -> io::Result<()> {
        if self.repeats > 0 {
            self.packed.clear();
            pack_line(&mut self.packed, self.repeats, self.unit, &self.waiting);
            out.write_all(&self.packed)?;
            self.repeats = 0;
        }
        Ok(())
    }
}

/// Packs a line that stands for `repeats` lines, 1 to 256.
pub(super) fn pack_line(out: &mut Vec<u8>, repeats: u32, unit: usize, line: &[u8]) {
    const LONGEST: usize = 128;
    out.push(u8::try_from(repeats.clamp(1, 256) - 1).unwrap_or(u8::MAX));
    let units = line.len() / unit;
    let same = |a: usize, b: usize| line[a * unit..][..unit] == line[b * unit..][..unit];
    let mut at = 0;
    while at < units {
        let most = units.min(at + LONGEST);
        let mut end = at + 1;
        while end < most && same(at, end) {
            end += 1;
        }
        if end - at > 1 || end == units {
            out.push((end - at - 1) as u8);
            out.extend_from_slice(&line[at * unit..][..unit]);
        } else {
            // As they are, until two of them are alike.
            while end < most && !(end + 1 < units && same(end, end + 1)) {
                end += 1;
            }
            match end - at {
                1 => out.push(0),
                literal => out.push((257 - literal) as u8),
            }
            out.extend_from_slice(&line[at * unit..end * unit]);
        }
        at = end;
    }
}

/// Packs bytes as PostScript's `RunLengthDecode` (PLRM section 3.13.3), PCL's method 2 and PCL XL's
/// `eRLECompression` unpack them: 0 to 127 and n + 1 bytes as they are, or 129 to 255 and a byte
/// that stands 257 - n times.
pub(super) fn pack_bits(out: &mut Vec<u8>, bytes: &[u8]) {
    const LONGEST: usize = 128;
    let mut at = 0;
    while at < bytes.len() {
        let most = bytes.len().min(at + LONGEST);
        let mut end = at + 1;
        while end < most && bytes[end] == bytes[at] {
            end += 1;
        }
        if end - at > 1 {
            out.extend([(257 - (end - at)) as u8, bytes[at]]);
        } else {
            while end < most && !(end + 1 < bytes.len() && bytes[end] == bytes[end + 1]) {
                end += 1;
            }
            out.push((end - at - 1) as u8);
            out.extend_from_slice(&bytes[at..end]);
        }
        at = end;
    }
}
