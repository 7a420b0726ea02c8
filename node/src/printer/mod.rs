pub mod output;
mod document;
mod link;
mod session;
mod visit;
