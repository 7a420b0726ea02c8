//! Whether a PDF has any color. A guess that errs towards color: what is painted white on white
//! counts, and what cannot be looked at is not known.

use std::collections::BTreeSet;

use lopdf::content::Content;
use lopdf::{Dictionary, Document, Object, ObjectId};

use super::super::limits;
use super::load::inherited;

/// Pages that are looked at.
const PAGES: usize = 2000;
/// Operations that are looked at, in all pages.
const OPERATIONS: usize = 5_000_000;
/// Resources that are looked at, in all pages.
const RESOURCES: usize = 100_000;
/// How deep resources may lie in resources.
const DEPTH: usize = 12;

/// Whether any of these pages has color; none if that cannot be said.
pub(super) fn of(document: &Document, pages: &[ObjectId]) -> Option<bool> {
    let mut scan = ColorScan {
        document,
        seen: BTreeSet::new(),
        operations: OPERATIONS,
    };
    for page in pages.iter().take(PAGES) {
        let content = document
            .get_page_content_with_limit(*page, limits::UNPACKED)
            .ok()?;
        if scan.content(&content)? {
            return Some(true);
        }
        let resources = inherited(document, *page, b"Resources");
        if let Some(resources) = resources.and_then(|resources| resources.as_dict().ok())
            && scan.resources(resources, 0)?
        {
            return Some(true);
        }
    }
    (pages.len() <= PAGES).then_some(false)
}

struct ColorScan<'a> {
    document: &'a Document,
    /// Objects that were looked at before.
    seen: BTreeSet<ObjectId>,
    operations: usize,
}

impl<'a> ColorScan<'a> {
    /// Operators that paint in color (section 8.6.8).
    fn content(&mut self, content: &[u8]) -> Option<bool> {
        let content = Content::decode(content).ok()?;
        self.operations = self.operations.checked_sub(content.operations.len())?;
        Some(content.operations.iter().any(|operation| {
            let values: Vec<f32> = operation
                .operands
                .iter()
                .filter_map(|value| value.as_float().ok())
                .collect();
            match (operation.operator.as_str(), &values[..]) {
                ("rg" | "RG" | "sc" | "SC" | "scn" | "SCN", [red, green, blue]) => {
                    red != green || green != blue
                }
                ("k" | "K" | "sc" | "SC" | "scn" | "SCN", [cyan, magenta, yellow, _]) => {
                    [cyan, magenta, yellow].into_iter().any(|ink| *ink != 0.0)
                }
                _ => false,
            }
        }))
    }

    /// Pictures, shadings and forms that may be painted.
    fn resources(&mut self, resources: &'a Dictionary, depth: usize) -> Option<bool> {
        if depth > DEPTH || self.seen.len() > RESOURCES {
            return None;
        }
        for kind in [&b"XObject"[..], b"Pattern", b"Shading"] {
            let Some(named) = self.dictionary(resources.get(kind).ok()) else {
                continue;
            };
            for (_, object) in named.iter() {
                if let Ok(id) = object.as_reference()
                    && !self.seen.insert(id)
                {
                    continue;
                }
                if self.object(object, depth)? {
                    return Some(true);
                }
            }
        }
        Some(false)
    }

    fn object(&mut self, object: &'a Object, depth: usize) -> Option<bool> {
        let document = self.document;
        let object = document.dereference(object).ok()?.1;
        let dictionary = match object {
            Object::Stream(stream) => &stream.dict,
            Object::Dictionary(dictionary) => dictionary,
            _ => return Some(false),
        };
        if dictionary.get(b"Subtype").and_then(Object::as_name).ok() == Some(b"Image") {
            return self
                .is_colored(dictionary.get(b"ColorSpace").ok(), 0)
                .or(Some(true));
        }
        if let Ok(space) = dictionary.get(b"ColorSpace") {
            return self.is_colored(Some(space), 0).or(Some(true)); // a shading
        }
        if let Object::Stream(stream) = object {
            let content = match stream.filters() {
                Ok(_) => stream
                    .decompressed_content_with_limit(limits::UNPACKED)
                    .ok()?,
                Err(_) => stream.content.clone(),
            };
            if self.content(&content)? {
                return Some(true);
            }
        }
        match self.dictionary(dictionary.get(b"Resources").ok()) {
            Some(resources) => self.resources(resources, depth + 1),
            None => Some(false),
        }
    }

    /// Whether a color space (section 8.6) has color; none if that is not known.
    fn is_colored(&self, space: Option<&'a Object>, depth: usize) -> Option<bool> {
        if depth > 3 {
            return None;
        }
        let Some(space) = space else {
            return Some(false); // a mask
        };
        let space = self.document.dereference(space).ok()?.1;
        let (name, parameters) = match space {
            Object::Name(name) => (&name[..], &[][..]),
            Object::Array(array) => (array.first()?.as_name().ok()?, &array[1..]),
            _ => return None,
        };
        match name {
            b"DeviceGray" | b"CalGray" | b"G" => Some(false),
            b"ICCBased" => {
                let profile = self.document.dereference(parameters.first()?).ok()?.1;
                let components = profile
                    .as_stream()
                    .ok()?
                    .dict
                    .get(b"N")
                    .ok()?
                    .as_i64()
                    .ok()?;
                Some(components != 1)
            }
            b"Indexed" | b"I" => self.is_colored(parameters.first(), depth + 1),
            b"Separation" => Some(parameters.first()?.as_name().ok()? != b"Black"),
            _ => Some(true),
        }
    }

    fn dictionary(&self, object: Option<&'a Object>) -> Option<&'a Dictionary> {
        self.document.dereference(object?).ok()?.1.as_dict().ok()
    }
}
