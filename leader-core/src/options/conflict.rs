//! Which options go with which.

use super::Options;
use crate::policy::{Missed, Overlap};
use crate::span;

/// Two options that do not go together, told at one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The one that is to be changed or removed; `None` where one is missing.
    pub option: Option<&'static str>,
    /// What is wrong, and the remedy.
    pub text: String,
}

/// All that does not go together, in the order of the table.
pub(super) fn of(options: &Options) -> Vec<Conflict> {
    let mut conflicts = Conflicts { options, found: Vec::new() };
    conflicts.of_the_schedule();
    conflicts.of_the_grid();
    conflicts.of_the_policies();
    conflicts.found
}

struct Conflicts<'a> {
    options: &'a Options,
    found: Vec<Conflict>,
}

impl Conflicts<'_> {
    fn at(&mut self, option: &'static str, text: impl Into<String>) {
        self.found.push(Conflict { option: Some(option), text: text.into() });
    }

    /// Each of `options` that is given, with the reason why it does not go with `other`.
    fn not_with(&mut self, options: &[&'static str], other: &str, why: &str) {
        for option in options.iter().filter(|option| self.options.is_given(option)) {
            self.at(option, format!("`{option}` does not go with `{other}`, {why}; remove it"));
        }
    }

    fn of_the_schedule(&mut self) {
        let given: Vec<_> =
            Options::SCHEDULES.into_iter().filter(|kind| self.options.is_given(kind)).collect();
        let [first, others @ ..] = given.as_slice() else {
            let text = "a job needs a schedule: `every = \"3s\"` or `cron = \"0 9 * * *\"`";
            self.found.push(Conflict { option: None, text: text.into() });
            return;
        };
        for other in others {
            self.at(other, format!("`{other}` beside `{first}`: a job has one schedule; keep one"));
        }
        if !others.is_empty() {
            return;
        }
        match *first {
            "while_leading" => self.not_with(
                &[
                    "tz",
                    "offset",
                    "jitter",
                    "on_elected",
                    "overlap",
                    "missed",
                    "missed_within",
                    "interrupted",
                    "retries",
                    "standby",
                ],
                "while_leading",
                "which has no due instants and runs as long as this node leads",
            ),
            "after" => {
                self.not_with(&["on_elected"], "after", "which runs when a term begins anyway");
                self.not_with(
                    &["missed", "missed_within"],
                    "after",
                    "which counts from the run before and misses nothing",
                );
                self.grid_alone("after");
            }
            other => self.grid_alone(other),
        }
    }

    /// What belongs to one kind of schedule alone.
    fn grid_alone(&mut self, schedule: &str) {
        if schedule != "cron" {
            self.not_with(&["tz"], schedule, "which goes by no wall clock, as `cron` does");
        }
        if schedule != "every" {
            self.not_with(&["offset"], schedule, "which has no grid to shift, as `every` has");
        }
    }

    fn of_the_grid(&mut self) {
        let Some(every) = self.options.every else { return };
        if let Some(offset) = self.options.offset
            && let Err(fault) = every.with_offset(offset)
        {
            self.at("offset", fault.to_string());
        }
        let interval = every.interval();
        if let Some(jitter) = self.options.jitter.filter(|jitter| *jitter >= interval) {
            let (jitter, interval) = (span::print(jitter), span::print(interval));
            self.at(
                "jitter",
                format!(
                    "a jitter of {jitter} is not less than the interval of `every`; use less than \
                     {interval}"
                ),
            );
        }
    }

    fn of_the_policies(&mut self) {
        let options = self.options;
        if options.overlap == Some(Overlap::Allow) {
            if let Some(missed) = options.missed.filter(|missed| *missed != Missed::Skip) {
                self.at(
                    "missed",
                    format!(
                        "`missed = \"{missed}\"` does not go with `overlap = \"allow\"`, since \
                         missed runs come one at a time; write `missed = \"skip\"`, or another \
                         `overlap`"
                    ),
                );
            }
            self.not_with(
                &["interrupted"],
                "overlap = \"allow\"",
                "since no one run is the last that was begun",
            );
        }
        if options.missed == Some(Missed::Skip) && options.is_given("missed_within") {
            self.at(
                "missed_within",
                "`missed_within` says how far back `missed` looks, and `missed = \"skip\"` does \
                 not look; remove one of them",
            );
        }
        let retries = options.is_given("retries").then_some(options.retries);
        if options.is_given("backoff") && !options.is_given("while_leading") {
            match retries {
                None => self.at(
                    "backoff",
                    "`backoff` is the wait before a retry, and there are none; write `retries = \
                     3` beside it, or remove it",
                ),
                Some(Some(0)) => self.at(
                    "retries",
                    "`retries = 0` with a `backoff` means nothing; write how many retries there \
                     are, or remove both",
                ),
                Some(_) => {}
            }
        }
    }
}
