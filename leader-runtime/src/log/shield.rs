//! The process's subscriber, shielded for our threads: its panic costs a line, and not the thread.

use tracing::dispatcher::{self, Dispatch};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{Interest, NoSubscriber, Subscriber};
use tracing::{Event, Metadata};

use crate::unwind::{caught, shielded};

/// Returns the subscriber of this thread, shielded. `None` if none is set yet: a later one is not
/// shielded.
pub(crate) fn shield() -> Option<Dispatch> {
    let there = dispatcher::get_default(Dispatch::clone);
    (!there.is::<NoSubscriber>()).then(|| Dispatch::new(Shield(there)))
}

struct Shield(Dispatch);

impl Subscriber for Shield {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        caught(|| self.0.register_callsite(metadata)).unwrap_or_else(|_| Interest::never())
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        caught(|| self.0.enabled(metadata)).unwrap_or_default()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        // includes the hint of the shielded one
        Some(LevelFilter::current())
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        caught(|| self.0.new_span(span)).unwrap_or_else(|_| Id::from_u64(u64::MAX))
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        shielded(|| self.0.record(span, values));
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        shielded(|| self.0.record_follows_from(span, follows));
    }

    fn event(&self, event: &Event<'_>) {
        shielded(|| self.0.event(event));
    }

    fn enter(&self, span: &Id) {
        shielded(|| self.0.enter(span));
    }

    fn exit(&self, span: &Id) {
        shielded(|| self.0.exit(span));
    }

    fn clone_span(&self, id: &Id) -> Id {
        caught(|| self.0.clone_span(id)).unwrap_or_else(|_| id.clone())
    }

    fn try_close(&self, id: Id) -> bool {
        caught(|| self.0.try_close(id)).unwrap_or_default()
    }
}
