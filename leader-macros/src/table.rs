//! The options that there are.

use leader_core::nearest;

use crate::value::{Kind, Usage};

#[rustfmt::skip]
static OPTIONS: [Usage; 23] = [
    ("key", Kind::Text, "\"service/clock\""),
    ("every", Kind::Span, "\"3s\""),
    ("cron", Kind::Text, "\"0 9 * * *\""),
    ("after", Kind::Span, "\"10s\""),
    ("while_leading", Kind::Flag, ""),
    ("tz", Kind::Text, "\"Europe/Oslo\""),
    ("offset", Kind::Span, "\"10m\""),
    ("jitter", Kind::Span, "\"5s\""),
    ("on_elected", Kind::Truth, "true"),
    ("timeout", Kind::Span, "\"30s\""),
    ("overlap", Kind::Text, "\"queue\""),
    ("missed", Kind::Text, "\"once\""),
    ("missed_within", Kind::Span, "\"1h\""),
    ("interrupted", Kind::Text, "\"rerun\""),
    ("retries", Kind::Count, "3"),
    ("backoff", Kind::Text, "\"1s..1m\""),
    ("on_loss", Kind::Text, "\"grace\""),
    ("drain", Kind::Span, "\"10s\""),
    ("step_down_after", Kind::Count, "3"),
    ("standby", Kind::Path, "not_the_leader"),
    ("enabled", Kind::Truth, "false"),
    ("name", Kind::Text, "\"clock\""),
    ("crate", Kind::Path, "::leader_runtime"),
];

/// What other schedulers call an option.
#[rustfmt::skip]
const ELSEWHERE: [(&str, &str); 20] = [
    ("interval", "every"), ("period", "every"), ("rate", "every"), ("fixed_rate", "every"),
    ("schedule", "cron"), ("crontab", "cron"), ("fixed_delay", "after"), ("delay", "after"),
    ("timezone", "tz"), ("time_zone", "tz"), ("zone", "tz"), ("lock", "key"), ("lock_key", "key"),
    ("retry", "retries"), ("max_retries", "retries"), ("attempts", "retries"),
    ("run_on_start", "on_elected"), ("on_start", "on_elected"), ("deadline", "timeout"),
    ("concurrency", "overlap"),
];

pub(crate) fn find(name: &str) -> Option<&'static Usage> {
    OPTIONS.iter().find(|usage| usage.0 == name)
}

/// The option that is nearest to this name, begins with it, or has it elsewhere.
pub(crate) fn meant(name: &str) -> Option<&'static str> {
    let names = || OPTIONS.iter().map(|usage| usage.0);
    let begun = || names().find(|option| name.len() > 1 && option.starts_with(name));
    let elsewhere = || ELSEWHERE.iter().find(|(other, _)| *other == name).map(|(_, ours)| *ours);
    nearest(name, names()).or_else(begun).or_else(elsewhere)
}

pub(crate) fn unknown(name: &str, meant: &str) -> String {
    if name == meant {
        let known = OPTIONS.map(|(option, ..)| format!("`{option}`")).join(", ");
        format!("unknown option `{name}`; a job takes {known}")
    } else {
        format!("unknown option `{name}`; did you mean `{meant}`?")
    }
}
