//! Held jobs as holder and printer speak of them. Nothing of this is ever in the DHT.

use serde::{Deserialize, Serialize};

use crate::extension::{ExtensionError, Extensions};
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

/// Whether to print in color (PWG 5100.13 `print-color-mode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColorMode {
    /// As the document is.
    Auto,
    /// In color.
    Color,
    /// In black and its grays.
    Monochrome,
}

/// How a page is made to fit the paper (PWG 5100.16 §8.1 `print-scaling`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scaling {
    /// As [`Self::AutoFit`] where the paper has margins that cannot be printed on, else as [`Self::Fill`].
    Auto,
    /// As [`Self::Fit`] if the page is larger than what can be printed on, else as [`Self::None`].
    AutoFit,
    /// As large as all of the page fits.
    Fit,
    /// As small as the paper is covered; what stands over is cut.
    Fill,
    /// As large as it is, in the middle; what stands over is cut.
    None,
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
                    _ => Err(format!("{text:?} is not one of {}", [$($keyword),*].join(", "))),
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
keywords!(Scaling {
    Auto = "auto",
    AutoFit = "auto-fit",
    Fit = "fit",
    Fill = "fill",
    None = "none"
});

/// Pages of a document, counted from 1, both ends included (RFC 8011 §5.2.7 `page-ranges`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageRange {
    /// The first page,
    pub first: u32,
    /// and the last.
    pub last: u32,
}

/// How a job is to be printed. What is not said is left to the device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrintOptions {
    /// How many copies, 1 to 999.
    pub copies: u16,
    /// Which sides.
    pub sides: Option<Sides>,
    /// Color or not.
    pub color: Option<ColorMode>,
    /// The media, a PWG 5101.1 size name or another keyword of the device.
    pub media: Option<String>,
    /// Which pages, ascending and apart from each other; none for all.
    #[serde(default)]
    pub page_ranges: Vec<PageRange>,
    /// How pages are made to fit the paper.
    #[serde(default)]
    pub scaling: Option<Scaling>,
    /// Send the device pages of pixels, also where it takes the document as it is.
    #[serde(default)]
    pub as_image: bool,
    /// What later versions of this program add (SPEC, release/2).
    #[serde(default, skip_serializing_if = "Extensions::is_empty")]
    pub extensions: Extensions,
}

impl Default for PrintOptions {
    fn default() -> Self {
        Self {
            copies: 1,
            sides: None,
            color: None,
            media: None,
            page_ranges: Vec::new(),
            scaling: None,
            as_image: false,
            extensions: Extensions::default(),
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
    /// Page ranges that overlap, run backwards, or are too many.
    #[error(
        "page ranges must ascend without overlapping, such as 1-3,7-7, and be at most {}",
        limits::PAGE_RANGES
    )]
    PageRanges,
    /// A priority out of range.
    #[error("the priority must be 1 to {}", limits::PRIORITY)]
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

impl PrintOptions {
    /// Checks what the types do not say.
    pub fn check(&self) -> Result<(), JobError> {
        if !(1..=limits::COPIES).contains(&self.copies) {
            return Err(JobError::Copies);
        }
        self.media.as_deref().map_or(Ok(()), check_media)?;
        check_page_ranges(&self.page_ranges)?;
        self.extensions.can_be_kept()?;
        Ok(self.extensions.understood(&[])?)
    }
}

impl core::fmt::Display for PageRange {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.first == self.last {
            true => write!(f, "{}", self.first),
            false => write!(f, "{}-{}", self.first, self.last),
        }
    }
}

impl core::str::FromStr for PageRange {
    type Err = JobError;
    /// Reads `7` or `3-5`.
    fn from_str(text: &str) -> Result<Self, JobError> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let page = |text: &str| text.trim().parse().map_err(|_| JobError::PageRanges);
        let range = Self {
            first: page(first)?,
            last: page(last)?,
        };
        check_page_ranges(&[range])?;
        Ok(range)
    }
}

fn check_page_ranges(ranges: &[PageRange]) -> Result<(), JobError> {
    let within = |range: &PageRange| {
        1 <= range.first && range.first <= range.last && range.last <= limits::PAGES
    };
    if ranges.len() <= limits::PAGE_RANGES
        && ranges.iter().all(within)
        && ranges.is_sorted_by(|a, b| a.last < b.first)
    {
        Ok(())
    } else {
        Err(JobError::PageRanges)
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

/// Checks that a priority is 1 to [`limits::PRIORITY`].
pub fn check_priority(priority: u8) -> Result<(), JobError> {
    if (1..=limits::PRIORITY).contains(&priority) {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn page_ranges_ascend_and_do_not_overlap() {
        let check = |ranges: &[&str]| {
            let page_ranges: Result<Vec<PageRange>, _> =
                ranges.iter().map(|range| range.parse()).collect();
            PrintOptions {
                page_ranges: page_ranges?,
                ..PrintOptions::default()
            }
            .check()
        };
        for good in [&[][..], &["1"], &["1-3", "7", "9-1000000"]] {
            assert_eq!(check(good), Ok(()), "{good:?}");
        }
        let many: Vec<String> = (0..33).map(|n| (1 + 2 * n).to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(check(&many[..32]), Ok(()));
        for bad in [
            &["0"][..],
            &["3-1"],
            &["1-3", "3-4"],
            &["5", "1"],
            &["1000001"],
            &["-"],
            &["x"],
            &many,
        ] {
            assert_eq!(check(bad), Err(JobError::PageRanges), "{bad:?}");
        }
        assert_eq!("4-4".parse::<PageRange>().unwrap().to_string(), "4");
    }
}
