//! A subscriber that panics on demand.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

thread_local! {
    pub(super) static AT: Cell<&'static str> = const { Cell::new("") };
}

#[derive(Clone, Default)]
pub(super) struct Panics(Arc<AtomicU64>);

impl Panics {
    fn is_at(what: &str) {
        if AT.get() == what {
            // once, as far as it goes: a second one while it unwinds would end the process
            assert!(std::thread::panicking(), "a subscriber, as planned");
        }
    }
}

impl Subscriber for Panics {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        Self::is_at("enabled");
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Self::is_at("new_span");
        Id::from_u64(self.0.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {
        Self::is_at("record");
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        Self::is_at("event");
    }

    fn enter(&self, _: &Id) {
        Self::is_at("enter");
    }

    fn exit(&self, _: &Id) {
        Self::is_at("exit");
    }

    fn try_close(&self, _: Id) -> bool {
        Self::is_at("try_close");
        true
    }
}
