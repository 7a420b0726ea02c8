//! A second look at pages that came out with nothing on them. Runs in a converter's own process
//! only.
//!
//! A renderer that does not understand a page gives an empty one, and nobody would know. So another
//! one draws the same pages, small: if there is something on one of them, the first was wrong. Notes
//! and forms on a page are left out, since some of them are for screens alone.

use hayro::hayro_interpret::{InterpreterSettings, RenderContent};
use hayro::hayro_syntax::Pdf;

use super::preview::draw_page;

/// The longer side of a page that is looked at, in pixels.
const SIDE: f32 = 400.0;
/// How far from white something is.
const INK: u8 = 0xff - 12;

/// Those of these pages, counted from 1, that have something on them.
pub(super) fn not_empty(bytes: Vec<u8>, pages: &[u32]) -> Option<Vec<u32>> {
    let pdf = Pdf::new(bytes).ok()?;
    let settings = InterpreterSettings {
        render_content: RenderContent::PAGE,
        ..InterpreterSettings::default()
    };
    let has_ink = |number: &u32| {
        let page = (*number as usize)
            .checked_sub(1)
            .and_then(|at| pdf.pages().get(at))?;
        let (width, height) = page.render_dimensions();
        let drawn = draw_page(page, SIDE / width.max(height).max(1.0), &settings)?;
        drawn.iter().any(|sample| *sample < INK).then_some(*number)
    };
    Some(pages.iter().filter_map(has_ink).collect())
}
