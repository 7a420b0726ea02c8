//! What all pages of a node have in common, whoever serves them ([`crate::panel`], [`crate::portal`]): who is heard at
//! all, how pages say what they want, and how they look and speak.
//!
//! - `guard`: whose requests are heard; what every answer carries
//! - `form`, `cookie`, `token`, `rate`: what pages send, the secrets they show, how often they may ask
//! - `redirect`: a file that leads a browser to a page, for those who can read it
//! - `qr`: lines to be carried to another device, as pictures
//! - `look`, `words`, `describe`, `assets`, and the folders of the same names: what a user sees

mod assets;
mod cookie;
pub(crate) mod describe;
mod form;
mod guard;
mod look;
mod qr;
mod rate;
mod redirect;
mod token;
mod words;

pub(crate) use assets::{answer as asset, version};
pub(crate) use cookie::cookie;
pub(crate) use form::Form;
pub(crate) use guard::{Gate, guard};
pub(crate) use look::Look;
pub(crate) use qr::{Picture, picture};
pub(crate) use rate::{Origin, Pace, Rate, Rates};
pub(crate) use redirect::Redirect;
pub(crate) use token::Token;
pub(crate) use words::{Language, Words};
