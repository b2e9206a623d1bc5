//! One field of a cron expression: its grammar and its values.

use super::hash::{self, Pick};

/// Grammar of a field.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) min: u32,
    pub(super) max: u32,
    /// Names of the values from `min` on.
    names: &'static [&'static str],
    extra: Extra,
}

/// Items of a field beyond numbers, names, ranges and steps.
#[derive(PartialEq, Eq)]
enum Extra {
    None,
    /// `?`, `L`, `L-3`, `LW`, `15W`.
    Day,
    /// `?`, `5L`, `5#2`.
    Weekday,
}

pub(super) const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// Fields in the order in which they are written.
pub(super) const FIELDS: [Field; 6] = [
    Field { name: "second", min: 0, max: 59, names: &[], extra: Extra::None },
    Field { name: "minute", min: 0, max: 59, names: &[], extra: Extra::None },
    Field { name: "hour", min: 0, max: 23, names: &[], extra: Extra::None },
    Field { name: "day of month", min: 1, max: 31, names: &[], extra: Extra::Day },
    Field { name: "month", min: 1, max: 12, names: &MONTHS, extra: Extra::None },
    Field { name: "weekday", min: 0, max: 7, names: &WEEKDAYS, extra: Extra::Weekday },
];

/// The values of a field.
#[derive(Default)]
pub(super) struct Values {
    /// Values, one bit each.
    pub(super) bits: u64,
    /// Whether the field begins with `*`, or is `?`.
    pub(super) is_wild: bool,
    /// `L`, `L-3`: distances from the last day of the month, one bit each.
    pub(super) from_last: u32,
    /// `15W`: days whose nearest working day is meant, one bit each.
    pub(super) nearest: u32,
    /// `LW`.
    pub(super) last_working: bool,
    /// `5#2`: weekdays of the first seven days of the month, of the second seven, and so on.
    pub(super) nth: [u8; 5],
    /// `5L`: weekdays of the last seven days.
    pub(super) last: u8,
    /// The field in numbers alone, with a number for each `H`.
    pub(super) text: String,
    /// The field as it was written, with a number for each `H`.
    pub(super) written: String,
}

impl Values {
    fn add(&mut self, from: u32, to: u32, step: u32) {
        (from..=to).step_by(step as usize).for_each(|value| self.bits |= 1 << value);
    }
}

impl Field {
    /// Reads the field.
    ///
    /// # Errors
    ///
    /// A message to follow the expression: `hour 24 is not in 0-23`.
    pub(super) fn parse(&self, text: &str, pick: Pick<'_>) -> Result<Values, String> {
        let is_wild = text.starts_with('*') || text == "?";
        let mut values = Values { is_wild, ..Values::default() };
        let upper = text.to_ascii_uppercase();
        if upper == "*" || (upper == "?" && self.extra != Extra::None) {
            values.add(self.min, self.max, 1);
            values.text = "*".into();
            values.written = text.into();
            return Ok(values);
        }
        let (mut numbers, mut written) = (Vec::new(), Vec::new());
        for (item, as_written) in upper.split(',').zip(text.split(',')) {
            let hashed = match hash::is_hashed(item) {
                true => Some(hash::resolved(self, item, pick)?),
                false => None,
            };
            numbers.push(self.item(hashed.as_deref().unwrap_or(item), &mut values)?);
            written.push(hashed.unwrap_or_else(|| as_written.to_owned()));
        }
        values.text = numbers.join(",");
        values.written = written.join(",");
        Ok(values)
    }

