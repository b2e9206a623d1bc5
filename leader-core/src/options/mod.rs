//! Options of a job, which its attribute gives and its settings override.
//!
//! `table` has one entry for each option; `value` reads and prints the values; `conflict` finds the
//! options that do not go together.

mod conflict;
mod jitter;
mod table;
mod value;

use std::time::Duration;

pub use self::conflict::Conflict;
use self::jitter::Jitter;
pub use self::table::{OptionSpec, Options, ValueKind};
use crate::policy::{Interrupted, Missed, Overlap};
use crate::record::RecordPolicy;
use crate::schedule::{Expression, Schedule};
use crate::seed::Seed;

const MINUTE: Duration = Duration::from_secs(60);

impl Options {
    /// Kinds of schedule. A job has exactly one of these options.
    pub const SCHEDULES: [&'static str; 4] = ["every", "cron", "after", "while_leading"];

    /// Counts an option as given whose value the core does not read: a constant, a path.
    pub fn give(&mut self, option: &str) {
        let known = Self::TABLE.iter().map(|spec| spec.name);
        self.given.extend(known.filter(|name| *name == option));
    }

    /// Whether the option was given, faulty or not.
    #[must_use]
    pub fn is_given(&self, option: &str) -> bool {
        self.given.contains(option)
    }

    /// The schedule of the job of this seed; `None` if no schedule was read, if its options do not go
    /// together, or if it has a hashed value and the seed is not known.
    #[must_use]
    pub fn schedule(&self, seed: Option<Seed>) -> Option<Schedule> {
        if let Some(every) = self.every {
            return Some(Schedule::Every(match self.jitter {
                Some(Jitter::Hash) => every.hashed(seed?),
                _ => every.with_offset(self.offset.unwrap_or_default()).ok()?,
            }));
        }
        if let Some(cron) = &self.cron {
            let cron = seed.map_or_else(|| cron.for_every_job(), |seed| cron.for_job(seed).ok())?;
            let cron = cron.in_zone(self.tz.unwrap_or_default());
            return Some(Schedule::Cron(
                cron.with_except(self.except.clone().unwrap_or_default()).ok()?,
            ));
        }
        if let Some(after) = self.after {
            return Some(Schedule::After(after));
        }
        (self.while_leading == Some(true)).then_some(Schedule::WhileLeading)
    }

    /// Whether the schedule has a hashed value: an `H` in `cron`, or `jitter = "hash"`.
    #[must_use]
    pub fn has_hash(&self) -> bool {
        self.cron.as_ref().is_some_and(Expression::has_hash) || self.jitter == Some(Jitter::Hash)
    }

    /// The longer of `offset` and `jitter`, each of which must be less than the interval of `every`; for
    /// an interval that is a constant and not known here.
    #[must_use]
    pub fn longest_shift(&self) -> Duration {
        self.offset.unwrap_or_default().max(self.random_jitter())
    }

    /// Maximum random delay of a run.
    fn random_jitter(&self) -> Duration {
        self.jitter.map_or(Duration::ZERO, Jitter::longest)
    }

    /// Whether the job runs at all; true by default.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.enabled.unwrap_or(true)
    }

    /// Policy of the job's record; `None` for a job without a record.
    #[must_use]
    pub fn record_policy(&self) -> Option<RecordPolicy> {
        let is_rare = match (self.every, &self.cron) {
            (Some(every), _) => every.interval() >= MINUTE,
            (None, Some(cron)) => cron.is_at_most_minutely(),
            (None, None) => return None,
        };
        let missed = self.missed.unwrap_or_else(|| self.missed_by_default(is_rare));
        let interrupted = self.interrupted.unwrap_or_default();
        if (missed, interrupted) == (Missed::Skip, Interrupted::Skip) {
            return None;
        }
        Some(RecordPolicy { missed, within: self.missed_within, interrupted })
    }

    /// Default of `missed`: `once` for a job whose due instants always lie a minute or more apart.
    fn missed_by_default(&self, is_rare: bool) -> Missed {
        let is_alone = self.overlap != Some(Overlap::Allow);
        if is_alone && is_rare { Missed::Once } else { Missed::Skip }
    }

    /// Timeout and interval of a job whose timeout is longer than its interval, so that a long attempt
    /// causes the next run to be skipped.
    #[must_use]
    pub fn overrun(&self) -> Option<(Duration, Duration)> {
        let (timeout, interval) = (self.timeout?, self.every?.interval());
        let skips = self.overlap.unwrap_or_default() == Overlap::Skip;
        (skips && timeout > interval).then_some((timeout, interval))
    }

    /// Whether an option of a job with a schedule of the `old` kind stays where settings give the job
    /// a schedule of the `new` kind: the zone of a cron stays for another cron, and not for `every`.
    /// The old schedule itself does not stay.
    #[must_use]
    pub fn outlives((option, text): (&str, &str), old: &str, new: &str) -> bool {
        conflict::outlives(option, text, old, new)
    }

    /// Conflicts among the options of the job of this seed, in the order of the table.
    #[must_use]
    pub fn conflicts(&self, seed: Option<Seed>) -> Vec<Conflict> {
        conflict::of(self, seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record_policy(options: &[(&str, &str)]) -> Option<RecordPolicy> {
        let mut read = Options::default();
        for (option, text) in options {
            read.set(option, text).unwrap();
        }
        read.record_policy()
    }

    #[test]
    fn what_is_rare_is_caught_up_once() {
        let interrupted = Interrupted::Skip;
        let once = Some(RecordPolicy { missed: Missed::Once, within: None, interrupted });
        for (options, kept) in [
            ([("every", "59s")].as_slice(), None),
            (&[("every", "1m")], once),
            (&[("every", "1d")], once),
            (&[("cron", "* * * * *")], once),
            (&[("cron", "7 * * * * *")], once),
            (&[("cron", "7-7 0 9 * * *")], once),
            (&[("cron", "*/30 * * * * *")], None),
            (&[("cron", "H * * * * *")], once),
            // once in a minute for some jobs, and twice for others
            (&[("cron", "H(0-1),0 * * * * *")], None),
            // twice in a minute, and then not for a day
            (&[("cron", "0,30 0 9 * * *")], None),
            (&[("cron", "0-59/59 0 9 1 1 *")], None),
            (&[("cron", "*/30 8-17 * * MON-FRI")], once),
            (&[("every", "1h"), ("missed", "skip")], None),
            (&[("every", "1h"), ("overlap", "allow")], None),
            (&[("after", "1h")], None),
            (&[("while_leading", "true")], None),
        ] {
            assert_eq!(record_policy(options), kept, "{options:?}");
        }
    }

    #[test]
    fn what_is_said_is_kept() {
        let all = [("every", "1s"), ("missed", "all"), ("missed_within", "2m")];
        let within = Some(Duration::from_secs(120));
        let kept = RecordPolicy { missed: Missed::All, within, interrupted: Interrupted::Skip };
        assert_eq!(record_policy(&all), Some(kept));
        let rerun = [("every", "1s"), ("interrupted", "rerun")];
        let interrupted = Interrupted::Rerun;
        let kept = RecordPolicy { missed: Missed::Skip, within: None, interrupted };
        assert_eq!(record_policy(&rerun), Some(kept));
    }
}
