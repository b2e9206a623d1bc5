//! The filter of `RUST_LOG`.

use std::ffi::OsStr;

use leader_core::nearest;
use tracing_subscriber::filter::Targets;

use crate::text::Excerpt;

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Reads a level, `TARGET=LEVEL`, or several of these, separated by commas.
///
/// # Errors
///
/// The fault, in words. A misspelt level is a fault: it would be read as a target, and everything
/// else would be silent.
pub(super) fn read(wanted: &OsStr) -> Result<Targets, String> {
    let fault =
        |why: &str| Err(format!("RUST_LOG=`{}`: {why}", Excerpt::line(&wanted.to_string_lossy())));
    let Some(text) = wanted.to_str() else { return fault("is not UTF-8") };
    let parts: Vec<&str> = text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        return fault("says nothing; use a level such as `info`, or `leader_runtime=debug`");
    }
    for part in &parts {
        let target = part.split('=').next().unwrap_or_default();
        if let Some(stranger) = target.chars().find(|c| !is_fit(*c)) {
            return fault(&format!(
                "no target has {stranger:?} in it; parts have commas between them"
            ));
        }
        if target == *part
            && let Some(level) = of_level(part)
        {
            return fault(&format!("is no level; write `{level}`"));
        }
        let of_crate = target.split("::").next().unwrap_or_default();
        if let Some(meant) = of_target(of_crate) {
            return fault(&format!("`{of_crate}` logs nothing; write `{meant}`"));
        }
    }
    match parts.join(",").parse() {
        Ok(filter) => Ok(filter),
        Err(cause) => fault(&cause.to_string()),
    }
}

/// Whether a target may have this character: in the path of a module, or in a name of its own.
fn is_fit(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '.' | '$')
}

/// The level nearest to a misspelt word.
fn of_level(word: &str) -> Option<&'static str> {
    let word = word.to_lowercase();
    match &*word {
        "warning" => Some("warn"),
        word if LEVELS.contains(&word) => None,
        word => nearest(word, LEVELS),
    }
}

/// The target of this crate, if it is written as the package or misspelt.
fn of_target(target: &str) -> Option<&'static str> {
    const OURS: &str = "leader_runtime";
    let letters = |text: &str| text.to_lowercase().replace(['_', '-', '.'], "");
    (target != OURS && letters(target) == letters(OURS)).then_some(OURS)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn levels_and_targets_are_read_with_spaces_between_them() {
        for (text, level) in [
            ("debug", Level::DEBUG),
            ("WARN", Level::WARN),
            ("warn, leader_runtime=debug", Level::DEBUG),
            ("leader_runtime::leadership=trace,info", Level::INFO),
            ("leader_runtime", Level::TRACE),
            ("leader_runner=trace,my-crate=warn,debug", Level::DEBUG),
            ("3", Level::INFO),
        ] {
            let filter = read(text.as_ref()).unwrap();
            assert!(filter.would_enable("leader_runtime", &level), "{text}");
            let below =
                [Level::INFO, Level::DEBUG, Level::TRACE].into_iter().find(|it| *it > level);
            let more = below.is_some_and(|below| filter.would_enable("leader_runtime", &below));
            assert!(!more, "{text}");
        }
        assert!(!read("off".as_ref()).unwrap().would_enable("leader_runtime", &Level::ERROR));
    }

    #[test]
    fn what_would_silence_all_by_mistake_is_told() {
        for (text, expected) in [
            ("  ", "RUST_LOG=`  `: says nothing; use a level"),
            ("inof", "RUST_LOG=`inof`: is no level; write `info`"),
            ("DEUBG", "RUST_LOG=`DEUBG`: is no level; write `debug`"),
            ("warning", "RUST_LOG=`warning`: is no level; write `warn`"),
            (
                "info;leader_runtime=debug",
                "RUST_LOG=`info;leader_runtime=debug`: no target has ';' in",
            ),
            ("info/foo", "RUST_LOG=`info/foo`: no target has '/' in it"),
            (
                "info leader_runtime=debug",
                "RUST_LOG=`info leader_runtime=debug`: no target has ' '",
            ),
            ("\"debug\"", "RUST_LOG=`\"debug\"`: no target has '\"' in it"),
            (
                "leader_runtime[run]=debug",
                "RUST_LOG=`leader_runtime[run]=debug`: no target has '['",
            ),
            (
                "leader-runtime::lock=debug",
                "RUST_LOG=`leader-runtime::lock=debug`: `leader-runtime` logs nothing; write `leader_",
            ),
            ("leader_runtime=inof", "RUST_LOG=`leader_runtime=inof`: "),
            ("a=b=c", "RUST_LOG=`a=b=c`: "),
        ] {
            let fault = read(text.as_ref()).unwrap_err();
            assert!(fault.starts_with(expected), "{fault}");
        }
        let fault = read("=x".repeat(500_000).as_ref()).unwrap_err();
        assert!(fault.len() < 500, "{fault}");
    }

    #[cfg(unix)]
    #[test]
    fn what_is_not_utf_8_is_told() {
        use std::os::unix::ffi::OsStrExt as _;

        let fault = read(OsStr::from_bytes(b"\xff")).unwrap_err();
        assert_eq!(fault, "RUST_LOG=`\u{fffd}`: is not UTF-8");
    }
}
