//! The example binaries, built once a process, as the tests themselves were built.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use serde_json::Value;

static BUILT: LazyLock<BTreeMap<String, PathBuf>> = LazyLock::new(build);

/// The binary of `examples/<name>.rs`.
#[track_caller]
pub(crate) fn binary(name: &str) -> &'static Path {
    let names = || BUILT.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    BUILT.get(name).unwrap_or_else(|| panic!("no example `{name}`; there are: {}", names()))
}

/// Builds all examples, unless they are built.
pub(crate) fn build_all() {
    LazyLock::force(&BUILT);
}

/// Builds the examples with the packages, features, profile and directory of `cargo test
/// --workspace`: after that command, nothing is left to build.
fn build() -> BTreeMap<String, PathBuf> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from(env!("CARGO")));
    let output = Command::new(cargo)
        .args(["build", "--workspace", "--examples", "--message-format=json-render-diagnostics"])
        .args(where_the_tests_are())
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        // with it, build scripts see another compiler, and half the tree is built anew
        .env_remove("RUSTC_BOOTSTRAP")
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|fault| panic!("cargo does not start: {fault}"));
    assert!(
        output.status.success(),
        "the examples do not build:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter_map(|message: Value| {
            let target = &message["target"];
            let is_example = target["kind"].as_array()?.iter().any(|kind| kind == "example");
            let binary = message["executable"].as_str().filter(|_| is_example)?;
            Some((target["name"].as_str()?.to_owned(), binary.into()))
        })
        .collect()
}

/// This test is `<target dir>/<profile>/deps/<name>`, or `<target
/// dir>/<triple>/<profile>/deps/<name>` when it was built for a target by name; what runs at build
/// time lies in `<target dir>/<profile>/deps/` even then.
fn where_the_tests_are() -> Vec<OsString> {
    let test = env::current_exe().expect("a test knows its own path");
    let mut above = test.ancestors().skip(2);
    let mut next = || above.next().unwrap_or_else(|| panic!("{}: not in deps/", test.display()));
    let (profile, parent, grandparent) = (next(), next(), next());
    let profile = profile.file_name().unwrap_or_default();
    let name = if profile == "debug" { OsStr::new("dev") } else { profile };
    let mut args = vec![OsStr::new("--profile"), name, OsStr::new("--target-dir")];
    if grandparent.join(profile).join("deps").is_dir() {
        let triple = parent.file_name().unwrap_or_default();
        args.extend([grandparent.as_os_str(), OsStr::new("--target"), triple]);
    } else {
        args.push(parent.as_os_str());
    }
    args.into_iter().map(OsStr::to_owned).collect()
}
