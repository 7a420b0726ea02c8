//! IPP on its way through a gateway that ends TLS.

use papermesh_protocol::gateway::terminated::client::Client;
use papermesh_protocol::gateway::terminated::rewrite::{Place, Rewriter};
use papermesh_protocol::gateway::terminated::uris::Uris;

/// A message that comes in pieces is rewritten as the whole is, and grows by no more than it may.
pub(crate) fn rewrite(bytes: &[u8]) {
    let (Ok(alias), Ok(place)) = ("expp1@abc.com".parse(), "desk.acme.gw.example".parse()) else {
        return;
    };
    let uris = Uris::new("gw.example:631", "expp1%abc.com", alias, place);
    let (Some(uris), Ok(from)) = (uris, "198.51.100.7:50123".parse()) else {
        return;
    };
    let client = Client::new(from, 8812);
    for rewriter in [
        Rewriter::request(uris.clone(), Some((client, Place::Attributes))),
        Rewriter::request(uris.clone(), Some((client, Place::Group))),
        Rewriter::answer(uris, 2),
        Rewriter::arrived(),
    ] {
        let whole = through(rewriter.clone(), bytes, bytes.len().max(1));
        assert_eq!(
            through(rewriter, bytes, 7),
            whole,
            "pieces make a difference"
        );
        if let Some(out) = whole {
            assert!(out.len() <= 2 * bytes.len() + 256, "it grew");
        }
    }
}

fn through(mut rewriter: Rewriter, bytes: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for piece in bytes.chunks(size) {
        rewriter.push(piece, &mut out).ok()?;
    }
    rewriter.finish(&mut out);
    Some(out)
}
