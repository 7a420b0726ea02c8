//! What all pages of a node have in common, whoever serves them ([`crate::panel`], [`crate::portal`], [`crate::outside`]): who is heard at
//! all, how pages say what they want, and how they look and speak.
//!
//! - `guard`: whose requests are heard; what every answer carries
//! - `form`, `cookie`, `token`: what pages send, and the secrets they show
//! - `redirect`: a file that leads a browser to a page, for those who can read it
//! - `qr`: lines to be carried to another device, as pictures
//! - `theme`, `words`, `describe`, `assets`, and the folders of the same names: what a user sees

mod assets;
mod cookie;
pub(crate) mod describe;
mod form;
mod guard;
pub(crate) mod qr;
mod redirect;
mod theme;
mod token;
mod words;

pub(crate) use assets::{answer as asset, version};
pub(crate) use cookie::cookie;
pub(crate) use form::Form;
pub(crate) use guard::{Gate, dress, guard, is_from_own_page};
pub(crate) use qr::{Picture, picture};
pub(crate) use redirect::Redirect;
pub(crate) use theme::Theme;
pub(crate) use token::Token;
pub(crate) use words::{Language, Words};
