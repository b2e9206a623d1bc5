//! A process that has less of the machine than it wants: of the processor, or of the disk. By
//! control groups, where this process may make some; the processor else by stopping the process and
//! letting it go on, many times a second.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// The resources that a process is left with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ration {
    /// A share of one processor in hundredths, beside a number of busy programs.
    Processor {
        /// From 1 to 100.
        percent: u32,
        /// Programs that only count.
        beside: usize,
    },
    /// A number of writes to the disk a second.
    Disk {
        /// From 1 on.
        writes: u32,
    },
}

/// Over how long a ration of the processor is counted.
const PERIOD: Duration = Duration::from_millis(100);

static MADE: AtomicU32 = AtomicU32::new(1);

/// A process on rations; it has all again when this is dropped.
#[derive(Debug)]
pub struct Starved {
    how: How,
    // killed with it
    beside: Vec<Busy>,
}

#[derive(Debug)]
enum How {
    Group { path: PathBuf },
    Signals { over: Arc<AtomicBool>, thread: Option<JoinHandle<()>> },
}

#[derive(Debug)]
struct Busy(Child);

impl Drop for Busy {
    fn drop(&mut self) {
        // both fail only where there is nothing left to end
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Starved {
    /// Puts the process on this ration, whose files lie on the disk of `dir`.
    ///
    /// # Errors
    ///
    /// Where this machine gives no way to, and why.
    pub(crate) fn put(pid: u32, dir: &Path, ration: Ration) -> Result<Self, String> {
        let beside = match ration {
            Ration::Processor { beside, .. } => (0..beside).map(|_| Busy::start()).collect(),
            Ration::Disk { .. } => Vec::new(),
        };
        let pids = beside.iter().map(|Busy(child)| child.id()).chain([pid]);
        let group = Self::group(dir, ration).and_then(|path| {
            let how = How::Group { path: path.clone() };
            for pid in pids {
                write(&path.join("cgroup.procs"), &pid.to_string())?;
            }
            Ok(how)
        });
        let how = match (group, ration) {
            (Ok(how), _) => how,
            (Err(_), Ration::Processor { percent, .. }) => How::signals(pid, percent),
            (Err(fault), Ration::Disk { .. }) => return Err(fault),
        };
        Ok(Self { how, beside })
    }

    /// By what.
    pub fn way(&self) -> &'static str {
        match self.how {
            How::Group { .. } => "control group",
            How::Signals { .. } => "SIGSTOP and SIGCONT",
        }
    }

    /// How many programs are busy beside it.
    pub fn beside(&self) -> usize {
        self.beside.len()
    }

    /// A new group with this limit.
    fn group(dir: &Path, ration: Ration) -> Result<PathBuf, String> {
        let name =
            format!("starved-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let (controller, period) = match ration {
            Ration::Processor { .. } => ("cpu", PERIOD.as_micros()),
            Ration::Disk { .. } => ("blkio", 0),
        };
        let root = Path::new("/sys/fs/cgroup");
        // the second version has one tree
        let (old, new) = (root.join(controller).join(&name), root.join(&name));
        let (path, limits) = match ration {
            Ration::Processor { percent, .. } if root.join("cpu").is_dir() => {
                let quota = period * u128::from(percent) / 100;
                let limits = [("cpu.cfs_period_us", period), ("cpu.cfs_quota_us", quota)];
                (old, limits.map(|(file, limit)| (file, limit.to_string())).to_vec())
            }
            Ration::Processor { percent, .. } => {
                let quota = period * u128::from(percent) / 100;
                (new, vec![("cpu.max", format!("{quota} {period}"))])
            }
            Ration::Disk { writes } if root.join("blkio").is_dir() => {
                let limit = format!("{} {writes}", device(dir)?);
                (old, vec![("blkio.throttle.write_iops_device", limit)])
            }
            Ration::Disk { writes } => {
                (new, vec![("io.max", format!("{} wiops={writes}", device(dir)?))])
            }
        };
        fs::create_dir(&path).map_err(|fault| format!("{}: {fault}", path.display()))?;
        for (file, limit) in limits {
            if let Err(fault) = write(&path.join(file), &limit) {
                // empty, so it can be removed
                let _ = fs::remove_dir(&path);
                return Err(fault);
            }
        }
        Ok(path)
    }
}

impl How {
    fn signals(pid: u32, percent: u32) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let runs = PERIOD * percent / 100;
        let thread = thread::spawn({
            let over = Arc::clone(&over);
            move || {
                let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return };
                // fails when it has ended
                let send = |signal| kill_process(pid, signal).is_ok();
                while !over.load(Ordering::Relaxed) && send(Signal::STOP) {
                    thread::sleep(PERIOD - runs);
                    if !send(Signal::CONT) {
                        return;
                    }
                    thread::sleep(runs);
                }
            }
        });
        Self::Signals { over, thread: Some(thread) }
    }
}

impl Drop for Starved {
    fn drop(&mut self) {
        self.beside.clear();
        match &mut self.how {
            How::Group { path } => {
                let parent = path.parent().map(|root| root.join("cgroup.procs"));
                let inside = fs::read_to_string(path.join("cgroup.procs")).unwrap_or_default();
                for pid in inside.lines() {
                    // one that has ended is nowhere
                    let _ = parent.as_ref().map(|parent| write(parent, pid));
                }
                // what fails here is an empty group that stays
                let _ = fs::remove_dir(path);
            }
            How::Signals { over, thread } => {
                over.store(true, Ordering::Relaxed);
                if let Some(thread) = thread.take() {
                    // its panic has been printed where it was raised
                    let _ = thread.join();
                }
            }
        }
    }
}

impl Busy {
    fn start() -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", "while :; do :; done"]).stdin(Stdio::null());
        Self(command.spawn().unwrap_or_else(|fault| panic!("sh does not start: {fault}")))
    }
}

/// The disk on which this lies, as `254:0`.
fn device(dir: &Path) -> Result<String, String> {
    let stat = rustix::fs::stat(dir).map_err(|fault| format!("{}: {fault}", dir.display()))?;
    let (major, minor) = (rustix::fs::major(stat.st_dev), rustix::fs::minor(stat.st_dev));
    Ok(format!("{major}:{minor}"))
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    let written: io::Result<()> = fs::write(file, text);
    written.map_err(|fault| format!("{} = {text}: {fault}", file.display()))
}
