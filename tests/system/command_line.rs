//! The command line of a service: lists, due instants, for people and for scripts; and exit codes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::pipe;
use std::time::Duration;

use serde_json::Value;
use tests::{Node, NodeBuilder, slot};

const SOON: Duration = Duration::from_secs(20);

/// How it ended, and what it has printed until then.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) lines: Vec<String>,
    pub(crate) errors: String,
}

pub(crate) fn said(node: NodeBuilder) -> Said {
    let node = node.start();
    let code = node.wait_exit(SOON).code();
    let lines = node.lines().into_iter().map(|line| line.text).collect();
    let errors: Vec<String> = node.errors().into_iter().map(|line| line.text).collect();
    Said { code, lines, errors: errors.join("\n") }
}

pub(crate) fn asked(example: &str, command: &str) -> NodeBuilder {
    command.split_whitespace().fold(Node::example(example), NodeBuilder::arg)
}

/// The array that it printed.
#[track_caller]
fn array(node: NodeBuilder) -> Vec<Value> {
    let said = said(node);
    assert_eq!((said.code, said.errors.as_str()), (Some(0), ""), "{said:?}");
    match serde_json::from_str(&said.lines.join("\n")) {
        Ok(Value::Array(items)) => items,
        other => panic!("{other:?} is no array: {said:?}"),
    }
}

#[test]
fn a_script_is_told_of_each_job_what_the_attribute_and_the_settings_say() {
    let _slot = slot();
    let jobs = array(asked("own_parser", "cron list --json").env("LEADER_KEY_PREFIX", "stage/"));
    let is_instant = |value: &Value| value.as_str().is_some_and(|due| due.ends_with('Z'));
    let place = |line: u32| format!("tests/own_parser.rs:{line}");
    let expected = [
        ("call_time", "service/clock", "every 3s", None, "every 3 seconds", true, true, 18),
        (
            "charge",
            "billing/charge",
            "cron 0 3 * * * tz Europe/Oslo",
            Some("Europe/Oslo"),
            "at 03:00 every day, in Europe/Oslo",
            true,
            true,
            21,
        ),
        (
            "send_statements",
            "billing/customers/monthly-statements",
            "cron 30 8,12,16 * JAN-MAR,OCT MON-FRI tz America/Argentina/Buenos_Aires",
            Some("America/Argentina/Buenos_Aires"),
            "at 08:30, 12:30 and 16:30 from Monday to Friday in January to March and October, in \
             America/Argentina/Buenos_Aires",
            true,
            true,
            24,
        ),
        (
            "sweep",
            "service/sweep",
            "after 10s",
            None,
            "at once when a term begins, then 10 seconds after the end of each run",
            false,
            false,
            32,
        ),
        (
            "stream",
            "service/stream",
            "while_leading",
            None,
            "as long as this node leads",
            false,
            true,
            35,
        ),
        (
            "report",
            "service/report",
            "cron 0 6 * * SUN",
            Some("UTC"),
            "at 06:00 on Sunday, in UTC",
            true,
            false,
            38,
        ),
    ];
    assert_eq!(jobs.len(), expected.len());
    for (job, (name, key, schedule, zone, description, has_next, enabled, line)) in
        jobs.iter().zip(expected)
    {
        let fields: BTreeSet<&str> =
            job.as_object().expect("an object").keys().map(String::as_str).collect();
        let named = ["name", "key", "schedule", "zone", "description", "next", "enabled", "place"];
        assert_eq!(fields, BTreeSet::from(named));
        assert_eq!(job["name"], name);
        assert_eq!(job["key"], format!("stage/{key}"));
        assert_eq!(job["schedule"], schedule);
        assert_eq!(job["zone"], zone.map_or(Value::Null, Value::from), "{name}");
        assert_eq!(job["description"], description);
        assert_eq!(job["next"].is_null(), !has_next, "{job}");
        assert!(job["next"].is_null() || is_instant(&job["next"]), "{job}");
        assert_eq!(job["enabled"], enabled, "{name}");
        assert_eq!(job["place"], place(line), "{name}");
    }
}

/// A series of the calendar's table.
struct Series {
    schedule: &'static str,
    from: &'static str,
    /// Each instant, and what the clock of the zone shows.
    due: Vec<(&'static str, &'static str)>,
}

