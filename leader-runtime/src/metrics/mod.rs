//! The list of all metrics of a runtime.
//!
//! With the feature `metrics`, which is on by default, the runtime sends them to the recorder of the
//! [`metrics`](https://docs.rs/metrics) facade. The process installs that recorder *before* the
//! runtime starts. Without a recorder, metrics cost a few nanoseconds a run. The endpoint of the
//! feature `prometheus` installs a recorder if there is none.
//!
//! Names and units are Prometheus's own: seconds, `_total`, `_timestamp_seconds` since 1970. A gauge
//! that moves by itself is set once a second, and for each scrape of our own endpoint.
//!
//! | label | values |
//! |---|---|
//! | `key` | the lock key, with the prefix of the settings |
//! | `job_name` | the job's name; `job` is what Prometheus calls its own |
//! | `to` | `leading`, `standby` |
//! | `predecessor` | `gone`: the previous leader had released the key, or there was none; `silent`: the key was taken from it |
//! | `outcome` | `ok`, `failed`, `cancelled`, `skipped` |
//! | `reason` | `overlap`: the previous run was still in progress; `overtaken`: a newer run took its place in the queue; `too_late`; for jobs with a record also `expired`: missed longer ago than `missed_within`; `coalesced`: missed, and a newer instant is run for it |
//! | `kind` | `session`, `beat`, `transaction`, `read`, `watch`, `delete`, `other` |
//! | `status` | the HTTP status; `broken` where the connection ended first; `none` where the request was given up |
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

/// One metric.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Metric {
    /// The name.
    pub name: &'static str,
    /// The kind: counter, gauge or histogram.
    pub kind: Kind,
    /// The labels of each of its series.
    pub labels: &'static [&'static str],
    /// The description.
    pub meaning: &'static str,
}

/// The kind of a metric.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Kind {
    /// A number that only rises until the process ends.
    Counter,
    /// A number that rises and falls.
    Gauge,
    /// A distribution, with the upper bounds of its buckets at the built-in endpoint.
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
        /// All metrics.
        pub const ALL: &[Metric] = &[$($constant),+];
    };
}

metrics! {
    /// 1 where this process leads the key now, 0 where it does not.
    IS_LEADING: gauge "leader_is_leading" by "key";

    /// Number of times that this process began or ceased to lead the key. A term that lapsed and was
    /// resumed counts as both.
    TRANSITIONS: counter "leader_transitions_total" by "key" and "to";

    /// Duration of a failover: from the end of the previous leader, as this process saw it, until this
    /// process led. The end is the moment at which the key was seen free, or the last heartbeat of a
    /// silent leader.
    TAKEOVER: histogram [0.01 0.05 0.1 0.5 1.0 2.0 4.0 6.0 8.0 15.0 30.0 60.0]
        "leader_takeover_seconds" by "predecessor";

    /// The lease of the settings. Absent where locks are files.
    LEASE: gauge "leader_lease_seconds";

    /// Remaining time that this process may lead without another confirmed heartbeat; 0 where it leads
    /// nothing. Infinite where locks are files.
    LEASE_REMAINING: gauge "leader_lease_remaining_seconds";

    /// Minimum trust that was left when a heartbeat was answered, in the last one to two minutes: the
    /// time to the instant at which this process would have stopped leading without that answer.
    /// About 0.7 of the lease where Consul answers at once; leadership is lost at 0. NaN without an
    /// answer in that time; absent before the first answer, and where locks are files.
    LEASE_MARGIN: gauge "leader_lease_margin_seconds";

    /// Duration of requests to Consul, without blocking queries.
    CONSUL_ANSWER: histogram [0.001 0.0025 0.005 0.01 0.025 0.05 0.1 0.25 0.5 1.0 2.5 5.0 10.0 30.0]
        "leader_consul_answer_seconds" by "kind";

    /// Number of requests to Consul, including those of jobs through `Kv` and of their records.
    CONSUL_REQUESTS: counter "leader_consul_requests_total" by "kind" and "status";

    /// Number of ended runs; retries belong to their run. A `skipped` run returned `Outcome::skip`.
    RUNS: counter "leader_job_runs_total" by "job_name" and "outcome";

    /// Number of due instants without a run: skipped by the leader, or missed and given up. At most
    /// 10000 instants of a cron are counted at a time.
    SKIPS: counter "leader_job_skips_total" by "job_name" and "reason";

    /// Number of runs that took longer than the interval from their due instant to the next one.
    OVERRUNS: counter "leader_job_overruns_total" by "job_name";

    /// Duration of runs, with their retries and the waits between them.
    RUN: histogram [0.001 0.01 0.1 0.5 1.0 5.0 15.0 60.0 300.0 1800.0 7200.0]
        "leader_job_run_seconds" by "job_name";

    /// Duration of the run in progress so far, the latest where there are several; 0 without a run.
    RUNNING: gauge "leader_job_running_seconds" by "job_name";

    /// Delay from the due instant to the start of a run, as by jitter, by the run before it, or by a
    /// start of the process. Missed runs that are caught up count too.
    LATENESS: histogram [0.001 0.005 0.025 0.1 0.5 1.0 5.0 15.0 60.0 300.0 3600.0]
        "leader_job_lateness_seconds" by "job_name";

    /// Time of the last run that ended `ok` on this node; for a job with a record, on any node, as
    /// read when this node begins to lead. Absent before it is known.
    LAST_SUCCESS: gauge "leader_job_last_success_timestamp_seconds" by "job_name";

    /// Time at which this process registered the job, at its start: for alerts before the first
    /// success.
    REGISTERED: gauge "leader_job_registered_timestamp_seconds" by "job_name";
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
