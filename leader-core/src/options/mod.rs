//! What a job's attribute may say and its settings may change, option by option; and which goes
//! with which.

mod conflict;

use std::collections::BTreeSet;
use std::time::Duration;

pub use self::conflict::Conflict;
use crate::error::Error;
use crate::nearest::nearest;
use crate::policy::{Backoff, Interrupted, Missed, OnLoss, Overlap, Policies};
use crate::record::Keeping;
use crate::schedule::{After, Cron, Every, Schedule, Zone};
use crate::span;

/// The options of a job that are read from texts, each `None` or off where it is not given.
///
/// The attribute and the settings set them one by one with [`Options::set`], and ask for
/// [`Options::conflicts`] when all are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    every: Option<Every>,
    cron: Option<Cron>,
    after: Option<After>,
    while_leading: Option<bool>,
    tz: Option<Zone>,
    offset: Option<Duration>,
    jitter: Option<Duration>,
    on_elected: Option<bool>,
    timeout: Option<Duration>,
    overlap: Option<Overlap>,
    missed: Option<Missed>,
    missed_within: Option<Duration>,
    interrupted: Option<Interrupted>,
    retries: Option<u32>,
    backoff: Option<Backoff>,
    on_loss: Option<OnLoss>,
    drain: Option<Duration>,
    step_down_after: Option<u32>,
    enabled: Option<bool>,
    given: BTreeSet<&'static str>,
}

const DAY: Duration = Duration::from_secs(24 * 3600);
const MOMENT: Duration = Duration::from_millis(1);

