//! One field of a cron expression: what may stand in it, and the values it stands for.

/// What may stand in a field.
pub(super) struct Field {
    name: &'static str,
    min: u32,
    max: u32,
    /// Names of the values from `min` on.
    names: &'static [&'static str],
    extra: Extra,
}

/// What a field takes beyond numbers, names, ranges and steps.
#[derive(PartialEq, Eq)]
enum Extra {
    None,
    /// `?`, `L`, `LW`, `15W`.
    Day,
    /// `?`, `5L`, `5#2`.
    Weekday,
}

pub(super) const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// In the order in which they are written.
pub(super) const FIELDS: [Field; 6] = [
    Field { name: "second", min: 0, max: 59, names: &[], extra: Extra::None },
    Field { name: "minute", min: 0, max: 59, names: &[], extra: Extra::None },
    Field { name: "hour", min: 0, max: 23, names: &[], extra: Extra::None },
    Field { name: "day of month", min: 1, max: 31, names: &[], extra: Extra::Day },
    Field { name: "month", min: 1, max: 12, names: &MONTHS, extra: Extra::None },
    Field { name: "weekday", min: 0, max: 7, names: &WEEKDAYS, extra: Extra::Weekday },
];

/// What a field stands for.
#[derive(Default)]
pub(super) struct Values {
    /// One bit a value, as far as the calendar has no say in it: `15W` counts as 15.
    bits: u64,
    /// `L`, `LW`, `5L` or `5#2`: found in every month, or in every few years at the least.
    pub(super) floating: bool,
    /// The field in numbers alone.
    pub(super) text: String,
}

impl Values {
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> {
        let bits = self.bits;
        (0..u64::BITS).filter(move |&value| bits & (1 << value) != 0)
    }

    /// Whether the field leaves the choice to others.
    pub(super) fn is_open(&self) -> bool {
        self.text == "*"
    }

    fn add(&mut self, from: u32, to: u32, step: u32) {
        (from..=to).step_by(step as usize).for_each(|value| self.bits |= 1 << value);
    }
}

impl Field {
    /// # Errors
    ///
    /// What is wrong, to stand after the expression: `hour 24 is not in 0-23`.
    pub(super) fn parse(&self, text: &str) -> Result<Values, String> {
        let mut values = Values::default();
        let mut texts = Vec::new();
        let upper = text.to_ascii_uppercase();
        if upper == "*" || (upper == "?" && self.extra != Extra::None) {
            values.add(self.min, self.max, 1);
            values.text = "*".into();
            return Ok(values);
        }
        for item in upper.split(',') {
            texts.push(self.item(item, &mut values)?);
        }
        if texts.iter().any(|text| text == "L") && texts.iter().any(|text| text == "LW") {
            return Err(format!("{} `{text}` has both `L` and `LW`; keep one", self.name));
        }
        values.text = texts.join(",");
        Ok(values)
    }

    fn item(&self, item: &str, values: &mut Values) -> Result<String, String> {
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
            let (from, to) = (self.value(item, from)?, self.value(item, to)?);
            // a week that began before its Sunday ends with it
            let to = if self.extra == Extra::Weekday && to == 0 && from > 0 { 7 } else { to };
            if from > to {
                return Err(self.backwards(item, from, to));
            }
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

    fn single(&self, item: &str, text: &str, values: &mut Values) -> Result<String, String> {
        let value = self.value(item, text)?;
        values.add(value, value, 1);
        Ok(value.to_string())
    }

    fn day(&self, item: &str, values: &mut Values) -> Result<String, String> {
        if item == "L" || item == "LW" {
            values.floating = true;
            return Ok(item.into());
        }
        match item.strip_suffix('W') {
            Some(day) => Ok(format!("{}W", self.single(item, day, values)?)),
            None => self.single(item, item, values),
        }
    }

    fn weekday(&self, item: &str, values: &mut Values) -> Result<String, String> {
        let (day, suffix) = match item.split_once('#') {
            Some((day, nth @ ("1" | "2" | "3" | "4" | "5"))) => (day, format!("#{nth}")),
            Some((day, _)) => {
                return Err(format!(
                    "weekday `{item}`: a month has five of each at most; write `{day}#1` to \
                     `{day}#5`"
                ));
            }
            None if item == "L" => {
                return Err("weekday `L` does not say which; write `5L` for the last Friday".into());
            }
            None => match item.strip_suffix('L') {
                Some(day) => (day, "L".into()),
                None => return self.single(item, item, values),
            },
        };
        values.floating = true;
        Ok(format!("{}{suffix}", self.value(item, day)?))
    }

    fn step(&self, item: &str, step: &str) -> Result<u32, String> {
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
        format!("{name} `{item}` runs backwards; write `{from}-{max},{min}-{to}`")
    }

    fn unreadable(&self, item: &str) -> String {
        let (name, allowed) = (self.name, self.allowed());
        match item {
            "" => format!("{name} has an empty item; remove the stray `,`"),
            "*" | "?" => format!("{name} has `{item}` beside other items; keep one of them"),
            _ => format!("{name} `{item}` cannot be read; use {allowed}, `*`, `1-5`, `*/2`, `1,3`"),
        }
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

/// More digits than any field has are no number: they would only overflow.
fn number(text: &str) -> Option<u32> {
    let is_number = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}
