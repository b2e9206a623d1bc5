//! The options of the attribute, by name: those of [`Options::TABLE`], and what a name was meant to
//! be.

use leader_core::{OptionSpec, Options, nearest};

/// Names that other schedulers have for an option.
#[rustfmt::skip]
const ELSEWHERE: [(&str, &str); 23] = [
    ("interval", "every"), ("period", "every"), ("rate", "every"), ("fixed_rate", "every"),
    ("schedule", "cron"), ("crontab", "cron"), ("fixed_delay", "after"), ("delay", "after"),
    ("timezone", "tz"), ("time_zone", "tz"), ("zone", "tz"), ("lock", "key"), ("lock_key", "key"),
    ("exclude", "except"), ("holidays", "except"), ("calendar", "except"),
    ("retry", "retries"), ("max_retries", "retries"), ("attempts", "retries"),
    ("run_on_start", "on_elected"), ("on_start", "on_elected"), ("deadline", "timeout"),
    ("concurrency", "overlap"),
];

pub(crate) fn find(name: &str) -> Option<&'static OptionSpec> {
    Options::TABLE.iter().find(|spec| spec.name == name)
}

/// The option that is nearest to this name, begins with it, or has it elsewhere.
pub(crate) fn meant(name: &str) -> Option<&'static str> {
    let names = || Options::TABLE.iter().map(|spec| spec.name);
    let begun = || names().find(|option| name.len() > 1 && option.starts_with(name));
    let elsewhere = || ELSEWHERE.iter().find(|(other, _)| *other == name).map(|(_, ours)| *ours);
    nearest(name, names()).or_else(begun).or_else(elsewhere)
}

pub(crate) fn unknown(name: &str, meant: &str) -> String {
    if name == meant {
        let known: Vec<_> = Options::TABLE.iter().map(|spec| format!("`{}`", spec.name)).collect();
        let known = known.join(", ");
        format!("unknown option `{name}`; a job takes {known}")
    } else {
        format!("unknown option `{name}`; did you mean `{meant}`?")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Rows of the tables in the attribute's documentation.
    fn documented() -> BTreeSet<&'static str> {
        let lines = include_str!("lib.rs").lines().filter_map(|line| line.strip_prefix("/// "));
        lines.filter(|line| line.starts_with("| `")).collect()
    }

    #[test]
    fn the_attributes_documentation_has_a_row_for_each_option_as_the_table_has_it() {
        let row = |spec: &OptionSpec| {
            let OptionSpec { name, values, default, doc, condition, .. } = *spec;
            let period = if condition.is_empty() { "" } else { ". " };
            format!("| `{name}` | {values} | {default} | {doc}{period}{condition} |")
        };
        let expected: BTreeSet<String> = Options::TABLE.iter().map(row).collect();
        let expected: BTreeSet<&str> = expected.iter().map(String::as_str).collect();
        let missing: Vec<_> = expected.difference(&documented()).copied().collect();
        assert!(missing.is_empty(), "write in lib.rs:\n/// {}", missing.join("\n/// "));
        let documented = documented();
        let stray: Vec<_> = documented.difference(&expected).collect();
        assert!(stray.is_empty(), "remove from lib.rs: {stray:#?}");
    }
}
