//! The release protocol, `/papermesh/release/2` and `/papermesh/release/1`, and the stream of a job,
//! `/papermesh/job/1`.
//!
//! [`message`] has what is said, [`receipt`] the printer's signed last word, [`stream`] the few
//! bytes around a job's ciphertext. [`holder`] and [`printer`] are the two sides as state
//! machines: facts, time and randomness go in, an answer and what is to be done come out.
//! [`guess`] counts wrong PINs, [`version`] tells the two versions apart.

pub mod guess;
pub mod holder;
pub mod message;
pub mod printer;
pub mod receipt;
pub mod stream;
pub mod version;

/// The name of the protocol that carries a job's ciphertext.
pub const STREAM_PROTOCOL: &str = "/papermesh/job/1";
