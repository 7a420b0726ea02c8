//! PDF (ISO 32000-1), as far as it must be looked into: what a document says about itself, pages
//! chosen and repeated, locks opened, and pictures made into pages. Runs in a converter's own
//! process only.

mod arrange;
mod color;
mod layers;
mod load;
mod objects;
mod open;
mod picture;
mod tree;

pub(super) use arrange::{Arrangement, arrange};
pub(super) use load::facts;
pub(super) use objects::{Objects, Stream};
pub(super) use open::open;
pub(super) use picture::{PictureError, wrap};
