//! Paper: names (PWG 5101.1), dimensions, and the collections that IPP makes of them (PWG 5100.7
//! `media-col`).
//!
//! What is asked is looked for among what is offered, by whatever name or size it is asked for;
//! paper that nobody offers is told as unsupported and never becomes other paper in silence.

use std::collections::BTreeMap;

use ipp::value::{IppName, IppValue};
use papermesh_convert::media::PageSize;
use papermesh_convert::spelling;

use super::values::{collection, integer, keyword, text_of};

/// What most printers take, which is offered while none is known.
pub(super) const SIZES: [&str; 16] = [
    "iso_a4_210x297mm",
    "na_letter_8.5x11in",
    "iso_a3_297x420mm",
    "iso_a5_148x210mm",
    "iso_a6_105x148mm",
    "iso_b5_176x250mm",
    "jis_b5_182x257mm",
    "na_legal_8.5x14in",
    "na_executive_7.25x10.5in",
    "na_ledger_11x17in",
    "na_index-4x6_4x6in",
    "na_5x7_5x7in",
    "iso_dl_110x220mm",
    "iso_c5_162x229mm",
    "na_number-10_4.125x9.5in",
    "na_monarch_3.875x7.5in",
];

/// What is told as loaded where a printer of the site takes it. Phones choose among loaded paper
/// by themselves: they would send photos to cards and letters to envelopes that are not there.
const OFFICE: [&str; 6] = [
    "iso_a4_210x297mm",
    "na_letter_8.5x11in",
    "iso_a3_297x420mm",
    "iso_a5_148x210mm",
    "na_legal_8.5x14in",
    "na_ledger_11x17in",
];

/// Names in `media-supported`.
pub(super) const OFFERED: usize = 64;

/// Between sizes of these names, printers take every size (PWG 5101.1 section 5.2).
const SMALLEST: &str = "custom_min_";
/// See [`SMALLEST`].
const LARGEST: &str = "custom_max_";

/// What printers cannot print on along the edges, in hundredths of a millimeter; a sixth of an
/// inch suits all that are known.
pub(super) const MARGIN: i32 = 423;
/// The members of `media-col` that are looked at.
pub(super) const MEMBERS: [&str; 8] = [
    "media-bottom-margin",
    "media-left-margin",
    "media-right-margin",
    "media-size",
    "media-size-name",
    "media-source",
    "media-top-margin",
    "media-type",
];
/// Where the paper comes from and what it is is left to the printer that prints.
pub(super) const SOURCE: &str = "auto";
/// See [`SOURCE`].
pub(super) const TYPE: &str = "stationery";

/// What may be offered of what printers list: names that say their size, each once.
pub(super) fn offer<'a>(listed: impl IntoIterator<Item = &'a String>) -> Vec<String> {
    let mut offered: Vec<String> = Vec::new();
    for listed in listed {
        let name = match PageSize::named(listed) {
            Some(_) => Some(listed.clone()),
            // A printer from before such names.
            None => spelling::size(listed).map(PageSize::name),
        };
        let new = name.filter(|name| offered.len() < OFFERED && !offered.contains(name));
        offered.extend(new);
    }
    offered
}

/// Those of the offered that are sizes.
pub(super) fn sizes(offered: &[String]) -> impl Iterator<Item = (&str, PageSize)> {
    let sizes = offered.iter().map(String::as_str);
    sizes
        .filter(|name| !name.starts_with(SMALLEST) && !name.starts_with(LARGEST))
        .filter_map(|name| Some((name, PageSize::named(name)?)))
}

/// Those that are told as loaded: the default first, then office paper.
pub(super) fn loaded<'a>(default: &'a str, offered: &'a [String]) -> Vec<&'a str> {
    let office = sizes(offered).map(|(name, _)| name);
    let office = office.filter(|name| OFFICE.contains(name) && *name != default);
    std::iter::once(default).chain(office).collect()
}

