//! The versions of Consul at hand, as `tests/consul.sh` finds or installs them, and tests that run
//! on each.

use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use crate::slot::slot;

/// One real `consul` binary.
#[derive(Debug, Clone)]
pub struct Consul {
    version: String,
    path: PathBuf,
}

static AT_HAND: LazyLock<Vec<Consul>> = LazyLock::new(|| {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("consul.sh");
    let output = Command::new("sh")
        .arg(&script)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|fault| panic!("sh {} does not start: {fault}", script.display()));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the tests need a real consul, and none is at hand:\n{said}");
    eprint!("{said}");
    let mut found: Vec<Consul> =
        String::from_utf8_lossy(&output.stdout).lines().map(Consul::from_line).collect();
    found.sort_by_key(Consul::number);
    found
});

impl Consul {
    /// Every version at hand, the oldest first; never empty.
    ///
    /// # Panics
    ///
    /// When none can be had; the message says what was tried, and the remedies.
    pub fn all() -> &'static [Self] {
        &AT_HAND
    }

    /// The version of the binary, such as `1.8.7`.
    pub fn version(&self) -> &str {
        &self.version
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn is_at_least(&self, major: u32, minor: u32) -> bool {
        self.number() >= (major, minor, 0)
    }

    fn from_line(line: &str) -> Self {
        let (version, path) = line
            .split_once(' ')
            .unwrap_or_else(|| panic!("tests/consul.sh: `{line}` is not `<version> <path>`"));
        Self { version: version.to_owned(), path: path.into() }
    }

    /// The version as numbers: `(1, 18, 0)` for `1.18.0-rc1+ent`.
    fn number(&self) -> (u32, u32, u32) {
        let mut parts = self
            .version
            .split(|c: char| !c.is_ascii_digit())
            .map(|part| part.parse().unwrap_or_default());
        let mut next = || parts.next().unwrap_or_default();
        (next(), next(), next())
    }
}

/// Runs a test on every version at hand, in a [`slot`].
///
/// # Panics
///
/// When it fails on one; it still runs on the others, and the message names those on which it
/// failed.
#[track_caller]
pub fn each_consul(test: impl Fn(&Consul)) {
    run_on(Consul::all(), test);
}

/// Runs a test that no difference between versions can touch on the oldest at hand, in a [`slot`].
///
/// # Panics
///
/// When it fails; the message names the version.
#[track_caller]
pub fn one_consul(test: impl Fn(&Consul)) {
    run_on(&Consul::all()[..1], test);
}

#[track_caller]
fn run_on(versions: &[Consul], test: impl Fn(&Consul)) {
    let _slot = slot();
    let failed: Vec<&str> = versions
        .iter()
        .filter(|consul| panic::catch_unwind(AssertUnwindSafe(|| test(consul))).is_err())
        .map(Consul::version)
        .collect();
    assert!(failed.is_empty(), "failed on Consul {}; the faults are above", failed.join(" and "));
}
