//! The due instants of each job, from an instant on.

use std::io;
use std::iter::successors;

use leader_core::{Due, Schedule, Zone};
use serde::Serialize;

use super::output::{self, Form};
use super::table::{Column, Table};
use crate::registry::Registration;

/// A due instant, for scripts.
#[derive(Serialize)]
struct Instant<'a> {
    name: &'a str,
    due: String,
}

const COLUMNS: [Column; 3] =
    [Column::new("JOB"), Column::new("DUE"), Column::new("ON THE CLOCK OF ITS ZONE")];

pub(super) fn print(
    jobs: &[Registration],
    from: Due,
    number: u16,
    Form { json }: Form,
) -> io::Result<()> {
    let number = number.into();
    if json {
        return output::array(jobs.iter().flat_map(|job| {
            let name = job.name.as_str();
            let due = instants(&job.schedule, from).take(number);
            due.map(move |due| Instant { name, due: due.to_string() })
        }));
    }
    let rows = jobs.iter().flat_map(|job| {
        let name = match job.is_enabled {
            true => job.name.to_string(),
            false => format!("{} (not enabled)", job.name),
        };
        let mut due: Vec<_> = instants(&job.schedule, from)
            .take(number)
            .map(|due| on_both_clocks(&name, due))
            .collect();
        if due.is_empty() {
            due.push(vec![name, without_instants(&job.schedule).into(), String::new()]);
        }
        due
    });
    let table = Table::new(&COLUMNS, rows);
    output::text(|width| table.print(width))
}

/// The due instants after `from`, on the clock of the schedule's zone.
pub(super) fn instants(schedule: &Schedule, from: Due) -> impl Iterator<Item = Due> {
    let next = |due: &Due| Some(due.at(schedule.next_after(due.timestamp())?));
    let from = from.in_zone(schedule.zone());
    let first = match schedule {
        Schedule::Every(_) | Schedule::Cron(_) => next(&from),
        // these follow their own runs
        _ => None,
    };
    successors(first, next)
}

/// The words for a schedule without a known instant.
pub(super) const fn without_instants(schedule: &Schedule) -> &'static str {
    match schedule {
        Schedule::After(_) => "after each run",
        Schedule::WhileLeading => "while leading",
        _ => "never again",
    }
}

/// The time of day in the zone of the instant, unless that is UTC.
pub(super) fn by_its_clock(due: Due) -> Option<String> {
    (due.zone() != Zone::UTC).then(|| due.time_of_day())
}

fn on_both_clocks(name: &str, due: Due) -> Vec<String> {
    let on_its_clock = by_its_clock(due).map(|time| format!("{time} {}", due.zone()));
    vec![name.into(), due.to_string(), on_its_clock.unwrap_or_default()]
}
