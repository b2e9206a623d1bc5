//! A batcher for reads and writes of records: operations that arrive while transactions are in flight
//! share the next transaction.
//!
//! Thousands of jobs may be due at one instant, each with a claim, and an agent allows 200 connections
//! per client address.

use std::collections::{HashMap, VecDeque};
use std::sync::MutexGuard;

use leader_core::election::{Expected, Fence, Index, OPERATIONS};
use tokio::sync::oneshot;

use super::super::acl::{Rule, lacks_right};
use super::super::agent::within;
use super::super::http::Carried;
use super::super::kv::{KvStore, checks};
use super::super::wire::{KvOperation, Operation, StoredKey, TransactionError, base64};
use crate::leadership::{REQUEST_TIMEOUT, Reply, StoredRecord, Written};
use crate::sync::Mutex;
use crate::text::Excerpt;

/// Maximum number of transactions in flight.
const MAX_TRANSACTIONS: usize = 2;

/// Maximum size of a transaction's values in bytes. Consul takes half a megabyte
/// (`txn_max_req_len`), and base64 makes values longer by a third.
const MAX_BATCH_BYTES: usize = 300_000;

/// Sender of an operation's result; a fault is in words for a person.
type ReplyTo<T> = oneshot::Sender<Result<T, String>>;

/// A read or a write of a record.
#[derive(Debug)]
pub(super) struct RecordOp<Work, Answer> {
    pub(super) key: String,
    pub(super) work: Work,
    pub(super) reply: ReplyTo<Answer>,
}

/// Reads the key.
#[derive(Debug)]
pub(super) struct Get;

/// Writes the value if the term goes on, and the key is as it was read.
#[derive(Debug)]
pub(super) struct Set {
    pub(super) held: Held,
    pub(super) read: Expected,
    pub(super) value: Vec<u8>,
}

type ReadOp = RecordOp<Get, StoredRecord>;
type WriteOp = RecordOp<Set, Written>;

/// The term of a write: this process's session holds the lock under this fence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) lock: String,
    pub(super) fence: Fence,
}

/// The operations that wait.
#[derive(Debug, Default)]
pub(in crate::leadership::consul) struct Batcher(Mutex<Queues>);

#[derive(Debug, Default)]
pub(super) struct Queues {
    pub(super) reads: VecDeque<ReadOp>,
    pub(super) writes: VecDeque<WriteOp>,
    workers: usize,
}

enum OpBatch {
    Reads(Vec<ReadOp>),
    Writes(Vec<WriteOp>),
}

/// The subject of an operation of a transaction, by its index in the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    /// The term of this write, and of all writes with the same term.
    Held(usize),
    /// The record as it was read.
    Check(usize),
    Set(usize),
}

impl Batcher {
    fn queues(&self) -> MutexGuard<'_, Queues> {
        self.0.lock()
    }

    /// Takes the next batch for a worker; `None` ends the worker.
    fn next_batch(&self) -> Option<OpBatch> {
        let mut queues = self.queues();
        // nothing is written for an asker that waits no longer
        queues.writes.retain(|op| !op.reply.is_closed());
        queues.reads.retain(|op| !op.reply.is_closed());
        let batch = queues.take_writes().or_else(|| queues.take_reads());
        if batch.is_none() {
            queues.workers -= 1;
        }
        batch
    }
}

impl Queues {
    fn take_reads(&mut self) -> Option<OpBatch> {
        let number = self.reads.len().min(OPERATIONS);
        (number > 0).then(|| OpBatch::Reads(self.reads.drain(..number).collect()))
    }

    fn take_writes(&mut self) -> Option<OpBatch> {
        let (mut operations, mut bytes) = (0, 0);
        let mut before: Option<&Held> = None;
        let fit = self.writes.iter().take_while(|op| {
            operations += if before == Some(&op.work.held) { 2 } else { 4 };
            bytes += op.work.value.len();
            // a value that is too long for any transaction is Consul's to refuse
            let fits = before.is_none() || operations <= OPERATIONS && bytes <= MAX_BATCH_BYTES;
            before = Some(&op.work.held);
            fits
        });
        let number = fit.count();
        (number > 0).then(|| OpBatch::Writes(self.writes.drain(..number).collect()))
    }
}

