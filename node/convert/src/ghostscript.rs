//! Ghostscript's command lines. Pure.
//!
//! It reads the document from `/dev/stdin`, a file in memory, and writes to a pipe. It keeps its
//! bands in memory, because it cannot write files here.
//!
//! It draws each page as large as it is, cropped, at the resolution at which it has the size that it
//! is to have on paper; putting it there is done by `raster`. Its own ways of making pages fit are
//! not used: they go wrong where a page does not begin at 0 0, and differ from version to version.

use std::path::Path;

use papermesh_protocol::job::PageRanges;

use super::raster::Pixels;
use super::stage::Stage;

/// What is rendered, and how.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rendering {
    pub(super) pixels: Pixels,
    pub(super) runs: Runs,
    pub(super) copies: u16,
}

/// Which pages are rendered, at how many dots per inch.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Runs {
    /// These, one after the other.
    Known(Vec<Run>),
    /// Those of a document whose pages are not known.
    Unknown { pages: PageRanges, resolution: u32 },
}

/// Pages that are rendered alike, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Run {
    pub(super) first: u32,
    pub(super) last: u32,
    pub(super) resolution: f64,
}

impl Stage {
    /// What Ghostscript is called in messages.
    pub(super) const GHOSTSCRIPT: &'static str = "Ghostscript";

    /// Rendering as a step.
    pub(super) fn render(program: &Path, rendering: &Rendering) -> Self {
        Self::Ghostscript {
            program: program.to_owned(),
            arguments: arguments(rendering.pixels),
            repeated: (copy(&rendering.runs), rendering.copies),
        }
    }
}

/// Whether what it said means that something may be missing on a page.
pub(super) fn has_doubts(said: &[u8]) -> bool {
    // The others are said by the interpreter that versions since 9.56 have.
    const DOUBTS: [&str; 4] = [
        "Output may be incorrect",
        "ignoring zlib error",
        "error reading a stream",
        "error executing PDF token",
    ];
    let said = String::from_utf8_lossy(said);
    DOUBTS.iter().any(|doubt| said.contains(doubt))
}

/// Whether a line is what it says of every page and font.
pub(super) fn is_chatter(line: &[u8]) -> bool {
    const CHATTER: [&[u8]; 3] = [b"Page ", b"Processing pages ", b"Loading "];
    CHATTER.iter().any(|beginning| line.starts_with(beginning))
}

fn arguments(pixels: Pixels) -> Vec<String> {
    let device = match pixels {
        Pixels::Black1 => "pbmraw",
        Pixels::Gray8 => "pgmraw",
        Pixels::Rgb8 => "ppmraw",
    };
    let mut arguments: Vec<String> = [
        // Not `-q`: it keeps the doubts of newer versions to itself, too.
        "-dSAFER",
        "-dBATCH",
        "-dNOPAUSE",
        "-sstdout=%stderr",
        "-sBandListStorage=memory",
        "-dUseCropBox",
        "-dPrinted",
        // Of pages that do not say their size.
        "-sPAPERSIZE=letter",
    ]
    .map(str::to_owned)
    .to_vec();
    arguments.push(format!("-sDEVICE={device}"));
    arguments.push("-sOutputFile=%stdout".to_owned());
    arguments
}

/// One copy. The resolution is not given as `-r`, which could not be changed any more.
fn copy(runs: &Runs) -> Vec<String> {
    let at = |resolution: f64| {
        let set = format!("<</HWResolution[{resolution} {resolution}]>>setpagedevice");
        ["-c".to_owned(), set]
    };
    let document = || ["-f".to_owned(), "/dev/stdin".to_owned()];
    let mut line = Vec::new();
    match runs {
        Runs::Known(runs) => {
            for run in runs {
                line.extend(at(run.resolution));
                line.push(format!("-dFirstPage={}", run.first));
                line.push(format!("-dLastPage={}", run.last));
                line.extend(document());
            }
        }
        Runs::Unknown { pages, resolution } => {
            line.extend(at(f64::from(*resolution)));
            if !pages.is_all() {
                line.push(format!("-sPageList={pages}"));
            }
            line.extend(document());
        }
    }
    line
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn it_is_told_where_to_read_and_to_be_safe() {
        let line = arguments(Pixels::Gray8);
        for word in ["-dSAFER", "-sDEVICE=pgmraw", "-dUseCropBox"] {
            assert!(line.iter().any(|argument| argument == word), "{word}");
        }
    }

    #[test]
    fn pages_are_drawn_at_their_resolutions() {
        let run = |first, last, resolution| Run {
            first,
            last,
            resolution,
        };
        let line = copy(&Runs::Known(vec![run(1, 2, 300.0), run(4, 4, 291.5)])).join(" ");
        assert_eq!(
            line,
            "-c <</HWResolution[300 300]>>setpagedevice -dFirstPage=1 -dLastPage=2 -f /dev/stdin \
             -c <</HWResolution[291.5 291.5]>>setpagedevice -dFirstPage=4 -dLastPage=4 -f /dev/stdin"
        );
        let pages = "1-2,4".parse().unwrap();
        let unknown = copy(&Runs::Unknown {
            pages,
            resolution: 600,
        });
        assert!(unknown.contains(&"-sPageList=1-2,4".to_owned()));
    }

    #[test]
    fn it_says_when_it_is_not_sure() {
        let words = b"   **** Error: stream operator isn't terminated by valid EOL.\n               Output may be incorrect.\n";
        assert!(has_doubts(words));
        assert!(!has_doubts(b"Loading NimbusSans-Regular font\n"));
        assert!(has_doubts(
            b"warning: ignoring zlib error: incorrect data check\n"
        ));
        // Of 10.00, of a stream that cannot be unpacked.
        let words = b"Page 1\n   **** Error: Page drawing error occurred.\n               Output may be incorrect.\n";
        assert!(has_doubts(words));
        assert!(
            !words
                .split_inclusive(|byte| *byte == b'\n')
                .skip(1)
                .any(is_chatter)
        );
        assert!(is_chatter(b"Page 1\n") && is_chatter(b"Loading font Helvetica"));
    }
}
