//! Suggestions for names that are not IANA's: names of Windows, capitals, other places, and misspelt
//! names.

use crate::nearest::{distance, nearest};

/// Names that people use for a zone and the database does not have, with their sources.
const KNOWN_AS: &str = include_str!("known_as.txt");

/// Returns the name of the zone that `wanted` means, out of `names`, the names of all zones.
///
/// It is the zone of a place of this name on any continent, or of a similar name on this continent. A
/// wrong guess is worse than none: two places with similar names are in one zone only by chance.
pub(super) fn meant<'a>(wanted: &str, names: &'a [String]) -> Option<&'a str> {
    let (area, place) = wanted.rsplit_once('/').unwrap_or_default();
    let place = folded(if place.is_empty() { wanted } else { place });
    let area = area.split('/').next().unwrap_or_default();
    let is_there = |zone: &str| is_american(area) == is_american(zone) || !is_continent(area);
    // `Etc/GMT+2` is two hours behind UTC, which nobody means by `GMT+2`
    let is_place = |name: &&String| name.contains('/') && !name.starts_with("Etc/");
    let of_database = || names.iter().filter(is_place).map(String::as_str);
    let known = || {
        of_database()
            .map(|zone| (zone.rsplit('/').next().unwrap_or_default(), zone))
            .chain(known_as())
            .map(|(name, zone)| (folded(name), zone))
    };
    let of_the_place = known().find(|(name, zone)| *name == place && is_there(zone));
    let zone = match of_the_place {
        Some((_, zone)) => zone,
        None => {
            let area = nearest(area, of_database().map(continent))?;
            known()
                .filter(|(_, zone)| continent(zone) == area)
                .map(|(name, zone)| (distance(place.as_bytes(), name.as_bytes()), name, zone))
                .filter(|(distance, name, _)| distance * LETTERS_A_SLIP <= name.len())
                .min()?
                .2
        }
    };
    names.iter().map(String::as_str).find(|name| *name == zone)
}

/// Minimum number of letters per edit of a similar name. Of the cities of the world that no table has,
/// one edit in three letters would take one in nine for another, most of them in another zone; one
/// edit in four takes one in thirty.
const LETTERS_A_SLIP: usize = 4;

/// Names of the table, each with its zone.
fn known_as<'a>() -> impl Iterator<Item = (&'a str, &'a str)> {
    let mut zone: &str = "";
    let lines = KNOWN_AS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.flat_map(move |line| {
        let names = match line.split_once(": ") {
            Some((of_names, names)) => {
                zone = of_names;
                names
            }
            None => line,
        };
        names
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(move |name| (name, zone))
    })
}

/// Letters and digits of a name, in lower case and without accents.
fn folded(name: &str) -> String {
    let plain = |c: char| match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'č' => 'c',
        'è'..='ë' | 'ē' | 'ę' | 'ě' => 'e',
        'ì'..='ï' | 'ī' | 'ı' => 'i',
        'ł' => 'l',
        'ñ' | 'ń' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ő' => 'o',
        'ř' => 'r',
        'ś' | 'ş' | 'š' | 'ș' => 's',
        'ţ' | 'ț' => 't',
        'ù'..='ü' | 'ū' | 'ű' => 'u',
        'ý' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        other => other,
    };
    let letters = name.chars().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric());
    letters.map(plain).collect()
}

fn continent(zone: &str) -> &str {
    zone.split('/').next().unwrap_or_default()
}

/// Whether the zone is in America, which has named its cities after those of the Old World: there
/// alone the continent decides.
fn is_american(zone: &str) -> bool {
    continent(zone) == "America"
}

fn is_continent(area: &str) -> bool {
    matches!(area, "Africa" | "America" | "Asia" | "Australia" | "Europe")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Zone;

    #[test]
    fn every_name_of_the_table_is_of_a_zone_that_there_is_and_of_no_other() {
        let mut seen = std::collections::BTreeMap::new();
        for (name, zone) in known_as() {
            assert_eq!(zone.parse::<Zone>().map(|zone| zone.name()), Ok(zone), "{name}");
            assert!(name.parse::<Zone>().is_err(), "{name} needs no table");
            let before = seen.insert(folded(name), zone);
            assert_eq!(before, None, "{name}: {zone}");
            let told = name.parse::<Zone>().unwrap_err().to_string();
            assert!(told.ends_with(&format!("did you mean `{zone}`?")), "{told}");
        }
        assert!(seen.len() > 400, "{}", seen.len());
    }
}
