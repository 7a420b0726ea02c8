#![allow(clippy::unwrap_used)]

mod corpus;
mod withdrawn;
