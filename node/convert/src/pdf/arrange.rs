//! Pages of a PDF chosen and repeated, for devices that take PDF and cannot do that.

use std::io::Write;

use lopdf::{Dictionary, Document, Object, ObjectId};
use papermesh_protocol::job::PageRanges;
use serde::{Deserialize, Serialize};

use super::super::limits;
use super::load::{PdfError, inherited, load};
use super::tree::Tree;

/// What a page inherits (ISO 32000-1 table 30).
const INHERITED: [&[u8]; 4] = [b"Resources", b"MediaBox", b"CropBox", b"Rotate"];

/// What to do with pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) struct Arrangement {
    /// Which pages.
    pub(in super::super) pages: PageRanges,
    /// How many copies, one after the other.
    pub(in super::super) copies: u16,
    /// Each copy begins a sheet: an empty page is put after an odd one.
    pub(in super::super) two_sided: bool,
}

/// Writes a PDF arranged anew.
pub(in super::super) fn arrange(
    bytes: &[u8],
    arrangement: &Arrangement,
    out: &mut impl Write,
) -> Result<(), PdfError> {
    let mut document = load(bytes, None)?;
    let tree = Tree::of(&document);
    // Numbers mean nothing where pages are missing.
    if tree.missing > 0 {
        return Err(PdfError::Incomplete);
    }
    let numbered = (1u32..).zip(tree.pages);
    let chosen = numbered.filter(|(number, _)| arrangement.pages.has(*number));
    let copy: Option<Vec<Dictionary>> = chosen.map(|(_, page)| whole(&document, page)).collect();
    let mut copy = copy.ok_or(PdfError::Incomplete)?;
    let last = copy.last().cloned().ok_or(PdfError::NoPages)?;
    let padded = arrangement.two_sided && arrangement.copies > 1 && copy.len() % 2 == 1;
    if padded {
        copy.push(blank(last));
    }
    let copies = usize::from(arrangement.copies);
    if copy.len().saturating_mul(copies) > limits::PAGES as usize {
        return Err(PdfError::TooMany);
    }
    let root = document.new_object_id();
    let mut kids = Vec::with_capacity(copy.len() * copies);
    for page in std::iter::repeat_n(&copy, copies).flatten() {
        let mut page = page.clone();
        page.set("Parent", root);
        kids.push(Object::Reference(document.add_object(page)));
    }
    if padded {
        kids.pop(); // no sheet begins after the last copy
    }
    let mut tree = Dictionary::new();
    tree.set("Type", "Pages");
    tree.set("Count", kids.len() as i64);
    tree.set("Kids", kids);
    document.objects.insert(root, Object::Dictionary(tree));
    let catalog = document.catalog_mut()?;
    catalog.set("Pages", root);
    // They name pages that may be gone.
    for key in [
        &b"Outlines"[..],
        b"PageLabels",
        b"Names",
        b"Dests",
        b"StructTreeRoot",
        b"OpenAction",
    ] {
        catalog.remove(key);
    }
    document.prune_objects();
    document.save_to(out)?;
    Ok(())
}

/// A page with everything that it inherits.
fn whole(document: &Document, page: ObjectId) -> Option<Dictionary> {
    let mut whole = document.get_dictionary(page).ok()?.clone();
    for key in INHERITED {
        if let Some(value) = inherited(document, page, key) {
            whole.set(key, value.clone());
        }
    }
    Some(whole)
}

/// An empty page as large as a page.
fn blank(mut page: Dictionary) -> Dictionary {
    for key in [
        &b"Contents"[..],
        b"Annots",
        b"Resources",
        b"B",
        b"StructParents",
    ] {
        page.remove(key);
    }
    page.set("Resources", Dictionary::new());
    page
}
