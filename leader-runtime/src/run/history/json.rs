//! The stored form of a record: JSON, readable by people too.

use std::time::SystemTime;

use leader_core::Due;
use leader_core::record::{ClaimedRun, Record, RecordedOutcome};
use serde::{Deserialize, Serialize};

use crate::text::json;

#[derive(Serialize, Deserialize)]
struct RecordJson {
    /// [`Record::FORMAT`]; missing in older records of format 1.
    #[serde(default = "first_format")]
    format: u32,
    schedule: String,
    through: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    succeeded: Option<String>,
    /// `None` in a record of an earlier version, which kept only the runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failures: Option<u32>,
    runs: Vec<RunJson>,
}

#[derive(Serialize, Deserialize)]
struct RunJson {
    due: String,
    attempt: u32,
    node: String,
    fence: u64,
    claimed: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended: Option<EndJson>,
}

#[derive(Serialize, Deserialize)]
struct EndJson {
    at: String,
    outcome: OutcomeJson,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    why: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OutcomeJson {
    Ok,
    Skipped,
    Failed,
    Interrupted,
}

const fn first_format() -> u32 {
    1
}

/// The part of a record that every format has.
#[derive(Deserialize)]
struct FormatJson {
    #[serde(default = "first_format")]
    format: u32,
}

/// The reason that a stored text is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::run) enum Unreadable {
    /// The text is no record.
    Damaged,
    /// A later version of this crate has written the record, in this format.
    Newer(u32),
}

/// Maximum number of characters that are kept of an error.
const MAX_ERROR: usize = 200;

/// Prints a record as it is stored.
pub(in crate::run) fn print(record: &Record) -> Vec<u8> {
    let json_record = RecordJson {
        format: Record::FORMAT,
        schedule: record.schedule.clone(),
        through: printed(record.through),
        succeeded: record.succeeded.map(printed),
        failures: Some(record.failures),
        runs: record.runs.iter().map(run).collect(),
    };
    json(&json_record)
}

/// Parses the output of [`print`].
pub(in crate::run) fn parse(stored: &[u8]) -> Result<Record, Unreadable> {
    let FormatJson { format } = serde_json::from_slice(stored).map_err(|_| Unreadable::Damaged)?;
    if format > Record::FORMAT {
        return Err(Unreadable::Newer(format));
    }
    record(stored).ok_or(Unreadable::Damaged)
}

fn record(stored: &[u8]) -> Option<Record> {
    let json_record: RecordJson = serde_json::from_slice(stored).ok()?;
    let RecordJson { schedule, through, succeeded, failures, runs, .. } = json_record;
    let runs = runs.into_iter().map(claimed).collect::<Option<_>>()?;
    let record = Record::from_runs(schedule, read(&through)?, runs);
    let Some(failures) = failures else { return Some(record) };
    let succeeded = match succeeded {
        Some(at) => Some(read(&at)?),
        None => None,
    };
    Some(Record { succeeded, failures, ..record })
}

fn run(claimed: &ClaimedRun) -> RunJson {
    let ended = claimed.ended.as_ref().map(|(at, ended)| {
        let (outcome, why) = match ended {
            RecordedOutcome::Skipped(why) => (OutcomeJson::Skipped, why.as_str()),
            RecordedOutcome::Failed(why) => (OutcomeJson::Failed, why.as_str()),
            RecordedOutcome::Interrupted(why) => (OutcomeJson::Interrupted, why.as_str()),
            _ => (OutcomeJson::Ok, ""),
        };
        EndJson { at: printed(*at), outcome, why: why.chars().take(MAX_ERROR).collect() }
    });
    RunJson {
        due: printed(claimed.due),
        attempt: claimed.attempt,
        node: claimed.node.clone(),
        fence: claimed.fence,
        claimed: printed(claimed.claimed),
        ended,
    }
}

fn claimed(run: RunJson) -> Option<ClaimedRun> {
    let ended = match run.ended {
        None => None,
        Some(EndJson { at, outcome, why }) => {
            let ended = match outcome {
                OutcomeJson::Ok => RecordedOutcome::Ok,
                OutcomeJson::Skipped => RecordedOutcome::Skipped(why),
                OutcomeJson::Failed => RecordedOutcome::Failed(why),
                OutcomeJson::Interrupted => RecordedOutcome::Interrupted(why),
            };
            Some((read(&at)?, ended))
        }
    };
    let RunJson { due, attempt, node, fence, claimed, .. } = run;
    let (due, claimed) = (read(&due)?, read(&claimed)?);
    Some(ClaimedRun { due, attempt, node, fence, claimed, ended })
}

fn printed(instant: SystemTime) -> String {
    Due::new(instant).to_string()
}

