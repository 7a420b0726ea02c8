//! What a device can do, as far as it matters for what it is given. Pure.

use papermesh_protocol::job::Scaling;
use serde::{Deserialize, Serialize};

use super::media::PageSize;

/// An output device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// `document-format-supported`; none for a device that takes whatever it is given or cannot be
    /// asked, and is therefore given the document in the format that it has.
    pub formats: Option<Vec<String>>,
    /// The most copies that it makes by itself.
    pub max_copies: u32,
    /// `sides-supported`.
    pub sides: Vec<String>,
    /// `page-ranges-supported`.
    pub page_ranges: bool,
    /// `color-supported`.
    pub color: Option<bool>,
    /// `print-color-mode-supported`.
    pub color_modes: Vec<String>,
    /// What it can print on: PWG 5101.1 names.
    pub media: Vec<String>,
    /// What it prints on unless told otherwise.
    pub media_default: Option<String>,
    /// `print-scaling-supported`.
    pub scalings: Vec<String>,
    /// How it wants raster.
    pub raster: RasterAbilities,
    /// Whether it is to get pictures of the pages rather than the documents themselves, because
    /// what it makes of documents is not what they are.
    pub as_image: bool,
}

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

impl Device {
    /// A device that is given documents as they are.
    #[must_use]
    pub fn of_anything() -> Self {
        Self {
            formats: None,
            max_copies: 1,
            sides: Vec::new(),
            page_ranges: false,
            color: None,
            color_modes: Vec::new(),
            media: Vec::new(),
            media_default: None,
            scalings: Vec::new(),
            raster: RasterAbilities::default(),
            as_image: false,
        }
    }

    /// Whether it takes documents of this format.
    #[must_use]
    pub fn takes(&self, format: &str) -> bool {
        let same = |listed: &String| listed.eq_ignore_ascii_case(format);
        self.formats
            .as_ref()
            .is_none_or(|formats| formats.iter().any(same))
    }

    /// Whether it says that it makes pages fit in this way.
    #[must_use]
    pub fn scales(&self, scaling: Scaling) -> bool {
        self.scalings
            .iter()
            .any(|keyword| keyword == scaling.keyword())
    }

    /// The medium that it lists and that has this size, whichever way it lies.
    #[must_use]
    pub fn medium(&self, size: PageSize) -> Option<PageSize> {
        let sizes = self.media.iter().filter_map(|name| PageSize::named(name));
        sizes
            .map(PageSize::upright)
            .find(|medium| medium.is_near(size.upright()))
    }
}

impl RasterAbilities {
    /// Where the back of a sheet lies in PWG raster.
    #[must_use]
    pub fn pwg_back(&self) -> SheetBack {
        match self.sheet_back.as_deref() {
            Some("flipped") => SheetBack::Flipped,
            Some("rotated") => SheetBack::Rotated,
            Some("manual-tumble") => SheetBack::ManualTumble,
            _ => SheetBack::Normal,
        }
    }

    /// Where the back of a sheet lies in Apple raster: `DM1` to `DM4`.
    #[must_use]
    pub fn urf_back(&self) -> SheetBack {
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
    pub fn urf_resolutions(&self) -> Vec<u32> {
        let listed = self.urf.iter().find_map(|value| value.strip_prefix("RS"));
        let values = listed.into_iter().flat_map(|list| list.split('-'));
        values.filter_map(|value| value.parse().ok()).collect()
    }
}

/// The best resolution of those that a device has: the finest that is not finer than 600 dpi, for
/// a finer one costs four times as much and cannot be seen.
#[must_use]
pub fn best_resolution(resolutions: &[u32]) -> u32 {
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
