//! The program `deskhand`: reads the command line and runs one command.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    deskhand::cli::main()
}