fn read(text: &str) -> Option<SystemTime> {
    Some(text.parse::<Due>().ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use leader_core::record::{MissedInstants, NextRun};

    use super::*;

    #[test]
    fn a_stored_record_is_read_as_it_was_and_stays_small() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_nanos(1_795_526_992_236_825_219);
        let schedule = "cron 0 9 * * MON-FRI tz Europe/Oslo".parse().unwrap();
        let mut record = Record::new(&schedule, now);
        let ends = [
            RecordedOutcome::Ok,
            RecordedOutcome::Skipped("nothing new".into()),
            RecordedOutcome::Failed("no route to host".into()),
            RecordedOutcome::Interrupted("its drain was used up".into()),
        ];
        for number in 1..=30_u32 {
            let due = now + Duration::from_secs(number.into());
            let todo = NextRun { due, attempt: number, missing: MissedInstants::default() };
            record.claim(todo, "worker-17.example", u64::from(number), due);
            record.end(ends[number as usize % 4].clone(), due);
        }
        let stored = print(&record);
        assert_eq!(parse(&stored), Ok(record.clone()), "{}", String::from_utf8_lossy(&stored));
        let due = now + Duration::from_secs(99);
        record.claim(record.on_time(due).unwrap(), "worker-17.example", 99, due);
        assert_eq!(parse(&print(&record)), Ok(record.clone()));
        record.end(RecordedOutcome::Failed("x".repeat(100_000)), due);
        assert!(print(&record).len() < 8_000, "{}", print(&record).len());
    }

    #[test]
    fn a_record_that_a_version_before_wrote_is_read_and_one_of_this_is_read_there() {
        let stored = r#"{
            "schedule": "every 1m", "through": "2026-11-27T16:08:00Z", "runs": [
                {"due": "2026-11-27T16:06:00Z", "attempt": 1, "node": "one", "fence": 7,
                 "claimed": "2026-11-27T16:06:00Z",
                 "ended": {"at": "2026-11-27T16:06:02Z", "outcome": "ok"}},
                {"due": "2026-11-27T16:07:00Z", "attempt": 1, "node": "one", "fence": 7,
                 "claimed": "2026-11-27T16:07:00Z",
                 "ended": {"at": "2026-11-27T16:07:01Z", "outcome": "failed", "why": "no route"}},
                {"due": "2026-11-27T16:08:00Z", "attempt": 1, "node": "one", "fence": 7,
                 "claimed": "2026-11-27T16:08:00Z"}
            ]
        }"#;
        let record = parse(stored.as_bytes()).expect("it was always read");
        assert_eq!(record.succeeded.map(printed).as_deref(), Some("2026-11-27T16:06:02Z"));
        assert_eq!((record.failures, record.runs.len()), (1, 3));
        // the earlier version ignores the new fields, and nothing else
        let written: serde_json::Value = serde_json::from_slice(&print(&record)).unwrap();
        assert_eq!(
            (&written["failures"], written["runs"].as_array().unwrap().len()),
            (&1.into(), 3)
        );
    }

    #[test]
    fn a_text_that_an_earlier_version_stored_is_read_and_printed_with_the_format_alone_added() {
        let stored = concat!(
            r#"{"schedule":"cron 0 9 * * MON-FRI tz Europe/Oslo","through":"2026-11-27T08:00:00Z","#,
            r#""succeeded":"2026-11-26T08:00:01.5Z","failures":1,"runs":["#,
            r#"{"due":"2026-11-26T08:00:00Z","attempt":1,"node":"one","fence":7,"#,
            r#""claimed":"2026-11-26T08:00:00.01Z","ended":{"at":"2026-11-26T08:00:01.5Z","outcome":"ok"}},"#,
            r#"{"due":"2026-11-27T08:00:00Z","attempt":2,"node":"two","fence":9,"#,
            r#""claimed":"2026-11-27T08:00:00.01Z","ended":{"at":"2026-11-27T08:00:02Z","outcome":"failed","why":"no route"}}]}"#,
        );
        let record = parse(stored.as_bytes()).expect("a record");
        assert_eq!((record.failures, record.runs.len()), (1, 2));
        let printed = String::from_utf8(print(&record)).unwrap();
        assert_eq!(printed.replacen(r#""format":1,"#, "", 1), stored);
        assert_ne!(printed, stored);
        assert_eq!(parse(printed.as_bytes()), Ok(record));
    }

    #[test]
    fn damaged_texts_are_no_record() {
        for text in [
            "",
            "7",
            "{}",
            r#"{"schedule":"every 1s","through":"soon","runs":[]}"#,
            r#"{"schedule":"every 1s","through":"2026-11-27T16:08:00Z","succeeded":"soon","failures":0,"runs":[]}"#,
        ] {
            assert_eq!(parse(text.as_bytes()), Err(Unreadable::Damaged), "{text}");
        }
    }

    #[test]
    fn a_record_of_a_later_format_is_not_taken_for_a_damaged_one() {
        let stored = r#"{"format":2,"through":[]}"#;
        assert_eq!(parse(stored.as_bytes()), Err(Unreadable::Newer(2)));
    }
}
