//! Measured figures, beside their targets.

use std::fmt;
use std::time::Duration;

use crate::Length;

/// The figures of one run, in their order.
#[derive(Debug)]
pub(crate) struct Report {
    length: Length,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    what: String,
    reach: String,
    seen: String,
    /// Empty where it was played small.
    verdict: &'static str,
}

impl Report {
    pub(crate) const fn new(length: Length) -> Self {
        Self { length, rows: Vec::new() }
    }

    /// Adds a figure, and prints it at once: a whole run is long.
    pub(crate) fn add(&mut self, what: String, reach: String, seen: String, reached: bool) {
        let verdict = match self.length {
            Length::Short => "",
            Length::Full if reached => "reached",
            Length::Full => "MISSED",
        };
        let row = Row { what, reach, seen, verdict };
        println!("{row}");
        self.rows.push(row);
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, reach, seen, verdict } = self;
        write!(f, "{what}: {seen} (to reach: {reach}) {verdict}")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n| figure | to reach | seen | |\n|---|---|---|---|")?;
        for row in &self.rows {
            let Row { what, reach, seen, verdict } = row;
            writeln!(f, "| {what} | {reach} | {seen} | {verdict} |")?;
        }
        Ok(())
    }
}

/// The span that this part of them is not longer than.
pub(crate) fn quantile(spans: &[Duration], part: f64) -> Duration {
    let mut sorted = spans.to_vec();
    sorted.sort();
    let rank = (part * sorted.len() as f64).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}

/// The shortest, the middle and the longest.
pub(crate) fn spread(spans: &[Duration]) -> String {
    let [least, half, most] = [0.0, 0.5, 1.0].map(|part| quantile(spans, part));
    format!("{least:.1?} to {most:.1?}, p50 {half:.1?}")
}
