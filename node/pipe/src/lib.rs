//! The connection that a door makes to a gateway: proven, encrypted, many streams over one.
//!
//! This crate may know bytes that flow both ways, Noise and Yamux, and how a pipe begins
//! ([`papermesh_protocol::gateway::message`]). It may not know what carries the bytes, which places there are, nor
//! what is said on a stream.
//!
//! - [`dial`] and [`answer`] begin a pipe: who is at the other end, and whether it is let in
//! - [`Pipe`] opens streams and takes those that the other end opens; a task drives it until it is dropped
#![forbid(unsafe_code)]

mod begin;
mod streams;

pub use begin::{Admitted, PipeError, answer, dial, gateway_id};
pub use streams::{Opener, PAYLOAD, Pipe, PipeStream};

#[cfg(test)]
mod tests;
