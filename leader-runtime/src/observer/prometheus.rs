//! The recorder for a process without one, and its output.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::metrics::{ALL, Kind};

/// The recorder of this process, for scrapers.
#[derive(Debug)]
pub(crate) struct Scrape(PrometheusHandle);

/// The recorder of all runtimes of a process; `None` if the process has its own.
static OURS: OnceLock<Option<Scrape>> = OnceLock::new();

impl Scrape {
    /// Installs the recorder, if the process has none.
    pub(crate) fn install() {
        OURS.get_or_init(|| {
            let mut builder = PrometheusBuilder::new();
            for metric in ALL {
                if let Kind::Histogram(buckets) = metric.kind {
                    // the only fault that it knows is a list without a bucket
                    builder = builder
                        .set_buckets_for_metric(Matcher::Full(metric.name.into()), buckets)
                        .ok()?;
                }
            }
            let recorder = builder.build_recorder();
            let scrape = Self(recorder.handle());
            ::metrics::set_global_recorder(recorder).is_ok().then_some(scrape)
        });
    }

    pub(crate) fn ours() -> Option<&'static Self> {
        OURS.get()?.as_ref()
    }

    /// Returns all metrics in Prometheus's text format.
    pub(crate) fn render(&self) -> String {
        self.0.render()
    }

    /// Puts measured values into their buckets. Without scrapes, each value would be kept.
    pub(crate) fn tidy(&self) {
        self.0.run_upkeep();
    }
}
