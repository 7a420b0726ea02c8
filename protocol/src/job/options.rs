//! How a job is to be printed: options and their IPP keywords.

use serde::{Deserialize, Serialize};

use super::{JobError, PageRanges, check_media};
use crate::extension::Extensions;
use crate::limits;

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
keywords!(Scaling {
    Auto = "auto",
    AutoFit = "auto-fit",
    Fit = "fit",
    Fill = "fill",
    None = "none"
});

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
    /// Which pages.
    #[serde(default)]
    pub page_ranges: PageRanges,
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
            page_ranges: PageRanges::all(),
            scaling: None,
            as_image: false,
            extensions: Extensions::default(),
        }
    }
}

impl PrintOptions {
    /// Checks what the types do not say.
    pub fn check(&self) -> Result<(), JobError> {
        if !(1..=limits::COPIES).contains(&self.copies) {
            return Err(JobError::Copies);
        }
        self.media.as_deref().map_or(Ok(()), check_media)?;
        self.extensions.can_be_kept()?;
        Ok(self.extensions.understood(&[])?)
    }
}
