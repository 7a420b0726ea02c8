//! The binary `papermesh`: node and command line in one.

use std::process::ExitCode;

fn main() -> ExitCode {
    papermesh_node::cli::main()
}
