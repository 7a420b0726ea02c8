//! Documents that come compressed (RFC 8011 section 5.4.32), unpacked while they arrive. What comes
//! out is bounded by the largest document that is held, so that a bomb is a document too large.

use async_compression::tokio::bufread::{DeflateDecoder, GzipDecoder};
use tokio::io::{AsyncRead, BufReader};

use super::message::Failure;
use super::status::Status;
use super::values::{Values, attribute, keyword};

/// `compression-supported`.
pub(super) const SUPPORTED: [&str; 3] = ["none", "deflate", "gzip"];

/// Bytes that are unpacked at once.
const PIECE: usize = 64 * 1024;

/// A document, unpacked.
pub(super) type Unpacked<'a> = Box<dyn AsyncRead + Send + Unpin + 'a>;

/// The compression that a request says its document has; none for *none*. One that cannot be read
/// is not taken for that.
pub(super) fn said(operation: Values<'_>) -> Result<Option<&str>, Failure> {
    match (operation.get("compression"), operation.text("compression")) {
        (None, _) | (_, Some("none")) => Ok(None),
        (_, Some(known)) if SUPPORTED.contains(&known) => Ok(Some(known)),
        (_, other) => Err(unknown(other.unwrap_or_default())),
    }
}

/// Unpacks a document. `deflate` is the bare format (RFC 1951), as programs send it.
pub(super) fn unpack<'a>(
    compression: Option<&str>,
    packed: impl AsyncRead + Send + Unpin + 'a,
) -> Result<Unpacked<'a>, Failure> {
    let buffered = |packed| BufReader::with_capacity(PIECE, packed);
    match compression {
        None => Ok(Box::new(packed)),
        Some("gzip") => {
            let mut decoder = GzipDecoder::new(buffered(packed));
            decoder.multiple_members(true);
            Ok(Box::new(decoder))
        }
        Some("deflate") => Ok(Box::new(DeflateDecoder::new(buffered(packed)))),
        Some(other) => Err(unknown(other)),
    }
}

fn unknown(compression: &str) -> Failure {
    Failure {
        unsupported: attribute("compression", keyword(compression))
            .into_iter()
            .collect(),
        ..Failure::new(
            Status::Compression,
            "documents may be uncompressed, or compressed with gzip or deflate",
        )
    }
}
