//! What a gateway tells of whoever asks, where it ended their TLS: client, port and connection
//! ([`papermesh_protocol::gateway::terminated`]). Of all others nothing of that kind is heard.

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::http::header::HeaderName;
use papermesh_ipp_message::http::text_of;
use papermesh_protocol::gateway::terminated::client::{Client, HEADER};
use papermesh_protocol::gateway::terminated::rewrite::Rewriter;
use papermesh_web::{Peer, Way};

/// What a printer adds to its state for those whose documents the gateway reads.
pub(super) const READ: &str = "(the gateway can read this printer's documents)";

/// Takes out of a request, and of its headers, who asks.
pub(super) fn told(peer: Peer, headers: &HeaderMap, section: Bytes) -> (Bytes, Option<Client>) {
    if peer.way != Way::Terminated {
        return (section, None);
    }
    let mut rewriter = Rewriter::arrived();
    let mut rest = Vec::with_capacity(section.len());
    let section = match rewriter.push(&section, &mut rest) {
        Ok(()) => Bytes::from(rest),
        // No gateway passes such a message on; it is judged as it is.
        Err(_) => section,
    };
    let said = || {
        text_of(headers, HeaderName::from_static(HEADER))?
            .parse()
            .ok()
    };
    (section, rewriter.client().or_else(said))
}
