//! The invariants of every history: no two terms of a key at once, rising fences, one end for each
//! start, and another leader within the lease.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Event, Lead, Moment, Run, Span, What};

/// How much later than the lease another may lead, for all that a busy machine does to a process:
/// where it did more, that was seen, and is no node's fault.
pub const ALLOWANCE: Duration = Duration::from_millis(150);

/// The lines of one process.
#[derive(Clone, Debug)]
pub struct Record {
    /// The name of the process.
    pub node: String,
    /// Whether the process was killed: then it need not write the end of anything.
    pub killed: bool,
    /// In the order of their moments.
    pub events: Vec<Event>,
}

/// The lines of all processes that ever stood by for some keys.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Theirs.
    pub records: Vec<Record>,
}

/// One term, from the first to the last sign of its process's belief.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The node.
    pub node: String,
    /// The key and the fence.
    pub lead: Lead,
    /// Its first sign.
    pub from: Moment,
    /// Its last sign. A belief that a frozen process never acted on again ends before the freeze.
    pub until: Moment,
}

impl History {
    /// Every key that was ever led.
    pub fn keys(&self) -> BTreeSet<&str> {
        self.signs().map(|(_, _, lead)| lead.key.as_str()).collect()
    }

    /// The terms of a key, by their beginnings.
    pub fn terms(&self, key: &str) -> Vec<Term> {
        let mut terms: BTreeMap<(&str, u64), Term> = BTreeMap::new();
        for (node, at, lead) in self.signs().filter(|(_, _, lead)| lead.key == key) {
            let term = terms.entry((node, lead.fence)).or_insert_with(|| Term {
                node: node.to_owned(),
                lead: lead.clone(),
                from: at,
                until: at,
            });
            (term.from, term.until) = (term.from.min(at), term.until.max(at));
        }
        let mut terms: Vec<Term> = terms.into_values().collect();
        terms.sort_by_key(|term| term.from);
        terms
    }

    /// When the key was led for the first time after this.
    pub fn led_after(&self, key: &str, since: Moment) -> Option<Moment> {
        self.moments(key).into_iter().find(|at| *at > since)
    }

    /// The longest time for which a key was without a leader.
    pub fn longest_pause(&self) -> Duration {
        let pauses = |key| self.moments(key).windows(2).map(|pair| pair[1] - pair[0]).max();
        self.keys().into_iter().filter_map(pauses).max().unwrap_or_default()
    }

    /// Returns all violations of a complete history, whatever the machines and Consul went through.
    pub fn violations(&self) -> Vec<String> {
        let mut violations = self.disputes();
        violations.extend(self.records.iter().flat_map(Record::violations));
        violations
    }

    /// Terms of a key that overlap, or whose fences do not rise.
    pub fn disputes(&self) -> Vec<String> {
        let mut disputes = Vec::new();
        for key in self.keys() {
            let terms = self.terms(key);
            // each beside the one before it that was believed in the longest
            let mut last: Option<&Term> = None;
            for term in &terms {
                if let Some(last) = last.filter(|last| last.until >= term.from) {
                    disputes.push(format!("two lead at once: {last:?} and {term:?}"));
                }
                last = last.filter(|last| last.until > term.until).or(Some(term));
            }
            for pair in terms.windows(2).filter(|pair| pair[0].lead.fence >= pair[1].lead.fence) {
                disputes.push(format!("the fence does not rise: {:?} and {:?}", pair[0], pair[1]));
            }
        }
        disputes
    }

    /// Where a key was without a leader for longer than `within`, until `end`, although one of the
    /// nodes could have led. Each item of `hindered` is one node's: when it was down, frozen, or
    /// Consul did not serve it; it owes nothing for `within` after each of these.
    pub fn delays(&self, within: Duration, hindered: &[Vec<Span>], end: Moment) -> Vec<String> {
        let mut delays = Vec::new();
        for key in self.keys() {
            let mut moments = self.moments(key);
            moments.push(end.max(moments.last().copied().unwrap_or(end)));
            for pair in moments.windows(2) {
                let due = hindered.iter().map(|spans| due(pair[0], within, spans)).min();
                if let Some(due) = due.filter(|due| pair[1] > *due) {
                    delays.push(format!(
                        "`{key}` was led at {:?}, and due to be again by {due:?}; it was only at \
                         {:?}",
                        pair[0], pair[1]
                    ));
                }
            }
        }
        delays
    }

    fn moments(&self, key: &str) -> Vec<Moment> {
        let signs = self.signs().filter(|(_, _, lead)| lead.key == key);
        let mut moments: Vec<Moment> = signs.map(|(_, at, _)| at).collect();
        moments.sort();
        moments
    }

    /// Each sign of a belief: whose, when, in what.
    fn signs<'a>(&'a self) -> impl Iterator<Item = (&'a str, Moment, &'a Lead)> {
        self.records.iter().flat_map(|record| {
            let sign =
                |event: &'a Event| Some((record.node.as_str(), event.at, event.what.believed()?));
            record.events.iter().filter_map(sign)
        })
    }
}

/// By when a node that was hindered at these times owes a leader to a key that has had none since
/// `start`.
pub fn due(start: Moment, within: Duration, hindered: &[Span]) -> Moment {
    let mut spans: Vec<&Span> = hindered.iter().filter(|span| span.until > start).collect();
    spans.sort_by_key(|span| span.from);
    spans.into_iter().fold(start + within, |due, span| {
        if span.from < due { due.max(span.until + within) } else { due }
    })
}

impl Record {
    /// One end for each start, one loss for each gain, and no run but under a fence that was gained.
    fn violations(&self) -> Vec<String> {
        let mut violations = Vec::new();
        let mut violation = |what: &str, event: &dyn std::fmt::Display| {
            violations.push(format!("{}: {what}: {event}", self.node));
        };
        let mut led: BTreeMap<&str, &Lead> = BTreeMap::new();
        let mut gained: BTreeSet<(&str, u64)> = BTreeSet::new();
        let mut open: BTreeMap<&str, &Run> = BTreeMap::new();
        let mut left = false;
        for event in &self.events {
            match &event.what {
                What::Stands => {}
                What::Gains(lead) => {
                    gained.insert((&lead.key, lead.fence));
                    if led.insert(&lead.key, lead).is_some() {
                        violation("it leads already", event);
                    }
                }
                What::Loses(lead) => {
                    if led.remove(lead.key.as_str()) != Some(lead) {
                        violation("it does not lead", event);
                    }
                }
                What::Starts(run) => {
                    if !gained.contains(&(run.lead.key.as_str(), run.lead.fence)) {
                        violation("it never led so", event);
                    }
                    if open.insert(&run.job, run).is_some() {
                        violation("the run before has not ended", event);
                    }
                }
                What::Works(run) | What::Finishes(run) => {
                    if open.get(run.job.as_str()) != Some(&run) {
                        violation("that run does not go on", event);
                    }
                }
                What::Ends(run) => {
                    if open.remove(run.job.as_str()) != Some(run) {
                        violation("that run does not go on", event);
                    }
                }
                What::Leaves => left = true,
            }
        }
        if !self.killed {
            open.values().for_each(|run| violation("it never ended", run));
            led.values().for_each(|lead| violation("it never lost", lead));
            if !left {
                violation("it was not killed, and never left", &"its history ends");
            }
        }
        violations
    }
}
