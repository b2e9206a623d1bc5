//! Conflicts: options that do not go together.

use std::time::Duration;

use super::Options;
use super::jitter::Jitter;
use crate::policy::{Missed, Overlap};
use crate::seed::Seed;
use crate::span;

/// Two options that do not go together, reported at one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Option to be changed or removed; `None` where an option is missing.
    pub option: Option<&'static str>,
    /// Option that it does not go with, if there is one.
    pub other: Option<&'static str>,
    /// The fault and the remedy.
    pub text: String,
}

/// Whether an option stays where a schedule of another kind replaces that of the job.
pub(super) fn outlives(option: &str, text: &str, old: &str, new: &str) -> bool {
    // as the wait between starts it needs no `retries`; otherwise it would
    let is_of_the_old = option == "backoff" && old == "while_leading" && new != old;
    // a hashed offset shifts the grid of `every` alone
    let is_place = option == "jitter" && text == "hash" && new != "every";
    let mut reasons = Options::TABLE.iter().filter(|spec| spec.name == option);
    let is_incompatible = reasons.any(|spec| spec.not_with.iter().any(|(kind, _)| *kind == new));
    !(Options::SCHEDULES.contains(&option) || is_of_the_old || is_place || is_incompatible)
}

/// Every conflict, in the order of the table.
pub(super) fn of(options: &Options, seed: Option<Seed>) -> Vec<Conflict> {
    let mut conflicts = Conflicts { options, found: Vec::new() };
    conflicts.of_the_schedule();
    conflicts.of_the_grid();
    conflicts.of_the_calendar(seed);
    conflicts.of_the_policies();
    conflicts.found
}

struct Conflicts<'a> {
    options: &'a Options,
    found: Vec<Conflict>,
}

