//! What the end-to-end tests are made of: sites, machines, people, printers, networks, and
//! peers that misbehave.
//!
//! Everything here drives real processes. A [`Site`] is one test's folder and its turn; a
//! [`Machine`] has a home, a command line, and a node that runs there until it is stopped, killed
//! or dropped; a [`User`] has a badge and a PIN and visits printers. What is waited for is always
//! something that can be seen ([`wait`]), and every random choice comes from a [`Seed`] that a
//! failing test prints.
//!
//! The tests themselves are in `tests/end_to_end/`, by topic. What they know of the program they
//! know from its documentation: the JSON in [`answer`] is written down here anew, not imported.

pub mod answer;
pub mod avahi;
pub mod browser;
pub mod command;
pub mod cups;
pub mod device;
pub mod exit;
pub mod gateway;
pub mod http;
pub mod ipp;
pub mod kernel;
pub mod machine;
pub mod network;
pub mod odd;
pub mod panel;
pub mod photo;
pub mod picture;
pub mod polling;
pub mod portal;
pub mod program;
pub mod proxy;
pub mod rogue;
pub mod sample;
pub mod wait;

pub mod document;
mod port;
mod process;
mod seed;
mod site;
mod turn;
mod user;
mod visit;

pub use document::Document;
pub use machine::{Machine, SOON, Setting};
pub use panel::PanelAt;
pub use port::reserve as reserve_port;
pub use process::Process;
pub use seed::Seed;
pub use site::Site;
pub use user::User;
pub use visit::Visit;
