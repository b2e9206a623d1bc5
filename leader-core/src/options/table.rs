//! The options of a job, each in one place: its type, the values that it takes, its default, its
//! documentation, and the schedules that it does not go with.
//!
//! A new option is one entry here (and, where a run obeys it, a field of
//! [`Policies`](crate::Policies)). From the entries come the fields of [`Options`], the reader
//! [`Options::set`], the printer [`Options::texts`], the list [`Options::NAMES`], the conflicts with
//! the kind of schedule, the attribute's own table, and the public [`Options::TABLE`], with which a
//! test compares the attribute's documentation.

use std::collections::BTreeSet;
use std::time::Duration;

use super::jitter::Jitter;
use super::value::{Fill, Print, bounded, count, flag, parsed, truth};
use crate::error::Error;
use crate::nearest::nearest;
use crate::policy::{Backoff, Interrupted, Missed, OnLoss, Overlap, Policies};
use crate::schedule::{After, Every, Except, Expression, Zone};

/// One option of a job, for documentation and messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OptionSpec {
    /// Name of the option.
    pub name: &'static str,
    /// Form of its value in the attribute.
    pub kind: ValueKind,
    /// One value, as it is written in the attribute; empty for [`ValueKind::Flag`].
    pub example: &'static str,
    /// Values that it takes, in Markdown.
    pub values: &'static str,
    /// Value where it is not given, in Markdown.
    pub default: &'static str,
    /// Meaning, in one line of Markdown.
    pub doc: &'static str,
    /// Condition on other options, in one sentence without a full stop; empty where there is none.
    pub condition: &'static str,
    /// Kinds of schedule that the option does not go with, each with the reason.
    pub(super) not_with: &'static [(&'static str, &'static str)],
}

/// Form of an option's value in the attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueKind {
    /// A string.
    Text,
    /// A string: a duration, such as `"3s"`.
    Span,
    /// `true` or `false`.
    Truth,
    /// A whole number.
    Count,
    /// The path of an item.
    Path,
    /// No value, and no `=`.
    Flag,
}

const NO_INSTANTS: &str = "which has no due instants and runs as long as this node leads";
const NO_WALL_CLOCK: &str = "which goes by no wall clock, as `cron` does";
const NO_GRID: &str = "which has no grid to shift, as `every` has";
const TERM_BEGINS: &str = "which runs when a term begins anyway";
const MISSES_NOTHING: &str = "which counts from the run before and misses nothing";

const DAY: Duration = Duration::from_secs(24 * 3600);
const MILLISECOND: Duration = Duration::from_millis(1);

/// An entry with a type is read from a text; `read` is a function of [`super::value`]. The attribute
/// itself reads the others. `fills: policy` fills the
/// field of that name in [`Policies`].
macro_rules! options {
    (@name $name:ident $read:ident) => { stringify!($name) };
    (@fill $self:ident $policies:ident $name:ident policy) => {
        Fill::fill($self.$name, &mut $policies.$name)
    };
    (@fill $self:ident $policies:ident $name:ident) => {};
    (@or $text:literal) => { $text };
    (@or) => { "" };
    ($(
        $name:ident $(: $type:ty = $read:ident $(($($bound:expr),+))?)? {
            value: $kind:ident $example:literal,
            values: $values:literal,
            default: $default:literal,
            doc: $doc:literal,
            $(condition: $condition:literal,)?
            $(not_with: [$($other:ident $why:expr),+],)?
            $(fills: $policy:ident,)?
        }
    )+) => {
        /// The options of a job that are read from texts, each `None` where it is not given.
        ///
        /// The attribute and the settings set them one by one with [`Options::set`], and ask for
        /// [`Options::conflicts`] when all are set.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Options {
            $($(pub(super) $name: Option<$type>,)?)+
            /// Names of the options that were given, faulty or not.
            pub(super) given: BTreeSet<&'static str>,
        }

        const COUNT: usize = [$($(options!(@name $name $read),)?)+].len();

        impl Options {
            /// Names of the options that [`Options::set`] reads.
            pub const NAMES: [&'static str; COUNT] = [$($(options!(@name $name $read),)?)+];

            /// Every option of a job, those included that the attribute alone takes.
            pub const TABLE: &'static [OptionSpec] = &[$(OptionSpec {
                name: stringify!($name),
                kind: ValueKind::$kind,
                example: $example,
                values: $values,
                default: $default,
                doc: $doc,
                condition: options!(@or $($condition)?),
                not_with: &[$($((stringify!($other), $why)),+)?],
            }),+];

            /// Reads one option. It counts as given also where its text is faulty.
            ///
            /// # Errors
            ///
            /// Where there is no such option, or the option does not take this text.
            pub fn set(&mut self, option: &str, text: &str) -> Result<(), Error> {
                self.give(option);
                match option {
                    $($(stringify!($name) => {
                        self.$name = Some($read(option, text $(, $($bound),+)?)?);
                    })?)+
                    unknown => {
                        let meant = nearest(unknown, Self::NAMES).unwrap_or("every");
                        return Err(Error::new(format!(
                            "unknown option `{unknown}`; did you mean `{meant}`?"
                        )));
                    }
                }
                Ok(())
            }

            /// Each option that was given, as [`Options::set`] reads it again.
            #[must_use]
            pub fn texts(&self) -> Vec<(&'static str, String)> {
                let texts = [$($((stringify!($name), self.$name.as_ref().map(<$type as Print>::print)),)?)+];
                texts.into_iter().filter_map(|(option, text)| Some((option, text?))).collect()
            }

            /// Policies of the job's runs: the options that were given, and defaults for the others.
            #[must_use]
            pub fn policies(&self) -> Policies {
                let mut policies = Policies::default();
                $(options!(@fill self policies $name $($policy)?);)+
                policies
            }
        }
    };
}

