//! Answers on stdout, for people or for scripts.

use std::io::{self, BufWriter, ErrorKind, Write as _};
use std::process::ExitCode;

use clap::Args;
use serde::{Serialize, Serializer as _};

use crate::text::Excerpt;

/// The form of an answer.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct Form {
    /// For scripts: JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// Prints an array, item by item.
pub(super) fn array(items: impl Iterator<Item = impl Serialize>) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    serde_json::Serializer::pretty(&mut out).collect_seq(items)?;
    writeln!(out)?;
    out.flush()
}

/// Prints an object.
pub(super) fn object(object: &impl Serialize) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    serde_json::to_writer_pretty(&mut out, object)?;
    writeln!(out)?;
    out.flush()
}

/// Prints lines of text, made for the width of the terminal.
pub(super) fn text(text: impl FnOnce(Option<u16>) -> String) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", text(width()))?;
    out.flush()
}

/// Returns the code if all was printed. A reader that stops early, such as `head`, is no fault.
pub(super) fn code_of(printed: io::Result<()>, code: u8) -> ExitCode {
    match printed {
        Err(cause) if cause.kind() != ErrorKind::BrokenPipe => {
            eprintln!("Error: stdout cannot be written ({cause})");
            ExitCode::FAILURE
        }
        _ => ExitCode::from(code),
    }
}

/// The width of the terminal; elsewhere that of `COLUMNS`; `None` where neither is known.
fn width() -> Option<u16> {
    let terminal = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0);
    terminal.or_else(from_variable).filter(|width| *width > 0)
}

fn from_variable() -> Option<u16> {
    let text = std::env::var_os("COLUMNS").filter(|text| !text.is_empty())?;
    let width = text.to_str().and_then(|text| text.parse().ok());
    if width.is_none() {
        let text = text.to_string_lossy();
        eprintln!(
            "COLUMNS=`{}`: is no number from 0 to 65535; tables are as wide as need be",
            Excerpt::line(&text)
        );
    }
    width
}
