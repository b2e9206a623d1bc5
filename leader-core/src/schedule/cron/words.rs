//! Descriptions of cron expressions in words.

use super::Cron;
use crate::schedule::words::listed;

const WEEKDAYS: [&str; 8] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
#[rustfmt::skip]
pub(super) const MONTHS: [&str; 13] = [
    "", "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
];

/// Maximum number of times of day that are listed; more are described by their rule.
const TIMES: usize = 6;

pub(in crate::schedule) fn cron(cron: &Cron) -> String {
    let [second, minute, hour, day, month, weekday] = cron.fields();
    let mut words = time(second, minute, hour);
    match (days(day), weekdays(weekday)) {
        (None, None) if words.starts_with("at ") && words.contains(':') => {
            words.push_str(" every day");
        }
        (None, None) => {}
        (Some(days), None) | (None, Some(days)) => words += &days,
        // as in Vixie cron: where one begins with `*` both, else either will do
        (Some(days), Some(weekdays)) if day.starts_with('*') || weekday.starts_with('*') => {
            words += &format!("{days}, if{weekdays}");
        }
        (Some(days), Some(weekdays)) => words += &format!("{days} or{weekdays}"),
    }
    if !is_open(month) {
        words += &format!(" in {}", named(month, &MONTHS));
    }
    words += &format!(", in {}", cron.zone());
    match cron.except() {
        Some(except) => format!("{words}, except {}", except.words()),
        None => words,
    }
}

/// Whether a field has every value.
fn is_open(text: &str) -> bool {
    matches!(text, "*" | "*/1")
}

fn time(second: &str, minute: &str, hour: &str) -> String {
    let singles = [hour, minute, second].map(|text| singles(text).unwrap_or_default());
    if (1..=TIMES).contains(&singles.iter().map(Vec::len).product()) {
        let [hours, minutes, seconds] = singles;
        let mut times = Vec::new();
        for hour in &hours {
            for minute in &minutes {
                times.extend(seconds.iter().map(|&second| match second {
                    0 if seconds.len() == 1 => format!("{hour:02}:{minute:02}"),
                    second => format!("{hour:02}:{minute:02}:{second:02}"),
                }));
            }
        }
        return format!("at {}", listed(&times));
    }
    let mut parts: Vec<String> = Vec::new();
    for (unit, text, count) in [("second", second, 60), ("minute", minute, 60), ("hour", hour, 24)]
    {
        let is_open = parts.last().is_some_and(|part| part.starts_with("every"));
        if (unit == "second" && text == "0") || (text == "*" && is_open) {
            continue;
        }
        parts.push(values(unit, text, count));
    }
    let words = parts.join(" of ");
    if words.starts_with("every") { words } else { format!("at {words}") }
}

/// `every 5 minutes`, `minutes 0 and 30`, `hours 8 to 18`
fn values(unit: &str, text: &str, count: u32) -> String {
    if let Some(singles) = singles(text) {
        let plural = if singles.len() == 1 { "" } else { "s" };
        let singles: Vec<_> = singles.iter().map(u32::to_string).collect();
        return format!("{unit}{plural} {}", listed(&singles));
    }
    let item = |item: &str| match item.split_once('/') {
        None if item == "*" => format!("every {unit}"),
        None => match item.split_once('-') {
            Some((from, to)) => format!("{unit}s {from} to {to}"),
            None => format!("{unit} {item}"),
        },
        Some((range, "1")) => match range.split_once('-') {
            Some((from, to)) => format!("{unit}s {from} to {to}"),
            None => format!("every {unit}"),
        },
        Some(("*", step)) if count.is_multiple_of(step.parse().unwrap_or(1)) => {
            format!("every {step} {unit}s")
        }
        Some((range, step)) => match range.split_once('-') {
            Some((from, to)) => format!("every {} {unit} from {from} to {to}", nth(step)),
            None => format!("every {} {unit} from the first", nth(step)),
        },
    };
    listed(&text.split(',').map(item).collect::<Vec<_>>())
}

fn days(text: &str) -> Option<String> {
    if is_open(text) {
        return None;
    }
    let item = |item: &str| match item {
        "L" => "the last day of the month".to_owned(),
        "LW" => "the last working day of the month".to_owned(),
        item => match (item.strip_suffix('W'), item.strip_prefix("L-")) {
            (Some(day), _) => format!("the working day nearest day {day}"),
            (None, Some(distance)) => {
                format!("the {} day before the last of the month", nth(distance))
            }
            (None, None) => values("day", item, 1),
        },
    };
    let days = match singles(text) {
        Some(_) => values("day", text, 1),
        None => listed(&text.split(',').map(item).collect::<Vec<_>>()),
    };
    Some(format!(" on {days}"))
}

fn weekdays(text: &str) -> Option<String> {
    if is_open(text) {
        return None;
    }
    let name = |day: &str| WEEKDAYS[day.parse().unwrap_or(0)];
    let item = |item: &str| match (item.split_once('#'), item.strip_suffix('L')) {
        (Some((day, number)), _) => format!("the {} {} of the month", nth(number), name(day)),
        (None, Some(day)) => format!("the last {} of the month", name(day)),
        (None, None) => named(item, &WEEKDAYS),
    };
    let days = listed(&text.split(',').map(item).collect::<Vec<_>>());
    let is_range = text.contains('-') && !text.contains([',', '/']);
    Some(format!(" {} {days}", if is_range { "from" } else { "on" }))
}

/// `January to March and July`, the steps one by one.
fn named(text: &str, names: &[&str]) -> String {
    let item = |item: &str| {
        let (range, step) = item.split_once('/').unwrap_or((item, "1"));
        let number = |text: &str| text.parse().unwrap_or(0);
        let (from, to) = match range.split_once('-') {
            Some((from, to)) => (number(from), number(to)),
            None if range == "*" && names[0].is_empty() => (1, 12),
            None if range == "*" => (0, 6),
            None => (number(range), number(range)),
        };
        match number(step).max(1) {
            1 if from < to => format!("{} to {}", names[from], names[to]),
            step => {
                listed(&(from..=to).step_by(step).map(|n| names[n].to_owned()).collect::<Vec<_>>())
            }
        }
    };
    listed(&text.split(',').map(item).collect::<Vec<_>>())
}

/// Numbers of a field that has nothing else.
fn singles(text: &str) -> Option<Vec<u32>> {
    text.split(',').map(|item| item.parse().ok()).collect()
}

fn nth(number: &str) -> String {
    let suffix = match number {
        "1" | "21" | "31" | "41" | "51" => "st",
        "2" | "22" | "32" | "42" | "52" => "nd",
        "3" | "23" | "33" | "43" | "53" => "rd",
        _ => "th",
    };
    format!("{number}{suffix}")
}
