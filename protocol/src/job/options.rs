//! How a job is to be printed: options and their IPP keywords.

use serde::{Deserialize, Serialize};

use super::{Finishings, JobError, PageRanges, check_media};
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
    /// Which pages.
    #[serde(default)]
    pub page_ranges: PageRanges,
    /// How pages are made to fit the paper.
    #[serde(default)]
    pub scaling: Option<Scaling>,
    /// Send the device pages of pixels, also where it takes the document as it is.
    #[serde(default)]
    pub as_image: bool,
    /// What is done to the sheets (SPEC, release/2).
    #[serde(default, skip_serializing_if = "Finishings::is_none")]
    pub finishings: Finishings,
    /// What later versions of this program add (SPEC, release/2).
    #[serde(default, skip_serializing_if = "Extensions::is_empty")]
    pub extensions: Extensions,
}

impl Sides {
    /// Whether a device that lists these keywords prints on both sides; one that lists none is believed to.
    #[must_use]
    pub fn both_among(listed: &[String]) -> bool {
        let both = |sides: &String| *sides != Self::OneSided.keyword();
        listed.is_empty() || listed.iter().any(both)
    }
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
            finishings: Finishings::default(),
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

    /// Takes out what the first version of the protocols has no place for; says whether that may be
    /// missing.
    pub(crate) fn reduce(&mut self) -> bool {
        self.finishings = Finishings::default();
        let extensions = core::mem::take(&mut self.extensions);
        extensions.understood(&[]).is_ok()
    }

    /// How a document is printed whose job was to be printed in one way and now is in another: an option
    /// that the document has otherwise than its job had stays.
    #[must_use]
    pub fn carried(self, was: &Self, now: &Self) -> Self {
        fn one<T: PartialEq + Clone>(own: T, was: &T, now: &T) -> T {
            if own == *was { now.clone() } else { own }
        }
        Self {
            copies: one(self.copies, &was.copies, &now.copies),
            sides: one(self.sides, &was.sides, &now.sides),
            color: one(self.color, &was.color, &now.color),
            media: one(self.media, &was.media, &now.media),
            page_ranges: one(self.page_ranges, &was.page_ranges, &now.page_ranges),
            scaling: one(self.scaling, &was.scaling, &now.scaling),
            as_image: one(self.as_image, &was.as_image, &now.as_image),
            finishings: one(self.finishings, &was.finishings, &now.finishings),
            extensions: one(self.extensions, &was.extensions, &now.extensions),
        }
    }

    /// The options that say something, by their names for people and with their IPP keywords.
    #[must_use]
    pub fn named(&self) -> Vec<(&'static str, String)> {
        let said = |keyword: Option<&str>| keyword.unwrap_or_default().to_owned();
        let mut named = vec![
            ("copies", self.copies.to_string()),
            ("sides", said(self.sides.map(Sides::keyword))),
            ("color", said(self.color.map(ColorMode::keyword))),
            ("media", said(self.media.as_deref())),
            ("scaling", said(self.scaling.map(Scaling::keyword))),
            ("as image", said(self.as_image.then_some("yes"))),
            ("finishings", self.finishings.to_string()),
            ("page ranges", self.page_ranges.to_string()),
        ];
        named.retain(|(_, value)| !value.is_empty());
        named
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_document_has_of_its_own_stays_when_its_job_changes() {
        let was = PrintOptions::default();
        let now = PrintOptions {
            copies: 3,
            sides: Some(Sides::TwoSidedLongEdge),
            ..was.clone()
        };
        let own = PrintOptions {
            copies: 2,
            media: Some("iso_a3_297x420mm".into()),
            ..was.clone()
        };
        let carried = own.clone().carried(&was, &now);
        assert_eq!((carried.copies, carried.sides), (2, now.sides));
        assert_eq!(carried.media, own.media);
    }
}
