//! The vectors in `vectors/`: what another implementation must write and read, byte for byte.
//!
//! Each test makes its vectors from fixed keys (see `site`), compares them with the committed
//! file, and reads them back. A test that fails says that the encoding changed, which breaks
//! every site in use: the version in the protocol's or record's name must change with it. Then
//!
//! ```text
//! PAPERMESH_WRITE_VECTORS=1 cargo test -p papermesh-protocol --test vectors
//! ```
//!
//! writes the files anew.
#![allow(clippy::unwrap_used)]

mod directory;
mod hello;
mod messages;
mod pin;
mod records;
mod sealing;
#[path = "../site/mod.rs"]
mod site;
mod terminated;
mod tickets;
mod wake;

use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use serde_json::{Value, json};

/// Set to write the files rather than to compare with them.
const WRITE: &str = "PAPERMESH_WRITE_VECTORS";

/// Compares vectors with those in `vectors/NAME.json`, one by one.
fn check(name: &str, about: &str, vectors: Vec<Value>) {
    let path = path(name);
    if std::env::var_os(WRITE).is_some() {
        let file = json!({ "about": about, "vectors": vectors });
        let mut text = serde_json::to_string_pretty(&file).unwrap();
        text.push('\n');
        std::fs::write(&path, text).unwrap();
    }
    let committed = committed(name);
    for (made, committed) in vectors.iter().zip(&committed) {
        assert_eq!(made, committed, "the encoding of {} changed", made["name"]);
    }
    assert_eq!(
        vectors.len(),
        committed.len(),
        "{name}.json has other vectors than the test"
    );
}

fn path(name: &str) -> PathBuf {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    vectors.join(format!("{name}.json"))
}

/// The vectors in `vectors/NAME.json`.
fn committed(name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(path(name)).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    file["vectors"].as_array().unwrap().clone()
}

fn hex(bytes: impl AsRef<[u8]>) -> Value {
    Value::from(HEXLOWER.encode(bytes.as_ref()))
}

/// A value for people to read: as JSON, with byte strings in hexadecimal.
fn readable(value: &impl serde::Serialize) -> Value {
    fn walk(value: Value) -> Value {
        match value {
            Value::Array(items) => {
                let bytes: Option<Vec<u8>> = items
                    .iter()
                    .map(|item| item.as_u64().and_then(|number| u8::try_from(number).ok()))
                    .collect();
                match bytes {
                    Some(bytes) if bytes.len() > 4 => hex(bytes),
                    _ => items.into_iter().map(walk).collect(),
                }
            }
            Value::Object(fields) => Value::Object(
                fields
                    .into_iter()
                    .map(|(name, value)| (name, walk(value)))
                    .collect(),
            ),
            other => other,
        }
    }
    walk(serde_json::to_value(value).unwrap())
}
