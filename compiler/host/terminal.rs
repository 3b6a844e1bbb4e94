//! Standard output and standard error, with colour where it is wanted.

use std::io::{self, Write};

use anstream::ColorChoice;

/// Decides about colour for everything that is printed from now on.
pub fn set_color(choice: ColorChoice) {
    choice.write_global();
}

/// Prints to standard output. A reader that went away (`| head`) is no error.
pub fn print(text: &str) -> io::Result<()> {
    forgiving(anstream::stdout().lock().write_all(text.as_bytes()))
}

/// Prints to standard error; that it cannot be printed could only be said there.
pub fn complain(text: &str) {
    let _ = anstream::stderr().lock().write_all(text.as_bytes());
}

fn forgiving(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
