//! Layers as they are printed (ISO 32000-1 section 8.11.4): those that a document wants on paper, not
//! those that it shows on a screen. Renderers know only the state in which a document opens, so
//! that is changed to what it is when it is printed.

use std::collections::{BTreeMap, BTreeSet};

use lopdf::{Dictionary, Document, Object, ObjectId};

use super::super::limits;
use super::load::dereferenced;

/// Whether a document looks different on paper from how it opens.
pub(super) fn differ(document: &Document) -> bool {
    let Some(layers) = Layers::of(document) else {
        return false;
    };
    layers.opened != layers.printed
}

/// Makes a document open as it is printed.
pub(super) fn settle(document: &mut Document) {
    let Some(layers) = Layers::of(document) else {
        return;
    };
    let in_state = |wanted: bool| {
        let layers = layers.printed.iter();
        let these = layers.filter(move |(_, on)| **on == wanted);
        these
            .map(|(id, _)| Object::Reference(*id))
            .collect::<Vec<_>>()
    };
    let (on, off) = (in_state(true), in_state(false));
    // What remains of the reasons would only be read another time.
    for id in layers.printed.keys() {
        if let Ok(layer) = document.get_dictionary_mut(*id) {
            layer.remove(b"Usage");
        }
    }
    let Some(mut properties) = properties(document).cloned() else {
        return;
    };
    let mut state = dictionary(document, properties.get(b"D").ok())
        .cloned()
        .unwrap_or_default();
    state.remove(b"AS");
    state.set("BaseState", "ON");
    state.set("ON", on);
    state.set("OFF", off);
    properties.set("D", state);
    if let Ok(catalog) = document.catalog_mut() {
        catalog.set("OCProperties", properties);
    }
}

/// Every layer, and whether it can be seen.
struct Layers {
    opened: BTreeMap<ObjectId, bool>,
    printed: BTreeMap<ObjectId, bool>,
}

impl Layers {
    fn of(document: &Document) -> Option<Self> {
        let properties = properties(document)?;
        let state = dictionary(document, properties.get(b"D").ok());
        let name = |key: &[u8]| state?.get(key).ok()?.as_name().ok();
        let base = name(b"BaseState") != Some(b"OFF");
        let mut opened: BTreeMap<ObjectId, bool> = references(document, properties, b"OCGs")
            .into_iter()
            .map(|layer| (layer, base))
            .collect();
        for (key, on) in [(&b"ON"[..], true), (b"OFF", false)] {
            for layer in state.map_or_else(Vec::new, |state| references(document, state, key)) {
                opened.entry(layer).and_modify(|state| *state = on);
            }
        }
        let mut printed = opened.clone();
        let automatic = state.and_then(|state| array(document, state.get(b"AS").ok()));
        match automatic {
            Some(rules) if !rules.is_empty() => {
                for rule in rules
                    .iter()
                    .filter_map(|rule| dictionary(document, Some(rule)))
                {
                    apply(document, rule, &mut printed);
                }
            }
            // Nothing says when the states for print hold; they are there for something.
            _ => {
                for (layer, on) in &mut printed {
                    *on = usage(document, *layer, b"Print").unwrap_or(*on);
                }
            }
        }
        Some(Self { opened, printed })
    }
}

/// Applies what happens by itself when the document is printed (table 102, table 103).
fn apply(document: &Document, rule: &Dictionary, layers: &mut BTreeMap<ObjectId, bool>) {
    if rule.get(b"Event").and_then(Object::as_name).ok() != Some(b"Print") {
        return;
    }
    let categories = array(document, rule.get(b"Category").ok());
    let categories: Vec<&[u8]> = categories
        .into_iter()
        .flatten()
        .filter_map(|category| category.as_name().ok())
        .collect();
    let named: BTreeSet<ObjectId> = references(document, rule, b"OCGs").into_iter().collect();
    for (layer, on) in layers.iter_mut().filter(|(layer, _)| named.contains(layer)) {
        let states: Vec<bool> = categories
            .iter()
            .filter_map(|category| usage(document, *layer, category))
            .collect();
        // Where several speak of it, one is enough to hide it.
        if !states.is_empty() {
            *on = states.iter().all(|state| *state);
        }
    }
}

/// What a layer is to be when it is used for something; none where it says nothing of that.
fn usage(document: &Document, layer: ObjectId, category: &[u8]) -> Option<bool> {
    let layer = document.get_dictionary(layer).ok()?;
    let usage = dictionary(document, layer.get(b"Usage").ok())?;
    let usage = dictionary(document, usage.get(category).ok())?;
    let key: &[u8] = match category {
        b"Print" => b"PrintState",
        b"View" => b"ViewState",
        b"Export" => b"ExportState",
        _ => return None,
    };
    match dereferenced(document, usage.get(key).ok()?)?
        .as_name()
        .ok()?
    {
        b"ON" => Some(true),
        b"OFF" => Some(false),
        _ => None,
    }
}

fn properties(document: &Document) -> Option<&Dictionary> {
    dictionary(document, document.catalog().ok()?.get(b"OCProperties").ok())
}

fn dictionary<'a>(document: &'a Document, object: Option<&'a Object>) -> Option<&'a Dictionary> {
    dereferenced(document, object?)?.as_dict().ok()
}

fn array<'a>(document: &'a Document, object: Option<&'a Object>) -> Option<&'a Vec<Object>> {
    dereferenced(document, object?)?.as_array().ok()
}

/// The objects that a list names.
fn references(document: &Document, dictionary: &Dictionary, key: &[u8]) -> Vec<ObjectId> {
    let list = array(document, dictionary.get(key).ok());
    let named = list.into_iter().flatten().take(limits::LAYERS);
    named
        .filter_map(|layer| layer.as_reference().ok())
        .collect()
}
