//! What all pages of a node have in common, whoever serves them ([`crate::panel`]): who is heard at
//! all, how pages say what they want, and how they look and speak.
//!
//! - `guard`: whose requests are heard; what every answer carries
//! - `form`, `token`, `rate`: what pages send, the secrets they show, how often they may ask
//! - `look`, `words`, `assets`, and the folders of the same names: what a user sees

mod assets;
mod form;
mod guard;
mod look;
mod rate;
mod token;
mod words;

pub(crate) use assets::{answer as asset, version};
pub(crate) use form::Form;
pub(crate) use guard::{Gate, guard};
pub(crate) use look::Look;
pub(crate) use rate::Rate;
pub(crate) use token::Token;
pub(crate) use words::{Language, Words};
