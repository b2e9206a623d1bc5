//! The environment of a started process: paths from the developer's environment, and no settings.

use std::env;
use std::process::Command;

const KEPT: [&str; 8] =
    ["PATH", "HOME", "TMPDIR", "TZ", "LANG", "LC_ALL", "RUST_BACKTRACE", "LLVM_PROFILE_FILE"];

/// Takes everything else away, a `CONSUL_HTTP_ADDR`, `LEADER_LEASE` or `RUST_LOG` among it.
pub(crate) fn clean(command: &mut Command) -> &mut Command {
    command.env_clear().envs(KEPT.into_iter().filter_map(|name| Some((name, env::var_os(name)?))))
}
