//! Arguments to exit code; everything else is in the library.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Reading a large dump is millions of small allocations on all cores.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    lanwright::cli::main()
}
