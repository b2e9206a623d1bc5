//! The health of a runtime, for people, probes and the service manager.

use std::fmt;

use serde::Serialize;

/// The health of a runtime at one moment.
///
/// `Display` formats the answer of `/livez` and `/readyz`: a summary, the faults, and a line for each
/// key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Health {
    /// Whether the runtime works. If not, only a restart of the process helps: the runtime has ended;
    /// it leads more than 250 ms past its deadline; or the task that begins runs, or the lock
    /// manager's thread, has not run for 30 s. Rarely due jobs make no difference.
    pub is_live: bool,
    /// Whether this node leads or could take over now: it is live, and the lock service has answered
    /// within the lease. `false` before the first answer, and during shutdown.
    pub is_ready: bool,
    /// The reasons for not being live or ready.
    pub faults: Vec<String>,
    /// Every key of the runtime, in the order in which they became known.
    pub keys: Vec<KeyHealth>,
}

/// The state of a runtime for one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct KeyHealth {
    /// The key, with the prefix of the settings.
    pub key: String,
    /// Whether this process leads the key.
    pub is_leading: bool,
    /// Whether work goes on more than 250 ms past the deadline: the process, or the thread that would
    /// stop the work, is frozen.
    pub is_past_deadline: bool,
}

impl Health {
    /// Number of keys that this process leads.
    #[must_use]
    pub fn leading_count(&self) -> usize {
        self.keys.iter().filter(|key| key.is_leading).count()
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}",
            match (self.is_live, self.is_ready) {
                (true, true) => "live and ready",
                (true, false) => "live, not ready",
                (false, _) => "not live",
            }
        )?;
        self.faults.iter().try_for_each(|fault| writeln!(f, "{fault}"))?;
        self.keys.iter().try_for_each(|key| writeln!(f, "{key}"))
    }
}

impl fmt::Display for KeyHealth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let standing = match (self.is_past_deadline, self.is_leading) {
            (true, _) => "leads past its deadline",
            (false, true) => "leads",
            (false, false) => "stands by",
        };
        write!(f, "{}: {standing}", self.key)
    }
}