/// The offered paper that somebody means by a name; none if nobody offers it.
pub(super) fn offered_as(name: &str, offered: &[String]) -> Option<String> {
    match offered.iter().find(|known| known.as_str() == name) {
        Some(known) => Some(known.clone()),
        None => measuring(spelling::size(name)?, offered),
    }
}

/// The offered paper of this size, whichever way it lies.
fn measuring(size: PageSize, offered: &[String]) -> Option<String> {
    let size = size.upright();
    let off =
        |other: PageSize| size.width.abs_diff(other.width) + size.height.abs_diff(other.height);
    let near = sizes(offered).filter(|(_, known)| known.upright().is_near(size));
    let nearest = near.min_by_key(|(_, known)| off(known.upright()));
    match nearest {
        Some((name, _)) => Some(name.to_owned()),
        None => custom(size, offered),
    }
}

/// The name of a size that no paper has, where printers take every size between two.
fn custom(size: PageSize, offered: &[String]) -> Option<String> {
    let end = |prefix: &str| {
        let name = offered.iter().find(|name| name.starts_with(prefix))?;
        PageSize::named(name)
    };
    let (least, most) = (end(SMALLEST)?, end(LARGEST)?);
    let fits = |side: u32, least: u32, most: u32| (least..=most).contains(&side);
    (fits(size.width, least.width, most.width) && fits(size.height, least.height, most.height))
        .then(|| size.name())
}

/// `media-size`.
pub(super) fn dimensions(size: PageSize) -> IppValue {
    collection([
        ("x-dimension", integer(size.width)),
        ("y-dimension", integer(size.height)),
    ])
}

/// `media-col` of a paper.
pub(super) fn column(name: &str, size: PageSize) -> IppValue {
    collection([
        ("media-bottom-margin", integer(MARGIN)),
        ("media-left-margin", integer(MARGIN)),
        ("media-right-margin", integer(MARGIN)),
        ("media-size", dimensions(size)),
        ("media-size-name", keyword(name)),
        ("media-source", keyword(SOURCE)),
        ("media-top-margin", integer(MARGIN)),
        ("media-type", keyword(TYPE)),
    ])
}

/// What a `media-col` asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Column {
    /// The paper, by its offered name; none if no size is said, or one that nobody offers.
    pub(super) media: Option<String>,
    /// The members of which nothing becomes.
    pub(super) lost: BTreeMap<IppName, IppValue>,
}

/// Reads a `media-col`: its size, or the name of one, whichever is offered. None if it is none.
pub(super) fn of_column(value: &IppValue, offered: &[String]) -> Option<Column> {
    let IppValue::Collection(members) = value else {
        return None;
    };
    let measured = members.get("media-size").and_then(measured);
    let named = members.get("media-size-name").and_then(text_of);
    let media = measured
        .and_then(|size| measuring(size, offered))
        .or_else(|| offered_as(named?, offered));
    let kept = |name: &str, value: &IppValue| match name {
        "media-size" | "media-size-name" => media.is_some(),
        "media-source" => text_of(value) == Some(SOURCE),
        "media-type" => text_of(value) == Some(TYPE),
        _ if name.ends_with("-margin") => *value == integer(MARGIN),
        _ => false,
    };
    let lost = members.iter().filter(|(name, value)| !kept(name, value));
    let lost = lost.map(|(name, value)| (name.clone(), value.clone()));
    Some(Column {
        lost: lost.collect(),
        media,
    })
}

