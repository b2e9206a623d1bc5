//! `H`: a value that is each job's own. It is replaced by an item that could have been written.

use super::field::Field;

/// Picks a job's value for the field of this name, out of a number of values from 0 on.
pub(super) type Pick<'a> = &'a dyn Fn(&str, u32) -> u32;

/// Whether this item, in upper case, is hashed.
pub(super) fn is_hashed(item: &str) -> bool {
    item == "H" || item.starts_with("H/") || item.starts_with("H(")
}

/// Returns the item that replaces `H`: `37` for `H`, `7-59/15` for `H/15`, `4-29/10` for
/// `H(0-29)/10`.
///
/// # Errors
///
/// A message to follow the expression.
pub(super) fn resolved(field: &Field, item: &str, pick: Pick<'_>) -> Result<String, String> {
    let (range, step) = match item.split_once('/') {
        Some((range, step)) => (range, Some(field.step(item, step)?)),
        None => (item, None),
    };
    let (from, to) = bounds(field, item, &range[1..])?;
    let count = to - from + 1;
    let first = |count| from + pick(field.name, count);
    Ok(match step {
        Some(step) => format!("{}-{to}/{step}", first(step.min(count))),
        None => first(count).to_string(),
    })
}

/// Greatest hashed value of a field: 28 for days, which every month has; 6 for weekdays, so that Sunday
/// counts once.
pub(super) const fn last(max: u32) -> u32 {
    match max {
        31 => 28,
        7 => 6,
        max => max,
    }
}

fn bounds(field: &Field, item: &str, range: &str) -> Result<(u32, u32), String> {
    let most = last(field.max);
    if range.is_empty() {
        return Ok((field.min, most));
    }
    let inner = range.strip_prefix('(').and_then(|range| range.strip_suffix(')'));
    let Some((from, to)) = inner.and_then(|inner| inner.split_once('-')) else {
        let (name, min) = (field.name, field.min);
        return Err(format!(
            "{name} `{item}` cannot be read; write `H`, `H/2`, `H({min}-{most})` or \
             `H({min}-{most})/2`"
        ));
    };
    let (from, to) = field.range(item, from, to)?;
    if to > most && field.max == 31 {
        return Err(format!(
            "day of month `{item}` goes past 28, and not every month has such a day; write one \
             within `H(1-28)`"
        ));
    }
    Ok((from, to))
}
