//! The binary `papermesh`: node and command line in one.

use std::process::ExitCode;

fn main() -> ExitCode {
    // A step of a conversion knows of no home, no node and no command line.
    papermesh_node::convert::run_stage().unwrap_or_else(papermesh_node::cli::main)
}
