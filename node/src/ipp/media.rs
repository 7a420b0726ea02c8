//! Sizes of paper: names (PWG 5101.1), dimensions, and the collections that IPP makes of them
//! (PWG 5100.7 `media-col`).

use ipp::value::IppValue;

use super::values::{collection, integer, keyword};

/// A size: its name, and width and length in hundredths of a millimetre.
pub(super) struct Size {
    pub(super) name: &'static str,
    pub(super) width: i32,
    pub(super) length: i32,
}

/// The sizes that are known by their dimensions; printers take them by their names.
pub(super) const SIZES: [Size; 16] = [
    size("iso_a4_210x297mm", 21000, 29700),
    size("na_letter_8.5x11in", 21590, 27940),
    size("iso_a3_297x420mm", 29700, 42000),
    size("iso_a5_148x210mm", 14800, 21000),
    size("iso_a6_105x148mm", 10500, 14800),
    size("iso_b5_176x250mm", 17600, 25000),
    size("jis_b5_182x257mm", 18200, 25700),
    size("na_legal_8.5x14in", 21590, 35560),
    size("na_executive_7.25x10.5in", 18415, 26670),
    size("na_ledger_11x17in", 27940, 43180),
    size("na_index-4x6_4x6in", 10160, 15240),
    size("na_5x7_5x7in", 12700, 17780),
    size("iso_dl_110x220mm", 11000, 22000),
    size("iso_c5_162x229mm", 16200, 22900),
    size("na_number-10_4.125x9.5in", 10477, 24130),
    size("na_monarch_3.875x7.5in", 9842, 19050),
];

/// How far dimensions may be off to be those of a size: programs round, most of them to points.
const TOLERANCE: i32 = 80;
/// What printers cannot print on along the edges, in hundredths of a millimetre; a sixth of an
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

const fn size(name: &'static str, width: i32, length: i32) -> Size {
    Size {
        name,
        width,
        length,
    }
}

/// The size of a name.
pub(super) fn named(name: &str) -> Option<&'static Size> {
    SIZES.iter().find(|size| size.name == name)
}

/// The size of these dimensions.
fn measuring(width: i32, length: i32) -> Option<&'static Size> {
    let near = |a: i32, b: i32| a.checked_sub(b).is_some_and(|off| off.abs() <= TOLERANCE);
    SIZES
        .iter()
        .find(|size| near(size.width, width) && near(size.length, length))
}

/// `media-size`.
pub(super) fn dimensions(size: &Size) -> IppValue {
    collection([
        ("x-dimension", integer(size.width)),
        ("y-dimension", integer(size.length)),
    ])
}

/// `media-col` of a size.
pub(super) fn column(size: &Size) -> IppValue {
    collection([
        ("media-bottom-margin", integer(MARGIN)),
        ("media-left-margin", integer(MARGIN)),
        ("media-right-margin", integer(MARGIN)),
        ("media-size", dimensions(size)),
        ("media-size-name", keyword(size.name)),
        ("media-source", keyword(SOURCE)),
        ("media-top-margin", integer(MARGIN)),
        ("media-type", keyword(TYPE)),
    ])
}

/// The size that a `media-col` names or measures; source, type and margins are left to the
/// printer.
pub(super) fn of_column(value: &IppValue) -> Option<&'static Size> {
    let IppValue::Collection(members) = value else {
        return None;
    };
    if let Some(name) = members.get("media-size-name") {
        return named(super::values::text_of(name)?);
    }
    let IppValue::Collection(size) = members.get("media-size")? else {
        return None;
    };
    match (size.get("x-dimension")?, size.get("y-dimension")?) {
        (IppValue::Integer(width), IppValue::Integer(length)) => measuring(*width, *length),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_size_is_found_by_what_is_made_of_it() {
        for size in &SIZES {
            assert_eq!(of_column(&column(size)).unwrap().name, size.name);
            let measured = collection([("media-size", dimensions(size))]);
            assert_eq!(of_column(&measured).unwrap().name, size.name);
        }
    }

    #[test]
    fn points_are_near_enough_and_strangers_are_not() {
        let of = |width, length| {
            let size = collection([
                ("x-dimension", integer(width)),
                ("y-dimension", integer(length)),
            ]);
            of_column(&collection([("media-size", size)])).map(|size| size.name)
        };
        assert_eq!(of(20990, 29704), Some("iso_a4_210x297mm"));
        assert_eq!(of(12345, 23456), None);
        assert_eq!(of(i32::MIN, i32::MAX), None);
    }
}
