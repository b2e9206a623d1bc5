//! The record of a job as it is stored: JSON, for people too.

use std::time::SystemTime;

use leader_core::Due;
use leader_core::record::{Claimed, Ended, Record};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Paper {
    schedule: String,
    through: String,
    runs: Vec<Run>,
}

#[derive(Serialize, Deserialize)]
struct Run {
    due: String,
    attempt: u32,
    node: String,
    fence: u64,
    claimed: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended: Option<End>,
}

#[derive(Serialize, Deserialize)]
struct End {
    at: String,
    outcome: Outcome,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    why: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Ok,
    Skipped,
    Failed,
    Interrupted,
}

/// An error may be of any length, and twenty of them are kept.
const WHY: usize = 200;

/// As it is stored.
pub(super) fn print(record: &Record) -> Vec<u8> {
    let paper = Paper {
        schedule: record.schedule.clone(),
        through: told(record.through),
        runs: record.runs.iter().map(run).collect(),
    };
    crate::lock::json(&paper)
}

/// What [`print`] wrote; `None` where it is anything else.
pub(super) fn parse(stored: &[u8]) -> Option<Record> {
    let Paper { schedule, through, runs } = serde_json::from_slice(stored).ok()?;
    let runs = runs.into_iter().map(claimed).collect::<Option<_>>()?;
    Some(Record { schedule, through: read(&through)?, runs })
}

fn run(claimed: &Claimed) -> Run {
    let ended = claimed.ended.as_ref().map(|(at, ended)| {
        let (outcome, why) = match ended {
            Ended::Skipped(why) => (Outcome::Skipped, why.as_str()),
            Ended::Failed(why) => (Outcome::Failed, why.as_str()),
            Ended::Interrupted(why) => (Outcome::Interrupted, why.as_str()),
            _ => (Outcome::Ok, ""),
        };
        End { at: told(*at), outcome, why: why.chars().take(WHY).collect() }
    });
    Run {
        due: told(claimed.due),
        attempt: claimed.attempt,
        node: claimed.node.clone(),
        fence: claimed.fence,
        claimed: told(claimed.claimed),
        ended,
    }
}

fn claimed(run: Run) -> Option<Claimed> {
    let ended = match run.ended {
        None => None,
        Some(End { at, outcome, why }) => {
            let ended = match outcome {
                Outcome::Ok => Ended::Ok,
                Outcome::Skipped => Ended::Skipped(why),
                Outcome::Failed => Ended::Failed(why),
                Outcome::Interrupted => Ended::Interrupted(why),
            };
            Some((read(&at)?, ended))
        }
    };
    let Run { due, attempt, node, fence, claimed, .. } = run;
    let (due, claimed) = (read(&due)?, read(&claimed)?);
    Some(Claimed { due, attempt, node, fence, claimed, ended })
}

fn told(instant: SystemTime) -> String {
    Due::new(instant).to_string()
}

fn read(text: &str) -> Option<SystemTime> {
    Some(text.parse::<Due>().ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use leader_core::record::{Missing, Todo};

    use super::*;

    #[test]
    fn what_is_stored_is_read_as_it_was_and_stays_small() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_nanos(1_795_526_992_236_825_219);
        let schedule = "cron 0 9 * * MON-FRI tz Europe/Oslo".parse().unwrap();
        let mut record = Record::new(&schedule, now);
        let ends = [
            Ended::Ok,
            Ended::Skipped("nothing new".into()),
            Ended::Failed("no route to host".into()),
            Ended::Interrupted("its drain was used up".into()),
        ];
        for number in 1..=30_u32 {
            let due = now + Duration::from_secs(number.into());
            let todo = Todo { due, attempt: number, missing: Missing::default() };
            record.claim(todo, "worker-17.example", u64::from(number), due);
            record.end(ends[number as usize % 4].clone(), due);
        }
        let stored = print(&record);
        assert_eq!(parse(&stored), Some(record.clone()), "{}", String::from_utf8_lossy(&stored));
        let due = now + Duration::from_secs(99);
        record.claim(record.live(due).unwrap(), "worker-17.example", 99, due);
        assert_eq!(parse(&print(&record)), Some(record.clone()));
        record.end(Ended::Failed("x".repeat(100_000)), due);
        assert!(print(&record).len() < 8_000, "{}", print(&record).len());
    }

    #[test]
    fn what_is_no_record_is_none() {
        for text in ["", "7", "{}", r#"{"schedule":"every 1s","through":"soon","runs":[]}"#] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
