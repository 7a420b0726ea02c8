//! What each fuzz target does with its input.
//!
//! A target takes bytes that a hostile peer, file or user could have made, hands them to one
//! decoder and to the judgment that follows it, and holds what comes out to the decoder's
//! promises: no panic, no unbounded memory, and whatever decodes is encoded to the same bytes.
//!
//! Here is everything but libFuzzer itself, so that an ordinary test replays the committed corpus
//! through the same functions (`tests/corpus.rs`). To fuzz:
//!
//! ```text
//! cargo +nightly fuzz run advert -- -max_len=16384
//! ```

mod carrier;
mod hello;
mod messages;
mod records;
mod sealed;
#[path = "../../tests/site/mod.rs"]
pub mod site;
mod terminated;
mod texts;
mod wake;

/// One decoder under test.
pub struct Target {
    /// Names the target and its corpus.
    pub name: &'static str,
    /// Takes one input.
    pub run: fn(&[u8]),
}

/// All targets.
pub const TARGETS: [Target; 38] = [
    Target {
        name: "release_request",
        run: messages::release_request,
    },
    Target {
        name: "release_answer",
        run: messages::release_answer,
    },
    Target {
        name: "join_request",
        run: messages::join_request,
    },
    Target {
        name: "join_answer",
        run: messages::join_answer,
    },
    Target {
        name: "enroll_request",
        run: messages::enroll_request,
    },
    Target {
        name: "enroll_answer",
        run: messages::enroll_answer,
    },
    Target {
        name: "link_request",
        run: messages::link_request,
    },
    Target {
        name: "link_answer",
        run: messages::link_answer,
    },
    Target {
        name: "direct_request",
        run: messages::direct_request,
    },
    Target {
        name: "direct_answer",
        run: messages::direct_answer,
    },
    Target {
        name: "preview_request",
        run: messages::preview_request,
    },
    Target {
        name: "preview_answer",
        run: messages::preview_answer,
    },
    Target {
        name: "bind_request",
        run: messages::bind_request,
    },
    Target {
        name: "bind_answer",
        run: messages::bind_answer,
    },
    Target {
        name: "web_request",
        run: messages::web_request,
    },
    Target {
        name: "web_answer",
        run: messages::web_answer,
    },
    Target {
        name: "pin_message",
        run: messages::pin_message,
    },
    Target {
        name: "stream_header",
        run: messages::stream_header,
    },
    Target {
        name: "certificate",
        run: records::certificate,
    },
    Target {
        name: "charter",
        run: records::charter_record,
    },
    Target {
        name: "site_state",
        run: records::site_state,
    },
    Target {
        name: "user_entry",
        run: records::user_entry,
    },
    Target {
        name: "badge",
        run: records::badge,
    },
    Target {
        name: "delegation",
        run: records::delegation,
    },
    Target {
        name: "advert",
        run: records::advert,
    },
    Target {
        name: "key_claim",
        run: records::key_claim,
    },
    Target {
        name: "badge_claim",
        run: records::badge_claim,
    },
    Target {
        name: "receipt",
        run: records::receipt,
    },
    Target {
        name: "web_authority",
        run: records::web_authority,
    },
    Target {
        name: "directory_record",
        run: records::directory_record,
    },
    Target {
        name: "sealed_document",
        run: sealed::document,
    },
    Target {
        name: "wrapped_key",
        run: sealed::wrapped_key,
    },
    Target {
        name: "passphrase",
        run: sealed::passphrase,
    },
    Target {
        name: "client_hello",
        run: hello::client_hello,
    },
    Target {
        name: "wake",
        run: wake::wake,
    },
    Target {
        name: "text",
        run: texts::text,
    },
    Target {
        name: "carrier",
        run: carrier::carrier,
    },
    Target {
        name: "rewrite",
        run: terminated::rewrite,
    },
];

/// Runs the target of this name, as its libFuzzer binary does.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    (target
        .unwrap_or_else(|| panic!("no target is called {name}"))
        .run)(bytes);
}
