#![allow(missing_docs)]
pub mod audit;
pub mod auth;
pub mod client;
pub mod clock;
pub mod directory;
pub mod mesh;
pub mod network;
pub mod offload;
pub mod policy;
pub mod store;
pub mod printer;
#[cfg(test)]
mod tests;
