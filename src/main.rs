//! The program `deskhand`: reads the command line and runs one command.

#![forbid(unsafe_code)]

use std::process::ExitCode;

/// Requests are many small allocations on one thread that are freed on another.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    deskhand::cli::main()
}
