//! Whether what was made of a document is all of it.
//!
//! The rule: what was printed is counted. Pages of the document, pages that came out, pages that came
//! out empty though they are not: any disagreement is a fault that keeps the job, and its words say
//! which page. That a program ended well proves nothing.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use papermesh_protocol::job::PageRanges;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::text::counted;

use super::facts::{Condition, Facts};
use super::plan::PrintRequest;
use super::raster::Made;

const PDF: &str = "application/pdf";

/// Why what there is of a document is not printed as if it were all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It opens with a password only.
    #[error("the document is locked with a password")]
    Locked,
    /// It is cut or broken.
    #[error("{}", damage(*said, *found))]
    Damaged {
        /// Pages that it says it has, where it says so.
        said: Option<u32>,
        /// Pages that can be read.
        found: u32,
        /// Whether those can be printed if they are chosen.
        can_choose: bool,
    },
    /// A page came out empty.
    #[error(
        "page {page} came out empty although it has content: the converter does not understand it"
    )]
    Empty {
        /// Counted from 1.
        page: u32,
    },
    /// A page came out empty, and nobody knows whether it is.
    #[error("page {page} came out empty, and it could not be checked for content")]
    Unseen {
        /// Counted from 1.
        page: u32,
    },
    /// Nobody knows whether it is all.
    #[error(
        "the document is damaged and its pages cannot be counted, so some of them may be missing"
    )]
    Uncounted,
}

impl Remedy for Fault {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Locked => {
                "give the password with `papermesh jobs unlock` on the computer that holds the job, or save the \
                 document without one and print it again"
                    .into()
            }
            Self::Damaged {
                found: found @ 1..,
                can_choose: true,
                ..
            } => format!(
                "save or download it again, or print what is there by choosing pages 1-{found}"
            )
            .into(),
            Self::Damaged { .. } | Self::Uncounted => "save or download it again".into(),
            Self::Empty { .. } => "save the document again, or print that page as a picture".into(),
            Self::Unseen { .. } => "save the document again, or print it without that page".into(),
        })
    }
}

fn damage(said: Option<u32>, found: u32) -> String {
    match (said, found) {
        (_, 0) => "the document is damaged: no page of it can be read".to_owned(),
        (Some(said), _) => {
            format!(
                "the document is incomplete: {found} of its {} can be read",
                counted(said.into(), "page")
            )
        }
        (None, 1) => {
            "the document is incomplete: only 1 page of it can be read completely".to_owned()
        }
        (None, _) => {
            format!("the document is incomplete: only {found} pages of it can be read completely")
        }
    }
}

/// Whether a document can be printed by what it says of itself; gives how many pages it counts as.
/// Of one that is cut, pages that are there can be chosen.
pub(super) fn readable(facts: &Facts, request: &PrintRequest) -> Result<Option<u32>, Fault> {
    match facts.condition {
        Condition::Locked => Err(Fault::Locked),
        Condition::Damaged { said, found } => {
            let can_choose = request.format == PDF;
            let last = request
                .options
                .page_ranges
                .as_slice()
                .last()
                .map(|range| range.last);
            match last {
                Some(last) if can_choose && last <= found => Ok(Some(found)),
                _ => Err(Fault::Damaged {
                    said,
                    found,
                    can_choose,
                }),
            }
        }
        Condition::Whole | Condition::Unknown => Ok(facts.pages),
    }
}

/// The numbers of the pages that came out empty, of those that were chosen of a document with so many
/// pages; in one copy or more.
pub(super) fn empty_pages(made: &Made, chosen: &PageRanges, counted: Option<u32>) -> Vec<u32> {
    let copy = counted.map(|pages| chosen.count_of(pages));
    let number = |index: &u32| match copy {
        Some(pages) if pages > 0 => chosen.nth(index % pages),
        _ => chosen.nth(*index),
    };
    let mut empty: Vec<u32> = made.blank.iter().map(number).collect();
    empty.sort_unstable();
    empty.dedup();
    empty
}

/// Whether something may be missing on the paper although every page came out. Known once a
/// document was read to its end.
#[derive(Debug, Clone, Default)]
pub struct Doubts(Arc<AtomicBool>);

impl Doubts {
    /// Whether there are any.
    #[must_use]
    pub fn any(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    pub(super) fn rise(&self) {
        self.0.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::job::PrintOptions;

    use super::super::plan::Known;
    use super::*;

    fn request(pages: PageRanges) -> PrintRequest {
        PrintRequest {
            format: PDF.to_owned(),
            known: Known::default(),
            options: PrintOptions {
                page_ranges: pages,
                ..PrintOptions::default()
            },
        }
    }

    fn cut(said: Option<u32>, found: u32) -> Facts {
        Facts {
            condition: Condition::Damaged { said, found },
            ..Facts::default()
        }
    }

    #[test]
    fn a_cut_document_says_which_pages_are_there() {
        let all = request(PageRanges::all());
        let words = |facts: &Facts| {
            let fault = readable(facts, &all).unwrap_err();
            fault.in_full().to_string()
        };
        assert_eq!(
            words(&cut(Some(9), 7)),
            "the document is incomplete: 7 of its 9 pages can be read; save or download it again, or print what is \
             there by choosing pages 1-7"
        );
        assert!(
            words(&cut(None, 0)).ends_with("no page of it can be read; save or download it again")
        );
        let chosen = |first, last| {
            let pages = format!("{first}-{last}").parse().unwrap();
            readable(&cut(Some(9), 7), &request(pages))
        };
        assert_eq!(chosen(2, 7), Ok(Some(7)));
        assert!(chosen(7, 8).is_err());
    }

    #[test]
    fn empty_pages_are_called_by_their_numbers() {
        let made = |blank: &[u32]| Made {
            pages: 6,
            blank: blank.to_vec(),
        };
        let chosen = "2-3,7".parse().unwrap();
        // Two copies of three pages each.
        assert_eq!(empty_pages(&made(&[1, 2, 4, 5]), &chosen, Some(9)), [3, 7]);
        let all = PageRanges::all();
        assert_eq!(empty_pages(&made(&[0, 5]), &all, Some(6)), [1, 6]);
        assert_eq!(empty_pages(&made(&[0, 5]), &all, None), [1, 6]);
    }

    #[test]
    fn what_nobody_could_look_at_is_not_refused_for_that() {
        assert_eq!(
            readable(&Facts::default(), &request(PageRanges::all())),
            Ok(None)
        );
        let locked = Facts {
            condition: Condition::Locked,
            ..Facts::default()
        };
        assert_eq!(
            readable(&locked, &request(PageRanges::all())),
            Err(Fault::Locked)
        );
    }
}
