//! Where a page goes on its paper: turned or not, and how large (PWG 5100.16 `print-scaling`). Pure.

use papermesh_protocol::job::Scaling;
use serde::{Deserialize, Serialize};

use super::media::PageSize;

/// The paper that pages are put on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Paper {
    /// Its size.
    pub(super) size: PageSize,
    /// How pages are made to fit.
    pub(super) scaling: Scaling,
}

impl Paper {
    /// Paper of this size, on which nothing else is wished.
    pub(super) const fn of(size: PageSize) -> Self {
        Self {
            size,
            scaling: Scaling::Auto,
        }
    }
}

/// How a page is put on paper. It lies in the middle; what has no room is cut off evenly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Placing {
    /// Whether it is turned by a quarter, so that its long side lies along the paper's.
    pub(super) turned: bool,
    /// How many times as large it becomes.
    pub(super) scale: f64,
}

impl Placing {
    /// Puts a page on paper. `auto` and `auto-fit` keep what has room as large as it is and make
    /// the rest fit; the printer cuts off what it cannot reach, as it does with every page.
    pub(super) fn of(page: PageSize, paper: PageSize, scaling: Scaling) -> Self {
        let has_room = page.fits(paper) || page.turned().fits(paper);
        let keeps = match scaling {
            Scaling::None => true,
            Scaling::Auto | Scaling::AutoFit => has_room,
            // As good as the paper itself: not made larger by a hair.
            Scaling::Fit | Scaling::Fill => page.upright().is_near(paper.upright()),
        };
        // What stays as it is and has room is not turned: a label is read as it lies.
        let turned = page.is_landscape() != paper.is_landscape() && !(keeps && page.fits(paper));
        let page = if turned { page.turned() } else { page };
        let times = |paper: u32, page: u32| f64::from(paper) / f64::from(page.max(1));
        let (across, down) = (
            times(paper.width, page.width),
            times(paper.height, page.height),
        );
        let scale = match scaling {
            _ if keeps => 1.0,
            Scaling::Fill => across.max(down),
            _ => across.min(down),
        };
        Self { turned, scale }
    }
}

#[cfg(test)]
mod tests {
    use super::super::media::A4;
    use super::*;

    const LETTER: PageSize = PageSize::new(21_590, 27_940);
    const LABEL: PageSize = PageSize::new(5000, 3000);
    const POSTER: PageSize = PageSize::new(42_000, 59_400);
    const ALL: [Scaling; 5] = [
        Scaling::Auto,
        Scaling::AutoFit,
        Scaling::Fit,
        Scaling::Fill,
        Scaling::None,
    ];

    fn scales(page: PageSize) -> [f64; 5] {
        ALL.map(|scaling| Placing::of(page, A4, scaling).scale)
    }

    #[test]
    fn a_page_as_large_as_the_paper_stays_as_it_is() {
        assert_eq!(scales(A4), [1.0; 5]);
        // What programs make of it in points.
        let rounded = PageSize::new(20_990, 29_704);
        assert_eq!(scales(rounded), [1.0; 5]);
        assert!(
            ALL.iter()
                .all(|scaling| Placing::of(A4.turned(), A4, *scaling).turned)
        );
    }

    #[test]
    fn small_pages_grow_only_where_that_is_asked() {
        let [auto, auto_fit, fit, fill, none] = scales(LABEL);
        assert_eq!([auto, auto_fit, none], [1.0; 3]);
        assert!(
            (fit - 5.94).abs() < 0.01 && (fill - 7.0).abs() < 0.01,
            "{fit} {fill}"
        );
        assert!(!Placing::of(LABEL, A4, Scaling::Auto).turned);
        assert!(Placing::of(LABEL, A4, Scaling::Fit).turned);
    }

    #[test]
    fn large_pages_shrink_unless_they_must_not() {
        let [auto, auto_fit, fit, fill, none] = scales(POSTER);
        assert_eq!([auto, auto_fit, fit, fill], [0.5; 4]);
        assert!((none - 1.0).abs() < f64::EPSILON);
        // Letter on A4: as wide as the paper, and with fill as high as it.
        let [auto, _, fit, fill, _] = scales(LETTER);
        assert!((auto - 0.9727).abs() < 0.001 && (fit - auto).abs() < f64::EPSILON);
        assert!((fill - 1.063).abs() < 0.001);
    }
}
