//! Printing by whoever fetches: the half of an infrastructure printer (PWG 5100.18) that is a device.
//!
//! A proxy, which stands beside a printer and speaks to it in whatever way, registers here, says what
//! its printer can do, fetches what a user released, and says what became of it. Nothing is sent to a
//! proxy: it asks.
//!
//! One reason per file, lowest first:
//!
//! - `attributes`: what a proxy says of its printer, kept and described
//! - `job`: one released job, what is known of it, and what that means for paper
//! - `state`: proxies and jobs together, a state machine without clock and sockets
//! - `document`: a document's way from a print to whoever fetches it
//! - `device`: what the rest of the node holds; `asked`: what the server of proxies asks
//!
//! Not here: IPP over HTTP, who may register (`papermesh-infra`).

mod asked;
mod attributes;
mod device;
mod document;
mod job;
mod state;

pub use attributes::{AttributesError, MAX_ATTRIBUTE_VALUES, MAX_ATTRIBUTES_BYTES};
pub use device::{Change, Fetched, InfraDevice, JobView, ProxyView};
pub use document::Document;
pub use job::{DocumentWord, JobState, JobWord};
pub use state::{NotFetchable, ProxyId, ProxyIdError};
