//! Options that the attribute reads and this version does not honour: a start refuses them.

use leader_core::Options;

/// Each with the value that says what is done anyway.
const LATER: [(&str, Option<&str>); 3] =
    [("missed", Some("skip")), ("missed_within", None), ("interrupted", Some("skip"))];

/// What is asked for and would not be done, each with the remedy.
pub(super) fn faults(options: &Options) -> Vec<String> {
    let is_later = |option: &str, text: &str| {
        LATER.iter().any(|(later, anyway)| *later == option && *anyway != Some(text))
    };
    options
        .texts()
        .into_iter()
        .filter(|(option, text)| is_later(option, text))
        .map(|(option, text)| format!("`{option} = {text:?}` is not supported yet; remove it"))
        .collect()
}
