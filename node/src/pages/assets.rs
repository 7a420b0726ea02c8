//! What pages are made of besides themselves, embedded in the program: nothing comes from elsewhere,
//! and a panel without Internet looks like any other. `LICENSES.txt` beside the files says whose
//! they are.
//!
//! Each has the beginning of its hash in its address, so that it can be kept for ever and a new
//! program is never dressed in an old one's clothes.

use std::sync::OnceLock;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// A file.
struct Asset {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

const ALL: [Asset; 9] = [
    Asset {
        name: "htmx.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("assets/htmx-2.0.11.min.js"),
    },
    Asset {
        name: "sse.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("assets/htmx-ext-sse-2.2.4.min.js"),
    },
    Asset {
        name: "pages.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("assets/pages.js"),
    },
    Asset {
        name: "portal.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("assets/portal.js"),
    },
    Asset {
        name: "panel.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("assets/panel.js"),
    },
    Asset {
        name: "pages.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("assets/pages.css"),
    },
    Asset {
        name: "portal.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("assets/portal.css"),
    },
    Asset {
        name: "panel.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("assets/panel.css"),
    },
    Asset {
        name: "icons.svg",
        kind: "image/svg+xml",
        bytes: include_bytes!("assets/icons.svg"),
    },
];

/// Hashes of all files together, as their addresses have it.
pub(crate) fn version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| {
        let all = ALL
            .iter()
            .fold(Sha256::new(), |hash, asset| hash.chain_update(asset.bytes));
        HEXLOWER.encode(&all.finalize()[..8])
    })
}

/// Answers with a file.
pub(crate) fn answer(asked: &str, name: &str) -> Response {
    let found = ALL.iter().find(|asset| asset.name == name);
    match found {
        Some(asset) if asked == version() => {
            let mut response = asset.bytes.into_response();
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind));
            headers.insert(
                header::CACHE_CONTROL,
                HeaderValue::from_static("public, max-age=31536000, immutable"),
            );
            response
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}