fn series() -> Vec<Series> {
    let table = include_str!("../../leader-core/tests/calendar/series.txt");
    let series = table.split("\n## ").skip(1).map(|text| {
        let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
        let due = |line: &&'static str| line.split_once("  # ").expect("an instant and a clock");
        let from = lines[2].strip_prefix("from ").expect("from when");
        Series { schedule: lines[1], from, due: lines[3..].iter().map(due).collect() }
    });
    series.collect()
}

/// The schedule as a job prints it. Of those whose places are hashed one is enough for each of two
/// jobs: the others are of the same names.
fn printed(schedule: &str) -> Option<String> {
    match schedule {
        "cron H * * * * of service/clock call_time" => Some("cron 58 * * * *".into()),
        "cron H/15 2 * * * tz Europe/Oslo of billing/charge charge" => {
            Some("cron 13-59/15 2 * * * tz Europe/Oslo".into())
        }
        hashed if hashed.contains(" of ") => None,
        schedule => Some(schedule.replace("90s", "1m 30s")),
    }
}

#[test]
fn the_command_line_foretells_what_another_calendar_does_through_every_change_of_the_clocks() {
    let _slot = slot();
    let series = series();
    assert!(series.len() >= 60, "{} series", series.len());
    let most = series.iter().map(|series| series.due.len()).max().unwrap_or_default();
    let jobs = array(asked("calendar_jobs", "jobs list --json"));
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let jobs: BTreeMap<String, &Value> =
        jobs.iter().map(|job| (text(&job["schedule"]), job)).collect();
    let starts: BTreeSet<&str> = series.iter().map(|series| series.from).collect();
    for from in starts {
        let command = format!("jobs next {most} --from {from}");
        let instants = array(asked("calendar_jobs", &format!("{command} --json")));
        let table = said(asked("calendar_jobs", &command));
        assert_eq!((table.code, table.errors.as_str()), (Some(0), ""));
        for Series { schedule, due, .. } in series.iter().filter(|series| series.from == from) {
            let Some(printed) = printed(schedule) else { continue };
            let job = jobs.get(&printed).unwrap_or_else(|| panic!("no job is due {schedule}"));
            let name = text(&job["name"]);
            let of_it = instants.iter().filter(|instant| instant["name"] == job["name"]);
            let told: Vec<String> = of_it.map(|instant| text(&instant["due"])).collect();
            let expected: Vec<&str> = due.iter().map(|(due, _)| *due).collect();
            assert_eq!(told.len(), most, "{schedule}");
            assert_eq!(told[..due.len()], expected, "{schedule} from {from}");

            let rows = table.lines.iter().map(|line| line.split_whitespace().collect::<Vec<_>>());
            let rows: Vec<_> = rows.filter(|row| row[0] == name).collect();
            assert_eq!(rows.len(), most, "{schedule}");
            for (row, (due, clock)) in rows.iter().zip(due) {
                assert_eq!(row[1], *due, "{schedule} from {from}");
                match job["zone"].as_str() {
                    None | Some("UTC") => assert_eq!(row.len(), 2, "{row:?}"),
                    Some(zone) => {
                        assert_eq!(row[2..4].join(" "), *clock, "{schedule} from {from}");
                        assert_eq!(row[5], zone);
                    }
                }
            }
        }
    }
}