impl KvStore {
    /// Enqueues an operation, and waits for its result. Cancel safe: a cancelled operation that no
    /// transaction has is dropped.
    pub(super) async fn run<T>(
        self,
        enqueue: impl FnOnce(&mut Queues, ReplyTo<T>),
    ) -> Result<T, String> {
        let (reply, answer) = oneshot::channel();
        let timing = self.0.timing;
        let is_worker_wanted = {
            let mut queues = self.0.records.queues();
            enqueue(&mut queues, reply);
            let is_wanted = queues.workers < MAX_TRANSACTIONS;
            queues.workers += usize::from(is_wanted);
            is_wanted
        };
        if is_worker_wanted {
            tokio::spawn(self.run_batches());
        }
        let answer = async { Ok::<_, Reply>(answer.await) };
        // another transaction may have to be answered first
        within(REQUEST_TIMEOUT.max(timing.trust() * 2), answer)
            .await?
            .unwrap_or_else(|_| Err("no answer".into()))
    }

    async fn run_batches(self) {
        while let Some(batch) = self.0.records.next_batch() {
            match batch {
                OpBatch::Reads(reads) => self.run_reads(reads).await,
                OpBatch::Writes(writes) => self.run_writes(writes).await,
            }
        }
    }

    /// Sends a transaction. The timeout is the trust: a later answer is of no use to the term.
    async fn transact(&self, operations: &[Operation]) -> Result<Carried, String> {
        within(self.0.timing.trust(), self.0.jobs.transact(operations)).await
    }

    async fn run_reads(&self, mut reads: Vec<ReadOp>) {
        while !reads.is_empty() {
            let get = |op: &ReadOp| Operation { kv: KvOperation::new("get", &op.key) };
            let operations: Vec<Operation> = reads.iter().map(get).collect();
            let carried = self.transact(&operations).await;
            let done = |key: &str, stored: Option<&StoredKey>| {
                // Consul leaves out what the token may not read
                let unseen = "it does not show a key that exists";
                stored
                    .map(found)
                    .ok_or_else(|| lacks_right(&Rule::for_key(&self.0.keyspace, key), unseen))
            };
            let refused = |reads: &[ReadOp], error: &TransactionError| {
                let Some(op) = reads.get(error.op_index) else { return Vec::new() };
                let answer = if error.what.contains("doesn't exist") {
                    Ok(StoredRecord { value: None, read: Expected::Absent })
                } else {
                    Err(error.describe(|| Rule::for_key(&self.0.keyspace, &op.key)))
                };
                vec![(error.op_index, answer)]
            };
            reads = distribute(reads, carried, done, refused);
        }
    }

    async fn run_writes(&self, mut writes: Vec<WriteOp>) {
        while !writes.is_empty() {
            let Some(session) = self.0.session() else {
                writes.into_iter().for_each(|op| send(op.reply, Ok(Written::Refused)));
                return;
            };
            let (operations, subjects) = transaction(&writes, session.as_str());
            let carried = self.transact(&operations).await;
            let done = |_: &str, stored: Option<&StoredKey>| {
                let written = |it: &StoredKey| Written::Done(Expected::At(Index(it.modify_index)));
                stored.map(written).ok_or_else(incomplete)
            };
            let refused = |writes: &[WriteOp], error: &TransactionError| {
                let at = error.op_index;
                let (Some(subject), Some(operation)) = (subjects.get(at), operations.get(at))
                else {
                    return Vec::new();
                };
                let answer = match subject {
                    Subject::Held(_) | Subject::Check(_) if !error.is_denied() => {
                        Ok(Written::Refused)
                    }
                    _ => Err(error.describe(|| Rule::for_key(&self.0.keyspace, &operation.kv.key))),
                };
                match *subject {
                    Subject::Check(index) | Subject::Set(index) => vec![(index, answer)],
                    Subject::Held(first) => {
                        let held = &writes[first].work.held;
                        let of_it = (0..writes.len()).filter(|it| writes[*it].work.held == *held);
                        of_it.map(|index| (index, answer.clone())).collect()
                    }
                }
            };
            writes = distribute(writes, carried, done, refused);
        }
    }
}