options! {
    key {
        value: Text "\"service/clock\"",
        values: "`\"service/clock\"`, or the path of a `const`",
        default: "required",
        doc: "the lock whose holder runs the job. Letters, digits and `_ . , - /`, at most 512 \
              bytes",
    }

    every: Every = parsed {
        value: Span "\"3s\"",
        values: "`\"3s\"`, `\"1h 30m\"`, or the path of a `const` that is a `Duration`",
        default: "one of four",
        doc: "a fixed rate, 10 ms to 366 days, on a grid that all nodes share",
    }

    cron: Expression = parsed {
        value: Text "\"0 9 * * *\"",
        values: "`\"0 9 * * MON-FRI\"`",
        default: "one of four",
        doc: "the wall clock, as in Vixie cron. 5 fields, or 6 with the second first, or `@daily` \
              and its like. `H` is a value of the job's own, from a hash of its key and name: \
              `\"H 3 * * *\"`, `\"H/15 * * * *\"`, `\"H(0-29) 8 * * *\"`. The page \
              `leader_runtime::cron` has each rule",
    }

    after: After = parsed {
        value: Span "\"10s\"",
        values: "`\"10s\"`",
        default: "one of four",
        doc: "a fixed delay: at once when a term begins, then so long after the end of each run",
    }

    while_leading: bool = flag {
        value: Flag "",
        values: "no value",
        default: "one of four",
        doc: "runs as long as this node leads: a consumer, a stream. `Ok` ends it for the term; \
              an error or a panic starts it again after its `backoff`, and a minute of running \
              lets that begin anew. When the key is given up it has its `drain` to end: let it \
              listen to `Stop`",
    }

    tz: Zone = parsed {
        value: Text "\"Europe/Oslo\"",
        values: "`\"Europe/Oslo\"`",
        default: "`\"UTC\"`",
        doc: "the zone that `cron` is read in, by its name in the IANA database",
        not_with: [every NO_WALL_CLOCK, after NO_WALL_CLOCK, while_leading NO_INSTANTS],
    }

    except: Except = parsed {
        value: Text "\"12-25\"",
        values: "`\"2026-12-24..2027-01-02, 12-25\"`",
        default: "none",
        doc: "days that are left out of `cron`, by the calendar of its zone; each year where a \
              date has none",
        not_with: [every NO_WALL_CLOCK, after NO_WALL_CLOCK, while_leading NO_INSTANTS],
    }

    offset: Duration = bounded(Duration::ZERO, Every::MAX) {
        value: Span "\"10m\"",
        values: "`\"10m\"`",
        default: "`\"0s\"`",
        doc: "shifts the grid of `every`; less than that",
        not_with: [cron NO_GRID, after NO_GRID, while_leading NO_INSTANTS],
    }

    jitter: Jitter = parsed {
        value: Span "\"5s\"",
        values: "`\"5s\"`, `\"hash\"`",
        default: "`\"0s\"`",
        doc: "each due instant's run is late by a random part of this; less than `every`. Where \
              the key is given up meanwhile it runs at once. `hash`, with `every` and without \
              `offset`: the grid is shifted by the job's own place in the interval, the same on \
              every node and for ever",
        not_with: [while_leading NO_INSTANTS],
        fills: policy,
    }

    on_elected: bool = truth {
        value: Truth "true",
        values: "`true`, `false`",
        default: "`false`",
        doc: "also runs when this node begins to lead",
        condition: "Not with `after`",
        not_with: [after TERM_BEGINS, while_leading NO_INSTANTS],
        fills: policy,
    }

    timeout: Duration = bounded(MILLISECOND, Every::MAX) {
        value: Span "\"30s\"",
        values: "`\"30s\"`",
        default: "none",
        doc: "cancels an attempt that takes longer, which has failed then; 1 ms to 366 days",
        fills: policy,
    }

    overlap: Overlap = parsed {
        value: Text "\"queue\"",
        values: "`\"skip\"`, `\"queue\"`, `\"replace\"`, `\"allow\"`",
        default: "`\"skip\"`",
        doc: "what becomes of a run that is due while the one before goes on. `queue`: it waits, \
              and takes the place of another that waited; `replace`: the other is cancelled, and \
              when that has ended it runs",
        not_with: [while_leading NO_INSTANTS],
        fills: policy,
    }

    missed: Missed = parsed {
        value: Text "\"once\"",
        values: "`\"skip\"`, `\"once\"`, `\"all\"`",
        default: "`\"once\"` where a minute or more lies between due instants, else `\"skip\"`",
        doc: "what becomes of instants that no node ran, in a handover or an outage. `once`: the \
              newest is run, and `Run::missed` counts the others; `all`: each is, the oldest \
              first and one at a time",
        condition: "Not with `after`; only `\"skip\"` with `overlap = \"allow\"`",
        not_with: [after MISSES_NOTHING, while_leading NO_INSTANTS],
    }

    missed_within: Duration = bounded(MILLISECOND, Every::MAX) {
        value: Span "\"1h\"",
        values: "`\"2d\"`",
        default: "`\"1h\"`, and in any case to the newest",
        doc: "how far back `missed` looks",
        condition: "Not with `missed = \"skip\"`, written or by default, nor with `after`",
        not_with: [after MISSES_NOTHING, while_leading NO_INSTANTS],
    }

    interrupted: Interrupted = parsed {
        value: Text "\"rerun\"",
        values: "`\"skip\"`, `\"rerun\"`",
        default: "`\"skip\"`",
        doc: "what becomes of a run that ended without an outcome of its own: its node died, \
              leadership was lost, its drain was used up, it returned `Outcome::interrupted()`, or \
              a retry was still to come when the key was given up. `rerun`: the next leader runs it \
              first, with the same `Due`",
        condition: "Not with `after`, nor with `overlap = \"allow\"`",
        not_with: [after TERM_BEGINS, while_leading NO_INSTANTS],
    }

    retries: u32 = count(0) {
        value: Count "3",
        values: "`3`",
        default: "`0`",
        doc: "how often a run is tried again that returned an error, panicked or took too long, 0 \
              to 1000; inside the term, and not once the key is given up",
        not_with: [while_leading NO_INSTANTS],
        fills: policy,
    }

    backoff: Backoff = parsed {
        value: Text "\"1s..1m\"",
        values: "`\"1s..1m\"`",
        default: "`\"1s..1m\"`",
        doc: "from the first wait before a retry to the longest, 1 ms to 1 day; it doubles, less \
              a random part of up to half of it",
        condition: "With `retries` or `while_leading`",
        fills: policy,
    }

    on_loss: OnLoss = parsed {
        value: Text "\"grace\"",
        values: "`\"cancel\"`, `\"grace\"`",
        default: "`\"cancel\"`",
        doc: "`grace`: `Stop` fires at the first missed beat, a quarter of the lease after the \
              last one, while leadership is still believed. Either way the run is dropped when \
              that ends",
        fills: policy,
    }

    drain: Duration = bounded(Duration::ZERO, DAY) {
        value: Span "\"10s\"",
        values: "`\"20s\"`",
        default: "`\"10s\"`",
        doc: "how long a run may go on when the process shuts down, or gives the key away; at \
              most a day",
        fills: policy,
    }

    step_down_after: u32 = count(1) {
        value: Count "3",
        values: "`3`",
        default: "none",
        doc: "so many failed runs in a row give the key to another node, 1 to 1000; this one \
              stands for it again after 10 s",
        fills: policy,
    }

    standby {
        value: Path "not_the_leader",
        values: "`not_the_leader`",
        default: "none",
        doc: "the path of an `async fn`, called at each due instant on a node that does not lead \
              (with `after`, each such delay). It takes nothing, or `Due` and `Data<T>`, and \
              returns nothing",
        not_with: [while_leading NO_INSTANTS],
    }

    enabled: bool = truth {
        value: Truth "false",
        values: "`true`, `false`",
        default: "`true`",
        doc: "one that is not runs nowhere, and does not stand for its key",
    }

    name {
        value: Text "\"clock\"",
        values: "`\"clock\"`",
        default: "the function's name",
        doc: "what logs and settings call the job. `a-z`, `0-9` and `_`, at most 64",
    }

    crate {
        value: Path "::leader_runtime",
        values: "`platform::scheduling`",
        default: "`::leader_runtime`",
        doc: "where the runtime is re-exported",
    }
}
