//! Held jobs as holder and printer speak of them. Nothing of this is ever in the DHT.

use std::borrow::Cow;

mod finishing;
mod options;
mod pages;

use serde::{Deserialize, Serialize};

use crate::extension::{ExtensionError, Extensions};
use crate::id::JobId;
use crate::limits;
use crate::remedy::Remedy;
use crate::text;
use crate::time::Timestamp;

pub use finishing::{Finishing, FinishingKind, Finishings, NO_FINISHING};
pub use options::{ColorMode, PrintOptions, Scaling, Sides};
pub use pages::{PageRange, PageRanges};

/// Why a job is not acceptable as described.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// Copies out of range.
    #[error("the number of copies must be 1 to {}", limits::COPIES)]
    Copies,
    /// Not a media keyword.
    #[error("the media must be a keyword such as iso_a4_210x297mm")]
    Media,
    /// Page ranges that overlap, run backwards, or are too many.
    #[error(
        "page ranges must ascend without overlapping, such as 1-3,7, and be at most {}",
        limits::PAGE_RANGES
    )]
    PageRanges,
    /// Not a finishing.
    #[error("a finishing must be a keyword such as staple-top-left, punch-dual-left or fold-half")]
    Finishing,
    /// More than one finishing of a kind.
    #[error("a job has at most one way to staple, one to punch and one to fold")]
    Finishings,
    /// A priority out of range.
    #[error("the priority must be 1 to {}", limits::HIGHEST_PRIORITY)]
    Priority,
    /// Not a media type.
    #[error("the format must be a MIME media type such as application/pdf")]
    Format,
    /// A title that was not cleaned.
    #[error("the title has invisible characters or is too long")]
    Title,
    /// Its extensions are too long, or one of them must be known and is not.
    #[error(transparent)]
    Extension(#[from] ExtensionError),
}

impl Remedy for JobError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Extension(error) => error.remedy(),
            _ => None,
        }
    }
}

/// What a user sees of a job before choosing it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobSummary {
    /// The job.
    pub job: JobId,
    /// Its title, cleaned.
    pub title: String,
    /// Its format, a MIME media type in lower case.
    pub format: String,
    /// The document's size in bytes.
    pub size: u64,
    /// Its pages, where known.
    pub pages: Option<u32>,
    /// The size of its first page, where known: a PWG 5101.1 size name, of which
    /// `custom_…_100x200mm` says every size.
    pub page_size: Option<String>,
    /// Whether it has any color, where known.
    pub color: Option<bool>,
    /// When it was submitted.
    pub submitted_at: Timestamp,
    /// How urgent it is, 1 to 100 (RFC 8011 §5.2.1); the more urgent come first in lists.
    pub priority: u8,
    /// Where it stands among those that are as urgent: when it was submitted, unless its owner
    /// moved it.
    pub listed_at: Timestamp,
    /// When it will be gone.
    pub expires_at: Timestamp,
    /// How its owner wants it printed.
    pub options: PrintOptions,
    /// Exempt from pressure for space.
    pub protected: bool,
    /// An earlier release ended so that nobody knows whether paper came out.
    pub may_have_printed: bool,
    /// Another printer has it now.
    pub leased: bool,
    /// It has a PIN of its own, which must be proved before it is selected.
    pub needs_pin: bool,
    /// The document is locked, and no password that opens it was given.
    pub locked: bool,
    /// What later versions of this program add (SPEC, release/2).
    #[serde(default, skip_serializing_if = "Extensions::is_empty")]
    pub extensions: Extensions,
}

impl JobSummary {
    /// Checks what the types do not say; printers call it on everything a holder lists.
    pub fn check(&self) -> Result<(), JobError> {
        check_title(&self.title)?;
        check_priority(self.priority)?;
        self.page_size.as_deref().map_or(Ok(()), check_media)?;
        check_format(&self.format)?;
        self.extensions.can_be_kept()?;
        self.options.check()?;
        Ok(self.extensions.understood(&[])?)
    }
}

/// How urgent a job is of which nobody says it (RFC 8011 §5.2.1).
pub const DEFAULT_PRIORITY: u8 = 50;

/// Checks that a priority is 1 to [`limits::HIGHEST_PRIORITY`].
pub fn check_priority(priority: u8) -> Result<(), JobError> {
    if (1..=limits::HIGHEST_PRIORITY).contains(&priority) {
        Ok(())
    } else {
        Err(JobError::Priority)
    }
}

/// Checks that `media` is a keyword for media: a PWG 5101.1 size name or another of the device.
pub fn check_media(media: &str) -> Result<(), JobError> {
    let keyword = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !media.is_empty() && media.len() <= limits::MEDIA && media.chars().all(keyword) {
        Ok(())
    } else {
        Err(JobError::Media)
    }
}

/// Checks that a title was cleaned: see [`text::clean`] and [`limits::TITLE`].
pub fn check_title(title: &str) -> Result<(), JobError> {
    if text::clean(title, limits::TITLE) == title {
        Ok(())
    } else {
        Err(JobError::Title)
    }
}

/// Checks that `format` is a MIME media type (RFC 6838 §4.2) in lower case, without parameters.
pub fn check_format(format: &str) -> Result<(), JobError> {
    let token = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "!#$&-^_.+".contains(c))
    };
    match format.split_once('/') {
        Some((kind, name)) if format.len() <= limits::FORMAT && token(kind) && token(name) => {
            Ok(())
        }
        _ => Err(JobError::Format),
    }
}
