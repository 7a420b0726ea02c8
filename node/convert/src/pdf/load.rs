//! Opening a PDF, and what it says about itself (ISO 32000-1 section 7.7).
//!
//! Pages are counted here, because everything that is made of a document is measured by that count;
//! so a document that says it has more than are there is called damaged, whoever could repair it.

use hayro::hayro_syntax::{LoadPdfError, Pdf};
use lopdf::xref::XrefRecovery;
use lopdf::{Dictionary, Document, LoadOptions, Object, ObjectId};

use super::super::facts::{Condition, Facts, SameSize};
use super::super::limits;
use super::super::media::PageSize;
use super::tree::Tree;
use super::{color, layers};

/// Steps from a page up to the root of the pages.
const DEPTH: usize = 64;
/// Bytes of a file's end in which its mark must be; there may be rubbish after it.
const END: usize = 4096;
/// The size of a page that says none: what readers take for it.
const UNSAID: [f64; 4] = [0.0, 0.0, 612.0, 792.0];

/// Why a PDF cannot be used.
#[derive(Debug, thiserror::Error)]
pub(in super::super) enum PdfError {
    /// It cannot be read.
    #[error("the PDF is damaged")]
    Damaged(#[from] lopdf::Error),
    /// It opens with a password only.
    #[error("the PDF is locked: it needs a password")]
    Locked,
    /// The password that was given is not its own.
    #[error("the PDF is locked: the password that was given does not open it")]
    Password,
    /// It has no pages, or none of those that were asked for.
    #[error("the PDF has none of the requested pages")]
    NoPages,
    /// It says that it has pages which are not there.
    #[error("the PDF is incomplete: some of its pages are missing")]
    Incomplete,
    /// It would have too many.
    #[error("the PDF has more than {} pages, copies included", limits::PAGES)]
    TooMany,
    /// The arranged one cannot be written.
    #[error("the arranged PDF cannot be written: {0}")]
    Write(#[from] std::io::Error),
}

/// Opens a PDF, with a password if there is one; what opens without one is decrypted as well.
pub(super) fn load(bytes: &[u8], password: Option<&str>) -> Result<Document, PdfError> {
    let options = LoadOptions {
        max_decompressed_size: Some(limits::UNPACKED),
        password: password.map(str::to_owned),
        ..LoadOptions::default()
    };
    let document = match Document::load_mem_with_options(bytes, options) {
        Err(lopdf::Error::InvalidPassword) => return Err(PdfError::Password),
        loaded => loaded?,
    };
    match (document.is_encrypted(), password) {
        (false, _) => Ok(document),
        (true, None) => Err(PdfError::Locked),
        (true, Some(_)) => Err(PdfError::Password),
    }
}

/// What a PDF says about itself. Its color is looked for if that is wanted.
pub(in super::super) fn facts(bytes: &[u8], password: Option<&str>, color: bool) -> Facts {
    match load(bytes, password) {
        Ok(document) => told(&document, bytes, color),
        Err(PdfError::Locked | PdfError::Password) => Facts {
            condition: Condition::Locked,
            ..Facts::default()
        },
        Err(error) => {
            // What goes on here is nobody's secret, and the document's words are not in it.
            tracing::debug!(%error, "trying the second reader on a PDF");
            by_second_reader(bytes, password)
        }
    }
}

fn told(document: &Document, bytes: &[u8], color: bool) -> Facts {
    let tree = Tree::of(document);
    let Some(first) = tree.pages.first() else {
        return damaged(tree.said, 0);
    };
    if let Some(found) = missing(document, &tree, bytes) {
        let linear = document.linearization.as_ref();
        let said = linear.map(|linear| linear.page_count).or(tree.said);
        return damaged(said.filter(|said| *said > found), found);
    }
    Facts {
        pages: u32::try_from(tree.pages.len()).ok(),
        page_size: page_size(document, *first),
        color: color.then(|| color::of(document, &tree.pages)).flatten(),
        condition: Condition::Whole,
        sizes: SameSize::runs(tree.pages.iter().map(|page| page_size(document, *page))),
        print_layers: layers::differ(document),
        flaw: None,
    }
}

/// How many pages are there, if some are not.
fn missing(document: &Document, tree: &Tree, bytes: &[u8]) -> Option<u32> {
    let found = u32::try_from(tree.pages.len()).unwrap_or(u32::MAX);
    if tree.missing > 0 {
        return Some(found);
    }
    let linear = document.linearization.as_ref();
    let shorter = linear.is_some_and(|linear| linear.file_length > bytes.len() as u64);
    let is_rebuilt = document.xref_recovery == Some(XrefRecovery::Reconstructed);
    if !is_rebuilt && !shorter {
        // It was read as it was written. A count that is wrong then is only a wrong number.
        return None;
    }
    let has_drawing = |page: &&ObjectId| {
        let drawn = document.get_page_contents(**page);
        drawn.iter().all(|part| document.get_object(*part).is_ok())
    };
    let whole = tree.pages.iter().filter(has_drawing).count();
    let whole = u32::try_from(whole).unwrap_or(u32::MAX);
    let cut = shorter || !has_end(bytes);
    (cut || whole < found || tree.said != Some(found)).then_some(whole)
}

fn damaged(said: Option<u32>, found: u32) -> Facts {
    Facts {
        condition: Condition::Damaged { said, found },
        ..Facts::default()
    }
}

/// Whether a file ends as a PDF does (section 7.5.5).
fn has_end(bytes: &[u8]) -> bool {
    let end = &bytes[bytes.len().saturating_sub(END)..];
    end.windows(5).any(|mark| mark == b"%%EOF")
}

/// What a reader makes of it that repairs more. It is believed if the file is whole and has as many
/// pages as it says.
fn by_second_reader(bytes: &[u8], password: Option<&str>) -> Facts {
    let said = said_somewhere(bytes);
    let pdf = match Pdf::new_with_password(bytes.to_vec(), password.unwrap_or_default()) {
        Ok(pdf) => pdf,
        Err(LoadPdfError::Decryption(_)) => {
            return Facts {
                condition: Condition::Locked,
                ..Facts::default()
            };
        }
        Err(_) => return damaged(said, 0),
    };
    let pages = pdf.pages();
    let found = u32::try_from(pages.len()).unwrap_or(u32::MAX);
    if found == 0 || !has_end(bytes) || said != Some(found) {
        return damaged(said.filter(|said| *said > found), found);
    }
    let size = |page: &hayro::hayro_syntax::page::Page<'_>| {
        let (width, height) = page.render_dimensions();
        PageSize::from_points(f64::from(width), f64::from(height))
    };
    Facts {
        pages: Some(found),
        page_size: pages.first().and_then(size),
        color: None,
        condition: Condition::Whole,
        // Of units it says nothing, and a size that is not sure is worse than none.
        sizes: Vec::new(),
        print_layers: false,
        flaw: None,
    }
}

/// The greatest number of pages that is named in clear.
fn said_somewhere(bytes: &[u8]) -> Option<u32> {
    const COUNT: &[u8] = b"/Count";
    let counts = bytes.windows(COUNT.len()).enumerate();
    let counts = counts.filter(|(_, word)| *word == COUNT);
    let numbers = counts.filter_map(|(at, _)| {
        let rest = bytes.get(at + COUNT.len()..)?.trim_ascii_start();
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number: u32 = std::str::from_utf8(rest.get(..digits)?)
            .ok()?
            .parse()
            .ok()?;
        Some(number).filter(|number| *number <= limits::PAGES)
    });
    numbers.max()
}

/// The size of a page as it is seen: cropped, enlarged, turned.
fn page_size(document: &Document, page: ObjectId) -> Option<PageSize> {
    let get = |key| inherited(document, page, key);
    let media = rectangle(document, get(b"MediaBox")).unwrap_or(UNSAID);
    let crop = rectangle(document, get(b"CropBox")).unwrap_or(media);
    // What is cropped beyond the page is nothing (section 14.11.2).
    let [left, bottom, right, top] = match intersection(crop, media) {
        Some(seen) => seen,
        None => media,
    };
    let unit = get(b"UserUnit")
        .and_then(|unit| unit.as_float().ok())
        .map(f64::from)
        .filter(|unit| *unit > 0.0)
        .unwrap_or(1.0);
    let turned = get(b"Rotate")
        .and_then(|turn| turn.as_float().ok())
        .map_or(0, |turn| turn as i64);
    let (width, height) = ((right - left) * unit, (top - bottom) * unit);
    match turned.rem_euclid(180) {
        0 => PageSize::from_points(width, height),
        _ => PageSize::from_points(height, width),
    }
}

/// A rectangle, its corners in order (section 7.9.5); none if it has no area.
fn rectangle(document: &Document, object: Option<&Object>) -> Option<[f64; 4]> {
    let numbers = object?.as_array().ok()?.iter();
    let number = |side| Some(f64::from(dereferenced(document, side)?.as_float().ok()?));
    let [x, y, v, w] = numbers.map(number).collect::<Option<Vec<f64>>>()?[..] else {
        return None;
    };
    let sides = [x.min(v), y.min(w), x.max(v), y.max(w)];
    (sides[2] > sides[0] && sides[3] > sides[1]).then_some(sides)
}

fn intersection(a: [f64; 4], b: [f64; 4]) -> Option<[f64; 4]> {
    let both = [
        a[0].max(b[0]),
        a[1].max(b[1]),
        a[2].min(b[2]),
        a[3].min(b[3]),
    ];
    (both[2] > both[0] && both[3] > both[1]).then_some(both)
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

pub(super) fn dereferenced<'a>(document: &'a Document, object: &'a Object) -> Option<&'a Object> {
    document.dereference(object).ok().map(|(_, object)| object)
}
