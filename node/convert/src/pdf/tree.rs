//! The tree of pages (ISO 32000-1 section 7.7.3): which are there, and which are only named.

use std::collections::BTreeSet;

use lopdf::{Document, Object, ObjectId};

use super::super::limits;

/// The pages of a document.
pub(super) struct Tree {
    /// Those that are there, in their order.
    pub(super) pages: Vec<ObjectId>,
    /// How many are named and not there.
    pub(super) missing: u32,
    /// How many the document says it has.
    pub(super) said: Option<u32>,
}

impl Tree {
    /// Walks the tree. What is its own ancestor is passed by, and after [`limits::PAGES`] it is
    /// left.
    pub(super) fn of(document: &Document) -> Self {
        let mut tree = Self {
            pages: Vec::new(),
            missing: 0,
            said: None,
        };
        let root = document.catalog().ok();
        let root = root.and_then(|catalog| catalog.get(b"Pages").ok()?.as_reference().ok());
        let Some(root) = root else {
            return tree;
        };
        let count = document
            .get_dictionary(root)
            .ok()
            .and_then(|root| root.get(b"Count").ok()?.as_i64().ok());
        tree.said = count
            .and_then(|count| u32::try_from(count).ok())
            .filter(|count| *count > 0);
        // Nodes are entered once; pages may be named as often as one likes.
        let mut entered = BTreeSet::new();
        let mut waiting = vec![root];
        let most = limits::PAGES as usize;
        while let Some(id) = waiting.pop() {
            let Ok(node) = document.get_dictionary(id) else {
                tree.missing = tree.missing.saturating_add(1);
                continue;
            };
            match kids(document, node) {
                Some(kids) if entered.insert(id) => {
                    let named = kids.iter().rev().filter_map(|kid| kid.as_reference().ok());
                    let before = waiting.len();
                    waiting.extend(named);
                    // A page without a number of its own cannot be chosen or counted.
                    let unnamed = kids.len() - (waiting.len() - before);
                    tree.missing = tree.missing.saturating_add(unnamed as u32);
                }
                // The same pages again, which renderers may draw again.
                Some(_) => tree.missing = tree.missing.saturating_add(1),
                None => tree.pages.push(id),
            }
            if tree.pages.len() >= most || waiting.len() > most {
                break;
            }
        }
        tree
    }
}

fn kids<'a>(document: &'a Document, node: &'a lopdf::Dictionary) -> Option<&'a Vec<Object>> {
    let kids = node.get(b"Kids").ok()?;
    document.dereference(kids).ok()?.1.as_array().ok()
}
