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
    let wish = std::env::var("RUST_LOG").ok();
    let filter = wish.as_deref().and_then(|wish| wish.parse::<Targets>().ok());
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // another thread may have set one just now: then that one is the process's choice
    let _ = tracing_subscriber::registry()
        .with(filter.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO)))
        .with(layer)
        .try_init();
}

#[cfg(not(feature = "log"))]
pub(crate) fn install() {}
