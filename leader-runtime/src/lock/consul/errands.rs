//! What jobs want read and written of their records, carried together: while a transaction is under
//! way, what comes waits, and shares the next.
//!
//! Thousands of jobs may be due at one instant, each with a claim, and an agent allows 200
//! connections for each client address.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use leader_core::election::{Fence, Index, OPERATIONS, Read};
use tokio::sync::oneshot;

use super::acl::lacks_right;
use super::http::Carried;
use super::kv::{KvStore, led};
use super::wire::{KvOperation, Operation, StoredKey, TransactionError, base64};
use super::{in_time, within};
use crate::lock::Reply;
use crate::lock::records::{Found, Written};

/// Transactions under way at once.
const CARRIERS: usize = 2;

/// What of a transaction's half a megabyte (`txn_max_req_len`) may be values, which base64 makes
/// longer by a third.
const BYTES: usize = 300_000;

/// Who waits for an answer; a fault is in words for a person.
type Asked<T> = oneshot::Sender<Result<T, String>>;

/// What is wanted of a key.
#[derive(Debug)]
pub(super) struct Errand<Work, Answer> {
    pub(super) key: String,
    pub(super) work: Work,
    pub(super) asked: Asked<Answer>,
}

/// The key, as it is.
#[derive(Debug)]
pub(super) struct Reading;

/// This value where the term goes on, and the key is as it was read.
#[derive(Debug)]
pub(super) struct Writing {
    pub(super) held: Held,
    pub(super) read: Read,
    pub(super) value: Vec<u8>,
}

type ReadErrand = Errand<Reading, Found>;
type WriteErrand = Errand<Writing, Written>;

/// The lock is held by this process's session under this fence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) lock: String,
    pub(super) fence: Fence,
}

/// What waits.
#[derive(Debug, Default)]
pub(super) struct Errands(Mutex<Queues>);

#[derive(Debug, Default)]
pub(super) struct Queues {
    pub(super) reads: VecDeque<ReadErrand>,
    pub(super) writes: VecDeque<WriteErrand>,
    carriers: usize,
}

enum Load {
    Reads(Vec<ReadErrand>),
    Writes(Vec<WriteErrand>),
}

/// What one operation of a transaction is about, by its place in the load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    /// The term of this write, and of all others with the same.
    Held(usize),
    /// What it is to find.
    Check(usize),
    Set(usize),
}

impl Errands {
    fn queues(&self) -> MutexGuard<'_, Queues> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a carrier takes next; where that is nothing, it is one no more.
    fn next_load(&self) -> Option<Load> {
        let mut queues = self.queues();
        // of those who wait no longer, nothing is to be written
        queues.writes.retain(|errand| !errand.asked.is_closed());
        queues.reads.retain(|errand| !errand.asked.is_closed());
        let load = queues.take_writes().or_else(|| queues.take_reads());
        if load.is_none() {
            queues.carriers -= 1;
        }
        load
    }
}

impl Queues {
    fn take_reads(&mut self) -> Option<Load> {
        let number = self.reads.len().min(OPERATIONS);
        (number > 0).then(|| Load::Reads(self.reads.drain(..number).collect()))
    }

    fn take_writes(&mut self) -> Option<Load> {
        let (mut operations, mut bytes) = (0, 0);
        let mut before: Option<&Held> = None;
        let fit = self.writes.iter().take_while(|errand| {
            operations += if before == Some(&errand.work.held) { 2 } else { 4 };
            bytes += errand.work.value.len();
            // a value that is too long for any transaction is Consul's to refuse
            let fits = before.is_none() || operations <= OPERATIONS && bytes <= BYTES;
            before = Some(&errand.work.held);
            fits
        });
        let number = fit.count();
        (number > 0).then(|| Load::Writes(self.writes.drain(..number).collect()))
    }
}

impl KvStore {
    /// Puts an errand into its queue, and waits for its answer.
    pub(super) async fn carried<T>(
        self,
        enqueue: impl FnOnce(&mut Queues, Asked<T>),
    ) -> Result<T, String> {
        let (asked, answer) = oneshot::channel();
        let is_carrier_wanted = {
            let mut queues = self.0.errands.queues();
            enqueue(&mut queues, asked);
            let is_wanted = queues.carriers < CARRIERS;
            queues.carriers += usize::from(is_wanted);
            is_wanted
        };
        if is_carrier_wanted {
            tokio::spawn(self.carry());
        }
        let answer = async { Ok::<_, Reply>(answer.await) };
        in_time(answer).await?.unwrap_or_else(|_| Err("no answer".into()))
    }

    async fn carry(self) {
        while let Some(load) = self.0.errands.next_load() {
            match load {
                Load::Reads(reads) => self.carry_reads(reads).await,
                Load::Writes(writes) => self.carry_writes(writes).await,
            }
        }
    }

    /// A request that is lost holds up all that waits, the release of a key among it: one more is
    /// made as soon as for one of the lock's own.
    async fn transact(&self, operations: &[Operation]) -> Result<Carried, String> {
        within(self.0.timing.beat() * 2, self.0.jobs.transact(operations)).await
    }

