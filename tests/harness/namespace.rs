//! Namespaces of this test process alone: networks that are made in them reach nothing outside and
//! are seen by nobody, and the kernel takes them away with the last process inside, however that
//! ends.

use std::env;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use crate::consul::Consul;
use crate::example;

/// Set in a process that is inside.
const INSIDE: &str = "LEADER_TESTS_INSIDE";

/// A network and mounts of its own, for root; elsewhere as root of a user namespace.
const WAYS: [&[&str]; 2] =
    [&["--net", "--mount"], &["--user", "--map-root-user", "--net", "--mount"]];

/// `ip netns` keeps its names in `/run/netns`: so they are private too.
const PREPARE: &str = "mount -t tmpfs tmpfs /run && ip link set lo up";

/// Starts this test process once more inside, in its own place and with the same arguments: it
/// runs from the beginning, and there this returns at once. Called before anything is started.
///
/// # Panics
///
/// Where neither way is allowed, or `ip` is missing; the message says what was said, and the
/// remedies.
#[track_caller]
pub(crate) fn enter() {
    // of many tests one enters, and takes the others along
    static ENTERED: LazyLock<Result<(), String>> = LazyLock::new(try_enter);
    if let Err(fault) = &*ENTERED {
        panic!("{fault}");
    }
}

fn try_enter() -> Result<(), String> {
    if env::var_os(INSIDE).is_some() {
        return Ok(());
    }
    // whatever these have to fetch, they can only fetch out here
    Consul::all();
    example::build_all();
    let attempt = format!("{PREPARE} && ip netns add try && ip link add type bridge");
    let mut faults = String::new();
    for way in WAYS {
        match try_run(unshare(way).arg(&attempt)) {
            Ok(()) => return Err(format!("it does not start again: {}", again(way).exec())),
            Err(fault) => faults.push_str(&format!("  {fault}\n")),
        }
    }
    Err(format!(
        "no network namespaces can be made here:\n{faults}  To remedy it, install iproute2 and \
         util-linux, and run as root or where users may make namespaces \
         (kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0)."
    ))
}

fn unshare(way: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    command.args(way).args(["sh", "-c"]);
    command
}

/// This very process, inside.
fn again(way: &[&str]) -> Command {
    let mut command = unshare(way);
    command
        .arg(format!("{PREPARE} && exec \"$0\" \"$@\""))
        .arg(env::current_exe().expect("a test knows its own path"))
        .args(env::args_os().skip(1))
        .env(INSIDE, "1");
    command
}

/// Runs a line of `ip` or `tc`.
///
/// # Errors
///
/// When it fails, with what it said.
pub(crate) fn try_tool(line: &str) -> Result<(), String> {
    let mut words = line.split_whitespace();
    try_run(Command::new(words.next().unwrap_or_default()).args(words))
}

/// As [`try_tool`].
///
/// # Panics
///
/// When it fails.
#[track_caller]
pub(crate) fn tool(line: &str) {
    if let Err(fault) = try_tool(line) {
        panic!("{fault}");
    }
}

fn try_run(command: &mut Command) -> Result<(), String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|fault| format!("{}: {fault}", command.get_program().display()))?;
    if output.status.success() {
        return Ok(());
    }
    let mut line = command.get_program().display().to_string();
    command.get_args().for_each(|arg| line.push_str(&format!(" {}", arg.display())));
    Err(format!("{line}: {}", String::from_utf8_lossy(&output.stderr).trim()))
}