impl Options {
    /// Those of which a job has exactly one.
    pub const SCHEDULES: [&'static str; 4] = ["every", "cron", "after", "while_leading"];

    /// All that [`Options::set`] knows.
    #[rustfmt::skip]
    pub const NAMES: [&'static str; 19] = [
        "every", "cron", "after", "while_leading", "tz", "offset", "jitter", "on_elected",
        "timeout", "overlap", "missed", "missed_within", "interrupted", "retries", "backoff",
        "on_loss", "drain", "step_down_after", "enabled",
    ];

    /// Reads one option. It counts as given also where its text is faulty.
    ///
    /// # Errors
    ///
    /// Where there is no such option, or its text is none of its values.
    pub fn set(&mut self, option: &str, text: &str) -> Result<(), Error> {
        self.give(option);
        match option {
            "every" => self.every = Some(text.parse()?),
            "cron" => self.cron = Some(text.parse()?),
            "after" => self.after = Some(text.parse()?),
            "while_leading" => self.while_leading = Some(flag(text)?),
            "tz" => self.tz = Some(text.parse()?),
            "offset" => self.offset = Some(bounded(option, text, Duration::ZERO, Every::MAX)?),
            "jitter" => self.jitter = Some(bounded(option, text, Duration::ZERO, Every::MAX)?),
            "on_elected" => self.on_elected = Some(truth(option, text)?),
            "timeout" => self.timeout = Some(bounded(option, text, MOMENT, Every::MAX)?),
            "overlap" => self.overlap = Some(text.parse()?),
            "missed" => self.missed = Some(text.parse()?),
            "missed_within" => {
                self.missed_within = Some(bounded(option, text, MOMENT, Every::MAX)?);
            }
            "interrupted" => self.interrupted = Some(text.parse()?),
            "retries" => self.retries = Some(count(option, text, 0)?),
            "backoff" => self.backoff = Some(text.parse()?),
            "on_loss" => self.on_loss = Some(text.parse()?),
            "drain" => self.drain = Some(bounded(option, text, Duration::ZERO, DAY)?),
            "step_down_after" => self.step_down_after = Some(count(option, text, 1)?),
            "enabled" => self.enabled = Some(truth(option, text)?),
            unknown => {
                let meant = nearest(unknown, Self::NAMES).unwrap_or("every");
                return Err(Error::new(format!(
                    "unknown option `{unknown}`; did you mean `{meant}`?"
                )));
            }
        }
        Ok(())
    }

    /// Counts an option as given whose value is not known here: a constant, a path.
    pub fn give(&mut self, option: &str) {
        let names = Self::NAMES.iter().chain(&["key", "standby"]);
        self.given.extend(names.filter(|name| **name == option));
    }

    /// Whether it was given, faulty or not.
    #[must_use]
    pub fn is_given(&self, option: &str) -> bool {
        self.given.contains(option)
    }

    /// Each option that was given, as it prints: what [`Options::set`] reads again.
    #[must_use]
    pub fn texts(&self) -> Vec<(&'static str, String)> {
        fn print<T: ToString>(value: Option<&T>) -> Option<String> {
            value.map(ToString::to_string)
        }
        let span = |span: Option<Duration>| span.map(span::print);
        [
            ("every", span(self.every.map(Every::interval))),
            ("cron", self.cron.as_ref().map(|cron| cron.text().to_owned())),
            ("after", print(self.after.as_ref())),
            ("while_leading", print(self.while_leading.as_ref())),
            ("tz", print(self.tz.as_ref())),
            ("offset", span(self.offset)),
            ("jitter", span(self.jitter)),
            ("on_elected", print(self.on_elected.as_ref())),
            ("timeout", span(self.timeout)),
            ("overlap", print(self.overlap.as_ref())),
            ("missed", print(self.missed.as_ref())),
            ("missed_within", span(self.missed_within)),
            ("interrupted", print(self.interrupted.as_ref())),
            ("retries", print(self.retries.as_ref())),
            ("backoff", print(self.backoff.as_ref())),
            ("on_loss", print(self.on_loss.as_ref())),
            ("drain", span(self.drain)),
            ("step_down_after", print(self.step_down_after.as_ref())),
            ("enabled", print(self.enabled.as_ref())),
        ]
        .into_iter()
        .filter_map(|(option, text)| Some((option, text?)))
        .collect()
    }

    /// The schedule; `None` where none was read, or its options do not go together.
    #[must_use]
    pub fn schedule(&self) -> Option<Schedule> {
        if let Some(every) = self.every {
            return Some(Schedule::Every(every.with_offset(self.offset.unwrap_or_default()).ok()?));
        }
        if let Some(cron) = &self.cron {
            return Some(Schedule::Cron(cron.clone().in_zone(self.tz.unwrap_or_default())));
        }
        if let Some(after) = self.after {
            return Some(Schedule::After(after));
        }
        (self.while_leading == Some(true)).then_some(Schedule::WhileLeading)
    }

    /// The longer of `offset` and `jitter`, both of which are less than the interval of `every`; for
    /// an interval that is a constant, which is not known here.
    #[must_use]
    pub fn longest_shift(&self) -> Duration {
        self.offset.unwrap_or_default().max(self.jitter.unwrap_or_default())
    }

    /// Whether the job runs at all: it does unless told otherwise.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.enabled.unwrap_or(true)
    }

    /// What its runs do.
    #[must_use]
    pub fn policies(&self) -> Policies {
        let default = Policies::default();
        Policies {
            jitter: self.jitter.unwrap_or(default.jitter),
            on_elected: self.on_elected.unwrap_or(default.on_elected),
            timeout: self.timeout,
            overlap: self.overlap.unwrap_or(default.overlap),
            retries: self.retries.unwrap_or(default.retries),
            backoff: self.backoff.unwrap_or(default.backoff),
            on_loss: self.on_loss.unwrap_or(default.on_loss),
            drain: self.drain.unwrap_or(default.drain),
            step_down_after: self.step_down_after,
        }
    }

    /// What is to be kept of its due instants; `None` where nothing is.
    #[must_use]
    pub fn keeping(&self) -> Option<Keeping> {
        let schedule = self.schedule()?;
        if matches!(schedule, Schedule::After(_) | Schedule::WhileLeading) {
            return None;
        }
        let missed = self.missed.unwrap_or_else(|| self.missed_by_default(&schedule));
        let interrupted = self.interrupted.unwrap_or_default();
        if (missed, interrupted) == (Missed::Skip, Interrupted::Skip) {
            return None;
        }
        Some(Keeping { missed, within: self.missed_within, interrupted })
    }

    /// A run a minute or less is worth a record of its own.
    fn missed_by_default(&self, schedule: &Schedule) -> Missed {
        let is_alone = self.overlap != Some(Overlap::Allow);
        if is_alone && schedule.is_rare() { Missed::Once } else { Missed::Skip }
    }

