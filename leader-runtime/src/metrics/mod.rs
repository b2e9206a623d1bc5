//! What the runtime counts and measures: the list of all of it.
//!
//! With the feature `metrics`, which is on by default, these go to whichever recorder of the
//! [`metrics`](https://docs.rs/metrics) facade the process has installed *before* the runtime
//! starts; without a recorder they go nowhere, and cost a few nanoseconds a run. The endpoint of the
//! feature `prometheus` installs one where there is none.
//!
//! Names and units are Prometheus's own: seconds, `_total`, `_timestamp_seconds` since 1970. A gauge
//! that moves by itself is set once a second, and for each scrape of our own endpoint.
//!
//! | label | values |
//! |---|---|
//! | `key` | the lock key, with the prefix of the settings |
//! | `job_name` | the job's name; `job` is what Prometheus calls its own |
//! | `to` | `leading`, `standby` |
//! | `predecessor` | `gone`: it had released the key, or there was none; `silent`: it was taken from |
//! | `outcome` | `ok`, `failed`, `cancelled`, `skipped` |
//! | `reason` | `overlap`: the run before still went on; `overtaken`: a newer one took its place; `too_late` |
//! | `kind` | `session`, `beat`, `transaction`, `read`, `watch`, `delete`, `other` |
//! | `status` | the HTTP status; `broken`, where the connection ended before it; `none`, where nobody waited any longer |
//!
//! # Examples
//!
//! ```
//! use leader_runtime::metrics::{ALL, Kind};
//!
//! for metric in ALL {
//!     assert!(metric.name.starts_with("leader_"));
//!     assert_eq!(matches!(metric.kind, Kind::Counter), metric.name.ends_with("_total"));
//! }
//! ```

mod facade;
mod job;
mod key;
mod requests;

use self::facade::is_recording;
pub(crate) use self::facade::{Counter, Gauge, Histogram};
pub(crate) use self::job::JobMeter;
pub(crate) use self::key::{KeyMeter, TermMeter};
pub(crate) use self::requests::Counted;

/// One thing that is counted or measured.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Metric {
    /// What it is called.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// The labels of each of its series.
    pub labels: &'static [&'static str],
    /// What it says.
    pub meaning: &'static str,
}

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Kind {
    /// It only rises, until the process ends.
    Counter,
    /// It rises and falls.
    Gauge,
    /// A distribution; with the upper bounds of the buckets that our own endpoint has.
    Histogram(&'static [f64]),
}

macro_rules! metrics {
    (@kind counter) => { Kind::Counter };
    (@kind gauge) => { Kind::Gauge };
    (@kind histogram $buckets:expr) => { Kind::Histogram(&$buckets) };
    ($($(#[doc = $meaning:literal])+
       $constant:ident: $kind:ident $([$($bucket:literal)+])? $name:literal $(by $label:literal $(and $second:literal)?)?;
    )+) => {
        $(
            #[doc = concat!("`", $name, $("{", $label, $(",", $second,)? "}",)? "`, a ", stringify!($kind), ".\n\n")]
            $(#[doc = $meaning])+
            pub const $constant: Metric = Metric {
                name: $name,
                kind: metrics!(@kind $kind $([$($bucket),+])?),
                labels: &[$($label $(, $second)?)?],
                meaning: concat!($($meaning),+).trim_ascii(),
            };
        )+
        /// All of them.
        pub const ALL: &[Metric] = &[$($constant),+];
    };
}

metrics! {
    /// 1 where this process leads the key now, 0 where it does not.
    IS_LEADING: gauge "leader_is_leading" by "key";

    /// How often this process began to lead the key, or led it no longer. A term that lapsed and was
    /// taken up again counts as both.
    TRANSITIONS: counter "leader_transitions_total" by "key" and "to";

    /// From the end of the leader before, as this process saw it, until it led: from when it saw the
    /// key free; or, where it took the key from a silent leader, from that one's last beat.
    TAKEOVER: histogram [0.01 0.05 0.1 0.5 1.0 2.0 4.0 6.0 8.0 15.0 30.0 60.0]
        "leader_takeover_seconds" by "predecessor";

    /// The lease of the settings. Not where locks are files.
    LEASE: gauge "leader_lease_seconds";

    /// How long this process may go on to lead what it leads, unless another beat comes through; 0
    /// where it leads nothing. Without end where locks are files.
    LEASE_REMAINING: gauge "leader_lease_remaining_seconds";

    /// Requests to Consul, those of jobs through `Kv` and of their records included.
    CONSUL_REQUESTS: counter "leader_consul_requests_total" by "kind" and "status";

    /// Runs that are over, retries included in their run; `skipped` is one that said itself that
    /// there was nothing to do.
    RUNS: counter "leader_job_runs_total" by "job_name" and "outcome";

    /// Due instants at which the leader did not begin a run.
    SKIPS: counter "leader_job_skips_total" by "job_name" and "reason";

    /// Runs that took longer than it is from their due instant to the next one: where that goes on,
    /// the schedule cannot be kept.
    OVERRUNS: counter "leader_job_overruns_total" by "job_name";

    /// How long runs took, with their retries and the waits between them.
    RUN: histogram [0.001 0.01 0.1 0.5 1.0 5.0 15.0 60.0 300.0 1800.0 7200.0]
        "leader_job_run_seconds" by "job_name";

    /// How long the run that goes on has taken so far, the latest where there are several; 0 where
    /// none does.
    RUNNING: gauge "leader_job_running_seconds" by "job_name";

    /// How long after its due instant a run began: its jitter, the run before it, a start of the
    /// process. Runs that were missed and made up for count too.
    LATENESS: histogram [0.001 0.005 0.025 0.1 0.5 1.0 5.0 15.0 60.0 300.0 3600.0]
        "leader_job_lateness_seconds" by "job_name";

    /// When a run last ended `ok` on this node; of a job with a record, on any: that is read when
    /// this node begins to lead. Not there before it is known.
    LAST_SUCCESS: gauge "leader_job_last_success_timestamp_seconds" by "job_name";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_say_what_a_metric_is_and_are_of_one_metric_each() {
        let names: BTreeSet<_> = ALL.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), ALL.len());
        for metric in ALL {
            assert!(metric.name.starts_with("leader_"), "{metric:?}");
            assert_eq!(metric.name.ends_with("_total"), metric.kind == Kind::Counter, "{metric:?}");
            assert!(metric.meaning.ends_with('.'), "{metric:?}");
            if let Kind::Histogram(buckets) = metric.kind {
                assert!(metric.name.ends_with("_seconds"), "{metric:?}");
                assert!(buckets.is_sorted(), "{metric:?}");
            }
        }
    }
}
