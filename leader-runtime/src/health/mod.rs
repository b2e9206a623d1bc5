//! Whether a runtime does its work, and could lead: a value for people, probes and the service manager.

#[cfg(feature = "prometheus")]
mod scrape;
#[cfg(feature = "health")]
mod server;
mod vitals;

use std::fmt;

#[cfg(feature = "prometheus")]
pub(crate) use self::scrape::Scrape;
#[cfg(feature = "health")]
pub(crate) use self::server::serve;
pub(crate) use self::vitals::Vitals;

/// How a runtime is, at one moment.
///
/// Its `Display` is what `/livez` and `/readyz` answer with: a word, what is wrong, and a line for each
/// key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// Whether it does its work. Where not, nothing helps but to start the process again: it has
    /// ended; it leads more than 250 ms past its deadline; or the task that begins runs, or the lock
    /// manager's thread, has not run for 30 s. How rarely a job is due makes no difference.
    pub live: bool,
    /// Whether it leads, or another that ended now could be followed by it: it is live, and the lock
    /// service has answered within the lease. Not before its first answer, and not when it is told
    /// to stop.
    pub ready: bool,
    /// Why it is not live, or not ready.
    pub faults: Vec<String>,
    /// Every key that it stands for, in the order in which they became known.
    pub keys: Vec<KeyHealth>,
}

/// How a runtime stands with one key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyHealth {
    /// The key, with the prefix of the settings.
    pub key: String,
    /// Whether it leads it.
    pub is_leading: bool,
    /// Whether nobody has told its work to stop, though its deadline has been past for more than
    /// 250 ms: its process, or the thread that would do that, is frozen.
    pub is_past_deadline: bool,
}

impl Health {
    /// So many of its keys it leads.
    #[must_use]
    pub fn leads(&self) -> usize {
        self.keys.iter().filter(|key| key.is_leading).count()
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}",
            match (self.live, self.ready) {
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

#[cfg(test)]
mod tests;
