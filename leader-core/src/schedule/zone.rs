//! Time zones by their IANA names, from the database that is built in: the same on every machine,
//! and at compile time.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::error::Error;
use crate::nearest::nearest;

/// A time zone of the IANA database: `Europe/Oslo`.
#[derive(Clone, Copy)]
pub struct Zone(Option<&'static Known>);

struct Known {
    name: Box<str>,
    zone: TimeZone,
}

/// Each zone that was asked for, so that a [`Zone`] is a word to copy. There are six hundred.
static KNOWN: Mutex<BTreeMap<String, &'static Known>> = Mutex::new(BTreeMap::new());

impl Zone {
    /// `UTC`, which is what a schedule without a zone is read in.
    pub const UTC: Self = Self(None);

    /// The name, as the database spells it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.0.map_or("UTC", |known| &known.name)
    }

    pub(super) fn of_jiff(self) -> TimeZone {
        self.0.map_or(TimeZone::UTC, |known| known.zone.clone())
    }
}

impl FromStr for Zone {
    type Err = Error;

    /// In any case of letters.
    fn from_str(text: &str) -> Result<Self, Error> {
        if text.eq_ignore_ascii_case("utc") {
            return Ok(Self::UTC);
        }
        let database = TimeZoneDatabase::bundled();
        let zone = database.get(text).ok();
        let name = zone.as_ref().and_then(|zone| zone.iana_name());
        let (Some(zone), Some(name)) = (&zone, name) else { return Err(unknown(&database, text)) };
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.entry(name.to_owned()).or_insert_with(|| {
            Box::leak(Box::new(Known { name: name.into(), zone: zone.clone() }))
        });
        Ok(Self(Some(known)))
    }
}

fn unknown(database: &TimeZoneDatabase, text: &str) -> Error {
    if text.is_empty() {
        return Error::new("the time zone is empty; use a name such as `Europe/Oslo`");
    }
    let names: Vec<_> = database.available().map(|name| name.to_string()).collect();
    let meant = meant(&text.trim().replace(' ', "_"), &names);
    Error::new(match meant {
        Some(meant) => format!("time zone `{text}` is unknown; did you mean `{meant}`?"),
        None => format!(
            "time zone `{text}` is unknown; use a name of the IANA database such as `Europe/Oslo`"
        ),
    })
}

/// By the city alone, or nearly by the whole name. An abbreviation is none of these: `PST` may be
/// one of several zones, and `EST` is another.
fn meant<'a>(wanted: &str, names: &'a [String]) -> Option<&'a str> {
    let city = |name: &'a String| name.rsplit_once('/').map(|(_, city)| (city, name.as_str()));
    let of_wanted = wanted.rsplit_once('/').map_or(wanted, |(_, city)| city);
    let of_the_city =
        names.iter().filter_map(city).find(|(city, _)| city.eq_ignore_ascii_case(of_wanted));
    let nearly = || match wanted.contains('/') {
        true => nearest(wanted, names.iter().map(String::as_str)),
        false => None,
    };
    of_the_city.map(|(_, name)| name).or_else(nearly)
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
