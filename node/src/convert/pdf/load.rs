//! Opening a PDF, and what it says about itself.

use lopdf::{Dictionary, Document, LoadOptions, Object, ObjectId};

use super::super::facts::Facts;
use super::super::limits;
use super::super::media::PageSize;
use super::color;

/// Steps from a page up to the root of the pages.
const DEPTH: usize = 64;

/// Why a PDF cannot be used.
#[derive(Debug, thiserror::Error)]
pub(in super::super) enum PdfError {
    /// It cannot be read.
    #[error("the PDF is damaged")]
    Damaged(#[from] lopdf::Error),
    /// It opens with a password only.
    #[error("the PDF is protected by a password; save it without one and print it again")]
    Locked,
    /// It has no pages, or none of those that were asked for.
    #[error("the PDF has none of the pages that were asked for")]
    NoPages,
    /// It would have too many.
    #[error("the PDF has more than {} pages, copies included", limits::PAGES)]
    TooMany,
    /// The arranged one cannot be written.
    #[error("the arranged PDF cannot be written: {0}")]
    Write(#[from] std::io::Error),
}

/// Opens a PDF; one that is encrypted without a password to open it is decrypted.
pub(super) fn load(bytes: &[u8]) -> Result<Document, PdfError> {
    let options = LoadOptions {
        max_decompressed_size: Some(limits::UNPACKED),
        ..LoadOptions::default()
    };
    let document = Document::load_mem_with_options(bytes, options)?;
    if document.is_encrypted() {
        return Err(PdfError::Locked);
    }
    Ok(document)
}

/// What a PDF says about itself.
pub(in super::super) fn facts(bytes: &[u8]) -> Result<Facts, PdfError> {
    let document = load(bytes)?;
    let pages: Vec<ObjectId> = document.page_iter().collect();
    let first = *pages.first().ok_or(PdfError::NoPages)?;
    Ok(Facts {
        pages: u32::try_from(pages.len()).ok(),
        page_size: page_size(&document, first),
        color: color::of(&document, &pages),
        flaw: None,
    })
}

/// The size of a page as it is seen: cropped, turned.
fn page_size(document: &Document, page: ObjectId) -> Option<PageSize> {
    let get = |key| inherited(document, page, key);
    let numbers = |key| {
        let numbers = get(key)?.as_array().ok()?.iter();
        let numbers =
            numbers.map(|side| Some(f64::from(dereferenced(document, side)?.as_float().ok()?)));
        let [left, bottom, right, top] = numbers.collect::<Option<Vec<f64>>>()?[..] else {
            return None;
        };
        Some((right - left, top - bottom))
    };
    let (width, height) = numbers(b"CropBox").or_else(|| numbers(b"MediaBox"))?;
    let unit = get(b"UserUnit")
        .and_then(|unit| unit.as_float().ok())
        .map_or(1.0, f64::from);
    let turned = get(b"Rotate")
        .and_then(|turn| turn.as_i64().ok())
        .unwrap_or(0);
    let (width, height) = (width.abs() * unit, height.abs() * unit);
    match turned.rem_euclid(180) {
        0 => PageSize::from_points(width, height),
        _ => PageSize::from_points(height, width),
    }
}

/// An attribute of a page, its own or inherited (section 7.7.3.4).
pub(super) fn inherited<'a>(
    document: &'a Document,
    page: ObjectId,
    key: &[u8],
) -> Option<&'a Object> {
    let mut node: &Dictionary = document.get_dictionary(page).ok()?;
    for _ in 0..DEPTH {
        if let Ok(value) = node.get(key) {
            return dereferenced(document, value);
        }
        node = document
            .get_dictionary(node.get(b"Parent").ok()?.as_reference().ok()?)
            .ok()?;
    }
    None
}

fn dereferenced<'a>(document: &'a Document, object: &'a Object) -> Option<&'a Object> {
    document.dereference(object).ok().map(|(_, object)| object)
}