impl Conflicts<'_> {
    fn at(&mut self, option: &'static str, other: &'static str, text: impl Into<String>) {
        self.found.push(Conflict { option: Some(option), other: Some(other), text: text.into() });
    }

    /// Adds a conflict for each of `options` that is given beside `other`, which reads `shown`, for
    /// the reason `why`.
    fn not_with(
        &mut self,
        options: &[&'static str],
        (other, shown): (&'static str, &str),
        why: &str,
    ) {
        for option in options.iter().filter(|option| self.options.is_given(option)) {
            let text = format!("`{option}` does not go with `{shown}`, {why}; remove it");
            self.at(option, other, text);
        }
    }

    fn of_the_schedule(&mut self) {
        let given: Vec<_> =
            Options::SCHEDULES.into_iter().filter(|kind| self.options.is_given(kind)).collect();
        let [first, others @ ..] = given.as_slice() else {
            let text = "a job needs a schedule: `every = \"3s\"`, `cron = \"0 9 * * *\"`, \
                        `after = \"10s\"` or `while_leading`";
            self.found.push(Conflict { option: None, other: None, text: text.into() });
            return;
        };
        for other in others {
            let text = format!("`{other}` beside `{first}`: a job has one schedule; keep one");
            self.at(other, first, text);
        }
        if !others.is_empty() {
            return;
        }
        for spec in Options::TABLE {
            for (kind, why) in spec.not_with.iter().filter(|(kind, _)| kind == first) {
                self.not_with(&[spec.name], (kind, kind), why);
            }
        }
    }

    fn of_the_grid(&mut self) {
        if self.options.jitter == Some(Jitter::Hash) {
            return self.of_the_place();
        }
        let Some(every) = self.options.every else { return };
        if let Some(offset) = self.options.offset
            && let Err(fault) = every.with_offset(offset)
        {
            self.at("offset", "every", fault.to_string());
        }
        let interval = every.interval();
        let jitter = self.options.random_jitter();
        if !jitter.is_zero() && jitter >= interval {
            let (jitter, interval) = (span::print(jitter), span::print(interval));
            self.at(
                "jitter",
                "every",
                format!(
                    "a jitter of {jitter} is not less than the interval of `every`; use less than \
                     {interval}"
                ),
            );
        }
    }

    /// Conflicts of `jitter = "hash"`, which shifts the grid of `every`.
    fn of_the_place(&mut self) {
        let options = self.options;
        if options.is_given("cron") {
            self.at(
                "jitter",
                "cron",
                "`jitter = \"hash\"` is a place in the interval of `every`; in a cron write `H` for \
                 a value of the job's own, such as `H 3 * * *`",
            );
        }
        if options.is_given("after") {
            self.at(
                "jitter",
                "after",
                "`jitter = \"hash\"` does not go with `after`, which has no grid to have a place in, \
                 as `every` has; remove it",
            );
        }
        // with `0s` settings take back the `offset` of an attribute
        let is_shifted = options.is_given("offset") && options.offset != Some(Duration::ZERO);
        if options.is_given("every") && is_shifted {
            self.at(
                "offset",
                "jitter",
                "`offset` does not go with `jitter = \"hash\"`, which shifts the grid by itself; \
                 keep one",
            );
        }
    }

    /// Conflicts of a cron that `except` or its zone leaves no due instant.
    fn of_the_calendar(&mut self, seed: Option<Seed>) {
        let Some(expression) = &self.options.cron else { return };
        // without a seed the value of an `H` is not known: the start checks it
        let cron = match seed {
            None => expression.for_every_job(),
            Some(seed) => match expression.for_job(seed) {
                Ok(cron) => Some(cron),
                Err(fault) => {
                    let text = format!("with the values that `H` has in this job: {fault}");
                    return self.found.push(Conflict { option: Some("cron"), other: None, text });
                }
            },
        };
        let Some(cron) = cron else { return };
        let zone = self.options.tz.unwrap_or_default();
        match cron.in_zone(zone).with_except(self.options.except.clone().unwrap_or_default()) {
            Err(fault) => self.at("except", "cron", fault.to_string()),
            Ok(cron) if !cron.is_ever_due() => {
                let text = format!(
                    "cron `{}` never fires: {zone} leaves out each of its times when the clock is \
                     set ahead, and a second, minute or hour that begins with `*` follows real \
                     time; write them in numbers, which are made up for, or another hour",
                    expression.text()
                );
                self.at("tz", "cron", text);
            }
            Ok(_) => {}
        }
    }

    fn of_the_policies(&mut self) {
        let options = self.options;
        if options.overlap == Some(Overlap::Allow) {
            if let Some(missed) = options.missed.filter(|missed| *missed != Missed::Skip) {
                self.at(
                    "missed",
                    "overlap",
                    format!(
                        "`missed = \"{missed}\"` does not go with `overlap = \"allow\"`, since \
                         missed runs come one at a time; write `missed = \"skip\"`, or another \
                         `overlap`"
                    ),
                );
            }
            self.not_with(
                &["interrupted"],
                ("overlap", "overlap = \"allow\""),
                "since no one run is the last that was begun",
            );
        }
        self.of_the_window();
        let retries = options.is_given("retries").then_some(options.retries);
        if options.is_given("backoff") && !options.is_given("while_leading") {
            match retries {
                None => self.found.push(Conflict {
                    option: Some("backoff"),
                    other: None,
                    text: "`backoff` is the wait before a retry, and there are none; write \
                           `retries = 3` beside it, or remove it"
                        .into(),
                }),
                Some(Some(0)) => self.at(
                    "retries",
                    "backoff",
                    "`retries = 0` with a `backoff` means nothing; write how many retries there \
                     are, or remove both",
                ),
                Some(_) => {}
            }
        }
    }

    /// Conflicts of `missed_within` with a `missed` that does not look back, written or by default.
    fn of_the_window(&mut self) {
        let options = self.options;
        if !options.is_given("missed_within") {
            return;
        }
        if options.missed == Some(Missed::Skip) {
            return self.at(
                "missed_within",
                "missed",
                "`missed_within` says how far back `missed` looks, and `missed = \"skip\"` does \
                 not look; remove one of them",
            );
        }
        if options.is_given("missed") {
            return;
        }
        if options.overlap == Some(Overlap::Allow) {
            return self.not_with(
                &["missed_within"],
                ("overlap", "overlap = \"allow\""),
                "which makes up for nothing that was missed",
            );
        }
        let kind = match (&options.every, &options.cron) {
            (Some(_), _) => "every",
            (None, Some(_)) => "cron",
            (None, None) => return,
        };
        if options.record_policy().is_none_or(|kept| kept.missed == Missed::Skip) {
            self.at(
                "missed_within",
                kind,
                "`missed_within` says how far back `missed` looks, which unless told otherwise it \
                 does only where a minute or more lies between due instants; write \
                 `missed = \"once\"` beside it, or remove it",
            );
        }
    }
}
