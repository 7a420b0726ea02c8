//! What a device can do, as far as it matters for what it is given. Pure.

use papermesh_protocol::direct::Abilities;
use papermesh_protocol::job::{Finishing, Scaling, Sides};
use serde::{Deserialize, Serialize};

use super::media::PageSize;

/// What an output device can do, as it says itself; lists may be empty where it does not say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Device {
    /// The documents that it takes.
    pub formats: Formats,
    /// The most copies of one job that it makes by itself, `copies-supported`.
    pub max_copies: u32,
    /// `sides-supported`.
    pub sides: Vec<String>,
    /// Whether it can print some pages of a document, `page-ranges-supported`.
    pub page_ranges: bool,
    /// `color-supported`.
    pub color: Option<bool>,
    /// `print-color-mode-supported`.
    pub color_modes: Vec<String>,
    /// What it can print on, `media-supported`: PWG 5101.1 names.
    pub media: Vec<String>,
    /// What is loaded, `media-ready`.
    pub media_ready: Vec<String>,
    /// What it prints on unless told otherwise, `media-default`.
    pub media_default: Option<String>,
    /// `print-scaling-supported`.
    pub scalings: Vec<String>,
    /// What it does to sheets, `finishings-supported`.
    pub finishings: Vec<Finishing>,
    /// How it wants raster.
    pub raster: RasterAbilities,
    /// Whether it is to get pictures of the pages rather than the documents themselves, because
    /// what it makes of documents is not what they are.
    pub as_image: bool,
}

/// The kinds of documents that a device takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Formats {
    /// Any: a tray keeps whatever it is given.
    Any,
    /// These MIME media types, `document-format-supported`.
    Listed(Vec<String>),
    /// The device cannot be asked: a raw port prints whatever comes, and pictures come out as pages of
    /// letters. It is known only that it is meant to take PDF, and text.
    NotAsked,
}

/// What a device is given that cannot be asked and of which nobody said what it takes.
const UNASKED: [&str; 2] = ["application/pdf", "text/plain"];

/// How a driverless printer wants raster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RasterAbilities {
    /// `pwg-raster-document-resolution-supported` in dots per inch, where both directions agree.
    pub resolutions: Vec<u32>,
    /// `pwg-raster-document-type-supported`: `srgb_8`, `sgray_8`, `black_1`, …
    pub types: Vec<String>,
    /// `pwg-raster-document-sheet-back`.
    pub sheet_back: Option<String>,
    /// `urf-supported`: `W8`, `SRGB24`, `RS300-600`, `DM1`, …
    pub urf: Vec<String>,
}

/// How the back of a sheet must lie in the data (PWG 5102.4 table 7, `pwg-raster-document-sheet-back`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SheetBack {
    /// As the front.
    #[default]
    Normal,
    /// Mirrored: top to bottom, or left to right where sheets are turned at the short edge.
    Flipped,
    /// Turned by half a turn, unless sheets are turned at the short edge.
    Rotated,
    /// Turned by half a turn where sheets are turned at the short edge.
    ManualTumble,
}

impl SheetBack {
    /// Whether a back is mirrored left to right, and whether it is top to bottom.
    #[must_use]
    pub const fn mirrored(self, tumble: bool) -> (bool, bool) {
        match (self, tumble) {
            (Self::Flipped, false) => (false, true),
            (Self::Flipped, true) => (true, false),
            (Self::Rotated, false) | (Self::ManualTumble, true) => (true, true),
            _ => (false, false),
        }
    }
}

/// A device that takes anything and says nothing of itself.
impl Default for Device {
    fn default() -> Self {
        Self::taking(Formats::Any)
    }
}

impl Device {
    /// A device that takes documents of these kinds and says nothing else of itself.
    #[must_use]
    pub fn taking(formats: Formats) -> Self {
        Self {
            formats,
            max_copies: 1,
            sides: Vec::new(),
            page_ranges: false,
            color: None,
            color_modes: Vec::new(),
            media: Vec::new(),
            media_ready: Vec::new(),
            media_default: None,
            scalings: Vec::new(),
            finishings: Vec::new(),
            raster: RasterAbilities::default(),
            as_image: false,
        }
    }

    /// Whether it takes documents of this format.
    #[must_use]
    pub fn takes(&self, format: &str) -> bool {
        let same = |listed: &str| listed.eq_ignore_ascii_case(format);
        match &self.formats {
            Formats::Any => true,
            Formats::Listed(formats) => formats.iter().any(|listed| same(listed)),
            Formats::NotAsked => UNASKED.into_iter().any(same),
        }
    }

    /// What holders are told of it.
    #[must_use]
    pub fn into_abilities(self) -> Abilities {
        let mut media = self.media_ready;
        let others = self.media.into_iter();
        let others: Vec<_> = others.filter(|other| !media.contains(other)).collect();
        media.extend(others);
        Abilities {
            formats: match self.formats {
                Formats::Listed(formats) => formats,
                Formats::Any | Formats::NotAsked => Vec::new(),
            },
            sides: self.sides,
            color: self.color,
            media,
            finishings: (self.finishings.into_iter())
                .map(|one| one.keyword().to_owned())
                .collect(),
            ..Abilities::default()
        }
    }

