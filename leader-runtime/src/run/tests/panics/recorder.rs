//! A recorder that panics on demand.

use std::cell::Cell;
use std::sync::Arc;

use ::metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};

thread_local! {
    pub(super) static PANICS: Cell<bool> = const { Cell::new(false) };
}

fn told() {
    assert!(!PANICS.get(), "a recorder, as planned");
}

pub(super) struct Panics;

impl Recorder for Panics {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {
        told();
    }

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {
        told();
    }

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {
        told();
    }

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        told();
        Counter::from_arc(Arc::new(Self))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        told();
        Gauge::from_arc(Arc::new(Self))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        told();
        Histogram::from_arc(Arc::new(Self))
    }
}

impl CounterFn for Panics {
    fn increment(&self, _: u64) {
        told();
    }

    fn absolute(&self, _: u64) {
        told();
    }
}

impl GaugeFn for Panics {
    fn increment(&self, _: f64) {
        told();
    }

    fn decrement(&self, _: f64) {
        told();
    }

    fn set(&self, _: f64) {
        told();
    }
}

impl HistogramFn for Panics {
    fn record(&self, _: f64) {
        told();
    }
}
