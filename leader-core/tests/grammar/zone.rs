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
fn an_unknown_zone_is_told_the_nearest() {
    for (text, parts) in [
        ("Oslo", &["did you mean `Europe/Oslo`?"][..]),
        ("Europe/Olso", &["did you mean `Europe/Oslo`?"]),
        ("US/New York", &["did you mean `America/New_York`?"]),
        ("Europa/Zurich", &["did you mean `Europe/Zurich`?"]),
        ("", &["empty", "`Europe/Oslo`"]),
        ("+02:00", &["IANA", "`Europe/Oslo`"]),
        ("Middle-earth", &["IANA"]),
        ("PST", &["IANA"]),
    ] {
        assert_says(&fault::<Zone>(text), parts);
    }
}
