//! Which pages of a document are wanted. Pure.

use serde::{Deserialize, Serialize};

/// Pages counted from 1, both ends included (RFC 8011 section 5.2.7 `page-ranges`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageRanges(Vec<(u32, u32)>);

/// Page ranges that overlap, run backwards or begin at 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("page ranges must begin at 1 and ascend without overlapping, such as 1-3,7")]
pub struct BadRanges;

impl PageRanges {
    /// All pages.
    #[must_use]
    pub const fn all() -> Self {
        Self(Vec::new())
    }

    /// These; none of them means all.
    pub fn new(ranges: impl IntoIterator<Item = (u32, u32)>) -> Result<Self, BadRanges> {
        let ranges: Vec<_> = ranges.into_iter().collect();
        let mut before = 0;
        for (first, last) in &ranges {
            if *first <= before || last < first {
                return Err(BadRanges);
            }
            before = *last;
        }
        Ok(Self(ranges))
    }

    /// Whether every page is wanted.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a page is wanted.
    #[must_use]
    pub fn has(&self, page: u32) -> bool {
        self.is_all()
            || self
                .0
                .iter()
                .any(|(first, last)| (*first..=*last).contains(&page))
    }

    /// How many of so many pages are wanted.
    #[must_use]
    pub fn count_of(&self, pages: u32) -> u32 {
        if self.is_all() {
            return pages;
        }
        let within = |(first, last): &(u32, u32)| {
            (*last)
                .min(pages)
                .checked_sub(*first)
                .map_or(0, |more| more + 1)
        };
        self.0.iter().map(within).sum()
    }

    /// Those of the pages from `first` to `last` that are wanted, as ranges.
    pub(super) fn within(&self, first: u32, last: u32) -> Vec<(u32, u32)> {
        if self.is_all() {
            return vec![(first, last)];
        }
        let clipped = |(from, to): &(u32, u32)| ((*from).max(first), (*to).min(last));
        let clipped = self.0.iter().map(clipped);
        clipped.filter(|(from, to)| from <= to).collect()
    }

    /// The number of the so many-th page that is wanted, counted from 0.
    pub(super) fn nth(&self, mut index: u32) -> u32 {
        for (first, last) in &self.0 {
            let pages = last - first + 1;
            match index.checked_sub(pages) {
                Some(rest) => index = rest,
                None => return first + index,
            }
        }
        index.saturating_add(1)
    }

    /// The ranges, ascending; empty for all.
    #[must_use]
    pub fn as_slice(&self) -> &[(u32, u32)] {
        &self.0
    }
}

impl std::fmt::Display for PageRanges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, (first, last)) in self.0.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            match first == last {
                true => write!(f, "{comma}{first}")?,
                false => write!(f, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn ranges_ascend_and_count() {
        let ranges = PageRanges::new([(2, 3), (5, 5)]).unwrap();
        let wanted: Vec<u32> = (0..9).filter(|page| ranges.has(*page)).collect();
        assert_eq!(wanted, [2, 3, 5]);
        assert_eq!(
            [1, 2, 4, 5, 9].map(|pages| ranges.count_of(pages)),
            [0, 1, 2, 3, 3]
        );
        assert_eq!([0, 1, 2].map(|index| ranges.nth(index)), [2, 3, 5]);
        assert_eq!(PageRanges::all().nth(4), 5);
        assert_eq!(ranges.within(3, 9), [(3, 3), (5, 5)]);
        assert_eq!(PageRanges::all().within(3, 9), [(3, 9)]);
        assert_eq!(ranges.to_string(), "2-3,5");
        assert_eq!(PageRanges::all().count_of(7), 7);
        for bad in [vec![(0, 1)], vec![(3, 2)], vec![(1, 3), (3, 4)]] {
            assert_eq!(PageRanges::new(bad), Err(BadRanges));
        }
    }
}