/// The size that a `media-size` says.
fn measured(value: &IppValue) -> Option<PageSize> {
    let IppValue::Collection(size) = value else {
        return None;
    };
    let side = |name: &str| match size.get(name)? {
        IppValue::Integer(side) => u32::try_from(*side).ok(),
        _ => None,
    };
    Some(PageSize::new(side("x-dimension")?, side("y-dimension")?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const A4: &str = "iso_a4_210x297mm";

    fn sane() -> Vec<String> {
        offer(&SIZES.map(str::to_owned))
    }

    fn of_size(width: i32, height: i32) -> IppValue {
        collection([
            ("x-dimension", integer(width)),
            ("y-dimension", integer(height)),
        ])
    }

    fn asked<'a>(members: impl IntoIterator<Item = (&'a str, IppValue)>) -> Column {
        of_column(&collection(members), &sane()).unwrap()
    }

    #[test]
    fn a_paper_is_found_by_what_is_made_of_it() {
        let offered = sane();
        assert_eq!(offered.len(), SIZES.len());
        for (name, size) in sizes(&offered) {
            let column = of_column(&column(name, size), &offered).unwrap();
            assert_eq!(column.media.as_deref(), Some(name));
            assert!(column.lost.is_empty(), "{name}: {:?}", column.lost);
            let measured = asked([("media-size", dimensions(size))]);
            assert_eq!(measured.media.as_deref(), Some(name));
        }
    }

    #[test]
    fn a4_is_a4_however_it_is_said() {
        for name in ["A4", "iso-a4", "iso_a4", A4, "iso_a4_210x297mm_borderless"] {
            assert_eq!(offered_as(name, &sane()).as_deref(), Some(A4), "{name}");
        }
        // Rounded to points, and lying on its side.
        for (width, height) in [(21000, 29700), (20990, 29704), (29700, 21000)] {
            let found = asked([("media-size", of_size(width, height))]);
            assert_eq!(found.media.as_deref(), Some(A4), "{width}x{height}");
        }
        let odd_name = [
            ("media-size", of_size(21000, 29700)),
            ("media-size-name", keyword("iso_a4_210x297mm_borderless")),
        ];
        assert_eq!(asked(odd_name).media.as_deref(), Some(A4));
        let odd_size = [
            ("media-size", of_size(0, 0)),
            ("media-size-name", keyword(A4)),
        ];
        assert_eq!(asked(odd_size).media.as_deref(), Some(A4));
    }

    #[test]
    fn what_cannot_be_had_is_named() {
        let lost = |column: Column| -> Vec<String> {
            let names = column.lost.keys();
            names.map(ToString::to_string).collect()
        };
        for (width, height) in [(12345, 23456), (i32::MIN, i32::MAX), (0, 0)] {
            let strange = asked([("media-size", of_size(width, height))]);
            assert_eq!(strange.media, None);
            assert_eq!(lost(strange), ["media-size"]);
        }
        let photo = asked([
            ("media-size", of_size(21000, 29700)),
            ("media-source", keyword("tray-2")),
            ("media-type", keyword("photographic-glossy")),
            ("media-top-margin", integer(0)),
            ("media-color", keyword("blue")),
        ]);
        assert_eq!(photo.media.as_deref(), Some(A4));
        let expected = [
            "media-color",
            "media-source",
            "media-top-margin",
            "media-type",
        ];
        assert_eq!(lost(photo), expected);
        assert_eq!(asked([]), Column::default());
        assert_eq!(of_column(&keyword(A4), &sane()), None);
    }

    #[test]
    fn any_size_is_had_where_a_printer_takes_any() {
        let listed = ["custom_min_50x50mm", "custom_max_216x1200mm", "A4"];
        let offered = offer(&listed.map(str::to_owned));
        assert_eq!(offered[2], A4);
        assert_eq!(sizes(&offered).count(), 1);
        for name in ["custom_label_100x200mm", "oe_mine_200x100mm"] {
            let found = offered_as(name, &offered);
            assert_eq!(found.as_deref(), Some("custom_page_100x200mm"), "{name}");
        }
        assert_eq!(offered_as("custom_small_10x10mm", &offered), None);
        assert_eq!(offered_as("custom_label_100x200mm", &sane()), None);
    }

    #[test]
    fn envelopes_and_photo_paper_are_not_told_as_loaded() {
        let offered = sane();
        let loaded = loaded("na_letter_8.5x11in", &offered);
        assert_eq!(loaded[..2], ["na_letter_8.5x11in", A4]);
        assert_eq!(loaded.len(), OFFICE.len());
    }
}
