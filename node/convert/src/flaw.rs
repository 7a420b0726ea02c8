//! Why a picture cannot be printed at any printer. Told while its user is still at the computer.

use std::borrow::Cow;

use papermesh_protocol::remedy::Remedy;
use serde::{Deserialize, Serialize};

use super::limits;

/// What is wrong with a picture. Each says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Flaw {
    /// It is neither JPEG nor PNG.
    #[error("the picture is neither JPEG nor PNG")]
    NoPicture,
    /// It is not as its format says.
    #[error("the picture is damaged")]
    Damaged,
    /// It broke off.
    #[error("the picture is incomplete: part of it is missing")]
    Cut,
    /// A JPEG with arithmetic coding (ISO/IEC 10918-1 annex D), which nothing here reads.
    #[error("the JPEG is compressed in a way that printers cannot read (arithmetic coding)")]
    Arithmetic,
    /// A JPEG with 12 bits per sample.
    #[error("the JPEG has more than 8 bits per color, which printers cannot read")]
    Deep,
    /// A JPEG that is lossless, hierarchical or has colors of no known kind.
    #[error("the JPEG is of a kind that printers cannot read")]
    Unusual,
    /// It has too many pixels, or a PNG that must be held whole does.
    #[error(
        "the picture is too large to print (the limit is {} million pixels, or {} million for an interlaced PNG)",
        limits::PIXELS / 1_000_000,
        limits::INTERLACED / 4_000_000
    )]
    TooLarge,
    /// It made the process that looked at it crash or run out of memory or time.
    #[error("the picture cannot be read")]
    Unreadable,
}

impl Remedy for Flaw {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::NoPicture => "open it, save it as one of them, and print that",
            Self::Damaged | Self::Unreadable => "open it, save it again, and print that",
            Self::Cut => "get it again, or open it, save it again, and print that",
            Self::Arithmetic | Self::Deep | Self::Unusual => {
                "open it, save it as an ordinary JPEG, and print that"
            }
            Self::TooLarge => "make it smaller",
        };
        Some(remedy.into())
    }
}
