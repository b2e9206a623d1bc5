//! Options that the attribute reads and this version does not honour: a start refuses them.

use leader_core::Options;

/// Each with the value that says what is done anyway.
const LATER: [(&str, Option<&str>); 14] = [
    ("after", None),
    ("while_leading", None),
    ("jitter", Some("0s")),
    ("on_elected", Some("false")),
    ("timeout", None),
    ("overlap", Some("skip")),
    ("missed", Some("skip")),
    ("missed_within", None),
    ("interrupted", Some("skip")),
    ("retries", Some("0")),
    ("backoff", None),
    ("on_loss", Some("cancel")),
    ("drain", Some("10s")),
    ("step_down_after", None),
];

/// What is asked for and would not be done, each with the remedy.
pub(super) fn faults(options: &Options) -> Vec<String> {
    let is_later = |option: &str, text: &str| {
        LATER.iter().any(|(later, anyway)| *later == option && *anyway != Some(text))
    };
    options
        .texts()
        .into_iter()
        .filter(|(option, text)| is_later(option, text))
        .map(|(option, text)| match option {
            "while_leading" => format!("`{option}` is not supported yet; use a `Lock` by hand"),
            "after" => format!("`{option} = {text:?}` is not supported yet; use `every`"),
            "on_elected" | "retries" | "step_down_after" => {
                format!("`{option} = {text}` is not supported yet; remove it")
            }
            _ => format!("`{option} = {text:?}` is not supported yet; remove it"),
        })
        .collect()
}
