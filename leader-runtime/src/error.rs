//! The one error of the runtime: what is wrong, where, and what to do.

use std::error::Error as StdError;
use std::fmt;
use std::path::Path;

use crate::lock::Leader;

/// Why a service could not start or go on, or why what was asked of it was not done: of its
/// [`Handle`](crate::Handle), of a [`Lock`](crate::Lock), of a [`Kv`](crate::Kv).
///
/// Predicates name what a program can act on; where none of them holds, the machine did not give
/// something. `Debug`, which is what `main` prints where it returns this, shows the message as
/// `Display` does, and what caused it.
pub struct Error {
    kind: Kind,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What [`Runtime::run`](crate::Runtime::run) and all else here returns that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

enum Kind {
    /// Settings or jobs that are wrong, each in a line.
    Wrong(Vec<String>),
    /// Something that the machine did not give.
    Machine(String),
    /// Leadership of this key ended before the work under it did.
    Lost(String),
    /// The lock manager has been shut down.
    Closed,
    /// This node does not lead the key of a job that is to run; who does.
    NotLeading(String),
    /// A run goes on of the job of this name.
    Busy(String),
    /// The runtime does not run yet.
    NotStarted,
    /// The lock service did not answer a question.
    NoAnswer(String),
}

impl Error {
    pub(crate) fn wrong(faults: Vec<String>) -> Self {
        Self { kind: Kind::Wrong(faults), source: None }
    }

    pub(crate) fn setting(name: &str, value: &str, fault: &str) -> Self {
        Self::wrong(vec![format!("{name}=`{value}`: {fault}")])
    }

    pub(crate) const fn lost(key: String) -> Self {
        Self { kind: Kind::Lost(key), source: None }
    }

    pub(crate) const fn closed() -> Self {
        Self { kind: Kind::Closed, source: None }
    }

    pub(crate) fn not_leading(job: &str, key: &str, leader: Option<&Leader>) -> Self {
        let leader = leader.map_or_else(
            || "of which no leader is known".into(),
            |leader| format!("which `{}` leads (pid {})", leader.node, leader.pid),
        );
        let what = format!("`{job}` runs on the leader of `{key}`, {leader}; trigger it there");
        Self { kind: Kind::NotLeading(what), source: None }
    }

    pub(crate) fn busy(job: &str) -> Self {
        Self { kind: Kind::Busy(job.to_owned()), source: None }
    }

    pub(crate) const fn not_started() -> Self {
        Self { kind: Kind::NotStarted, source: None }
    }

    pub(crate) const fn no_answer(fault: String) -> Self {
        Self { kind: Kind::NoAnswer(fault), source: None }
    }

    pub(crate) fn thread(what: &str, cause: std::io::Error) -> Self {
        Self::machine(format!("the machine gives no thread for {what}"), cause)
    }

    pub(crate) fn signals(cause: std::io::Error) -> Self {
        Self::machine("signals cannot be listened to", cause)
    }

    pub(crate) fn client(cause: reqwest::Error) -> Self {
        Self::machine("the HTTP client cannot be made", cause)
    }

    #[cfg(feature = "health")]
    pub(crate) fn endpoint(address: std::net::SocketAddr, cause: std::io::Error) -> Self {
        Self::machine(
            format!(
                "the health endpoint cannot listen on {address}; set LEADER_HEALTH to an address of \
                 this machine and a port that is free"
            ),
            cause,
        )
    }

    pub(crate) fn lock_directory(directory: &Path, cause: std::io::Error) -> Self {
        let directory = directory.display();
        Self::machine(
            format!(
                "the lock directory {directory} cannot be made; set LEADER_LOCK=local:DIR to one \
                 that this user may write"
            ),
            cause,
        )
    }

    #[cfg(feature = "tokio_cron_scheduler")]
    pub(crate) fn scheduler(job: &str, cause: tokio_cron_scheduler::JobSchedulerError) -> Self {
        Self::machine(
            format!(
                "the JobScheduler does not take the job `{job}`; make a new one, and add jobs one \
                 after the other: many at once can stop it for good"
            ),
            cause,
        )
    }

    pub(crate) fn driver() -> Self {
        let kind = Kind::Machine(
            "the lock manager's thread has panicked, so that nothing is led any more; restart the \
             process, and report its message on stderr as a bug"
                .into(),
        );
        Self { kind, source: None }
    }

    fn machine(
        what: impl Into<String>,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self { kind: Kind::Machine(what.into()), source: Some(source.into()) }
    }

    /// Whether a setting, or a job, is wrong: it helps to change that, and not to try again.
    #[must_use]
    pub const fn is_wrong_settings(&self) -> bool {
        matches!(self.kind, Kind::Wrong(_))
    }

    /// Whether leadership ended before the work under it did: it may be tried again when this
    /// process leads again.
    #[must_use]
    pub const fn is_lost(&self) -> bool {
        matches!(self.kind, Kind::Lost(_))
    }

    /// Whether the lock manager was shut down: this process will not lead again.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self.kind, Kind::Closed)
    }

    /// Whether another node leads, or nobody: it may be asked of the leader.
    #[must_use]
    pub const fn is_not_leading(&self) -> bool {
        matches!(self.kind, Kind::NotLeading(_))
    }

    /// Whether a run of the job goes on already.
    #[must_use]
    pub const fn is_busy(&self) -> bool {
        matches!(self.kind, Kind::Busy(_))
    }

    /// Whether the runtime has not started: what was asked can be asked once its `run` goes on.
    #[must_use]
    pub const fn is_not_started(&self) -> bool {
        matches!(self.kind, Kind::NotStarted)
    }

    /// Whether the lock service did not answer in time, or refused: it may be tried again. Whether a
    /// write was done is not known then.
    #[must_use]
    pub const fn is_no_answer(&self) -> bool {
        matches!(self.kind, Kind::NoAnswer(_))
    }

    /// What is wrong, fault by fault.
    #[cfg(any(test, feature = "cli"))]
    pub(crate) fn into_faults(self) -> Vec<String> {
        match self.kind {
            Kind::Wrong(faults) => faults,
            _ => vec![self.to_string()],
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Wrong(faults) => match faults.as_slice() {
                [fault] => f.write_str(fault),
                faults => {
                    write!(f, "{} faults", faults.len())?;
                    faults.iter().try_for_each(|fault| write!(f, "\n  - {fault}"))
                }
            },
            Kind::Machine(what) | Kind::NotLeading(what) => f.write_str(what),
            Kind::Busy(job) => {
                write!(f, "a run of `{job}` goes on, and its `overlap` is `skip`; wait for its end")
            }
            Kind::Lost(key) => {
                write!(f, "leadership of `{key}` ended before the work under it did")
            }
            Kind::NotStarted => f.write_str("the runtime has not started; call its `run` first"),
            Kind::NoAnswer(fault) => write!(f, "the lock service: {fault}"),
            Kind::Closed => f.write_str("the lock manager was shut down; nothing is led any more"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut source = self.source();
        while let Some(cause) = source {
            write!(f, "\n  caused by: {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
