//! Printing from the Internet through a gateway that routes TLS by the name asked for, and ends none.
//!
//! | file | what |
//! | --- | --- |
//! | [`name`] | the names of sites and places below a gateway's domain, and aliases in paths |
//! | [`hello`] | what a TLS client says first, read as far as routing needs |

pub mod hello;
pub mod name;
