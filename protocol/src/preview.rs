//! Pictures of first pages, `/papermesh/preview/1`: a printer asks for the picture of a job that a
//! session of [`crate::release`] shows it.
//!
//! A protocol of its own, on streams of its own, so that no list and no print waits for a picture,
//! and a holder that has never heard of pictures is one that has none. Who may have a picture is
//! judged by the sessions ([`crate::release::holder::Sessions::preview`]); the picture travels as
//! it is kept, sealed ([`crate::seal::preview`]), and its key sealed to the session.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::id::{JobId, SessionId};
use crate::release::message::Refusal;
use crate::seal::SessionWrappedKey;

/// The protocol's name: request and answer, one after the other, on one stream.
pub const PROTOCOL: &str = "/papermesh/preview/1";

/// What a printer asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The session.
    pub session: SessionId,
    /// The job.
    pub job: JobId,
}

/// What a holder answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The picture.
    Preview {
        /// The picture's key, sealed with HPKE to the session key, bound to session and job.
        key: SessionWrappedKey,
        /// The picture, sealed: a JPEG of at most [`crate::limits::PREVIEW`] bytes.
        sealed: ByteBuf,
    },
    /// There is none, or not yet.
    None,
    /// Not told.
    Refused(Refusal),
}
