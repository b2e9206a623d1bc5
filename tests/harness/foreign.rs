//! Tools of others: the official Go client and the command `consul lock`, which hold the same locks,
//! and of Prometheus, its linter and its alerts. What is written in Go is there where Go is at hand.

use std::env;
use std::fs::File;
use std::io::{self, ErrorKind, Write as _};
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::consul::Consul;
use crate::node::{Node, NodeBuilder};
use crate::output::Line;

/// Set by CI, so that no test is left out there.
const REQUIRE: &str = "LEADER_TESTS_REQUIRE_GO";

type Built = LazyLock<Result<PathBuf, String>>;

static LOCK: Built =
    LazyLock::new(|| build_or_tell("go", ".", "go-lock", "the tests beside Consul's Go client"));

static LINT: Built = LazyLock::new(|| {
    build_or_tell(
        "deploy",
        "./lint",
        "promlint",
        "Prometheus's linter, and what it says of a scrape,",
    )
});

static RING: Built = LazyLock::new(|| {
    build_or_tell("deploy", "./ring", "ring", "Prometheus's alerts, and when they ring,")
});

fn build_or_tell(
    folder: &str,
    package: &str,
    program: &str,
    what: &str,
) -> Result<PathBuf, String> {
    let built = build(folder, package, program);
    if let Err(reason) = &built
        && !is_required()
    {
        // past libtest, which keeps back what a test prints
        let _ = writeln!(io::stderr(), "{reason}: {what} are left out; with {REQUIRE}=1 they fail");
    }
    built
}

#[track_caller]
fn program(built: &'static Built) -> Option<&'static Path> {
    match &**built {
        Ok(program) => Some(program),
        Err(reason) if is_required() => panic!("{reason}, and {REQUIRE} is set"),
        Err(_) => None,
    }
}

/// The lock of Consul's official Go client, as `tests/go/lock.go` holds it.
#[derive(Debug, Clone, Copy)]
pub struct GoLock(&'static Path);

impl GoLock {
    /// It, built once a process; nothing where it cannot be built, since our users need no Go. That
    /// is told in a line which no test's success hides.
    ///
    /// # Panics
    ///
    /// When it cannot be built and `LEADER_TESTS_REQUIRE_GO` is set.
    #[track_caller]
    pub fn at_hand() -> Option<Self> {
        program(&LOCK).map(Self)
    }

    /// A process that waits for this key, and holds it until SIGTERM. With `-ttl` and `-delay` it
    /// has other times than the client's defaults, which are 15 s each.
    pub fn on(self, addr: &str, key: &str) -> NodeBuilder {
        Node::program(self.0).env("CONSUL_HTTP_ADDR", addr).arg("-key").arg(key)
    }
}

/// Returns the faults that Prometheus's linter, `promtool check metrics`, finds in a scrape, one a
/// line; nothing without Go, which is printed.
///
/// # Panics
///
/// When it is no text of metrics; when it cannot be built and `LEADER_TESTS_REQUIRE_GO` is set.
#[track_caller]
pub fn promlint(scraped: &str) -> String {
    program(&LINT).map(|lint| answer(&mut Command::new(lint), scraped)).unwrap_or_default()
}

/// A node as Prometheus sees it: it answers the same for as long as it is there, in seconds since
/// 1970.
#[derive(Debug)]
pub struct Scraped {
    /// The name of the target.
    pub name: &'static str,
    /// When it is there.
    pub seconds: Range<u64>,
    /// Its answer.
    pub text: String,
}

/// When this alert of `examples/deploy/` rings for this job, in seconds since 1970, as Prometheus
/// itself evaluates it; `None` where Go is not at hand, as told.
///
/// # Panics
///
/// When there is no such alert; when it cannot be built and `LEADER_TESTS_REQUIRE_GO` is set.
#[track_caller]
pub fn rings(alert: &str, job: &str, nodes: &[Scraped]) -> Option<Vec<RangeInclusive<u64>>> {
    let program = program(&RING)?;
    let node = |Scraped { name, seconds, text }: &Scraped| json!({"Name": name, "From": seconds.start, "Until": seconds.end, "Scrape": text});
    let nodes = Value::from_iter(nodes.iter().map(node)).to_string();
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/deploy/alerts.yaml");
    let said = answer(Command::new(program).args([rules, alert, job]), &nodes);
    let span = |line: &str| {
        let (from, until) = line.split_once(' ')?;
        Some(from.parse().ok()?..=until.parse().ok()?)
    };
    Some(said.lines().map(|line| span(line).expect("two numbers")).collect())
}

/// The output of a program that reads all of this before it writes anything.
#[track_caller]
fn answer(command: &mut Command, question: &str) -> String {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it was just built");
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(question.as_bytes()).expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{question}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The command `consul lock` of this binary, which holds `<prefix>/.lock` for as long as a child of
/// its own runs; the child ends with it, however that ends.
pub fn consul_lock(consul: &Consul, addr: &str, prefix: &str) -> NodeBuilder {
    let child = "trap 'trap : TERM; echo unlocked; exit 0' TERM; echo lock $$; \
                 while kill -0 $PPID 2>/dev/null; do sleep 0.05 & wait; done";
    Node::program(consul.path()).env("CONSUL_HTTP_ADDR", addr).arg("lock").arg(prefix).arg(child)
}

/// Whether by this line another tool says that it has the lock.
pub fn has_the_lock(line: &Line) -> bool {
    line.text.split(' ').next() == Some("lock")
}

fn is_required() -> bool {
    env::var_os(REQUIRE).is_some_and(|value| !value.is_empty() && value != "0")
}

/// Beside the test's own `deps/`. Nothing is done where it is up to date, and no other Go is
/// fetched where this one is too old.
fn build(folder: &str, package: &str, program: &str) -> Result<PathBuf, String> {
    let test = env::current_exe().expect("a test knows its own path");
    let program = test.ancestors().nth(2).unwrap_or(&test).join(program);
    let told = |fault: io::Error| format!("{}: {fault}", program.display());
    // one at a time: a file that is being written does not run
    let building = File::create(program.with_extension("building")).map_err(told)?;
    building.lock().map_err(told)?;
    let output = Command::new("go")
        .args(["build", "-o"])
        .arg(&program)
        .arg(package)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))
        .env("GOTOOLCHAIN", "local")
        .env("CGO_ENABLED", "0")
        .stdin(Stdio::null())
        .output()
        .map_err(|fault| match fault.kind() {
            ErrorKind::NotFound => "no go on PATH".to_owned(),
            _ => format!("go does not start: {fault}"),
        })?;
    if output.status.success() {
        return Ok(program);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("tests/{folder} does not build ({})", said.trim_end()))
}
