//! The one error of the runtime: the fault, its place, and the remedy.

use std::error::Error as StdError;
use std::fmt;
use std::path::Path;

use crate::model::Leader;
use crate::text::Excerpt;

/// The error of a start, of a [`Handle`](crate::Handle), a [`Lock`](crate::Lock) or a
/// [`Kv`](crate::Kv).
///
/// The predicates name the cases that a program can act on:
///
/// | predicate | remedy |
/// |---|---|
/// | [`is_configuration`](Error::is_configuration) | change the setting, the job or the name |
/// | [`is_unavailable`](Error::is_unavailable) | retry later |
/// | [`is_not_leading`](Error::is_not_leading) | send the request to the [`leader`](Error::leader) |
/// | [`is_leadership_lost`](Error::is_leadership_lost) | retry when this process leads again |
/// | [`is_busy`](Error::is_busy) | wait for the end of the run |
/// | [`is_not_started`](Error::is_not_started) | retry while `run` goes on |
/// | [`is_closed`](Error::is_closed) | none: the runtime is over |
///
/// Where none of them holds, the machine lacks something: a thread, a file, a port. `Debug`, which
/// `main` prints where it returns this, shows the message as `Display` does, and its causes.
///
/// # Examples
///
/// ```
/// use leader_runtime::Error;
///
/// /// The status of an HTTP answer, and where to send the request instead.
/// fn status(error: &Error) -> (u16, Option<&str>) {
///     match error {
///         error if error.is_not_leading() => (409, error.leader().map(|leader| &*leader.node)),
///         error if error.is_unavailable() => (503, None),
///         error if error.is_configuration() => (404, None),
///         _ => (500, None),
///     }
/// }
/// ```
pub struct Error {
    kind: Kind,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// A result with the [`Error`] of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

enum Kind {
    /// Faults of settings, jobs and names, each in a line.
    Wrong(Vec<String>),
    /// Something that the machine lacks.
    Machine(String),
    /// Leadership of this key ended before the work under it did.
    Lost(String),
    /// The lock manager has been shut down.
    Closed,
    /// This node does not lead the key of a job that is to run.
    NotLeading(Box<NotLeading>),
    /// A run goes on of the job of this name.
    Busy(String),
    /// The runtime does not run yet.
    NotStarted,
    /// The lock service did not answer a question.
    NoAnswer(String),
}

/// A job that was to run here, and runs elsewhere.
struct NotLeading {
    job: String,
    /// With the prefix of the settings.
    key: String,
    leader: Option<Leader>,
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

    pub(crate) fn not_leading(job: &str, key: String, leader: Option<Leader>) -> Self {
        let kind = Kind::NotLeading(Box::new(NotLeading { job: job.to_owned(), key, leader }));
        Self { kind, source: None }
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

    #[cfg(feature = "tokio-cron-scheduler")]
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

    /// Whether a setting, a job or a name is wrong: change it, a retry does not help.
    /// [`Error::faults`] has each fault.
    #[must_use]
    pub const fn is_configuration(&self) -> bool {
        matches!(self.kind, Kind::Wrong(_))
    }

    /// Whether leadership ended before the work under it did: retry when this process leads again.
    #[must_use]
    pub const fn is_leadership_lost(&self) -> bool {
        matches!(self.kind, Kind::Lost(_))
    }

    /// Whether the runtime or the lock manager was shut down: this process will not lead again.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self.kind, Kind::Closed)
    }

    /// Whether another node leads, or nobody: send the request to [`Error::leader`].
    #[must_use]
    pub const fn is_not_leading(&self) -> bool {
        matches!(self.kind, Kind::NotLeading(_))
    }

    /// Whether a run of the job goes on already.
    #[must_use]
    pub const fn is_busy(&self) -> bool {
        matches!(self.kind, Kind::Busy(_))
    }

    /// Whether the runtime has not started: retry while its `run` goes on.
    #[must_use]
    pub const fn is_not_started(&self) -> bool {
        matches!(self.kind, Kind::NotStarted)
    }

    /// Whether the lock service did not answer in time, or refused: retry later. Whether a write
    /// was done is unknown then.
    #[must_use]
    pub const fn is_unavailable(&self) -> bool {
        matches!(self.kind, Kind::NoAnswer(_))
    }

    /// Each fault of [`Error::is_configuration`], in one line: the place, the value, the allowed
    /// values, the remedy. Empty for all other errors.
    #[must_use]
    pub fn faults(&self) -> &[String] {
        match &self.kind {
            Kind::Wrong(faults) => faults,
            _ => &[],
        }
    }

    /// The leader in an error of [`Error::is_not_leading`]; `None` where nobody leads, where the lock
    /// service does not answer, and in all other errors.
    #[must_use]
    pub fn leader(&self) -> Option<&Leader> {
        match &self.kind {
            Kind::NotLeading(elsewhere) => elsewhere.leader.as_ref(),
            _ => None,
        }
    }

    /// The faults, each in one line; the message of any other error.
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
            Kind::Machine(what) => f.write_str(what),
            Kind::NotLeading(elsewhere) => elsewhere.fmt(f),
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

impl fmt::Display for NotLeading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { job, key, leader } = self;
        write!(f, "`{job}` runs on the leader of `{key}`, ")?;
        match leader {
            Some(Leader { node, pid, .. }) => {
                write!(f, "which `{}` leads (pid {pid})", Excerpt::name(node))?;
            }
            None => f.write_str("of which no leader is known")?,
        }
        f.write_str("; trigger it there")
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
