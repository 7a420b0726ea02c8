//! A PDF made fit for renderers: unlocked, and with the layers that are printed.

use std::io::Write;

use super::layers;
use super::load::{PdfError, load};

/// Writes a PDF that opens without a password, and opens as it is printed.
pub(in super::super) fn open(
    bytes: &[u8],
    password: Option<&str>,
    out: &mut impl Write,
) -> Result<(), PdfError> {
    let mut document = load(bytes, password)?;
    layers::settle(&mut document);
    document.save_to(out)?;
    Ok(())
}