/// Builds a transaction of writes, each behind the checks of its term and its record.
fn transaction(writes: &[WriteOp], session: &str) -> (Vec<Operation>, Vec<Subject>) {
    let (mut operations, mut subjects) = (Vec::new(), Vec::new());
    let mut add = |subject, kv| {
        subjects.push(subject);
        operations.push(Operation { kv });
    };
    let mut before: Option<&Held> = None;
    for (index, RecordOp { key, work: Set { held, read, value }, .. }) in writes.iter().enumerate()
    {
        if before != Some(held) {
            for check in checks(&held.lock, held.fence, session) {
                add(Subject::Held(index), check);
            }
            before = Some(held);
        }
        let check = match read {
            Expected::Absent => KvOperation::new("check-not-exists", key),
            Expected::At(index) => {
                KvOperation { index: Some(index.0), ..KvOperation::new("check-index", key) }
            }
        };
        add(Subject::Check(index), check);
        let value = Some(base64(value));
        add(Subject::Set(index), KvOperation { value, ..KvOperation::new("set", key) });
    }
    (operations, subjects)
}

/// Sends the results of a transaction: to all operations if it was `done` or not answered; if it was
/// `refused`, to the operations with errors. Returns the others, to be sent again.
fn distribute<W, A>(
    batcher: Vec<RecordOp<W, A>>,
    carried: Result<Carried, String>,
    done: impl Fn(&str, Option<&StoredKey>) -> Result<A, String>,
    refused: impl Fn(&[RecordOp<W, A>], &TransactionError) -> Vec<(usize, Result<A, String>)>,
) -> Vec<RecordOp<W, A>> {
    let errors = match carried {
        Ok(Ok(stored)) => {
            // a check shows the key as well, as it was before
            let stored: HashMap<&str, &StoredKey> =
                stored.iter().map(|stored| (stored.key.as_str(), stored)).collect();
            for RecordOp { key, reply, .. } in batcher {
                send(reply, done(&key, stored.get(key.as_str()).copied()));
            }
            return Vec::new();
        }
        Ok(Err(errors)) => errors,
        Err(fault) => {
            batcher.into_iter().for_each(|op| send(op.reply, Err(fault.clone())));
            return Vec::new();
        }
    };
    let mut answers: HashMap<usize, _> =
        errors.iter().flat_map(|error| refused(&batcher, error)).collect();
    let is_known = !answers.is_empty();
    let mut rest = Vec::new();
    for (index, op) in batcher.into_iter().enumerate() {
        match answers.remove(&index) {
            Some(answer) => send(op.reply, answer),
            None if is_known => rest.push(op),
            // no error names an operation of the batch
            None => {
                let whats: Vec<_> = errors.iter().map(|error| error.what.as_str()).collect();
                let whats = whats.join("; ");
                let fault = format!("refused a transaction: {}", Excerpt::line(&whats));
                send(op.reply, Err(fault));
            }
        }
    }
    rest
}

/// Sends a result, also where nobody waits for it any more.
fn send<T>(reply: ReplyTo<T>, answer: Result<T, String>) {
    let _ = reply.send(answer);
}

fn found(stored: &StoredKey) -> StoredRecord {
    StoredRecord { read: Expected::At(Index(stored.modify_index)), value: stored.value() }
}

fn incomplete() -> String {
    "a transaction's answer does not show every key; is this a Consul agent?".into()
}