#[test]
fn what_has_no_due_instants_is_told_in_words_and_has_none_for_scripts() {
    let _slot = slot();
    let from = "--from 2026-11-28T12:00:00+01:00";
    let table = said(asked("own_parser", &format!("cron next 1 {from}")));
    let row = |name: &str| {
        let row = table.lines.iter().find(|line| line.starts_with(name)).expect("a row");
        row.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(row("sweep"), "(not enabled) after each run");
    assert_eq!(row("stream"), "while leading");
    assert_eq!(row("report"), "(not enabled) 2026-11-29T06:00:00Z");
    assert_eq!(row("charge"), "2026-11-29T02:00:00Z Sun 03:00:00 +01:00 Europe/Oslo");

    let instants = array(asked("own_parser", &format!("cron next --json {from}")));
    let of = |name: &str| instants.iter().filter(|instant| instant["name"] == name).count();
    assert_eq!(["call_time", "report", "sweep", "stream"].map(of), [5, 5, 0, 0]);
}

#[test]
fn wrong_usage_and_wrong_settings_end_with_2_and_the_fault_on_stderr() {
    let _slot = slot();
    for (command, variable, parts) in [
        ("jbs", "", vec!["unrecognized subcommand 'jbs'", "Usage: clock [COMMAND]"]),
        ("jobs", "", vec!["Usage: clock jobs <COMMAND>", "Exit codes: "]),
        ("jobs list --jsn", "", vec!["'--jsn'", "Usage: clock jobs list"]),
        ("jobs next 0", "", vec!["0 is not in 1..=10000"]),
        ("jobs next 10001", "", vec!["10001 is not in 1..=10000"]),
        ("jobs next --from yesterday", "", vec!["`yesterday` is no instant", "T05:00:00Z`"]),
        ("jobs list", "LEADER_LEESE", vec!["2 faults", "LEADER_LEESE", "LEADER_LEASE=`1`"]),
        ("jobs next", "LEADER_LEESE", vec!["2 faults", "LEADER_LEESE", "LEADER_LEASE=`1`"]),
    ] {
        let mut node = asked("clock", command);
        if !variable.is_empty() {
            node = node.env(variable, "1s").env("LEADER_LEASE", "1");
        }
        let said = said(node);
        assert_eq!((said.code, said.lines.as_slice()), (Some(2), [].as_slice()), "{command}");
        for part in parts {
            assert!(said.errors.contains(part), "{command}: {part}: {}", said.errors);
        }
    }
}

#[test]
fn help_is_an_answer_and_names_the_commands() {
    let _slot = slot();
    let said = said(asked("clock", "--help"));
    assert_eq!((said.code, said.errors.as_str()), (Some(0), ""));
    assert!(said.lines.iter().any(|line| line == "Usage: clock [COMMAND]"), "{said:?}");
    assert!(said.lines.iter().any(|line| line.starts_with("  jobs  ")), "{said:?}");
}

#[test]
fn a_reader_that_has_read_enough_is_no_fault_and_a_full_disk_is_one() {
    let _slot = slot();
    for command in ["jobs list", "jobs next 10000", "jobs next 10000 --json", "--help"] {
        let (reader, writer) = pipe().expect("a pipe");
        drop(reader);
        let left = said(asked("clock", command).stdout(writer));
        assert_eq!((left.code, left.errors.as_str()), (Some(0), ""), "{command}");
    }
    let full = File::options().write(true).open("/dev/full").expect("Linux has one");
    let said = said(asked("clock", "jobs list").stdout(full));
    assert_eq!(said.code, Some(1));
    assert!(said.errors.contains("stdout cannot be written"), "{said:?}");
}

/// Without what differs from day to day, in the same width.
fn timeless(line: &str) -> String {
    let zeros = |word: &str| word.replace(|char: char| char.is_ascii_digit(), "0");
    let word = |word: &str| match zeros(word).as_str() {
        "Mon" | "Tue" | "Wed" | "Thu" | "Fri" | "Sat" | "Sun" => "Day".to_owned(),
        "0000-00-00T00:00:00Z" | "00:00:00" | "+00:00" | "-00:00" => zeros(word),
        _ => word.to_owned(),
    };
    line.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[test]
fn tables_are_as_wide_as_the_terminal_with_whole_words() {
    let _slot = slot();
    for columns in [80, 200] {
        let list = said(asked("own_parser", "cron list").terminal(columns));
        let next = "cron next 2 --from 2026-03-28T00:00:00Z";
        let next = said(asked("own_parser", next).terminal(columns));
        let check = asked("clock", "jobs check").env("LEADER_LOCK", "local:/no/such/directory");
        let check = said(check.env("LEADER_NODE", "one").terminal(columns));
        for (name, said) in [("list", list), ("next", next), ("check", check)] {
            assert_eq!((said.code, said.errors.as_str()), (Some(0), ""));
            let is_of_today = name == "list";
            let told = |line: &String| if is_of_today { timeless(line) } else { line.clone() };
            let lines: Vec<String> = said.lines.iter().map(told).collect();
            let widest = lines.iter().map(|line| line.chars().count()).max();
            assert!(widest <= Some(columns.into()), "{widest:?}: {lines:#?}");
            let mut settings = insta::Settings::clone_current();
            settings.set_prepend_module_to_snapshot(false);
            settings.set_omit_expression(true);
            settings.bind(|| {
                insta::assert_snapshot!(format!("{name}_{columns}"), lines.join("\n"));
            });
        }
    }
}

#[test]
fn without_a_terminal_a_job_is_a_line_unless_columns_are_asked_for() {
    let _slot = slot();
    let lines = |node| said(node).lines;
    assert_eq!(lines(asked("own_parser", "cron list")).len(), 7);
    let narrow = lines(asked("own_parser", "cron list").env("COLUMNS", "80"));
    assert!(narrow.len() > 20 && narrow.iter().all(|line| line.chars().count() <= 80));
}
