//! A child process that is signalled by its own id, waited for with a deadline, and never outlives
//! its owner.

use std::process::{Child, Command, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use crate::deadline::poll;

/// How long a process may take to do what the kernel does at once.
const AT_ONCE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    pid: Pid,
    child: Mutex<Child>,
}

impl Process {
    #[track_caller]
    pub(crate) fn start(name: &str, command: &mut Command) -> Self {
        let child = command.spawn().unwrap_or_else(|fault| {
            panic!("{name}: {} does not start: {fault}", command.get_program().display())
        });
        Self { name: name.to_owned(), pid: Pid::from_child(&child), child: Mutex::new(child) }
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands out what is to be taken from the child, its pipes.
    pub(crate) fn take<T>(&self, part: impl FnOnce(&mut Child) -> Option<T>) -> T {
        part(&mut self.child()).expect("the pipe is asked for at the start, and taken once")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// How it ended, when it has.
    pub(crate) fn ended(&self) -> Option<ExitStatus> {
        self.child().try_wait().unwrap_or_else(|fault| panic!("{}: {fault}", self.name))
    }

    /// Sends a signal; panics when the process has ended already.
    #[track_caller]
    pub(crate) fn signal(&self, signal: Signal) {
        // the lock keeps the id from being freed, and used again, between the question and the
        // signal
        let mut child = self.child();
        match child.try_wait() {
            Ok(None) => {}
            Ok(Some(status)) => panic!("{}: no {signal:?}, it has ended: {status}", self.name),
            Err(fault) => panic!("{}: {fault}", self.name),
        }
        if let Err(fault) = kill_process(self.pid, signal) {
            panic!("{}: {signal:?} cannot be sent: {fault}", self.name);
        }
    }

    /// Stops it where it is, and returns once it stands.
    #[track_caller]
    pub(crate) fn freeze(&self) {
        self.signal(Signal::STOP);
        let stopped = poll(AT_ONCE, || {
            match waitid(WaitId::Pid(self.pid), WaitIdOptions::STOPPED | WaitIdOptions::NOHANG) {
                Ok(Some(_)) => Ok(()),
                Ok(None) => Err("it runs on".to_owned()),
                Err(fault) => Err(fault.to_string()),
            }
        });
        if let Err(reason) = stopped {
            panic!("{}: not frozen after {AT_ONCE:?}: {reason}", self.name);
        }
    }

    #[track_caller]
    pub(crate) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// SIGKILL, and waits until it is gone; nothing when it has ended already.
    pub(crate) fn kill(&self) {
        let mut child = self.child();
        // both fail only where there is nothing left to end
        let _ = child.kill();
        let _ = child.wait();
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn wait(&self, within: Duration) -> ExitStatus {
        poll(within, || self.ended().ok_or_else(|| "it runs on".to_owned()))
            .unwrap_or_else(|_| panic!("{}: still running after {within:?}", self.name))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
