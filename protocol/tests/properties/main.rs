//! What holds for every input: the laws of merging, the codec, the refusal of what is not right,
//! and what a holder never does, whatever it is asked.
#![allow(clippy::unwrap_used)]

mod arbitrary;
mod binding;
mod carrier;
mod charter;
mod codec;
mod denial;
mod hello;
mod holder;
mod lock;
mod merge;
mod names;
mod page;
mod places;
mod refusal;
mod sealed;
#[path = "../site/mod.rs"]
mod site;
mod terminated;
mod versions;
mod visit;
mod wake;
