//! The `conex` executable.

use std::process::ExitCode;

fn main() -> ExitCode {
    conex::shell::cli::main().into()
}
