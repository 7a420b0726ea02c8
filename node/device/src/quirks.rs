//! What printers get wrong, by model: one table.
//!
//! Lives here: the models that need to be treated otherwise from the first print on, with the
//! report that says so. Not here: what needs no name, because it is noticed by itself and serves
//! every printer:
//!
//! | what printers do | reported of | what is done |
//! | --- | --- | --- |
//! | name no content type | HP OfficeJet 6830, DeskJet 4530, PageWide P57750 (ctalkington/python-ipp#1, gmuth/ipp-client-kotlin#11) | the answer itself shows what it is (`ipp/transport.rs`) |
//! | number every answer 0 or 1 | old print servers | taken (`ipp/reply.rs`) |
//! | answer only the last of several names, or refuse names | Canon PIXMA MX925 (OpenPrinting/cups#406, cups-filters#22) | asked for all, then one by one (`ipp/device.rs`) |
//! | write attributes badly | Pantum M7300FDW (OpenPrinting/cups#826), Kyocera (cups#755), Canon (cups-filters#492) | stepped over (`ipp/attributes.rs`) |
//! | tell all that they know, 110 to 420 KB | big CUPS queues (istopwg/ippsample#241, cups-filters#58) | read, little of it kept |
//! | list no formats | HP LaserJet M111a, Lexmark E360d (cups-filters#514, apple/cups#4949) | their device id says them, or the configuration |
//! | name paper as in 1999 | IPP/1.1 printers (cups-filters#163, HPInc/jipp#165) | told what they call it (`ipp/paper.rs`) |
//! | refuse `ipp-attribute-fidelity`, or options that they list | HP M203 (HPInc/jipp#87, williamkapke/ipp#103) | asked again without it (`ipp/admission.rs`) |
//! | forget jobs, or say nothing of them | many (apple/cups#4079, gmuth/ipp-client-kotlin#19) | what they took whole is delivered (`ipp/watch.rs`) |
//! | say *completed* before the paper is out | many (apple/cups#4446, #5441) | asked how they are (`ipp/watch.rs`) |
//! | keep jobs in a store of their own | HP with job storage (HPInc/jipp#107) | told, and taken back (`ipp/watch.rs`) |
//! | refuse chunks, or speak HTTP/1.0 | Lexmark T620 (apple/cups#2683, #5541) | told the length; before a document that has none yet, asked (`ipp/transport.rs`) |
//! | have certificates of version 1, or of 1024 bits | printers of 2012 (rustls/rustls#127, denoland/deno#13350) | pinned, and called weak (`ipp/trust.rs`) |

/// Something that a model gets wrong and that cannot be noticed in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quirk {
    /// It prints documents of some programs garbled or empty, and says that all is well: it gets
    /// pictures of the pages. A configuration that says otherwise wins.
    GarblesDocuments,
    /// It waits for ever for what comes in chunks, a question included.
    NeedsLength,
}

/// A row: words that all stand in `printer-make-and-model`, whatever stands around them.
struct Row {
    model: &'static [&'static str],
    quirk: Quirk,
    /// Where it is reported.
    #[cfg_attr(not(test), allow(dead_code, reason = "for people who doubt a row"))]
    source: &'static str,
}

const TABLE: [Row; 5] = [
    Row {
        model: &["hp", "laserjet", "m281"],
        quirk: Quirk::GarblesDocuments,
        source: "https://github.com/OpenPrinting/cups-filters/issues/331",
    },
    Row {
        model: &["brother", "mfc-l6900dw"],
        quirk: Quirk::GarblesDocuments,
        source: "https://github.com/OpenPrinting/cups/issues/384",
    },
    Row {
        model: &["brother", "mfc-l5700dn"],
        quirk: Quirk::GarblesDocuments,
        source: "https://github.com/OpenPrinting/cups-filters/issues/463",
    },
    Row {
        model: &["toshiba", "e-studio", "2528a"],
        quirk: Quirk::GarblesDocuments,
        source: "https://github.com/OpenPrinting/cups/issues/1067",
    },
    Row {
        model: &["lexmark", "t620"],
        quirk: Quirk::NeedsLength,
        source: "https://github.com/apple/cups/issues/2683",
    },
];

/// Whether a model has a quirk.
pub(super) fn has(make_and_model: Option<&str>, quirk: Quirk) -> bool {
    let Some(model) = make_and_model.map(str::to_ascii_lowercase) else {
        return false;
    };
    TABLE
        .iter()
        .filter(|row| row.quirk == quirk)
        .any(|row| row.model.iter().all(|word| model.contains(word)))
}

#[cfg(test)]
mod tests {
    use super::{Quirk, TABLE, has};

    #[test]
    fn a_model_is_known_whatever_stands_around_its_name() {
        for (model, garbles) in [
            ("HP Color LaserJet MFP M281fdw", true),
            ("hp laserjet_m281-m282", true),
            ("Brother MFC-L6900DW series", true),
            ("TOSHIBA e-STUDIO2528A", true),
            ("TOSHIBA e-STUDIO2515AC", false),
            ("HP LaserJet M203", false),
            ("M281", false),
            ("", false),
        ] {
            assert_eq!(
                has(Some(model), Quirk::GarblesDocuments),
                garbles,
                "{model}"
            );
        }
        assert!(!has(None, Quirk::GarblesDocuments));
        assert!(has(Some("Lexmark T620"), Quirk::NeedsLength));
    }

    #[test]
    fn every_row_says_where_it_comes_from() {
        for row in TABLE {
            assert!(
                row.source.starts_with("https://github.com/"),
                "{:?}",
                row.model
            );
            assert!(row.model.iter().all(|word| *word == word.to_lowercase()));
        }
    }
}
