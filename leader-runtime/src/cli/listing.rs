//! The list of all jobs, with schedule, next due instant, key and place in the code.

use std::io;

use leader_core::{Due, Schedule};
use serde::Serialize;

use super::calendar::{by_its_clock, instants, without_instants};
use super::output::{self, Form};
use super::table::{Column, Table};
use crate::registry::Registration;

/// A job, for scripts.
#[derive(Serialize)]
struct Listed<'a> {
    name: &'a str,
    key: &'a str,
    schedule: String,
    /// The zone of a cron schedule.
    zone: Option<&'static str>,
    description: String,
    next: Option<String>,
    enabled: bool,
    place: String,
}

const COLUMNS: [Column; 8] = [
    Column::new("JOB"),
    Column::new("STATE").under(),
    Column::new("NEXT"),
    Column::new("ON ITS CLOCK").under(),
    Column::new("WHEN").wrapped(),
    Column::new("SCHEDULE").under().wrapped(),
    Column::new("KEY"),
    Column::new("PLACE").under(),
];

pub(super) fn print(jobs: &[Registration], now: Due, Form { json }: Form) -> io::Result<()> {
    if json {
        return output::array(jobs.iter().map(|job| listed(job, now)));
    }
    let table = Table::new(&COLUMNS, jobs.iter().map(|job| row(job, now)));
    output::text(|width| table.print(width))
}

fn listed(job: &Registration, now: Due) -> Listed<'_> {
    let Registration { schedule, is_enabled, .. } = job;
    let goes_by_a_clock = matches!(**schedule, Schedule::Cron(_));
    Listed {
        name: job.name.as_str(),
        key: job.key.as_str(),
        schedule: schedule.to_string(),
        zone: goes_by_a_clock.then(|| schedule.zone().name()),
        description: schedule.words(),
        next: instants(schedule, now).next().map(|due| due.to_string()),
        enabled: *is_enabled,
        place: format!("{}:{}", job.entry.place.file(), job.entry.place.line()),
    }
}

fn row(job: &Registration, now: Due) -> Vec<String> {
    let Listed { name, key, schedule, description, next, enabled, place, .. } = listed(job, now);
    let state = if enabled { "" } else { "not enabled" };
    let due = instants(&job.schedule, now).next();
    let on_its_clock = due.and_then(by_its_clock).unwrap_or_default();
    vec![
        name.into(),
        state.into(),
        next.unwrap_or_else(|| without_instants(&job.schedule).into()),
        on_its_clock,
        description,
        schedule,
        key.into(),
        place,
    ]
}
