//! Paper, by the names that a printer has for it.
//!
//! Lives here: from what a printer lists to names that say their size (PWG 5101.1), which the rest
//! of the node speaks, and back. Not here: what the names mean ([`papermesh_convert::spelling`]).

use papermesh_convert::media::PageSize;
use papermesh_convert::spelling;

/// Between sizes of these names, printers take every size (PWG 5101.1 section 5.2).
const SMALLEST: &str = "custom_min_";
/// See [`SMALLEST`].
const LARGEST: &str = "custom_max_";

/// The paper that a printer lists.
#[derive(Debug, Clone, Default)]
pub(super) struct Paper {
    listed: Vec<String>,
}

impl Paper {
    pub(super) fn new(listed: Vec<String>) -> Self {
        Self { listed }
    }

    /// Whether it lists any.
    pub(super) fn is_told(&self) -> bool {
        !self.listed.is_empty()
    }

    /// The names that say their size, each once; a name that means nothing stays as it is.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names = Vec::with_capacity(self.listed.len());
        for listed in &self.listed {
            let name = name_of(listed);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// What the printer calls the paper that is asked for; none if it has none of that size.
    pub(super) fn called(&self, asked: &str) -> Option<String> {
        if let Some(listed) = self.listed.iter().find(|listed| *listed == asked) {
            return Some(listed.clone());
        }
        let size = spelling::size(asked)?;
        let sizes = self.listed.iter().filter(|listed| !is_end(listed));
        let same = sizes
            .filter(|listed| spelling::size(listed).is_some_and(|listed| listed.is_near(size)));
        // Of several, the plainest: `iso-a4` rather than `iso-a4-transparent`.
        let plainest = same.min_by_key(|listed| listed.len()).cloned();
        plainest.or_else(|| self.cut(size))
    }

    /// The name of a size for a printer that takes every size between two.
    fn cut(&self, size: PageSize) -> Option<String> {
        let end = |prefix: &str| {
            let name = self.listed.iter().find(|name| name.starts_with(prefix))?;
            PageSize::named(name)
        };
        let (least, most) = (end(SMALLEST)?, end(LARGEST)?);
        let fits = |side: u32, least: u32, most: u32| (least..=most).contains(&side);
        (fits(size.width, least.width, most.width) && fits(size.height, least.height, most.height))
            .then(|| size.name())
    }
}

/// The name that says the size of what a printer calls otherwise.
pub(super) fn name_of(listed: &str) -> String {
    let tells = PageSize::named(listed).is_some();
    let size = spelling::size(listed).filter(|_| !tells);
    size.map_or_else(|| listed.to_owned(), PageSize::name)
}

/// Whether two names mean paper of the same size.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    match (spelling::size(one), spelling::size(other)) {
        (Some(one), Some(other)) => one.is_near(other),
        _ => one == other,
    }
}

fn is_end(listed: &str) -> bool {
    listed.starts_with(SMALLEST) || listed.starts_with(LARGEST)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{Paper, is_same};

    fn paper(listed: &[&str]) -> Paper {
        Paper::new(listed.iter().map(|&name| name.to_owned()).collect())
    }

    #[test]
    fn a4_is_a4_by_any_name_that_a_printer_has_for_it() {
        for (listed, called) in [
            (&["na-letter", "iso-a4"][..], "iso-a4"),
            (
                &["iso-a4-transparent", "iso-a4-stationery", "iso-a4-white"],
                "iso-a4-white",
            ),
            (&["Letter", "A4"], "A4"),
            (
                &["na_letter_8.5x11in", "iso_a4_210x297mm"],
                "iso_a4_210x297mm",
            ),
            (
                &[
                    "custom_min_76.2x127mm",
                    "custom_max_216x356mm",
                    "om_small-photo_100x150mm",
                ],
                "iso_a4_210x297mm",
            ),
        ] {
            let paper = paper(listed);
            assert_eq!(
                paper.called("iso_a4_210x297mm").as_deref(),
                Some(called),
                "{listed:?}"
            );
        }
        assert_eq!(
            paper(&["iso-a5", "Letter"]).called("iso_a4_210x297mm"),
            None
        );
        assert_eq!(
            paper(&["custom_min_76x127mm", "custom_max_100x150mm"]).called("iso_a4_210x297mm"),
            None
        );
    }

    #[test]
    fn the_node_hears_names_that_say_their_size() {
        assert_eq!(
            paper(&["iso-a4", "A4", "na-letter", "tray-2", "iso_a3_297x420mm"]).names(),
            [
                "iso_a4_210x297mm",
                "na_letter_8.5x11in",
                "tray-2",
                "iso_a3_297x420mm"
            ]
        );
        assert!(is_same("iso-a4", "iso_a4_210x297mm"));
        assert!(!is_same("iso-a4", "tray-2"));
    }
}
