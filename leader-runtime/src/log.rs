//! The log on stderr, for a process without a subscriber of its own.

#[cfg(test)]
mod capture;
mod shield;

#[cfg(test)]
pub(crate) use self::capture::Log;
pub(crate) use self::shield::shield;

#[cfg(feature = "log")]
mod filter;

/// Installs a plain subscriber, if the process has none.
#[cfg(feature = "log")]
pub(crate) fn install() {
    use std::io::IsTerminal as _;

    use tracing_subscriber::filter::{LevelFilter, Targets};
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::util::SubscriberInitExt as _;

    if tracing::dispatcher::has_been_set() {
        return;
    }
    let usual = || Targets::new().with_default(LevelFilter::INFO);
    let wanted = std::env::var_os("RUST_LOG").filter(|text| !text.is_empty());
    let (filter, fault) = match wanted.as_deref().map(filter::read) {
        None => (usual(), None),
        Some(Ok(filter)) => (filter, None),
        Some(Err(fault)) => (usual(), Some(fault)),
    };
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // another thread may have installed one just now: that one is the process's choice
    let _ = tracing_subscriber::registry().with(filter).with(layer).try_init();
    if let Some(fault) = fault {
        tracing::warn!("{fault}; logs from INFO on");
    }
}

#[cfg(not(feature = "log"))]
pub(crate) fn install() {}
