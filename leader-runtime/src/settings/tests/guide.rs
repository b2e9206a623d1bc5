//! The guide's table of settings, held beside the list of settings.

use super::*;

const README: &str = include_str!("../../../../README.md");
const GUIDE: &str = include_str!("../../../../guide/src/operating.md");

/// The row of this variable: its first three cells.
fn row(variable: &str) -> Option<[&'static str; 3]> {
    let cells = |line: &'static str| {
        let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
        Some([cells.next()?, cells.next()?, cells.next()?])
    };
    GUIDE.lines().filter_map(cells).find(|cells| cells[1] == format!("`{variable}`"))
}

#[test]
fn the_guide_has_a_row_of_each_setting_with_its_name_and_default() {
    for setting in setting::ALL {
        let [name, _, default] = row(setting.variable).expect(setting.variable);
        let (_, short) = setting.in_table();
        let is_named =
            name.ends_with(&format!("`{short}`")) || name == format!("`{}`", setting.name);
        assert!(is_named, "{name} of {}", setting.variable);
        if !default.contains(' ') {
            let (value, _) = setting.show(&Values::default());
            assert_eq!(default.trim_matches('`'), value, "{}", setting.variable);
        }
    }
}

#[test]
fn no_page_names_a_variable_that_is_not_read() {
    let words = [README, GUIDE].into_iter();
    let words = words.flat_map(|page| page.split(|c: char| !(c.is_ascii_uppercase() || c == '_')));
    for word in words.filter(|word| word.starts_with("LEADER_") && !word.starts_with("LEADER_JOB"))
    {
        let is_read = setting::ALL.into_iter().any(|setting| setting.variable == word);
        assert!(is_read || ["LEADER_CONFIG", "LEADER_PROFILE"].contains(&word), "{word}");
    }
}
