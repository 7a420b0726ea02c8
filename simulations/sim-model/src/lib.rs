//! Engine `model`: up to ten million nodes as numbers.
//!
//! - [`ring`] has all keys in order: a node's number is its place. [`population`] says who the nodes are and how far apart.
//! - [`chance`] draws by counter, [`queue`] orders by time, [`engine`] runs shards window by window.
//! - [`protocol`] is the trait that protocols are written with: [`kademlia`], [`chord`], [`gateway`].
//! - [`churn`] and [`work`] say when nodes are there and what users do.
//! - [`run`](mod@run) makes an outcome of a scenario, and says beforehand what that takes.
#![forbid(unsafe_code)]

pub mod chance;
pub mod chord;
pub mod churn;
pub mod engine;
pub mod gateway;
pub mod kademlia;
pub mod measure;
pub mod population;
pub mod protocol;
pub mod queue;
pub mod ring;
pub mod run;
pub mod work;

pub use run::{Estimate, Options, estimate, run, run_on};
