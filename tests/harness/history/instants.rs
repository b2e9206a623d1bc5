//! The invariants of a job with a record: no due instant is begun twice, and none is lost.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{History, Moment, What};

/// A run of one due instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// When it was due, in milliseconds since the epoch.
    pub due: u64,
    /// When it began.
    pub at: Moment,
    /// Where.
    pub node: String,
    /// In which stint of leading of that node, counted from 1.
    pub stint: usize,
    /// Whether it did all its work.
    pub finished: bool,
}

/// The policy for an interrupted run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupted {
    /// It was begun, or at least claimed, and that is all.
    Skip,
    /// The next leader begins it again.
    Rerun,
}

impl History {
    /// The runs of a job with a record, in which the number of a run is when it was due, by their
    /// beginnings.
    pub fn begun(&self, job: &str) -> Vec<Begun> {
        let mut all = Vec::new();
        for record in &self.records {
            let mut stints: BTreeMap<&str, usize> = BTreeMap::new();
            let mut runs: Vec<Begun> = Vec::new();
            for event in &record.events {
                match &event.what {
                    What::Gains(lead) => *stints.entry(&lead.key).or_default() += 1,
                    What::Starts(run) if run.job == job => runs.push(Begun {
                        due: run.number,
                        at: event.at,
                        node: record.node.clone(),
                        stint: stints.get(run.lead.key.as_str()).copied().unwrap_or_default(),
                        finished: false,
                    }),
                    What::Finishes(run) if run.job == job => {
                        runs.iter_mut()
                            .rfind(|begun| begun.due == run.number)
                            .into_iter()
                            .for_each(|begun| begun.finished = true);
                    }
                    _ => {}
                }
            }
            all.extend(runs);
        }
        all.sort_by_key(|begun| begun.at);
        all
    }

    /// Returns the violations in the due instants of a job on this key with this interval and
    /// `missed = "all"`.
    ///
    /// A run that was cut off is the last of its stint. With `skip`, one that was claimed may never
    /// begin where its stint ends; with `rerun` it is begun again until it is done.
    pub fn losses(
        &self,
        key: &str,
        job: &str,
        every: Duration,
        interrupted: Interrupted,
    ) -> Vec<String> {
        let every = every.as_millis() as u64;
        let gains: Vec<Moment> = self
            .records
            .iter()
            .flat_map(|record| &record.events)
            .filter(|event| matches!(&event.what, What::Gains(lead) if lead.key == key))
            .map(|event| event.at)
            .collect();
        let mut losses = Vec::new();
        for pair in self.begun(job).windows(2) {
            let [before, next] = pair else { continue };
            let same_stint = (&before.node, before.stint) == (&next.node, next.stint);
            let stints = gains.iter().filter(|at| (before.at..=next.at).contains(at)).count();
            let may_be_lost = if interrupted == Interrupted::Skip { stints } else { 0 };
            let fault = if next.due < before.due {
                "is begun after a later one"
            } else if (next.due - before.due) % every != 0 {
                "is not of the grid"
            } else if next.due == before.due {
                match interrupted {
                    Interrupted::Rerun if !same_stint => continue,
                    _ => "is begun twice",
                }
            } else if (next.due - before.due) / every - 1 > may_be_lost as u64 {
                "comes after one that was lost"
            } else if before.finished {
                continue;
            } else if same_stint {
                "comes after one that was cut off, although its node led on"
            } else if interrupted == Interrupted::Rerun {
                "comes after one that was cut off, and is owed first"
            } else {
                continue;
            };
            losses.push(format!("`{job}`: what {fault}: {next:?}, after {before:?}"));
        }
        losses
    }
}