    async fn carry_reads(&self, mut reads: Vec<ReadErrand>) {
        while !reads.is_empty() {
            let get = |errand: &ReadErrand| Operation { kv: KvOperation::new("get", &errand.key) };
            let operations: Vec<Operation> = reads.iter().map(get).collect();
            let carried = self.transact(&operations).await;
            let done = |key: &str, stored: Option<&StoredKey>| {
                // Consul leaves out what the token may not read
                let unseen = "it does not show a key that exists";
                stored.map(found).ok_or_else(|| lacks_right(&self.0.keyspace.rule(key), unseen))
            };
            let refused = |reads: &[ReadErrand], error: &TransactionError| {
                let Some(errand) = reads.get(error.op_index) else { return Vec::new() };
                let answer = if error.what.contains("doesn't exist") {
                    Ok(Found { value: None, read: Read::Absent })
                } else {
                    Err(error.told(|| self.0.keyspace.rule(&errand.key)))
                };
                vec![(error.op_index, answer)]
            };
            reads = settle(reads, carried, done, refused);
        }
    }

    async fn carry_writes(&self, mut writes: Vec<WriteErrand>) {
        while !writes.is_empty() {
            let Some(session) = self.0.session() else {
                writes.into_iter().for_each(|errand| tell(errand.asked, Ok(Written::Refused)));
                return;
            };
            let (operations, subjects) = transaction(&writes, session.as_str());
            let carried = self.transact(&operations).await;
            let done = |_: &str, stored: Option<&StoredKey>| {
                let written = |it: &StoredKey| Written::Done(Read::At(Index(it.modify_index)));
                stored.map(written).ok_or_else(unsaid)
            };
            let refused = |writes: &[WriteErrand], error: &TransactionError| {
                let at = error.op_index;
                let (Some(subject), Some(operation)) = (subjects.get(at), operations.get(at))
                else {
                    return Vec::new();
                };
                let answer = match subject {
                    Subject::Held(_) | Subject::Check(_) if !error.is_denied() => {
                        Ok(Written::Refused)
                    }
                    _ => Err(error.told(|| self.0.keyspace.rule(&operation.kv.key))),
                };
                match *subject {
                    Subject::Check(place) | Subject::Set(place) => vec![(place, answer)],
                    Subject::Held(first) => {
                        let held = &writes[first].work.held;
                        let of_it = (0..writes.len()).filter(|it| writes[*it].work.held == *held);
                        of_it.map(|place| (place, answer.clone())).collect()
                    }
                }
            };
            writes = settle(writes, carried, done, refused);
        }
    }
}

/// All of these writes, each behind its term and its check.
fn transaction(writes: &[WriteErrand], session: &str) -> (Vec<Operation>, Vec<Subject>) {
    let (mut operations, mut subjects) = (Vec::new(), Vec::new());
    let mut add = |subject, kv| {
        subjects.push(subject);
        operations.push(Operation { kv });
    };
    let mut before: Option<&Held> = None;
    for (place, Errand { key, work: Writing { held, read, value }, .. }) in
        writes.iter().enumerate()
    {
        if before != Some(held) {
            for check in led(&held.lock, held.fence, session) {
                add(Subject::Held(place), check);
            }
            before = Some(held);
        }
        let check = match read {
            Read::Absent => KvOperation::new("check-not-exists", key),
            Read::At(index) => {
                KvOperation { index: Some(index.0), ..KvOperation::new("check-index", key) }
            }
        };
        add(Subject::Check(place), check);
        let value = Some(base64(value));
        add(Subject::Set(place), KvOperation { value, ..KvOperation::new("set", key) });
    }
    (operations, subjects)
}

/// Tells what came of a transaction: each errand, where it was `done` or nothing was answered; where
/// it was `refused`, those that stood against it. Returns the others, which are carried again.
fn settle<W, A>(
    errands: Vec<Errand<W, A>>,
    carried: Result<Carried, String>,
    done: impl Fn(&str, Option<&StoredKey>) -> Result<A, String>,
    refused: impl Fn(&[Errand<W, A>], &TransactionError) -> Vec<(usize, Result<A, String>)>,
) -> Vec<Errand<W, A>> {
    let errors = match carried {
        Ok(Ok(stored)) => {
            // a check shows the key as well, as it was before
            let stored: HashMap<&str, &StoredKey> =
                stored.iter().map(|stored| (stored.key.as_str(), stored)).collect();
            for Errand { key, asked, .. } in errands {
                tell(asked, done(&key, stored.get(key.as_str()).copied()));
            }
            return Vec::new();
        }
        Ok(Err(errors)) => errors,
        Err(fault) => {
            errands.into_iter().for_each(|errand| tell(errand.asked, Err(fault.clone())));
            return Vec::new();
        }
    };
    let mut answers: HashMap<usize, _> =
        errors.iter().flat_map(|error| refused(&errands, error)).collect();
    let is_known = !answers.is_empty();
    let mut rest = Vec::new();
    for (place, errand) in errands.into_iter().enumerate() {
        match answers.remove(&place) {
            Some(answer) => tell(errand.asked, answer),
            None if is_known => rest.push(errand),
            // it is none of them
            None => {
                let whats: Vec<_> = errors.iter().map(|error| error.what.as_str()).collect();
                let fault = format!("refused a transaction: {}", whats.join("; "));
                tell(errand.asked, Err(fault));
            }
        }
    }
    rest
}

/// Nobody may wait any more.
fn tell<T>(asked: Asked<T>, answer: Result<T, String>) {
    let _ = asked.send(answer);
}

fn found(stored: &StoredKey) -> Found {
    Found { read: Read::At(Index(stored.modify_index)), value: stored.value() }
}

fn unsaid() -> String {
    "a transaction's answer does not show every key; is this a Consul agent?".into()
}
