//! What is said on stdout, to people or to scripts.

use std::io::{self, BufWriter, ErrorKind, Write as _};
use std::process::ExitCode;

use clap::Args;
use serde::{Serialize, Serializer as _};

use super::table::Table;

/// Whom it is said to.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct Form {
    /// For scripts: JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// What a command has said.
pub(super) struct Output;

impl Output {
    /// An array, item by item.
    pub(super) fn array(items: impl Iterator<Item = impl Serialize>) -> ExitCode {
        let mut out = BufWriter::new(io::stdout().lock());
        let written = serde_json::Serializer::pretty(&mut out).collect_seq(items);
        let written = written.map_err(io::Error::from).and_then(|()| writeln!(out));
        Self::code_of(written.and_then(|()| out.flush()), 0)
    }

    /// A table, as wide as the terminal.
    pub(super) fn table(table: &Table) -> ExitCode {
        let mut out = io::stdout().lock();
        Self::code_of(writeln!(out, "{}", table.print(width())).and_then(|()| out.flush()), 0)
    }

    /// The code, where it could be said; a reader that has read enough, as `head` has, is no fault.
    pub(super) fn code_of(written: io::Result<()>, code: i32) -> ExitCode {
        match written {
            Err(cause) if cause.kind() != ErrorKind::BrokenPipe => {
                eprintln!("Error: stdout cannot be written ({cause})");
                ExitCode::FAILURE
            }
            _ => ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX)),
        }
    }
}

/// The columns of the terminal; elsewhere those that `COLUMNS` asks for, or any number.
fn width() -> Option<u16> {
    let terminal = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0);
    let wished = || std::env::var("COLUMNS").ok()?.parse().ok();
    terminal.or_else(wished).filter(|width| *width > 0)
}
