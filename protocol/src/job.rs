//! Held jobs as holder and printer speak of them. Nothing of this is ever in the DHT.

use serde::{Deserialize, Serialize};

use crate::id::JobId;
use crate::limits;
use crate::text;
use crate::time::Timestamp;

/// Which sides of the sheet to print on (RFC 8011 §5.2.8 `sides`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sides {
    /// One side.
    OneSided,
    /// Both, bound at the long edge.
    TwoSidedLongEdge,
    /// Both, bound at the short edge.
    TwoSidedShortEdge,
}

/// Whether to print in colour (PWG 5100.13 `print-color-mode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColorMode {
    /// As the document is.
    Auto,
    /// In colour.
    Color,
    /// In black and its greys.
    Monochrome,
}

macro_rules! keywords {
    ($name:ident { $($variant:ident = $keyword:literal),* }) => {
        impl $name {
            /// The IPP keyword.
            #[must_use]
            pub const fn keyword(self) -> &'static str {
                match self { $(Self::$variant => $keyword),* }
            }
        }

        impl core::str::FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($keyword => Ok(Self::$variant),)*
                    _ => Err(format!("{text:?} is none of {}", [$($keyword),*].join(", "))),
                }
            }
        }
    };
}
keywords!(Sides {
    OneSided = "one-sided",
    TwoSidedLongEdge = "two-sided-long-edge",
    TwoSidedShortEdge = "two-sided-short-edge"
});
keywords!(ColorMode { Auto = "auto", Color = "color", Monochrome = "monochrome" });

/// How a job is to be printed. What is not said is left to the device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrintOptions {
    /// How many copies, 1 to 999.
    pub copies: u16,
    /// Which sides.
    pub sides: Option<Sides>,
    /// Colour or not.
    pub color: Option<ColorMode>,
    /// The media, a PWG 5101.1 size name or another keyword of the device.
    pub media: Option<String>,
}

impl Default for PrintOptions {
    fn default() -> Self {
        Self {
            copies: 1,
            sides: None,
            color: None,
            media: None,
        }
    }
}

/// Why a job is not acceptable as described.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// Copies out of range.
    #[error("the number of copies must be 1 to {}", limits::COPIES)]
    Copies,
    /// Not a media keyword.
    #[error("the media must be a keyword such as iso_a4_210x297mm")]
    Media,
    /// Not a media type.
    #[error("the format must be a MIME media type such as application/pdf")]
    Format,
    /// A title that was not cleaned.
    #[error("the title has invisible characters or is too long")]
    Title,
}

impl PrintOptions {
    /// Checks what the types do not say.
    pub fn check(&self) -> Result<(), JobError> {
        if !(1..=limits::COPIES).contains(&self.copies) {
            return Err(JobError::Copies);
        }
        let keyword = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        match &self.media {
            Some(media)
                if media.is_empty()
                    || media.len() > limits::MEDIA
                    || !media.chars().all(keyword) =>
            {
                Err(JobError::Media)
            }
            _ => Ok(()),
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
    /// When it was submitted.
    pub submitted_at: Timestamp,
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
}

impl JobSummary {
    /// Checks what the types do not say; printers call it on everything a holder lists.
    pub fn check(&self) -> Result<(), JobError> {
        self.options.check()?;
        check_title(&self.title)?;
        check_format(&self.format)
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
