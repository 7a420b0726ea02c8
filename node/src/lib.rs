//! A Papermesh node.

pub mod config;
pub mod control;
pub mod logs;
