//! The file names of values: no two keys share a file, also where a file system ignores case.

use std::path::{Path, PathBuf};

/// Maximum length of a name without its ending: nearly every file system takes 255 bytes.
const MAX_NAME: usize = 240;

/// The path of a key's value.
///
/// `service/Batch` is `service+@batch.value`: keys have no `+` and no `@`, and some systems ignore the
/// case of names. A longer name is split into folders, whose names end with `~`, which keys do not have
/// either.
pub(super) fn of_value(directory: &Path, key: &str) -> PathBuf {
    let mut name = String::with_capacity(key.len());
    for c in key.chars() {
        match c {
            '/' => name.push('+'),
            c if c.is_ascii_uppercase() => name.extend(['@', c.to_ascii_lowercase()]),
            c => name.push(c),
        }
    }
    let mut path = directory.to_owned();
    let mut rest = name.as_str();
    // keys are ASCII
    while let Some((part, others)) = rest.split_at_checked(MAX_NAME).filter(|it| !it.1.is_empty()) {
        path.push(format!("{part}~"));
        rest = others;
    }
    path.join(format!("{rest}.value"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use leader_core::Key;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_is_read_by_people_and_is_no_lock_file_and_no_record() {
        for (key, name) in [
            ("service/batch/position", "service+batch+position.value"),
            ("a", "a.value"),
            ("a.lock", "a.lock.value"),
            ("stage/A_b-C,d.e", "stage+@a_b-@c,d.e.value"),
            (".hidden/x", ".hidden+x.value"),
        ] {
            assert_eq!(of_value(Path::new("/d"), key), Path::new("/d").join(name));
        }
    }

    #[test]
    fn the_longest_key_fits_into_names_of_255_bytes() {
        for key in ["a".repeat(512), "A".repeat(512), "a/".repeat(255) + "b", "a".repeat(240)] {
            assert!(key.parse::<Key>().is_ok());
            let path = of_value(Path::new(""), &key);
            let is_short = |part: &std::ffi::OsStr| part.len() <= 255;
            assert!(path.iter().all(is_short), "{}", path.display());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_two_keys_have_one_file_and_none_is_another_ones_folder_whatever_their_case(
            keys in proptest::collection::vec("[aAbB.,_/-]{1,6}|[aA]{235,250}|[aA]{475,490}", 2..40),
        ) {
            let mut seen: BTreeMap<PathBuf, String> = BTreeMap::new();
            for key in keys.into_iter().filter(|key| key.parse::<Key>().is_ok()) {
                let path = of_value(Path::new("d"), &key);
                prop_assert!(path.starts_with("d") && path.iter().all(|part| part != ".."));
                let folded = PathBuf::from(path.to_str().unwrap().to_lowercase());
                if let Some(other) = seen.insert(folded.clone(), key.clone()) {
                    prop_assert_eq!(&other, &key);
                }
                let is_within = |folder: &Path| seen.contains_key(folder);
                prop_assert!(!folded.ancestors().skip(1).any(is_within), "{}", key);
            }
        }
    }
}
