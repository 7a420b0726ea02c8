//! Ghostscript's command lines. Pure.
//!
//! It reads the document from `/dev/stdin`, a file in memory, and writes to a pipe. It keeps its
//! bands in memory, because it cannot write files here.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::media::PageSize;
use super::pages::PageRanges;
use super::raster::Pixels;
use super::stage::Stage;

/// What comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Output {
    /// Pages of pixels, as portable anymaps.
    Pages(Pixels),
    /// PCL 5e, black.
    Pcl,
    /// PCL XL, with colour or without.
    PclXl {
        /// With colour.
        color: bool,
    },
}

/// What is rendered, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rendering {
    pub(super) output: Output,
    /// Dots per inch.
    pub(super) resolution: u32,
    /// The paper; pages are made to fit.
    pub(super) paper: PageSize,
    pub(super) pages: PageRanges,
    pub(super) copies: u16,
    /// An empty page comes between two copies, so that each begins a sheet.
    pub(super) blank_between: bool,
}

impl Stage {
    /// What Ghostscript is called in messages.
    pub(super) const GHOSTSCRIPT: &'static str = "Ghostscript";

    /// Rendering as a step.
    pub(super) fn render(program: &Path, rendering: &Rendering) -> Self {
        Self::Ghostscript {
            program: program.to_owned(),
            arguments: arguments(rendering),
        }
    }
}

fn arguments(rendering: &Rendering) -> Vec<String> {
    let device = match rendering.output {
        Output::Pages(Pixels::Black1) => "pbmraw",
        Output::Pages(Pixels::Gray8) => "pgmraw",
        Output::Pages(Pixels::Rgb8) => "ppmraw",
        Output::Pcl => "ljet4",
        Output::PclXl { color: false } => "pxlmono",
        Output::PclXl { color: true } => "pxlcolor",
    };
    let (width, height) = rendering.paper.pixels(rendering.resolution);
    let mut arguments: Vec<String> = [
        "-q",
        "-dSAFER",
        "-dBATCH",
        "-dNOPAUSE",
        "-sstdout=%stderr",
        "-sBandListStorage=memory",
        "-dPDFFitPage",
    ]
    .map(str::to_owned)
    .to_vec();
    arguments.push(format!("-sDEVICE={device}"));
    arguments.push(format!("-r{}", rendering.resolution));
    arguments.push(format!("-g{width}x{height}"));
    if !rendering.pages.is_all() {
        arguments.push(format!("-sPageList={}", rendering.pages));
    }
    arguments.extend(["-sOutputFile=%stdout", "-f"].map(str::to_owned));
    for copy in 0..rendering.copies {
        if copy > 0 && rendering.blank_between {
            arguments.extend(["-c", "showpage", "-f"].map(str::to_owned));
        }
        arguments.push("/dev/stdin".to_owned());
    }
    arguments
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::media::A4;
    use super::*;

    #[test]
    fn it_is_told_where_to_read_what_to_choose_and_to_be_safe() {
        let line = arguments(&Rendering {
            output: Output::Pages(Pixels::Gray8),
            resolution: 300,
            paper: A4,
            pages: PageRanges::new([(1, 2), (4, 4)]).unwrap(),
            copies: 2,
            blank_between: false,
        });
        for word in [
            "-dSAFER",
            "-sDEVICE=pgmraw",
            "-r300",
            "-g2480x3508",
            "-sPageList=1-2,4",
        ] {
            assert!(line.iter().any(|argument| argument == word), "{word}");
        }
        assert_eq!(line[line.len() - 3..], ["-f", "/dev/stdin", "/dev/stdin"]);
    }
}
