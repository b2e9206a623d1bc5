//! No text in a file or a variable makes the reader panic, and every fault names its source.

use proptest::prelude::*;

use super::*;

fn names() -> impl Strategy<Value = String> {
    let known = setting::ALL.map(|setting| setting.name.to_owned()).to_vec();
    let jobs: Vec<String> =
        leader_core::Options::NAMES.map(|option| format!("jobs.call_time.{option}")).to_vec();
    prop::sample::select([known, jobs].concat())
}

fn variable_of(name: &str) -> String {
    match setting::ALL.into_iter().find(|setting| setting.name == name) {
        Some(setting) => setting.variable.to_owned(),
        None => variable::name("call_time", name.rsplit('.').next().unwrap_or_default()),
    }
}

/// Some of a file, and some of what a hand may do to it.
fn files() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "[lock]\n",
        "[lock",
        "[jobs.call_time]\n",
        "[[jobs]]\n",
        "lease",
        " = ",
        "=",
        "\"6s\"",
        "6s",
        "\n",
        "every",
        "\"",
        "'''",
        "{",
        "}",
        "[",
        "]",
        ".",
        ",",
        "#",
        "\u{feff}",
        "\r",
        "\0",
        "ø",
        "true",
        "0x1f",
        "1979-05-27",
        "key_prefix = \"a/\"\n",
        "cron = \"@daily\"\n",
        "\\u0000",
        "jobs",
        "health",
    ]);
    prop::collection::vec(part, 0..24).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn a_value_that_is_no_value_is_told_with_its_place(name in names(), text in any::<String>()) {
        prop_assume!(!text.is_empty() && !text.contains('\0'));
        let variable = variable_of(&name);
        let of_variable = read(&[], &[(&variable, &text)]);
        let escaped: String = text.chars().map(|c| format!("\\U{:08x}", u32::from(c))).collect();
        let of_file = read(&[("leader.toml", &format!("{name} = \"{escaped}\"\n"))], &[]);
        let (told, in_file) = (faults(&of_variable, &all()), faults(&of_file, &all()));
        prop_assert_eq!(told.len(), in_file.len());
        // what does not go together is told of the job, and of both places
        for (of_variable, of_file) in told.iter().zip(&in_file) {
            prop_assert!(of_variable.contains(&variable), "{}", of_variable);
            prop_assert!(of_file.contains("leader.toml:1:"), "{}", of_file);
            prop_assert!(!of_file.contains(char::is_control), "{}", of_file);
        }
    }

    #[test]
    fn a_file_of_any_text_is_read_or_told_with_its_line(text in prop_oneof![files(), any::<String>()]) {
        let settings = read(&[("leader.toml", &text)], &[]);
        for fault in faults(&settings, &all()) {
            prop_assert!(fault.contains("leader.toml"), "{}", fault);
            prop_assert!(!fault.contains(char::is_control), "{}", fault);
        }
    }

    #[test]
    fn a_file_of_any_bytes_is_read_or_told_with_its_line(bytes in any::<Vec<u8>>()) {
        let scene = Scene::new(&[], &[]);
        fs::write(scene.path("leader.toml"), bytes).unwrap();
        for fault in scene.faults(&all()) {
            prop_assert!(fault.contains("leader.toml"), "{}", fault);
        }
    }
}
