//! An expression as it is written: its nickname, its fields, and its faults.

use super::days::Days;
use super::field::{FIELDS, Field, MONTHS, Values};
use super::hash::{Pick, is_hashed};
use super::{bits, month};

/// The six fields, each as it is written; the second is `0` where there are five fields.
///
/// # Errors
///
/// A message to follow the expression.
pub(super) fn fields(text: &str) -> Result<[&str; 6], String> {
    let text = match text {
        nickname if nickname.starts_with('@') => of_nickname(nickname)?,
        text => text,
    };
    let parts: Vec<_> = text.split(' ').filter(|part| !part.is_empty()).collect();
    if let Some(zone) = parts.iter().find(|part| names_zone(part)) {
        let zone = zone.rsplit('=').next().unwrap_or(zone);
        return Err(format!("`{zone}` names a time zone; write it as `tz = \"{zone}\"`"));
    }
    match parts[..] {
        [minute, hour, day, month, weekday] => Ok(["0", minute, hour, day, month, weekday]),
        [second, minute, hour, day, month, weekday] => {
            Ok([second, minute, hour, day, month, weekday])
        }
        [.., year] if parts.len() == 7 => Err(format!(
            "has 7 fields; leave out `{year}`, since no year is read: write 6 fields, and `except` \
             for days that are left out"
        )),
        _ => Err(format!(
            "has {} fields; write 5 (minute hour day month weekday) or 6 (a second before them)",
            parts.len()
        )),
    }
}

/// Whether the part names a time zone, as `Europe/Zurich` or `TZ=…`: a word on both sides.
fn names_zone(part: &str) -> bool {
    let is_word = |word: &str| word.len() > 1 && word.starts_with(char::is_alphabetic);
    part.split_once(['/', '=']).is_some_and(|(area, place)| is_word(area) && is_word(place))
}

fn of_nickname(nickname: &str) -> Result<&'static str, String> {
    Ok(match nickname.to_ascii_lowercase().as_str() {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        every if every.starts_with("@every") => {
            return Err("`@every` is not a wall clock; use `every = \"5m\"`".into());
        }
        "@reboot" => {
            return Err("`@reboot` is no time; use `on_elected = true` beside a schedule, or \
                        `while_leading`, for what runs when a node begins to lead"
                .into());
        }
        _ => {
            return Err("is unknown; use @yearly, @monthly, @weekly, @daily or @hourly".into());
        }
    })
}

/// Values of each field, with the job's value for each `H`.
pub(super) fn values(fields: [&str; 6], pick: Pick<'_>) -> Result<[Values; 6], String> {
    let mut found: [Values; 6] = Default::default();
    for ((values, field), text) in found.iter_mut().zip(&FIELDS).zip(fields) {
        *values = field.parse(text, pick)?;
    }
    Ok(found)
}

/// Whether any field has a hashed value.
pub(super) fn has_hash(fields: [&str; 6]) -> bool {
    fields.iter().any(|field| is_hashed_field(field))
}

fn is_hashed_field(text: &str) -> bool {
    text.to_ascii_uppercase().split(',').any(is_hashed)
}

/// Returns a message if the expression has no day in any year, with these values or with any other
/// value for all `H` of the month. Different values of several `H` are checked for the job itself.
pub(super) fn never(fields: [&str; 6], values: &[Values; 6]) -> Option<String> {
    let [.., day, month, weekday] = values;
    let [.., hashed_month, _] = fields;
    let never = never_of(day, month, weekday);
    if never.is_some() || !is_hashed_field(hashed_month) {
        return never;
    }
    let [.., field, _] = &FIELDS;
    let mut months = (0..12).filter_map(|place| nth_place(field, hashed_month, place));
    months.find_map(|month| never_of(day, &month, weekday))
}

/// Whether the second has one value alone, whatever values its `H` have.
pub(super) fn has_one_second([second, ..]: [&str; 6]) -> bool {
    let [field, ..] = &FIELDS;
    (field.min..=field.max)
        .filter_map(|place| nth_place(field, second, place))
        .all(|values| values.bits.is_power_of_two())
}

/// Values of a field with the same number for each `H`, as far as it has so many.
fn nth_place(field: &Field, text: &str, place: u32) -> Option<Values> {
    field.parse(text, &|_, count| place.min(count - 1)).ok()
}

fn never_of(day: &Values, month: &Values, weekday: &Values) -> Option<String> {
    if Days::new(day, month, weekday).ever(None) {
        return None;
    }
    let months: Vec<_> = bits::each(month.bits).map(|month| MONTHS[month as usize - 1]).collect();
    let longest = bits::each(month.bits).map(month::longest).max().unwrap_or(31);
    let months = match months.as_slice() {
        all if all.len() == MONTHS.len() => "any month".to_owned(),
        some => some.join(", "),
    };
    // nothing but a day that these months do not have
    let days = day.bits | u64::from(day.nearest);
    if days != 0 && bits::least(days) > longest && day.from_last == 0 && !day.last_working {
        let earliest = bits::least(days);
        return Some(format!(
            "never fires, there is no day {earliest} in {months}; use `L` for the last day"
        ));
    }
    if days == 0 && day.from_last != 0 && bits::least(day.from_last.into()) >= longest {
        let distance = bits::least(day.from_last.into());
        return Some(format!(
            "never fires, there is no day {distance} before the last in {months}; use `L-{}` or less",
            longest - 1
        ));
    }
    Some(format!(
        "never fires, since a day must be right by its day of month and by its weekday where one of \
         them begins with `*`, and no day of {months} is; write that one in numbers, and either will do"
    ))
}
