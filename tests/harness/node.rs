//! A process of our own, an example binary, whose lines carry their arrival times and which ends
//! with its owner.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::environment;
use crate::example;
use crate::history::{self, Record};
use crate::machine::Machine;
use crate::output::{Line, Output};
use crate::process::Process;
use crate::stall;
use crate::terminal;

const TAIL: usize = 15;

/// How long a pipe may stay open after its process is gone, held by a child of that.
const PIPES_CLOSE: Duration = Duration::from_secs(1);

static STARTED: AtomicU32 = AtomicU32::new(1);

/// A node that is still to be started.
#[must_use]
#[derive(Debug)]
pub struct NodeBuilder {
    name: String,
    command: Command,
    files: Vec<(String, String)>,
    printed: Printed,
    stdin: Stdio,
}

/// Where its stdout goes.
#[derive(Debug)]
enum Printed {
    Here,
    Terminal(u16),
    Elsewhere(Stdio),
}

/// A started node, in an empty directory of its own.
#[derive(Debug)]
pub struct Node {
    name: String,
    started: Instant,
    // before `dir`, so that it is gone before that is
    process: Process,
    stdout: Arc<Output>,
    stderr: Arc<Output>,
    dir: TempDir,
}

impl Node {
    /// The binary of `examples/<name>.rs`, built if it has to be.
    ///
    /// # Panics
    ///
    /// When there is no such example, or the examples do not build.
    #[track_caller]
    pub fn example(name: &str) -> NodeBuilder {
        Self::program(example::binary(name))
    }

    /// Any other program.
    pub fn program(program: impl AsRef<Path>) -> NodeBuilder {
        let program = program.as_ref();
        let file = program.file_name().unwrap_or_default().display();
        let name = format!("{file}#{}", STARTED.fetch_add(1, Ordering::Relaxed));
        let mut command = Command::new(program);
        environment::clean(&mut command);
        let (files, printed, stdin) = (Vec::new(), Printed::Here, Stdio::null());
        NodeBuilder { name, command, files, printed, stdin }
    }

    /// The name of the node in messages, such as `clock#2`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// When it was started.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// The lines on stdout so far.
    pub fn lines(&self) -> Vec<Line> {
        self.stdout.lines()
    }

    /// The lines on stdout after `since`.
    pub fn lines_after(&self, since: Instant) -> Vec<Line> {
        self.lines().into_iter().filter(|line| line.at > since).collect()
    }

    /// The lines on stderr so far.
    pub fn errors(&self) -> Vec<Line> {
        self.stderr.lines()
    }

    /// The first line of stdout that is `wanted`, among those that are here and those that come
    /// within `within`.
    ///
    /// # Panics
    ///
    /// When there is none, or stdout ends without it.
    #[track_caller]
    pub fn wait_line(&self, within: Duration, wanted: impl FnMut(&Line) -> bool) -> Line {
        self.found("stdout", within, self.stdout.wait(None, within, wanted))
    }

    /// As [`wait_line`](Self::wait_line), among those after `since`.
    ///
    /// # Panics
    ///
    /// When there is none, or stdout ends without it.
    #[track_caller]
    pub fn wait_line_after(
        &self,
        since: Instant,
        within: Duration,
        wanted: impl FnMut(&Line) -> bool,
    ) -> Line {
        self.found("stdout", within, self.stdout.wait(Some(since), within, wanted))
    }

    /// As [`wait_line`](Self::wait_line), on stderr.
    ///
    /// # Panics
    ///
    /// When there is none, or stderr ends without it.
    #[track_caller]
    pub fn wait_error_line(&self, within: Duration, wanted: impl FnMut(&Line) -> bool) -> Line {
        self.found("stderr", within, self.stderr.wait(None, within, wanted))
    }

    /// Sends a signal.
    ///
    /// # Panics
    ///
    /// When it has ended already. So do the three below.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Sends SIGTERM, and does not wait.
    #[track_caller]
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Stops it where it is, and returns once it stands.
    #[track_caller]
    pub fn freeze(&self) {
        self.process.freeze();
    }

    /// Lets a frozen node run on.
    #[track_caller]
    pub fn thaw(&self) {
        self.process.thaw();
    }

    /// SIGKILL, and waits for its end; its last lines are in then.
    pub fn kill(&self) {
        self.process.kill();
        self.wait_output();
    }

    /// Waits for its end; its last lines are in then.
    ///
    /// # Panics
    ///
    /// When it is still running after `within`.
    #[track_caller]
    pub fn wait_exit(&self, within: Duration) -> ExitStatus {
        let status = self.process.wait(within);
        self.wait_output();
        status
    }