    fn item(&self, item: &str, values: &mut Values) -> Result<String, String> {
        if self.extra == Extra::Day
            && let Some(distance) = item.strip_prefix("L-")
        {
            return self.before_the_last(item, distance, values);
        }
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(self.step(item, step)?)),
            None => (item, None),
        };
        if range == "*"
            && let Some(step) = step
        {
            values.add(self.min, self.max, step);
            return Ok(format!("*/{step}"));
        }
        if let Some((from, to)) = range.split_once('-') {
            let (from, to) = self.range(item, from, to)?;
            values.add(from, to, step.unwrap_or(1));
            return Ok(match step {
                Some(step) => format!("{from}-{to}/{step}"),
                None => format!("{from}-{to}"),
            });
        }
        if let Some(step) = step {
            return Err(match self.value(item, range) {
                Ok(from) => format!(
                    "{} `{item}` steps from a single value; write `{from}-{}/{step}`",
                    self.name, self.max
                ),
                Err(_) => self.unreadable(item),
            });
        }
        match self.extra {
            Extra::Day => self.day(item, values),
            Extra::Weekday => self.weekday(item, values),
            Extra::None => self.single(item, item, values),
        }
    }

    /// Reads both ends of a range, the lower end first.
    pub(super) fn range(&self, item: &str, from: &str, to: &str) -> Result<(u32, u32), String> {
        let (from, to) = (self.value(item, from)?, self.value(item, to)?);
        // a week that began before its Sunday ends with it
        let to = if self.extra == Extra::Weekday && to == 0 && from > 0 { 7 } else { to };
        if from > to { Err(self.backwards(item, from, to)) } else { Ok((from, to)) }
    }

    fn single(&self, item: &str, text: &str, values: &mut Values) -> Result<String, String> {
        let value = self.value(item, text)?;
        values.add(value, value, 1);
        Ok(value.to_string())
    }

    fn before_the_last(
        &self,
        item: &str,
        distance: &str,
        values: &mut Values,
    ) -> Result<String, String> {
        match number(distance) {
            Some(distance @ 1..=30) => {
                values.from_last |= 1 << distance;
                Ok(format!("L-{distance}"))
            }
            _ => Err(format!(
                "day of month `{item}` is no day before the last; write `L-1` to `L-30`, without a \
                 `W` or a step"
            )),
        }
    }

    fn day(&self, item: &str, values: &mut Values) -> Result<String, String> {
        match item {
            "L" => values.from_last |= 1,
            "LW" => values.last_working = true,
            item => {
                let Some(day) = item.strip_suffix('W') else {
                    return self.single(item, item, values);
                };
                let day = self.value(item, day)?;
                values.nearest |= 1 << day;
                return Ok(format!("{day}W"));
            }
        }
        Ok(item.into())
    }

    fn weekday(&self, item: &str, values: &mut Values) -> Result<String, String> {
        if let Some((day, nth)) = item.split_once('#') {
            let Some(nth @ 1..=5) = number(nth).map(|nth| nth as usize) else {
                return Err(format!(
                    "weekday `{item}`: a month has five of each at most; write `{day}#1` to \
                     `{day}#5`"
                ));
            };
            let day = self.value(item, day)?;
            values.nth[nth - 1] |= 1 << (day % 7);
            return Ok(format!("{day}#{nth}"));
        }
        if item == "L" {
            return Err("weekday `L` does not say which; write `5L` for the last Friday".into());
        }
        let Some(day) = item.strip_suffix('L') else { return self.single(item, item, values) };
        let day = self.value(item, day)?;
        values.last |= 1 << (day % 7);
        Ok(format!("{day}L"))
    }

    pub(super) fn step(&self, item: &str, step: &str) -> Result<u32, String> {
        let most = self.max - self.min;
        match number(step) {
            Some(step) if (1..=most).contains(&step) => Ok(step),
            _ => Err(format!(
                "{} `{item}` has no step that it could take; use 1 to {most} after the `/`",
                self.name
            )),
        }
    }

    fn value(&self, item: &str, text: &str) -> Result<u32, String> {
        if let Some(place) = self.names.iter().position(|&name| name == text) {
            return Ok(self.min + place as u32);
        }
        match number(text) {
            Some(value) if (self.min..=self.max).contains(&value) => Ok(value),
            Some(value) => Err(format!("{} {value} is not in {}", self.name, self.allowed())),
            None => Err(self.unreadable(item)),
        }
    }

    fn backwards(&self, item: &str, from: u32, to: u32) -> String {
        let (name, min, max) = (self.name, self.min, self.max);
        if item.starts_with('H') {
            let most = hash::last(max);
            return format!(
                "{name} `{item}` runs backwards; write a range within `H({min}-{most})`"
            );
        }
        let step = item.split_once('/').and_then(|(_, step)| number(step));
        let Some(step) = step.filter(|step| (1..=max - min).contains(step)) else {
            return format!("{name} `{item}` runs backwards; write `{from}-{max},{min}-{to}`");
        };
        // the steps go on past the greatest value, of weekdays Saturday
        let (from, max) = if self.extra == Extra::Weekday { (from % 7, 6) } else { (from, max) };
        if from <= to {
            return format!("{name} `{item}` runs backwards; write `{from}-{to}/{step}`");
        }
        let last = from + max.saturating_sub(from) / step * step;
        let next = last + step - (max - min + 1);
        let rest = if next <= to { format!(",{next}-{to}/{step}") } else { String::new() };
        format!("{name} `{item}` runs backwards; write `{from}-{max}/{step}{rest}`")
    }

    pub(super) fn unreadable(&self, item: &str) -> String {
        let (name, allowed) = (self.name, self.allowed());
        match item {
            "" => format!("{name} has an empty item; remove the stray `,`"),
            "?" if self.extra == Extra::None => {
                format!("{name} `?` stands in day of month and weekday alone; write `*`")
            }
            "*" | "?" => format!("{name} has `{item}` beside other items; keep one of them"),
            random if random.contains('~') => {
                let hashed = self.hashed_for(random);
                format!(
                    "{name} `{item}` is a random value, another one after each start; write \
                     `{hashed}`, or `H`, which is each job's own and stays"
                )
            }
            _ => match self.meant(item) {
                Some(meant) => format!("{name} `{item}` cannot be read; write {meant}"),
                None => {
                    format!(
                        "{name} `{item}` cannot be read; use {allowed}, `*`, `1-5`, `*/2`, `1,3`"
                    )
                }
            },
        }
    }

    /// Items that one is nearly, with their meaning: a name, or one with `L`, `W`, `#` or `H`.
    fn meant(&self, item: &str) -> Option<String> {
        let is_longer = |name: &&&str| item.len() > name.len() && item.starts_with(**name);
        if let Some(name) = self.names.iter().find(is_longer)
            && item.bytes().all(|byte| byte.is_ascii_alphabetic())
        {
            return Some(format!("`{name}`"));
        }
        let is_made_of = |letters: &str| {
            item.contains(|c| letters.contains(c))
                && item.chars().all(|c| letters.contains(c) || c.is_ascii_digit() || c == '-')
        };
        if self.extra == Extra::Day && is_made_of("LW") {
            return Some(
                "`L` for the last day, `L-3` for three days before it, `LW` for the last working \
                 day, or `15W` for the working day nearest the 15th"
                    .into(),
            );
        }
        if self.extra == Extra::Weekday && is_made_of("L#") {
            return Some("`5L` for the last Friday, or `5#2` for the second".into());
        }
        let (min, most) = (self.min, hash::last(self.max));
        is_made_of("H")
            .then(|| format!("`H`, `H/2` or `H({min}-{most})` for a value of the job's own"))
    }

    /// The hashed item that is nearest in meaning to this random one.
    fn hashed_for(&self, random: &str) -> String {
        let (range, step) = match random.split_once('/') {
            Some((range, step)) => (range, format!("/{step}")),
            None => (random, String::new()),
        };
        let most = hash::last(self.max);
        let ends = range.split_once('~').and_then(|(from, to)| Some((number(from)?, number(to)?)));
        let (from, to) = ends.filter(|(from, to)| from < to).unwrap_or((self.min, most));
        format!("H({}-{}){step}", from.max(self.min), to.min(most))
    }

    fn allowed(&self) -> String {
        let (min, max) = (self.min, self.max);
        match self.names {
            [] => format!("{min}-{max}"),
            [first, .., last] if self.extra == Extra::None => {
                format!("{min}-{max} or {first}-{last}")
            }
            _ => format!("{min}-{max} (0 and 7 are Sunday) or SUN-SAT"),
        }
    }
}

/// Reads a number. One with more digits than any field has is refused, since it could overflow.
fn number(text: &str) -> Option<u32> {
    let is_number = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}
