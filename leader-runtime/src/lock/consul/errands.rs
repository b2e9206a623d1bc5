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

#[derive(Debug)]
pub(super) struct ReadErrand {
    pub(super) key: String,
    pub(super) asked: Asked<Found>,
}

/// Writes where the term goes on, and the key is as it was read.
#[derive(Debug)]
pub(super) struct WriteErrand {
    pub(super) held: Held,
    pub(super) key: String,
    pub(super) read: Read,
    pub(super) value: Vec<u8>,
    pub(super) asked: Asked<Written>,
}

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
            operations += if before == Some(&errand.held) { 2 } else { 4 };
            bytes += errand.value.len();
            // a value that is too long for any transaction is Consul's to refuse
            let fits = before.is_none() || operations <= OPERATIONS && bytes <= BYTES;
            before = Some(&errand.held);
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
            let errors = match self.transact(&operations).await {
                Ok(Ok(stored)) => {
                    let mut stored: HashMap<String, StoredKey> =
                        stored.into_iter().map(|stored| (stored.key.clone(), stored)).collect();
                    for ReadErrand { key, asked } in reads {
                        // Consul leaves out what the token may not read
                        let unseen = || {
                            let rule = self.0.keyspace.rule(&key);
                            lacks_right(&rule, "it does not show a key that exists")
                        };
                        tell(asked, stored.remove(&key).map(found).ok_or_else(unseen));
                    }
                    return;
                }
                Ok(Err(errors)) => errors,
                Err(fault) => {
                    reads.into_iter().for_each(|errand| tell(errand.asked, Err(fault.clone())));
                    return;
                }
            };
            let mut answers = HashMap::new();
            for error in &errors {
                let Some(errand) = reads.get(error.op_index) else { continue };
                let answer = if error.what.contains("doesn't exist") {
                    Ok(Found { value: None, read: Read::Absent })
                } else {
                    Err(error.told(|| self.0.keyspace.rule(&errand.key)))
                };
                answers.insert(error.op_index, answer);
            }
            reads = rest(reads, answers, &errors, |errand| errand.asked);
        }
    }

    async fn carry_writes(&self, mut writes: Vec<WriteErrand>) {
        while !writes.is_empty() {
            let Some(session) = self.0.session() else {
                writes.into_iter().for_each(|errand| tell(errand.asked, Ok(Written::Refused)));
                return;
            };
            let (operations, subjects) = transaction(&writes, session.as_str());
            let errors = match self.transact(&operations).await {
                Ok(Ok(stored)) => {
                    // a check shows the key as well, as it was before
                    let stored: HashMap<String, u64> =
                        stored.into_iter().map(|it| (it.key, it.modify_index)).collect();
                    for WriteErrand { key, asked, .. } in writes {
                        let written =
                            stored.get(&key).map(|at| Written::Done(Read::At(Index(*at))));
                        tell(asked, written.ok_or_else(unsaid));
                    }
                    return;
                }
                Ok(Err(errors)) => errors,
                Err(fault) => {
                    writes.into_iter().for_each(|errand| tell(errand.asked, Err(fault.clone())));
                    return;
                }
            };
            let mut answers = HashMap::new();
            for error in &errors {
                let (Some(subject), Some(operation)) =
                    (subjects.get(error.op_index), operations.get(error.op_index))
                else {
                    continue;
                };
                let answer = match subject {
                    Subject::Held(_) | Subject::Check(_) if !error.is_denied() => {
                        Ok(Written::Refused)
                    }
                    _ => Err(error.told(|| self.0.keyspace.rule(&operation.kv.key))),
                };
                match *subject {
                    Subject::Check(place) | Subject::Set(place) => {
                        answers.insert(place, answer);
                    }
                    Subject::Held(first) => {
                        let held = &writes[first].held;
                        let of_it = (0..writes.len()).filter(|it| writes[*it].held == *held);
                        answers.extend(of_it.map(|place| (place, answer.clone())));
                    }
                }
            }
            writes = rest(writes, answers, &errors, |errand| errand.asked);
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
    for (place, WriteErrand { held, key, read, value, .. }) in writes.iter().enumerate() {
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

/// Tells those errands that stood against the transaction, and returns the others. Where it is
/// none of them, all are told.
fn rest<E, T>(
    errands: Vec<E>,
    mut answers: HashMap<usize, Result<T, String>>,
    errors: &[TransactionError],
    asked: impl Fn(E) -> Asked<T>,
) -> Vec<E> {
    let is_known = !answers.is_empty();
    let mut rest = Vec::new();
    for (place, errand) in errands.into_iter().enumerate() {
        match answers.remove(&place) {
            Some(answer) => tell(asked(errand), answer),
            None if is_known => rest.push(errand),
            None => {
                let whats: Vec<_> = errors.iter().map(|error| error.what.as_str()).collect();
                tell(asked(errand), Err(format!("refused a transaction: {}", whats.join("; "))));
            }
        }
    }
    rest
}

/// Nobody may wait any more.
fn tell<T>(asked: Asked<T>, answer: Result<T, String>) {
    let _ = asked.send(answer);
}

fn found(stored: StoredKey) -> Found {
    Found { read: Read::At(Index(stored.modify_index)), value: stored.value() }
}

fn unsaid() -> String {
    "a transaction's answer does not show every key; is this a Consul agent?".into()
}
