//! Sizes of paper by every name that programs and printers have for them. Pure.
//!
//! PWG 5101.1 has names that say their size. Beside them live the keywords of RFC 2911 appendix C
//! (`iso-a4`, `na-letter-white`), those of printer descriptions (`A4`, `A4.Transverse`, `EnvDL`),
//! and halves and longer forms of the first (`iso_a4`, `iso_a4_210x297mm_borderless`).

use super::media::PageSize;

/// What stands before or after a name and does not change the size.
const AROUND: [&str; 15] = [
    "borderless",
    "colored",
    "duplex",
    "env",
    "envelope",
    "fullbleed",
    "iso",
    "na",
    "paper",
    "plain",
    "stationery",
    "transparent",
    "transverse",
    "us",
    "white",
];

/// Names without punctuation, and their sizes (PWG 5101.1 sections 5.1 to 5.4).
const NAMES: [(&str, PageSize); 38] = [
    ("a0", mm(841, 1189)),
    ("a1", mm(594, 841)),
    ("a2", mm(420, 594)),
    ("a3", mm(297, 420)),
    ("a4", mm(210, 297)),
    ("a4small", mm(210, 297)),
    ("a5", mm(148, 210)),
    ("a6", mm(105, 148)),
    ("b4", mm(250, 353)),
    ("b5", mm(176, 250)),
    ("b6", mm(125, 176)),
    ("jisb4", mm(257, 364)),
    ("jisb5", mm(182, 257)),
    ("c4", mm(229, 324)),
    ("c5", mm(162, 229)),
    ("c6", mm(114, 162)),
    ("dl", mm(110, 220)),
    ("designatedlong", mm(110, 220)),
    ("hagaki", mm(100, 148)),
    ("postcard", mm(100, 148)),
    ("folio", mm(210, 330)),
    ("letter", inches(850, 1100)),
    ("lettersmall", inches(850, 1100)),
    ("legal", inches(850, 1400)),
    ("foolscap", inches(850, 1300)),
    ("executive", inches(725, 1050)),
    ("ledger", inches(1100, 1700)),
    ("tabloid", inches(1100, 1700)),
    ("invoice", inches(550, 850)),
    ("statement", inches(550, 850)),
    ("monarch", inches(388, 750)),
    ("com10", inches(413, 950)),
    ("number10", inches(413, 950)),
    ("env10", inches(413, 950)),
    ("index3x5", inches(300, 500)),
    ("index4x6", inches(400, 600)),
    ("4x6", inches(400, 600)),
    ("5x7", inches(500, 700)),
];

const fn mm(width: u32, height: u32) -> PageSize {
    PageSize::new(width * 100, height * 100)
}

/// From hundredths of an inch.
const fn inches(width: u32, height: u32) -> PageSize {
    PageSize::new(width * 254 / 10, height * 254 / 10)
}

/// The size that somebody means by this name, upright; none if it is not known. A name that says
/// a size is believed, whatever stands around it.
#[must_use]
pub fn size(name: &str) -> Option<PageSize> {
    let name = name.trim().to_ascii_lowercase();
    let parts = name.split(['_', ' ']).rev();
    let told = parts
        .filter_map(|part| PageSize::named(without_extension(part)))
        .next();
    told.or_else(|| known(&name)).map(PageSize::upright)
}

/// Without what follows a size after a dot, as in `210x297mm.fullbleed`.
fn without_extension(part: &str) -> &str {
    match ["mm.", "in."].iter().find_map(|unit| part.find(unit)) {
        Some(place) => part.get(..place + 2).unwrap_or(part),
        None => part,
    }
}

fn known(name: &str) -> Option<PageSize> {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let words = words.filter(|word| !AROUND.contains(word));
    let name: String = words.collect();
    let found = |name: &str| NAMES.iter().find(|(known, _)| *known == name);
    let class = ["iso", "env", "na", "us"];
    let bare = class.iter().find_map(|class| name.strip_prefix(class));
    let (_, size) = found(&name).or_else(|| found(bare?))?;
    Some(*size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::A4;

    #[test]
    fn every_spelling_of_a_size_is_that_size() {
        for a4 in [
            "iso_a4_210x297mm",
            "ISO_A4_210x297mm",
            "iso_a4_210x297mm_borderless",
            "iso_a4_210x297mm.fullbleed",
            "custom_mine_297x210mm",
            "om_sheet_8.27x11.69in",
            "A4",
            " a4 ",
            "iso-a4",
            "iso-a4-white",
            "iso-a4-stationery",
            "iso_a4",
            "ISOA4",
            "A4.Transverse",
            "A4.Borderless",
            "A4Small",
        ] {
            assert!(size(a4).is_some_and(|size| size.is_near(A4)), "{a4}");
        }
        for (name, expected) in [
            ("na-letter", "na_letter_8.5x11in"),
            ("Letter.Fullbleed", "na_letter_8.5x11in"),
            ("US Letter", "na_letter_8.5x11in"),
            ("USLegal", "na_legal_8.5x14in"),
            ("tabloid", "na_ledger_11x17in"),
            ("jis-b5", "jis_b5_182x257mm"),
            ("iso-designated-long-envelope", "iso_dl_110x220mm"),
            ("EnvDL", "iso_dl_110x220mm"),
            ("na-number-10-envelope", "na_number-10_4.125x9.5in"),
            ("Env10", "na_number-10_4.125x9.5in"),
            ("custom_100x200mm_100x200mm", "custom_page_100x200mm"),
        ] {
            assert_eq!(
                size(name).map(PageSize::name).as_deref(),
                Some(expected),
                "{name}"
            );
        }
        for nobodys in ["", "default", "tray-2", "a44", "iso", "main", "letterhead"] {
            assert_eq!(size(nobodys), None, "{nobodys}");
        }
    }

    #[test]
    fn names_say_what_the_standard_says() {
        for (name, size) in NAMES {
            let (short, long) = (size.width.min(size.height), size.width.max(size.height));
            assert!(short <= long && short > 5_000, "{name}");
        }
    }
}
