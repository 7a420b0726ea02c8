//! Which pages of a document are wanted (RFC 8011 §5.2.7 `page-ranges`).

use serde::{Deserialize, Serialize};

use super::JobError;
use crate::limits;

/// Pages of a document, counted from 1, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageRange {
    /// The first page,
    pub first: u32,
    /// and the last.
    pub last: u32,
}

/// Ranges of pages that ascend without overlapping, at most [`limits::PAGE_RANGES`]; none for all pages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<PageRange>", into = "Vec<PageRange>")]
pub struct PageRanges(Vec<PageRange>);

impl PageRanges {
    /// All pages.
    #[must_use]
    pub const fn all() -> Self {
        Self(Vec::new())
    }

    /// Whether every page is wanted.
    #[must_use]
    pub const fn is_all(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a page is wanted.
    #[must_use]
    pub fn has(&self, page: u32) -> bool {
        let is_in = |range: &PageRange| (range.first..=range.last).contains(&page);
        self.is_all() || self.0.iter().any(is_in)
    }

    /// How many of so many pages are wanted.
    #[must_use]
    pub fn count_of(&self, pages: u32) -> u32 {
        if self.is_all() {
            return pages;
        }
        let within = |range: &PageRange| match range.last.min(pages).checked_sub(range.first) {
            Some(more) => more.saturating_add(1),
            None => 0,
        };
        self.0.iter().map(within).sum()
    }

    /// Those of the pages from `first` to `last` that are wanted.
    #[must_use]
    pub fn within(&self, first: u32, last: u32) -> Vec<PageRange> {
        if self.is_all() {
            return vec![PageRange { first, last }];
        }
        let clipped = self.0.iter().map(|range| PageRange {
            first: range.first.max(first),
            last: range.last.min(last),
        });
        clipped.filter(|range| range.first <= range.last).collect()
    }

    /// The number of the so many-th page that is wanted, counted from 0.
    #[must_use]
    pub fn nth(&self, mut index: u32) -> u32 {
        for range in &self.0 {
            let pages = range.last - range.first + 1;
            match index.checked_sub(pages) {
                Some(rest) => index = rest,
                None => return range.first + index,
            }
        }
        index.saturating_add(1)
    }

    /// The ranges; empty for all pages.
    #[must_use]
    pub fn as_slice(&self) -> &[PageRange] {
        &self.0
    }
}

impl TryFrom<Vec<PageRange>> for PageRanges {
    type Error = JobError;

    fn try_from(ranges: Vec<PageRange>) -> Result<Self, JobError> {
        let within = |range: &PageRange| {
            1 <= range.first && range.first <= range.last && range.last <= limits::PAGES
        };
        if ranges.len() <= limits::PAGE_RANGES
            && ranges.iter().all(within)
            && ranges.is_sorted_by(|a, b| a.last < b.first)
        {
            Ok(Self(ranges))
        } else {
            Err(JobError::PageRanges)
        }
    }
}

impl From<PageRanges> for Vec<PageRange> {
    fn from(ranges: PageRanges) -> Self {
        ranges.0
    }
}

impl core::fmt::Display for PageRange {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.first == self.last {
            true => write!(f, "{}", self.first),
            false => write!(f, "{}-{}", self.first, self.last),
        }
    }
}

/// Writes `1-3,7`; nothing for all pages.
impl core::fmt::Display for PageRanges {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        for (index, range) in self.0.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(f, "{comma}{range}")?;
        }
        Ok(())
    }
}

/// Reads `1-3,7`.
impl core::str::FromStr for PageRanges {
    type Err = JobError;

    fn from_str(text: &str) -> Result<Self, JobError> {
        let page = |text: &str| text.trim().parse().map_err(|_| JobError::PageRanges);
        let range = |text: &str| {
            let (first, last) = text.split_once('-').unwrap_or((text, text));
            Ok(PageRange {
                first: page(first)?,
                last: page(last)?,
            })
        };
        let ranges: Result<Vec<PageRange>, JobError> = text.split(',').map(range).collect();
        Self::try_from(ranges?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn pages(text: &str) -> PageRanges {
        text.parse().unwrap()
    }

    #[test]
    fn page_ranges_ascend_and_do_not_overlap() {
        for good in ["1", "1-3,7,9-1000000", " 1 - 3, 7 "] {
            assert!(good.parse::<PageRanges>().is_ok(), "{good:?}");
        }
        let odd = |count: u32| {
            let pages: Vec<String> = (0..count).map(|n| (1 + 2 * n).to_string()).collect();
            pages.join(",").parse::<PageRanges>()
        };
        assert!(odd(32).is_ok());
        assert_eq!(odd(33), Err(JobError::PageRanges));
        for bad in [
            "", "0", "3-1", "1-3,3-4", "5,1", "1000001", "-", "x", "1,,2",
        ] {
            assert_eq!(
                bad.parse::<PageRanges>(),
                Err(JobError::PageRanges),
                "{bad:?}"
            );
        }
        assert_eq!(pages("2-3,4-4").to_string(), "2-3,4");
    }

    #[test]
    fn wanted_pages_are_counted() {
        let ranges = pages("2-3,5");
        let wanted: Vec<u32> = (0..9).filter(|page| ranges.has(*page)).collect();
        assert_eq!(wanted, [2, 3, 5]);
        assert_eq!(
            [1, 2, 4, 5, 9].map(|pages| ranges.count_of(pages)),
            [0, 1, 2, 3, 3]
        );
        assert_eq!([0, 1, 2].map(|index| ranges.nth(index)), [2, 3, 5]);
        assert_eq!(ranges.within(3, 9), pages("3,5").as_slice());
        let all = PageRanges::all();
        assert_eq!((all.nth(4), all.count_of(7)), (5, 7));
        assert_eq!(all.within(3, 9), pages("3-9").as_slice());
    }
}
