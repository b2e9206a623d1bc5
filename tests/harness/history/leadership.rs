//! From what the log of a node says of leadership to its history.

use std::fmt::Debug;

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::{Lead, Recorder, What};

/// Writes down what the log says of leadership, when it says so.
#[derive(Debug)]
pub struct Leadership(pub &'static Recorder);

#[derive(Default)]
struct Said {
    message: String,
    key: Option<String>,
    fence: Option<u64>,
}

impl<S: Subscriber> Layer<S> for Leadership {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut said = Said::default();
        event.record(&mut said);
        let Said { message, key: Some(key), fence: Some(fence) } = said else { return };
        let lead = Lead { key, fence };
        if ["leadership acquired", "leadership resumed in the same term"].contains(&&*message) {
            self.0.record(What::Gains(lead));
        } else if message == "leadership released" || message.starts_with("leadership lost") {
            self.0.record(What::Loses(lead));
        }
    }
}

impl Visit for Said {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "key" {
            self.key = Some(value.to_owned());
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "fence" {
            self.fence = Some(value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        }
    }
}
