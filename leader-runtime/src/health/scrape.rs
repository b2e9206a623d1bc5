//! The recorder that is installed where the process has none, and what it prints.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::metrics::{ALL, Kind};

/// The recorder of this process, seen by whoever scrapes it.
#[derive(Debug)]
pub(crate) struct Scrape(PrometheusHandle);

/// One for all runtimes of a process; `None` where the process has its own.
static OURS: OnceLock<Option<Scrape>> = OnceLock::new();

impl Scrape {
    /// Makes this the recorder of the process, where it has none.
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

    /// In Prometheus's text format.
    pub(crate) fn render(&self) -> String {
        self.0.render()
    }

    /// Puts what was measured into its buckets. Whoever is never scraped would keep each value.
    pub(crate) fn tidy(&self) {
        self.0.run_upkeep();
    }
}
