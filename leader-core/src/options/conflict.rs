//! Which options go with which.

use super::Options;
use crate::policy::{Missed, Overlap};
use crate::schedule::Schedule;
use crate::span;

/// Two options that do not go together, told at one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The one that is to be changed or removed; `None` where one is missing.
    pub option: Option<&'static str>,
    /// The one that it does not go with, where there is one.
    pub other: Option<&'static str>,
    /// What is wrong, and the remedy.
    pub text: String,
}

/// A kind of schedule, options that do not go with it, and why.
type Strangers = (&'static str, &'static [&'static str], &'static str);

const NO_WALL_CLOCK: &str = "which goes by no wall clock, as `cron` does";
const NO_GRID: &str = "which has no grid to shift, as `every` has";

const STRANGERS: [Strangers; 8] = [
    (
        "while_leading",
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
        "which has no due instants and runs as long as this node leads",
    ),
    ("after", &["on_elected"], "which runs when a term begins anyway"),
    ("after", &["missed", "missed_within"], "which counts from the run before and misses nothing"),
    ("after", &["interrupted"], "which runs when a term begins anyway"),
    ("after", &["tz"], NO_WALL_CLOCK),
    ("after", &["offset"], NO_GRID),
    ("every", &["tz"], NO_WALL_CLOCK),
    ("cron", &["offset"], NO_GRID),
];

/// Whether what was written beside one schedule stays where another one replaces that.
pub(super) fn outlives(option: &str, old: &str, new: &str) -> bool {
    // without the starts whose wait it is, it would want retries
    let is_of_the_old = option == "backoff" && old == "while_leading" && new != old;
    let is_stranger = STRANGERS.iter().any(|(kind, all, _)| *kind == new && all.contains(&option));
    !Options::SCHEDULES.contains(&option) && !is_of_the_old && !is_stranger
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
    fn at(&mut self, option: &'static str, other: &'static str, text: impl Into<String>) {
        self.found.push(Conflict { option: Some(option), other: Some(other), text: text.into() });
    }

    /// Each of `options` that is given beside `other`, which reads `shown`, with the reason why it
    /// does not go with that.
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
        for (kind, strangers, why) in STRANGERS.into_iter().filter(|(kind, ..)| kind == first) {
            self.not_with(strangers, (kind, kind), why);
        }
    }

    fn of_the_grid(&mut self) {
        let Some(every) = self.options.every else { return };
        if let Some(offset) = self.options.offset
            && let Err(fault) = every.with_offset(offset)
        {
            self.at("offset", "every", fault.to_string());
        }
        let interval = every.interval();
        if let Some(jitter) = self.options.jitter.filter(|jitter| *jitter >= interval) {
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

    /// `missed_within` beside a `missed` that does not look back, written or by default.
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
        let kind = match options.schedule() {
            Some(Schedule::Every(_)) => "every",
            Some(Schedule::Cron(_)) => "cron",
            _ => return,
        };
        if options.keeping().is_none_or(|kept| kept.missed == Missed::Skip) {
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