    /// Whether it is still running.
    pub fn is_up(&self) -> bool {
        self.process.ended().is_none()
    }

    /// The history of its leadership and its runs so far.
    ///
    /// # Panics
    ///
    /// When it is no `worker`.
    #[track_caller]
    pub fn record(&self) -> Record {
        let killed = self.process.ended().is_some_and(|status| status.signal().is_some());
        Record { node: self.name.clone(), killed, events: history::read(self.dir.path()) }
    }

    fn wait_output(&self) {
        self.stdout.wait_end(PIPES_CLOSE);
        self.stderr.wait_end(PIPES_CLOSE);
    }

    #[track_caller]
    fn found(&self, pipe: &str, within: Duration, line: Option<Line>) -> Line {
        line.unwrap_or_else(|| match self.process.ended() {
            Some(status) => panic!("{} ended ({status}) without the line on {pipe}", self.name),
            None => panic!(
                "{} did not print the line to {pipe} within {within:?}{}",
                self.name,
                stall::note()
            ),
        })
    }

    fn print_tail(&self, pipe: &str, lines: &[Line]) {
        eprintln!("--- {} {pipe}, {} lines, the last of them:", self.name, lines.len());
        for line in &lines[lines.len().saturating_sub(TAIL)..] {
            let at = line.at.saturating_duration_since(self.started).as_secs_f64();
            eprintln!("{at:8.3} {}", line.text);
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if thread::panicking() {
            self.print_tail("stdout", &self.lines());
            self.print_tail("stderr", &self.errors());
        }
    }
}

impl NodeBuilder {
    /// Has it run on this machine.
    pub fn on(self, machine: &Machine) -> Self {
        let mut command = machine.command(Path::new(self.command.get_program()));
        command.args(self.command.get_args());
        command.envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Self { command, ..self }
    }

    /// Has the kernel refuse what would make a file longer than so many KiB.
    pub fn file_limit(self, kib: usize) -> Self {
        let blocks = 2 * kib;
        self.through(
            "sh",
            &["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"")],
        )
    }

    /// Has it run without the rights that root has over what the mode of a file says.
    pub fn unprivileged(self) -> Self {
        self.through("setpriv", &["--bounding-set=-all", "--inh-caps=-all"])
    }

    fn through(self, program: &str, args: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.args(args).arg(self.command.get_program()).args(self.command.get_args());
        environment::clean(&mut command);
        command.envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Self { command, ..self }
    }

    /// Sets a variable in an environment that has nothing of the developer's that steers it.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Puts a file with this text into its directory.
    pub fn file(mut self, name: &str, text: &str) -> Self {
        self.files.push((name.to_owned(), text.to_owned()));
        self
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// Has it print to a terminal of so many columns, and not to a pipe.
    pub fn terminal(self, columns: u16) -> Self {
        Self { printed: Printed::Terminal(columns), ..self }
    }

    /// Gives it a stdin that has nothing to read, and does not end.
    pub fn open_stdin(self) -> Self {
        Self { stdin: Stdio::piped(), ..self }
    }

    /// Has it print elsewhere: its lines do not come here.
    pub fn stdout(self, stdout: impl Into<Stdio>) -> Self {
        Self { printed: Printed::Elsewhere(stdout.into()), ..self }
    }

    /// Starts it.
    ///
    /// # Panics
    ///
    /// When the program cannot be started.
    #[track_caller]
    pub fn start(mut self) -> Node {
        let dir = tempfile::tempdir()
            .unwrap_or_else(|fault| panic!("no temporary directory for {}: {fault}", self.name));
        for (name, text) in &self.files {
            std::fs::write(dir.path().join(name), text)
                .unwrap_or_else(|fault| panic!("{name} for {}: {fault}", self.name));
        }
        self.command
            .current_dir(dir.path())
            .stdin(self.stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let read: Option<Box<dyn Read + Send>> = match self.printed {
            Printed::Here => None,
            Printed::Terminal(columns) => {
                let (there, here) = terminal::open(columns);
                self.command.stdout(there);
                Some(Box::new(here))
            }
            Printed::Elsewhere(stdout) => {
                self.command.stdout(stdout);
                Some(Box::new(io::empty()))
            }
        };
        stall::watch();
        let started = Instant::now();
        let process = Process::start(&self.name, &mut self.command);
        // with it, our end of what it prints to
        drop(self.command);
        let stdout = match read {
            Some(read) => Output::of(read),
            None => Output::of(process.take(|child| child.stdout.take())),
        };
        let stderr = Output::of(process.take(|child| child.stderr.take()));
        Node { name: self.name, started, process, stdout, stderr, dir }
    }
}
