//! The Papermesh protocols, without any IO.
//!
//! Everything two nodes must agree on lives here: identities, signed records, how a job is
//! sealed, and the state machines of joining and releasing for both of their sides. Nothing here
//! opens a socket or a file, reads a clock or asks the operating system for randomness: time and
//! randomness are arguments, and what is to be done comes back as a value. The same code
//! therefore runs in a node, in a test without a network, and in a simulation.
//!
//! `SPEC.md` beside this crate is the same contract in prose, for other implementations.
#![forbid(unsafe_code)]

pub mod advert;
pub mod badge;
pub mod bind;
pub mod certificate;
pub mod charter;
pub mod codec;
pub mod delegation;
pub mod direct;
pub mod document_password;
pub mod enroll;
pub mod extension;
pub mod gateway;
pub mod id;
pub mod invite;
pub mod job;
pub mod join;
pub mod judge;
pub mod limits;
pub mod link;
pub mod lookup;
pub mod pin;
pub mod preview;
pub mod record;
pub mod release;
pub mod remedy;
pub mod seal;
pub mod signed;
pub mod site;
pub mod text;
pub mod time;
pub mod user;
pub mod version;
pub mod web;
