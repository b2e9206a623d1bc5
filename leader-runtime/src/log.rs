//! Logs on stderr, for a process that has made no other arrangement.

#[cfg(test)]
mod heard;

#[cfg(test)]
pub(crate) use self::heard::Log;

/// Installs a plain subscriber where the process has none.
#[cfg(feature = "log")]
pub(crate) fn install() {
    use std::io::IsTerminal as _;

    use tracing_subscriber::filter::{LevelFilter, Targets};
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::util::SubscriberInitExt as _;

    if tracing::dispatcher::has_been_set() {
        return;
    }
    let wish = std::env::var_os("RUST_LOG").unwrap_or_default();
    let wish = wish.to_string_lossy();
    let usual = Targets::new().with_default(LevelFilter::INFO);
    let (filter, fault) = match wish.parse() {
        _ if wish.is_empty() => (usual, None),
        Ok(filter) => (filter, None),
        Err(fault) => (usual, Some(fault)),
    };
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // another thread may have set one just now: then that one is the process's choice
    let _ = tracing_subscriber::registry().with(filter).with(layer).try_init();
    if let Some(fault) = fault {
        tracing::warn!("RUST_LOG=`{wish}`: {fault}; logs from INFO on");
    }
}

#[cfg(not(feature = "log"))]
pub(crate) fn install() {}
