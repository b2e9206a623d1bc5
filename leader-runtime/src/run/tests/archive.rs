//! A record in memory, as Consul keeps it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use leader_core::election::{Fence, Index, Read};
use leader_core::record::Record;

use crate::lock::{Found, Place, Records, Written};
use crate::run::paper;

/// One record in memory, whose answers can be lost. A term writes nothing once a later one has.
#[derive(Debug, Default)]
pub(in crate::run) struct Memory(Mutex<State>);

#[derive(Debug, Default)]
pub(in crate::run) struct State {
    pub(in crate::run) stored: Option<Vec<u8>>,
    index: u64,
    /// The latest term's.
    pub(in crate::run) fence: u64,
    /// What becomes of the next writes.
    pub(in crate::run) fates: VecDeque<Fate>,
    /// Nothing is answered.
    pub(in crate::run) is_silent: bool,
}

#[derive(Clone, Copy, Debug)]
pub(in crate::run) enum Fate {
    AnswerLost,
    RequestLost,
}

impl State {
    fn at(&self) -> Read {
        if self.stored.is_some() { Read::At(Index(self.index)) } else { Read::Absent }
    }
}

impl Memory {
    pub(in crate::run) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// What is stored.
    pub(in crate::run) fn record(&self) -> Option<Record> {
        paper::parse(self.state().stored.as_ref()?)
    }
}

impl Records for Memory {
    fn read(&self, _: &Place) -> BoxFuture<'static, Result<Found, String>> {
        let state = self.0.lock().unwrap();
        if state.is_silent {
            return ready(Err("no answer".into())).boxed();
        }
        ready(Ok(Found { value: state.stored.clone(), read: state.at() })).boxed()
    }

    fn write(
        &self,
        _: &Place,
        fence: Fence,
        read: Read,
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
