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

/// Those of these pages, counted from 1, that have something on them; none if one of them cannot be
/// drawn.
pub(super) fn not_empty(bytes: Vec<u8>, pages: &[u32]) -> Option<Vec<u32>> {
    let pdf = Pdf::new(bytes).ok()?;
    let settings = InterpreterSettings {
        render_content: RenderContent::PAGE,
        ..InterpreterSettings::default()
    };
    let has_ink = |number: &u32| -> Option<bool> {
        let page = (*number as usize)
            .checked_sub(1)
            .and_then(|at| pdf.pages().get(at))?;
        let (width, height) = page.render_dimensions();
        let drawn = draw_page(page, SIDE / width.max(height).max(1.0), &settings)?;
        Some(drawn.iter().any(|sample| *sample < INK))
    };
    let mut inked = Vec::new();
    for number in pages {
        if has_ink(number)? {
            inked.push(*number);
        }
    }
    Some(inked)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A PDF of these drawings, the first page of which lies far from 0 0.
    fn document(drawings: &[&str]) -> Vec<u8> {
        let kids: Vec<String> = (0..drawings.len())
            .map(|page| format!("{} 0 R", 3 + 2 * page))
            .collect();
        let mut pdf = format!(
            "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n\
             2 0 obj<</Type/Pages/Kids[{}]/Count {}>>endobj\n",
            kids.join(" "),
            drawings.len()
        );
        for (index, drawing) in drawings.iter().enumerate() {
            let (page, contents) = (3 + 2 * index, 4 + 2 * index);
            pdf.push_str(&format!(
                "{page} 0 obj<</Type/Page/Parent 2 0 R/MediaBox[1000 1000 1595 1842]/Contents {contents} 0 R\
                 /Resources<<>>>>endobj\n{contents} 0 obj<</Length {}>>stream\n{drawing}\nendstream endobj\n",
                drawing.len()
            ));
        }
        pdf.push_str("trailer<</Root 1 0 R>>\n");
        pdf.into_bytes()
    }

    #[test]
    fn pages_that_have_something_are_found() {
        let drawings = [
            "1 g 1000 1000 595 842 re f",
            "0 g 1200 1200 40 40 re f",
            "",
            "0.5 w 0.3 G 1050 1500 m 1550 1500 l S",
        ];
        let pdf = document(&drawings);
        assert_eq!(not_empty(pdf.clone(), &[1, 2, 3, 4]), Some(vec![2, 4]));
        assert_eq!(not_empty(pdf.clone(), &[3]), Some(vec![]));
        // Of what is not there nobody can say that it is empty.
        assert_eq!(not_empty(pdf, &[3, 5]), None);
        assert_eq!(not_empty(b"%PDF-1.4".to_vec(), &[1]), None);
    }
}
