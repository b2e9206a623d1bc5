//! The history that a node writes of its leadership and its runs: the lines of a file, which outlive
//! the process, each with a clock that all processes of a machine share.

mod checker;
mod instants;
mod leadership;
#[cfg(test)]
mod planted;

use std::fmt::{self, Display};
use std::fs::{self, File};
use std::io::Write as _;
use std::ops::{Add, Sub};
use std::path::Path;
use std::str::FromStr;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

pub use checker::{ALLOWANCE, History, Record, Term, due};
pub use instants::{Begun, Interrupted};
pub use leadership::Leadership;

/// Where a node writes it, in its own directory.
pub const FILE: &str = "history";

/// An instant on the clock of the machine, in nanoseconds since its start.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(u64);

/// From when until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its beginning.
    pub from: Moment,
    /// Its end.
    pub until: Moment,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When it was so, by a clock that was read while it was.
    pub at: Moment,
    /// The event.
    pub what: What,
}

/// An event of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It stands for its keys from now on.
    Stands,
    /// It leads a key from now on, in a new term or in an old one again.
    Gains(Lead),
    /// It has found that it leads the key no longer; frozen meanwhile, long after that was so.
    Loses(Lead),
    /// A run begins.
    Starts(Run),
    /// The run goes on.
    Works(Run),
    /// The run has done all its work.
    Finishes(Run),
    /// The run has ended, or was dropped.
    Ends(Run),
    /// It has let go of everything.
    Leaves,
}

/// A key that is led, and the fence of that term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lead {
    /// The key.
    pub key: String,
    /// The fence.
    pub fence: u64,
}

/// One run of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The key and the fence.
    pub lead: Lead,
    /// The job's name.
    pub job: String,
    /// Number of the run in its process; for a job with a record, its due instant in milliseconds
    /// since the Unix epoch.
    pub number: u64,
}

impl Moment {
    /// Before everything.
    pub const START: Self = Self(0);
    /// After everything.
    pub const NEVER: Self = Self(u64::MAX);

    /// Now.
    pub fn now() -> Self {
        let now = clock_gettime(ClockId::Boottime);
        Self(now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64)
    }

    /// How long ago that was.
    pub fn elapsed(self) -> Duration {
        Self::now() - self
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, length: Duration) -> Self {
        Self(self.0.saturating_add(length.as_nanos() as u64))
    }
}

/// Converts from a clock that does not count suspend.
impl From<Instant> for Moment {
    fn from(instant: Instant) -> Self {
        let ago = instant.elapsed();
        Self(Self::now().0.saturating_sub(ago.as_nanos() as u64))
    }
}

/// Zero where the other is later.
impl Sub for Moment {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NEVER => f.write_str("never"),
            Self(nanos) => write!(f, "{:.4}s", Duration::from_nanos(nanos).as_secs_f64()),
        }
    }
}

/// Writes a history.
#[derive(Debug)]
pub struct Recorder(File);

impl Recorder {
    /// In this directory.
    ///
    /// # Panics
    ///
    /// When the file cannot be made.
    pub fn create(dir: &Path) -> Self {
        let path = dir.join(FILE);
        let file = File::options().create_new(true).append(true).open(&path);
        Self(file.unwrap_or_else(|fault| panic!("{}: {fault}", path.display())))
    }

    /// Writes that this is so now.
    ///
    /// # Panics
    ///
    /// When the line cannot be written.
    pub fn record(&self, what: What) {
        let line = format!("{}\n", Event { at: Moment::now(), what });
        // in one piece, so that the lines of several threads do not mix
        if let Err(fault) = (&self.0).write_all(line.as_bytes()) {
            panic!("the history cannot be written: {fault}");
        }
    }
}

/// Reads the history that a node has written in its directory so far.
#[track_caller]
pub(crate) fn read(dir: &Path) -> Vec<Event> {
    let path = dir.join(FILE);
    let text =
        fs::read_to_string(&path).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
    // a line that is being written has no end yet
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let parsed = |line: &str| {
        line.parse().unwrap_or_else(|()| panic!("{}: `{line}` is no event", path.display()))
    };
    let mut events: Vec<Event> = whole.lines().map(parsed).collect();
    // two threads may have read the clock in one order and written in the other
    events.sort_by_key(|event| event.at);
    events
}

impl Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.at.0)?;
        match &self.what {
            What::Stands => f.write_str("stands"),
            What::Gains(lead) => write!(f, "gains {lead}"),
            What::Loses(lead) => write!(f, "loses {lead}"),
            What::Starts(run) => write!(f, "starts {run}"),
            What::Works(run) => write!(f, "works {run}"),
            What::Finishes(run) => write!(f, "finishes {run}"),
            What::Ends(run) => write!(f, "ends {run}"),
            What::Leaves => f.write_str("leaves"),
        }
    }
}

impl Display for Lead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.key, self.fence)
    }
}

impl Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.lead, self.job, self.number)
    }
}

impl FromStr for Event {
    type Err = ();

    fn from_str(line: &str) -> Result<Self, ()> {
        let words: Vec<&str> = line.split(' ').collect();
        let [at, verb, rest @ ..] = words.as_slice() else { return Err(()) };
        let number = |word: &str| word.parse::<u64>().map_err(drop);
        let lead = |key: &str, fence: &str| Ok(Lead { key: key.to_owned(), fence: number(fence)? });
        let what = match *rest {
            [] if *verb == "stands" => What::Stands,
            [] if *verb == "leaves" => What::Leaves,
            [key, fence] => {
                let lead = lead(key, fence)?;
                match *verb {
                    "gains" => What::Gains(lead),
                    "loses" => What::Loses(lead),
                    _ => return Err(()),
                }
            }
            [key, fence, job, run] => {
                let (lead, job) = (lead(key, fence)?, job.to_owned());
                let run = Run { lead, job, number: number(run)? };
                match *verb {
                    "starts" => What::Starts(run),
                    "works" => What::Works(run),
                    "finishes" => What::Finishes(run),
                    "ends" => What::Ends(run),
                    _ => return Err(()),
                }
            }
            _ => return Err(()),
        };
        Ok(Self { at: Moment(number(at)?), what })
    }
}

impl What {
    /// The lead that is believed in at that moment, where this shows that one is.
    pub fn believed(&self) -> Option<&Lead> {
        match self {
            Self::Gains(lead) => Some(lead),
            Self::Starts(run) | Self::Works(run) | Self::Finishes(run) => Some(&run.lead),
            Self::Stands | Self::Loses(_) | Self::Ends(_) | Self::Leaves => None,
        }
    }
}
