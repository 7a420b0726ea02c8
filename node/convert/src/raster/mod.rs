//! Pages as lines of pixels: the formats of driverless printers.
//!
//! - [`page`] is what all of them have in common, [`color`] how pixels become other pixels.
//! - [`pnm`], [`pwg`], [`urf`] are read; [`pwg`], [`urf`], [`pdf`], [`postscript`], [`pcl`] and
//!   [`pclxl`] are written; [`runs`] is the packing of lines and bytes that some of them share.
//! - [`press`] takes pages from the one to the other: chosen, repeated, colored, scaled, turned,
//!   and counted; [`placed`] puts them on paper.
//!
//! Everything is read and written line by line, so that memory does not grow with the document; a
//! page is held whole only where its back has to be turned.

mod color;
mod page;
mod pcl;
mod pclxl;
mod pdf;
mod placed;
mod pnm;
mod postscript;
mod press;
mod pwg;
mod runs;
mod urf;

#[cfg(test)]
mod tests;

pub(super) use page::{Page, Pixels, RasterError, ReadPages};
pub(super) use pcl::RESOLUTIONS as PCL_RESOLUTIONS;
pub(super) use press::{Made, Press, Source, Target};

use std::io::Read;

/// Pages of any format.
pub(super) type AnyPages<'a> = Box<dyn ReadPages + 'a>;

/// Opens pages of a format; `resolution` is for formats that do not say theirs.
pub(super) fn open<'a>(
    source: Source,
    resolution: u32,
    input: impl Read + 'a,
) -> Result<AnyPages<'a>, RasterError> {
    Ok(match source {
        Source::Pnm => Box::new(pnm::PnmReader::new(input, resolution)),
        Source::Pwg => Box::new(pwg::PwgReader::open(input)?),
        Source::Urf => Box::new(urf::UrfReader::open(input)?),
    })
}
