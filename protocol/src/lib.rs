#![allow(missing_docs)]

pub mod pin;
pub mod seal;
