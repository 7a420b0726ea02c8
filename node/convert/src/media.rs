//! Sizes of paper, by the names of PWG 5101.1. Pure.

use serde::{Deserialize, Serialize};

/// Width and height in hundredths of a millimeter, as IPP's `media-size` has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageSize {
    /// Across.
    pub width: u32,
    /// Down.
    pub height: u32,
}

/// ISO A4.
pub const A4: PageSize = PageSize::new(21_000, 29_700);

/// The longest side that is believed: five meters.
pub const LONGEST: u32 = 500_000;

/// How far apart two sizes may be that are called the same: 2 mm, which is more than what
/// programs lose in points and less than what sets A4 apart from Letter.
const SAME: u32 = 200;

/// Names and sizes that people know (PWG 5101.1 section 5.1).
const KNOWN: [(&str, PageSize); 12] = [
    ("iso_a4_210x297mm", A4),
    ("na_letter_8.5x11in", PageSize::new(21_590, 27_940)),
    ("iso_a3_297x420mm", PageSize::new(29_700, 42_000)),
    ("iso_a5_148x210mm", PageSize::new(14_800, 21_000)),
    ("iso_a6_105x148mm", PageSize::new(10_500, 14_800)),
    ("na_legal_8.5x14in", PageSize::new(21_590, 35_560)),
    ("na_ledger_11x17in", PageSize::new(27_940, 43_180)),
    ("na_executive_7.25x10.5in", PageSize::new(18_415, 26_670)),
    ("iso_b5_176x250mm", PageSize::new(17_600, 25_000)),
    ("jis_b5_182x257mm", PageSize::new(18_200, 25_700)),
    ("iso_dl_110x220mm", PageSize::new(11_000, 22_000)),
    ("na_number-10_4.125x9.5in", PageSize::new(10_478, 24_130)),
];

impl PageSize {
    /// Width and height in hundredths of a millimeter.
    #[must_use]
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// From points, 1/72 inch; none where that is no size of anything.
    #[must_use]
    pub(crate) fn from_points(width: f64, height: f64) -> Option<Self> {
        let side = |points: f64| {
            let hundredths = (points * 2540.0 / 72.0).round();
            (1.0..=f64::from(LONGEST))
                .contains(&hundredths)
                .then_some(hundredths as u32)
        };
        Some(Self::new(side(width)?, side(height)?))
    }

    /// From pixels at so many dots per inch.
    #[must_use]
    pub(crate) fn from_pixels(width: u32, height: u32, resolution: u32) -> Option<Self> {
        let points = |pixels: u32| f64::from(pixels) * 72.0 / f64::from(resolution.max(1));
        Self::from_points(points(width), points(height))
    }

    /// From a self-describing name such as `iso_a4_210x297mm` (PWG 5101.1 section 4).
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let size = name.rsplit('_').next()?;
        let (size, unit) = match (size.strip_suffix("mm"), size.strip_suffix("in")) {
            (Some(size), _) => (size, 72.0 / 25.4),
            (_, Some(size)) => (size, 72.0),
            _ => return None,
        };
        let (width, height) = size.split_once('x')?;
        let side = |text: &str| text.parse::<f64>().ok().map(|side| side * unit);
        Self::from_points(side(width)?, side(height)?)
    }

    /// Its name: the known one upright, else one that says it.
    #[must_use]
    pub fn name(self) -> String {
        let upright = self.upright();
        if let Some((name, _)) = KNOWN.iter().find(|(_, known)| known.is_near(upright)) {
            return (*name).to_owned();
        }
        let side = |hundredths: u32| {
            let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        };
        let (width, height) = (side(self.width), side(self.height));
        format!("custom_page_{width}x{height}mm")
    }

    /// The same paper, its short side across.
    #[must_use]
    pub fn upright(self) -> Self {
        Self::new(self.width.min(self.height), self.width.max(self.height))
    }

    /// The same, lying on its side.
    #[must_use]
    pub fn turned(self) -> Self {
        Self::new(self.height, self.width)
    }

    /// Whether it has room on another one as it lies, but for what programs lose in rounding.
    #[must_use]
    pub fn fits(self, other: Self) -> bool {
        self.width <= other.width.saturating_add(SAME)
            && self.height <= other.height.saturating_add(SAME)
    }

    /// Whether the long side is across.
    #[must_use]
    pub(crate) fn is_landscape(self) -> bool {
        self.width > self.height
    }

    /// Whether two sizes are the same but for what programs lose in rounding.
    #[must_use]
    pub fn is_near(self, other: Self) -> bool {
        self.width.abs_diff(other.width) <= SAME && self.height.abs_diff(other.height) <= SAME
    }

    /// Width and height in points, 1/72 inch.
    #[must_use]
    pub fn points(self) -> (f64, f64) {
        let points = |side: u32| f64::from(side) * 72.0 / 2540.0;
        (points(self.width), points(self.height))
    }

    /// Width and height in pixels at so many dots per inch.
    #[must_use]
    pub fn pixels(self, resolution: u32) -> (u32, u32) {
        let pixels = |side: u32| {
            (f64::from(side) * f64::from(resolution) / 2540.0)
                .round()
                .max(1.0) as u32
        };
        (pixels(self.width), pixels(self.height))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_say_sizes_and_sizes_have_names() {
        for (name, size) in KNOWN {
            assert!(PageSize::named(name).unwrap().is_near(size), "{name}");
            assert_eq!(size.name(), name);
        }
        assert_eq!(PageSize::new(29_700, 21_000).name(), "iso_a4_210x297mm");
        let odd = PageSize::new(10_050, 20_000);
        assert_eq!(odd.name(), "custom_page_100.5x200mm");
        assert_eq!(PageSize::named(&odd.name()), Some(odd));
        for nonsense in [
            "",
            "a4",
            "iso_a4_0x297mm",
            "x_1e9x1mm",
            "x_NaNx1mm",
            "x_1x1ft",
        ] {
            assert_eq!(PageSize::named(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn points_and_pixels_agree() {
        assert_eq!(
            PageSize::from_points(595.0, 842.0).unwrap().name(),
            "iso_a4_210x297mm"
        );
        assert_eq!(A4.pixels(300), (2480, 3508));
        assert!(PageSize::from_pixels(2480, 3508, 300).unwrap().is_near(A4));
        assert_eq!(PageSize::from_points(f64::NAN, 1.0), None);
        assert_eq!(PageSize::from_points(1e12, 1.0), None);
    }
}
