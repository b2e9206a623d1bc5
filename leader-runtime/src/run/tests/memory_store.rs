//! A record store in memory, with the semantics of Consul.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use leader_core::election::{Expected, Fence, Index};
use leader_core::record::Record;

use crate::leadership::{RecordKey, RecordStore, StoredRecord, Written};
use crate::run::history::json;

/// One record in memory, whose answers can be lost. A term can no longer write once a later one has.
#[derive(Debug, Default)]
pub(in crate::run) struct MemoryStore(Mutex<State>);

#[derive(Debug, Default)]
pub(in crate::run) struct State {
    pub(in crate::run) stored: Option<Vec<u8>>,
    index: u64,
    /// The fence of the latest term.
    pub(in crate::run) fence: u64,
    /// The fates of the next writes.
    pub(in crate::run) fates: VecDeque<Fate>,
    /// Whether no request is answered.
    pub(in crate::run) is_silent: bool,
}

#[derive(Clone, Copy, Debug)]
pub(in crate::run) enum Fate {
    AnswerLost,
    RequestLost,
}

impl State {
    fn at(&self) -> Expected {
        if self.stored.is_some() { Expected::At(Index(self.index)) } else { Expected::Absent }
    }
}

impl MemoryStore {
    pub(in crate::run) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// The stored record.
    pub(in crate::run) fn record(&self) -> Option<Record> {
        json::parse(self.state().stored.as_ref()?).ok()
    }
}

impl RecordStore for MemoryStore {
    fn read(&self, _: &RecordKey) -> BoxFuture<'static, Result<StoredRecord, String>> {
        let state = self.0.lock().unwrap();
        if state.is_silent {
            return ready(Err("no answer".into())).boxed();
        }
        ready(Ok(StoredRecord { value: state.stored.clone(), read: state.at() })).boxed()
    }

    fn write(
        &self,
        _: &RecordKey,
        fence: Fence,
        read: Expected,
        value: Vec<u8>,
    ) -> BoxFuture<'static, Result<Written, String>> {
        let mut state = self.0.lock().unwrap();
        let fate = state.fates.pop_front();
        if let Some(Fate::RequestLost) = fate {
            return ready(Err("no answer".into())).boxed();
        }
        if fence.0 < state.fence || read != state.at() {
            return ready(Ok(Written::Refused)).boxed();
        }
        state.fence = fence.0;
        state.stored = Some(value);
        state.index += 1;
        let answer = match fate {
            Some(_) => Err("no answer".into()),
            None => Ok(Written::Done(state.at())),
        };
        ready(answer).boxed()
    }
}
