//! Handles on a recorder; without the feature `metrics`, nothing in their place.

#[cfg(feature = "metrics")]
use std::cell::Cell;

#[cfg(feature = "metrics")]
pub(crate) use ::metrics::{Counter, Gauge, Histogram};
#[cfg(feature = "metrics")]
use ::metrics::{IntoF64, Key, KeyName, Label, Level, Metadata, SharedString, Unit, with_recorder};

#[cfg(not(feature = "metrics"))]
pub(crate) use self::none::{Counter, Gauge, Histogram};
use super::Metric;
#[cfg(feature = "metrics")]
use super::{ALL, Kind};

#[cfg(feature = "metrics")]
const ABOUT: Metadata<'static> = Metadata::new("leader_runtime", Level::INFO, None);

#[cfg(feature = "metrics")]
impl Metric {
    /// Tells the recorder what all of them mean.
    pub(crate) fn describe_all() {
        with_recorder(|recorder| {
            for Self { name, kind, meaning, .. } in ALL {
                let (name, meaning) = (KeyName::from(*name), SharedString::from(*meaning));
                let unit = name.as_str().ends_with("_seconds").then_some(Unit::Seconds);
                match kind {
                    Kind::Counter => recorder.describe_counter(name, unit, meaning),
                    Kind::Gauge => recorder.describe_gauge(name, unit, meaning),
                    Kind::Histogram(_) => recorder.describe_histogram(name, unit, meaning),
                }
            }
        });
    }

    /// The series with these values of its labels, in their order.
    pub(super) fn counter(&self, values: &[&str]) -> Counter {
        with_recorder(|recorder| recorder.register_counter(&self.key(values), &ABOUT))
    }

    pub(super) fn gauge(&self, values: &[&str]) -> Gauge {
        with_recorder(|recorder| recorder.register_gauge(&self.key(values), &ABOUT))
    }

    pub(super) fn histogram(&self, values: &[&str]) -> Histogram {
        with_recorder(|recorder| recorder.register_histogram(&self.key(values), &ABOUT))
    }

    fn key(&self, values: &[&str]) -> Key {
        let label =
            |(label, value): (&&'static str, &&str)| Label::new(*label, (*value).to_owned());
        Key::from_parts(self.name, self.labels.iter().zip(values).map(label).collect::<Vec<_>>())
    }
}

/// Whether there is a recorder; this gauge is told to be 0. The one of a process that has installed
/// none has nothing in it, and asks for no value.
#[cfg(feature = "metrics")]
pub(super) fn is_recording(gauge: &Gauge) -> bool {
    /// Says that it was asked for its value, which a recorder alone does.
    struct Zero<'a>(&'a Cell<bool>);

    impl IntoF64 for Zero<'_> {
        fn into_f64(self) -> f64 {
            self.0.set(true);
            0.0
        }
    }

    let is_heard = Cell::new(false);
    gauge.set(Zero(&is_heard));
    is_heard.get() || with_recorder(|recorder| size_of_val(recorder) > 0)
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
