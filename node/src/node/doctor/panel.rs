//! The panel: whether badges are read there.

use super::{doubtful, good};
use crate::control::message::Finding;
use crate::panel::badge::ReaderState;

/// Whether badges are read, and as the site has them.
pub(super) fn badge_reader(reader: &ReaderState) -> Finding {
    const CHECK: &str = "badge reader";
    match (&reader.trouble, &reader.better_rule) {
        (Some(trouble), _) => Finding::of(CHECK, trouble),
        (None, Some(rule)) => doubtful(
            CHECK,
            "an unknown badge was read whose number is registered in another notation".to_owned(),
            &match rule.to_string() {
                rule if rule.is_empty() => "remove badge-rule from papermesh.toml".to_owned(),
                rule => {
                    format!("set badge-rule = \"{rule}\" in papermesh.toml, and restart the node")
                }
            },
        ),
        (None, None) => good(CHECK, "it is open".to_owned()),
    }
}