    /// The paper that a document gets which asks for none.
    #[must_use]
    pub(crate) fn usual_medium(&self) -> Option<&str> {
        let usual = self.media_ready.first().or(self.media_default.as_ref());
        usual.map(String::as_str)
    }

    /// Whether it prints on both sides; a device that does not say is believed to.
    #[must_use]
    pub fn prints_both_sides(&self) -> bool {
        Sides::both_among(&self.sides)
    }

    /// Whether it says that it makes pages fit in this way.
    #[must_use]
    pub(crate) fn scales(&self, scaling: Scaling) -> bool {
        self.scalings
            .iter()
            .any(|keyword| keyword == scaling.keyword())
    }

    /// The medium that it lists and that has this size, whichever way it lies.
    #[must_use]
    pub(crate) fn medium(&self, size: PageSize) -> Option<PageSize> {
        let sizes = self.media.iter().filter_map(|name| PageSize::named(name));
        sizes
            .map(PageSize::upright)
            .find(|medium| medium.is_near(size.upright()))
    }
}

impl Formats {
    /// The formats that are known to be taken; none where any is.
    #[must_use]
    pub fn listed(&self) -> Vec<&str> {
        match self {
            Self::Any => Vec::new(),
            Self::Listed(formats) => formats.iter().map(String::as_str).collect(),
            Self::NotAsked => UNASKED.to_vec(),
        }
    }
}

impl RasterAbilities {
    /// Where the back of a sheet lies in PWG raster.
    #[must_use]
    pub(crate) fn pwg_back(&self) -> SheetBack {
        match self.sheet_back.as_deref() {
            Some("flipped") => SheetBack::Flipped,
            Some("rotated") => SheetBack::Rotated,
            Some("manual-tumble") => SheetBack::ManualTumble,
            _ => SheetBack::Normal,
        }
    }

    /// Where the back of a sheet lies in Apple raster: `DM1` to `DM4`.
    #[must_use]
    pub(crate) fn urf_back(&self) -> SheetBack {
        let has = |key: &str| self.urf.iter().any(|value| value == key);
        match () {
            () if has("DM2") => SheetBack::Flipped,
            () if has("DM3") => SheetBack::Rotated,
            () if has("DM4") => SheetBack::ManualTumble,
            () => SheetBack::Normal,
        }
    }

    /// The resolutions of Apple raster: `RS300-600`.
    #[must_use]
    pub(crate) fn urf_resolutions(&self) -> Vec<u32> {
        let listed = self.urf.iter().find_map(|value| value.strip_prefix("RS"));
        let values = listed.into_iter().flat_map(|list| list.split('-'));
        values.filter_map(|value| value.parse().ok()).collect()
    }
}

/// The best resolution of those that a device has: the finest that is not finer than 600 dpi, for
/// a finer one costs four times as much and cannot be seen.
#[must_use]
pub(crate) fn best_resolution(resolutions: &[u32]) -> u32 {
    const FINE: u32 = 600;
    const USUAL: u32 = 300;
    const SENSIBLE: std::ops::RangeInclusive<u32> = 50..=2400;
    let sensible = || {
        resolutions
            .iter()
            .copied()
            .filter(|dpi| SENSIBLE.contains(dpi))
    };
    let fine = sensible().filter(|dpi| *dpi <= FINE).max();
    fine.or_else(|| sensible().min()).unwrap_or(USUAL)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_best_resolution_is_fine_but_not_finer() {
        let cases: [(&[u32], u32); 5] = [
            (&[], 300),
            (&[300, 600, 1200], 600),
            (&[1200], 1200),
            (&[203, 300], 300),
            (&[0, 9999], 300),
        ];
        for (resolutions, best) in cases {
            assert_eq!(best_resolution(resolutions), best);
        }
    }

    #[test]
    fn urf_keys_are_read() {
        let keys = ["V1.4", "CP1", "W8", "SRGB24", "RS300-600", "DM3", "garbage"];
        let abilities = RasterAbilities {
            urf: keys.map(str::to_owned).to_vec(),
            ..RasterAbilities::default()
        };
        assert_eq!(abilities.urf_resolutions(), [300, 600]);
        assert_eq!(abilities.urf_back(), SheetBack::Rotated);
        assert_eq!(abilities.pwg_back(), SheetBack::Normal);
    }

    #[test]
    fn backs_lie_as_the_standard_says() {
        use SheetBack::{Flipped, ManualTumble, Normal, Rotated};
        let long = [Normal, Flipped, Rotated, ManualTumble].map(|back| back.mirrored(false));
        assert_eq!(
            long,
            [(false, false), (false, true), (true, true), (false, false)]
        );
        let short = [Normal, Flipped, Rotated, ManualTumble].map(|back| back.mirrored(true));
        assert_eq!(
            short,
            [(false, false), (true, false), (false, false), (true, true)]
        );
    }
}
