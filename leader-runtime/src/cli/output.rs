//! What is said on stdout, to people or to scripts.

use std::io::{self, BufWriter, ErrorKind, Write as _};
use std::process::ExitCode;

use clap::Args;
use serde::{Serialize, Serializer as _};

/// Whom it is said to.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct Form {
    /// For scripts: JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// An array, item by item.
pub(super) fn array(items: impl Iterator<Item = impl Serialize>) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    serde_json::Serializer::pretty(&mut out).collect_seq(items)?;
    writeln!(out)?;
    out.flush()
}

/// An object.
pub(super) fn object(object: &impl Serialize) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    serde_json::to_writer_pretty(&mut out, object)?;
    writeln!(out)?;
    out.flush()
}

/// A text of lines, which is told the columns of the terminal.
pub(super) fn text(text: impl FnOnce(Option<u16>) -> String) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", text(width()))?;
    out.flush()
}

/// The code, where all could be said; a reader that has read enough, as `head` has, is no fault.
pub(super) fn code_of(said: io::Result<()>, code: u8) -> ExitCode {
    match said {
        Err(cause) if cause.kind() != ErrorKind::BrokenPipe => {
            eprintln!("Error: stdout cannot be written ({cause})");
            ExitCode::FAILURE
        }
        _ => ExitCode::from(code),
    }
}

/// The columns of the terminal; elsewhere those that `COLUMNS` asks for, or any number.
fn width() -> Option<u16> {
    let terminal = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0);
    let wished = || std::env::var("COLUMNS").ok()?.parse().ok();
    terminal.or_else(wished).filter(|width| *width > 0)
}
