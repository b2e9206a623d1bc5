//! Handles on a recorder, shielded from its panics. Without the feature `metrics` they do nothing.

#[cfg(feature = "metrics")]
use std::cell::Cell;

#[cfg(feature = "metrics")]
use ::metrics::{
    IntoF64, Key, KeyName, Label, Level, Metadata, Recorder, SharedString, Unit, with_recorder,
};

#[cfg(not(feature = "metrics"))]
pub(crate) use self::none::{Counter, Gauge, Histogram};
#[cfg(feature = "metrics")]
pub(crate) use self::some::{Counter, Gauge, Histogram};
use super::Metric;
#[cfg(feature = "metrics")]
use super::{ALL, Kind};
#[cfg(feature = "metrics")]
use crate::unwind::{caught, shielded};

#[cfg(feature = "metrics")]
const ABOUT: Metadata<'static> = Metadata::new("leader_runtime", Level::INFO, None);

#[cfg(feature = "metrics")]
impl Metric {
    /// Sends the descriptions of all metrics to the recorder.
    pub(crate) fn describe_all() {
        for metric in ALL {
            shielded(|| with_recorder(|recorder| metric.describe(recorder)));
        }
    }

    fn describe(&self, recorder: &dyn Recorder) {
        let (name, meaning) = (KeyName::from(self.name), SharedString::from(self.meaning));
        let unit = self.name.ends_with("_seconds").then_some(Unit::Seconds);
        match self.kind {
            Kind::Counter => recorder.describe_counter(name, unit, meaning),
            Kind::Gauge => recorder.describe_gauge(name, unit, meaning),
            Kind::Histogram(_) => recorder.describe_histogram(name, unit, meaning),
        }
    }

    /// Returns the series with these label values, in the order of the labels.
    pub(super) fn counter(&self, values: &[&str]) -> Counter {
        Counter::of(|recorder| recorder.register_counter(&self.key(values), &ABOUT))
    }

    pub(super) fn gauge(&self, values: &[&str]) -> Gauge {
        Gauge::of(|recorder| recorder.register_gauge(&self.key(values), &ABOUT))
    }

    pub(super) fn histogram(&self, values: &[&str]) -> Histogram {
        Histogram::of(|recorder| recorder.register_histogram(&self.key(values), &ABOUT))
    }

    fn key(&self, values: &[&str]) -> Key {
        let label =
            |(label, value): (&&'static str, &&str)| Label::new(*label, (*value).to_owned());
        Key::from_parts(self.name, self.labels.iter().zip(values).map(label).collect::<Vec<_>>())
    }
}

/// Returns whether a recorder is installed, by setting `gauge` to 0: the no-op recorder never reads
/// the value.
#[cfg(feature = "metrics")]
pub(super) fn is_recording(gauge: &Gauge) -> bool {
    /// A zero that notes when its value is read.
    struct Zero<'a>(&'a Cell<bool>);

    impl IntoF64 for Zero<'_> {
        fn into_f64(self) -> f64 {
            self.0.set(true);
            0.0
        }
    }

    let is_read = Cell::new(false);
    gauge.set(Zero(&is_read));
    is_read.get()
        || caught(|| with_recorder(|recorder| size_of_val(recorder) > 0)).unwrap_or_default()
}

#[cfg(not(feature = "metrics"))]
pub(super) const fn is_recording(_: &Gauge) -> bool {
    false
}

#[cfg(not(feature = "metrics"))]
impl Metric {
    pub(crate) const fn describe_all() {}

    pub(super) const fn counter(&self, _: &[&str]) -> Counter {
        Counter
    }

    pub(super) const fn gauge(&self, _: &[&str]) -> Gauge {
        Gauge
    }

    pub(super) const fn histogram(&self, _: &[&str]) -> Histogram {
        Histogram
    }
}

#[cfg(feature = "metrics")]
mod some {
    use ::metrics::{IntoF64, Recorder, with_recorder};

    use crate::unwind::{caught, shielded};

    macro_rules! handles {
        ($($Handle:ident: $update:ident of $value:ident: $Value:ty;)+) => {
            $(
                #[derive(Clone, Debug)]
                pub(crate) struct $Handle(::metrics::$Handle);

                impl $Handle {
                    pub(super) fn of(
                        register: impl FnOnce(&dyn Recorder) -> ::metrics::$Handle,
                    ) -> Self {
                        let registered = caught(|| with_recorder(register));
                        Self(registered.unwrap_or_else(|_| ::metrics::$Handle::noop()))
                    }

                    pub(crate) fn $update(&self, $value: $Value) {
                        shielded(|| self.0.$update($value));
                    }
                }
            )+
        };
    }

    handles! {
        Counter: increment of by: u64;
        Gauge: set of value: impl IntoF64;
        Histogram: record of value: f64;
    }
}

#[cfg(not(feature = "metrics"))]
mod none {
    #[derive(Clone, Debug)]
    pub(crate) struct Counter;

    #[derive(Clone, Debug)]
    pub(crate) struct Gauge;

    #[derive(Clone, Debug)]
    pub(crate) struct Histogram;

    impl Counter {
        pub(crate) const fn increment(&self, _: u64) {}
    }

    impl Gauge {
        pub(crate) const fn set(&self, _: f64) {}
    }

    impl Histogram {
        pub(crate) const fn record(&self, _: f64) {}
    }
}
