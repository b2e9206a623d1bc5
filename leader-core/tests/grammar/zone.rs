//! Time zones.

use leader_core::Zone;

use crate::{assert_says, due_in, fault};

#[test]
fn a_cron_goes_by_the_clock_of_its_zone_through_both_changes_of_the_year() {
    // Oslo skips 02:00 to 03:00 on 2026-03-29, and has it twice on 2026-10-25
    assert_eq!(
        due_in("Europe/Oslo", "30 2 * * *", "2026-03-28T00:00:00Z", 3),
        [
            "2026-03-28T02:30:00+01:00[Europe/Oslo]",
            "2026-03-29T03:00:00+02:00[Europe/Oslo]",
            "2026-03-30T02:30:00+02:00[Europe/Oslo]",
        ]
    );
    assert_eq!(
        due_in("Europe/Oslo", "30 2 * * *", "2026-10-24T12:00:00Z", 2),
        ["2026-10-25T02:30:00+02:00[Europe/Oslo]", "2026-10-26T02:30:00+01:00[Europe/Oslo]"]
    );
    assert_eq!(
        due_in("Europe/Oslo", "30 * * * *", "2026-10-25T00:00:00Z", 2),
        ["2026-10-25T02:30:00+02:00[Europe/Oslo]", "2026-10-25T02:30:00+01:00[Europe/Oslo]"]
    );
}

#[test]
fn a_zone_is_known_by_its_iana_name_in_any_case() {
    for (text, name) in [
        ("Europe/Oslo", "Europe/Oslo"),
        ("america/new_york", "America/New_York"),
        ("UTC", "UTC"),
        ("utc", "UTC"),
    ] {
        let zone: Zone = text.parse().expect(text);
        assert_eq!(zone.to_string(), name);
        assert_eq!(zone.name().parse(), Ok(zone));
    }
    assert_eq!(Zone::default(), Zone::UTC);
}

#[test]
fn an_unknown_zone_is_told_the_one_that_is_meant() {
    for (text, zone) in [
        // the place is right, and its continent is not, or is left out
        ("Oslo", "Europe/Oslo"),
        ("US/New York", "America/New_York"),
        ("Europa/Zurich", "Europe/Zurich"),
        ("Europe/Zürich", "Europe/Zurich"),
        ("America/São Paulo", "America/Sao_Paulo"),
        ("america/buenos-aires", "America/Argentina/Buenos_Aires"),
        ("Australia/Auckland", "Pacific/Auckland"),
        // capitals and large cities without a zone of their own
        ("Asia/Beijing", "Asia/Shanghai"),
        ("Beijing", "Asia/Shanghai"),
        ("Asia/New Delhi", "Asia/Kolkata"),
        ("Asia/Hanoi", "Asia/Bangkok"),
        ("America/Washington", "America/New_York"),
        ("America/San_Francisco", "America/Los_Angeles"),
        ("US/Seattle", "America/Los_Angeles"),
        ("America/Ottawa", "America/Toronto"),
        ("Europe/Bern", "Europe/Zurich"),
        ("Europe/Munich", "Europe/Berlin"),
        ("Europe/Köln", "Europe/Berlin"),
        ("Asia/Ankara", "Europe/Istanbul"),
        ("Pacific/Wellington", "Pacific/Auckland"),
        // of Windows
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("eastern standard time", "America/New_York"),
        ("Pacific Standard Time (Mexico)", "America/Tijuana"),
        ("China Standard Time", "Asia/Shanghai"),
        // slips of the pen
        ("Europe/Olso", "Europe/Oslo"),
        ("Europa/Olso", "Europe/Oslo"),
        ("Europe/Copenhagn", "Europe/Copenhagen"),
        ("America/Los_Angelos", "America/Los_Angeles"),
        ("Asia/Bejing", "Asia/Shanghai"),
        (" Europe/Oslo", "Europe/Oslo"),
    ] {
        let told = format!("time zone `{text}` is unknown; did you mean `{zone}`?");
        assert_eq!(fault::<Zone>(text), told);
    }
}

#[test]
fn a_zone_that_nobody_can_guess_is_told_no_other() {
    for (text, parts) in [
        ("", &["empty", "`Europe/Oslo`"][..]),
        ("+02:00", &["an offset", "IANA", "`Europe/Oslo`"]),
        ("UTC+2", &["an offset, which knows no summer time", "IANA"]),
        ("GMT+2", &["an offset, which knows no summer time"]),
        ("GMT-05:00", &["an offset, which knows no summer time"]),
        ("Etc/UTC+2", &["an offset, which knows no summer time"]),
        ("Etc/Oslo2", &["IANA"]),
        ("Middle-earth", &["IANA"]),
        ("Asia/Middle-earth", &["IANA"]),
        ("PST", &["several zones may share an abbreviation", "IANA"]),
        ("IST", &["several zones may share an abbreviation"]),
        // there is one in each of two zones of America, and none of them is in Europe
        ("America/San_Jose", &["IANA"]),
        ("America/London", &["IANA"]),
        ("Europe/Los_Angeles", &["IANA"]),
        // what looks like them is elsewhere
        ("Asia/Subang", &["IANA"]),
        ("Asia/Kasur", &["IANA"]),
        ("America/Tarija", &["IANA"]),
    ] {
        let told = fault::<Zone>(text);
        assert_says(&told, parts);
        assert!(!told.contains("did you mean"), "{told}");
    }
}

/// British Columbia stays on the summer's time from March 2026 on: `tzdata` 2026b and later.
#[test]
fn the_zone_data_is_that_of_this_year() {
    assert_eq!(
        due_in("America/Vancouver", "0 8 * * *", "2026-11-02T00:00:00Z", 1),
        ["2026-11-02T08:00:00-07:00[America/Vancouver]"]
    );
}