    /// Where the next run is skipped while one goes on that is not cut off before: how long an
    /// attempt may take, and the interval that it is longer than.
    #[must_use]
    pub fn overrun(&self) -> Option<(Duration, Duration)> {
        let (timeout, interval) = (self.timeout?, self.every?.interval());
        let skips = self.overlap.unwrap_or_default() == Overlap::Skip;
        (skips && timeout > interval).then_some((timeout, interval))
    }

    /// Whether an option that was written beside a schedule of the `old` kind stays where settings
    /// give the job one of the `new` kind: the zone of a cron beside another cron, and not beside
    /// `every`. The old schedule itself does not.
    #[must_use]
    pub fn outlives(option: &str, old: &str, new: &str) -> bool {
        conflict::outlives(option, old, new)
    }

    /// All that does not go together, in the order of the table.
    #[must_use]
    pub fn conflicts(&self) -> Vec<Conflict> {
        conflict::of(self)
    }
}

fn bounded(option: &str, text: &str, min: Duration, max: Duration) -> Result<Duration, Error> {
    let span = span::parse(text)?;
    if (min..=max).contains(&span) {
        return Ok(span);
    }
    let kind = if span < min { "short" } else { "long" };
    let [span, min, max] = [span, min, max].map(span::print);
    Err(Error::new(format!("{option} {span} is too {kind}; use {min} to {max}")))
}

fn truth(option: &str, text: &str) -> Result<bool, Error> {
    text.parse()
        .map_err(|_| Error::new(format!("{option} `{text}` is neither; use `true` or `false`")))
}

fn flag(text: &str) -> Result<bool, Error> {
    match text {
        "true" => Ok(true),
        _ => Err(Error::new(format!(
            "while_leading `{text}` is no schedule; use `true`, or give the job another, such as \
             `every = \"3s\"`"
        ))),
    }
}

/// More than this is surely not meant.
const MOST: u32 = 1000;

fn count(option: &str, text: &str, min: u32) -> Result<u32, Error> {
    let count = text.parse().ok().filter(|count| (min..=MOST).contains(count));
    count.ok_or_else(|| {
        Error::new(format!("{option} `{text}` cannot be; use a whole number from {min} to {MOST}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keeping(options: &[(&str, &str)]) -> Option<Keeping> {
        let mut read = Options::default();
        for (option, text) in options {
            read.set(option, text).unwrap();
        }
        read.keeping()
    }

    #[test]
    fn what_is_rare_is_caught_up_once() {
        let interrupted = Interrupted::Skip;
        let once = Some(Keeping { missed: Missed::Once, within: None, interrupted });
        for (options, kept) in [
            ([("every", "59s")].as_slice(), None),
            (&[("every", "1m")], once),
            (&[("every", "1d")], once),
            (&[("cron", "* * * * *")], once),
            (&[("cron", "7 * * * * *")], once),
            (&[("cron", "7-7 0 9 * * *")], once),
            (&[("cron", "*/30 * * * * *")], None),
            // twice in a minute, and then not for a day
            (&[("cron", "0,30 0 9 * * *")], None),
            (&[("cron", "0-59/59 0 9 1 1 *")], None),
            (&[("cron", "*/30 8-17 * * MON-FRI")], once),
            (&[("every", "1h"), ("missed", "skip")], None),
            (&[("every", "1h"), ("overlap", "allow")], None),
            (&[("after", "1h")], None),
            (&[("while_leading", "true")], None),
        ] {
            assert_eq!(keeping(options), kept, "{options:?}");
        }
    }

    #[test]
    fn what_is_said_is_kept() {
        let all = [("every", "1s"), ("missed", "all"), ("missed_within", "2m")];
        let within = Some(Duration::from_secs(120));
        let kept = Keeping { missed: Missed::All, within, interrupted: Interrupted::Skip };
        assert_eq!(keeping(&all), Some(kept));
        let rerun = [("every", "1s"), ("interrupted", "rerun")];
        let interrupted = Interrupted::Rerun;
        let kept = Keeping { missed: Missed::Skip, within: None, interrupted };
        assert_eq!(keeping(&rerun), Some(kept));
    }
}
