//! A terminal of so many columns, for what looks at where it prints.

use std::fs::File;
use std::process::Stdio;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// Both ends of one: what is printed here, and read there.
pub(crate) fn open(columns: u16) -> (Stdio, File) {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let here = openpt(flags).expect("the machine gives a terminal");
    grantpt(&here).and_then(|()| unlockpt(&here)).expect("it is ours");
    let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&here, size).expect("it takes a size");
    let name = ptsname(&here, Vec::new()).expect("it has a name");
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let there = rustix::fs::open(name, flags, Mode::empty()).expect("it can be opened");
    (there.into(), here.into())
}
