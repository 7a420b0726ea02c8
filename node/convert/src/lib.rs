//! Any format to any device: what a device does not take is turned into something that it takes.
//!
//! This crate may know what documents and devices are made of. It may not know the network, the store, or a key;
//! and what looks into a document is the program `papermesh-convert`, which is made of this crate alone.
//!
//! One reason per file:
//!
//! - [`plan`] decides, purely: passed on as it is, converted and how, or refused. It knows
//!   [`device`]s, [`media`] by any [`spelling`], and [`placing`] on paper; [`facts`] are what a document says
//!   about itself, a [`flaw`] is why a picture can be printed nowhere.
//! - [`chain`] does what the plan says, and hands out the result while it is being made; [`verdict`]
//!   says whether that is all of it, [`second`] looks again where a page came out empty.
//! - [`stage`] is one step in a process of its own: [`ghostscript`] renders, [`pdf`] arranges and
//!   wraps, [`text`] typesets, [`raster`] reads and writes the formats of driverless printers.
//! - [`mail`] opens a mail and gives what is in it.
//! - [`mod@format`] says what a document is: by its name, its beginning, and what comes later in it.
//! - [`program`] is what is started for that, [`child`] starts such processes and watches them, [`confine`] takes away what they do not
//!   need, [`held`] keeps a document in memory for those that must seek in it, [`password`] is how
//!   they are told what opens one.
//!
//! A document is hostile until it is paper. So nothing in here looks into one in the node's own
//! process: every step runs in a child that can open no file for writing, has no network, starts
//! no program, and dies when it takes too much memory or time. Between the steps and to the device
//! there are pipes; the clear text is in no file. If a child crashes or hangs, one job is not
//! printed, and stays.
//!
//! Deliberately absent: PostScript and printer languages as a source (they are programs), and
//! in-process rendering.
#![forbid(unsafe_code)]

pub mod device;
pub mod facts;
pub mod flaw;
pub mod format;
pub mod mail;
pub mod media;
pub mod plan;
pub mod spelling;

mod chain;
mod child;
mod confine;
mod ghostscript;
mod held;
mod limits;
mod password;
mod pdf;
mod picture;
mod placing;
mod preview;
mod program;
mod raster;
mod second;
mod stage;
mod text;
mod verdict;

/// Longest document that is held in memory, in bytes.
pub const MOST_HELD: u64 = limits::HELD;

pub use chain::{Confinement, ConvertError, Converted, ConvertedReader, Converter};
#[cfg(any(test, fuzzing))]
pub use mail::rehearsal::rehearse as rehearse_mail;

pub use facts::{ComingPreview, Condition, Effort, Facts, Inspection, Looked, SameSize};
pub use picture::{Picture, PictureError};
pub use program::{NoProgram, Program};
pub use stage::{PROGRAM, VERSION, run as run_stage};
pub use verdict::{Doubts, Fault};
