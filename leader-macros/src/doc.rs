//! The paragraph in the documentation of a job: when it runs.

use std::time::{Duration, UNIX_EPOCH};

use leader_core::{Due, Schedule};
use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

use crate::options::{KeySpec, Options};
use crate::value::path_text;

/// From the epoch to 2026-01-01T00:00:00Z: a fixed date, so that the same source expands to the
/// same tokens.
const FROM: Duration = Duration::from_secs(1_767_225_600);

/// A doc attribute, to stand below what the user wrote.
pub(crate) fn attribute(options: &Options, function: Option<&str>) -> TokenStream {
    let key = match &options.key {
        Some(KeySpec::Text(text)) => text.value(),
        Some(KeySpec::Const(path)) => path_text(path),
        None => return TokenStream::new(),
    };
    let mut lines = vec![format!("- **on the leader of** `{key}`"), when(options, function)];
    let policies: Vec<_> =
        options.texts.texts().iter().filter(|(option, _)| is_policy(option)).map(policy).collect();
    if !policies.is_empty() {
        lines.push(format!("- **with** {}", policies.join(", ")));
    }
    let text = format!("\n# Runs\n\n{}", lines.join("\n"));
    quote_spanned!(Span::mixed_site()=> #[doc = #text])
}

fn when(options: &Options, function: Option<&str>) -> String {
    if let Some(every) = &options.every {
        let place = if options.texts.has_hash() { ", at its own place in it" } else { "" };
        return format!("- **when** `every = {}`{place}", path_text(every));
    }
    let Some(schedule) = options.texts.schedule(options.seed(function)) else {
        return hashed(options);
    };
    let words = schedule.words();
    let instants: Vec<_> = instants(&schedule).take(3).collect();
    if instants.is_empty() {
        return format!("- **when** {words}");
    }
    format!("- **when** {words}\n- **such as** {}", instants.join(", "))
}

/// The words for a job whose key is a constant, which the macro does not see: its program tells where
/// its hashed places are.
fn hashed(options: &Options) -> String {
    let texts = options.texts.texts();
    let schedule = texts.iter().filter(|(option, _)| !is_policy(option)).map(policy);
    let schedule = schedule.collect::<Vec<_>>().join(", ");
    format!("- **when** {schedule}, with places of its own: `jobs next` tells the instants")
}

/// The first from 2026 on, as they print.
fn instants(schedule: &Schedule) -> impl Iterator<Item = String> {
    let zone = schedule.zone();
    let is_due = matches!(schedule, Schedule::Every(_) | Schedule::Cron(_));
    let first = if is_due { schedule.next_after(UNIX_EPOCH + FROM) } else { None };
    std::iter::successors(first, |&instant| schedule.next_after(instant)).map(move |instant| {
        let due = Due::new(instant).in_zone(zone);
        if zone.name() == "UTC" { format!("`{due}`") } else { format!("`{}`", due.zoned()) }
    })
}

fn is_policy(option: &str) -> bool {
    !matches!(option, "every" | "cron" | "after" | "while_leading" | "tz" | "except" | "offset")
}

fn policy((option, text): &(&str, String)) -> String {
    match text.as_str() {
        "true" | "false" => format!("`{option} = {text}`"),
        number if number.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("`{option} = {text}`")
        }
        text => format!("`{option} = {text:?}`"),
    }
}
