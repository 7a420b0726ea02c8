//! The program `papermesh-convert`: one step of a conversion, confined. A node starts it; nobody else does.

use std::process::ExitCode;

fn main() -> ExitCode {
    papermesh_convert::run_stage()
}
