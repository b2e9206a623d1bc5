//! Keys and names.

use leader_core::{JobName, Key};
use proptest::prelude::*;

use crate::{assert_says, fault};

proptest! {
    #[test]
    fn a_key_prints_as_it_is_read(
        text in "[A-Za-z0-9_,-]{1,20}(/[A-Za-z0-9_,-]{1,20}(\\.[a-z]{1,3})?){0,6}",
    ) {
        let key: Key = text.parse().unwrap();
        prop_assert_eq!(key.to_string().parse(), Ok(key));
    }

    #[test]
    fn a_name_prints_as_it_is_read(text in "[a-z0-9_]{1,64}") {
        let name: JobName = text.parse().unwrap();
        prop_assert_eq!(name.to_string().parse(), Ok(name));
    }
}

#[test]
fn a_bad_key_is_told_what_to_write() {
    let longest = "a".repeat(512);
    assert!(longest.parse::<Key>().is_ok());
    assert_says(&fault::<Key>(&format!("{longest}a")), &["513 bytes", "512"]);
    for (text, parts) in [
        ("", &["empty", "`service/clock`"][..]),
        ("/service/clock", &["`/`", "write `service/clock`"]),
        ("service/", &["write `service`"]),
        ("service//clock", &["write `service/clock`"]),
        ("/", &["write `service/clock`"]),
        ("service/../clock", &["URLs resolve"]),
        ("a..b", &["URLs resolve"]),
        ("./clock", &["URLs resolve"]),
        ("service clock", &["' '", "letters, digits"]),
        ("dienst/größe", &["'ö'", "letters, digits"]),
        ("service\nclock", &["'\\n'"]),
        ("a?recurse", &["'?'"]),
        (".leader/beats", &["the runtime's own"]),
        (".leader", &["the runtime's own"]),
    ] {
        assert_says(&fault::<Key>(text), parts);
    }
}

proptest! {
    #[test]
    fn a_constant_key_is_checked_as_a_literal_one(text in "[a.,/ö -]{0,6}|\\.leader(/a)?|a{510,514}") {
        prop_assert_eq!(Key::fault(&text).is_some(), text.parse::<Key>().is_err(), "{}", text);
    }
}

#[test]
fn a_bad_name_is_told_what_to_write() {
    for (text, parts) in [
        ("", &["empty", "`clock`"][..]),
        ("Clock", &["'C'", "`a` to `z`"]),
        ("my-clock", &["'-'", "`a` to `z`"]),
        (&"a".repeat(65), &["65 characters", "64"]),
    ] {
        assert_says(&fault::<JobName>(text), parts);
    }
}
