//! A job for each schedule of the calendar's table, `leader-core/tests/calendar/series.txt`, so that
//! the command line can be held to it.

use std::process::ExitCode;

use leader_runtime::{Jobs, Runtime, jobs, leader_job};

macro_rules! almanac {
    ($($name:ident { $($option:tt)* })*) => {
        $(
            #[leader_job(key = "almanac/days", $($option)*)]
            async fn $name() {}
        )*

        fn almanac() -> Jobs {
            jobs![$($name),*]
        }
    };
}

almanac! {
    oslo_1 { cron = "30 2 * * *", tz = "Europe/Oslo" }
    oslo_2 { cron = "30 1,3 * * *", tz = "Europe/Oslo" }
    oslo_3 { cron = "0 3 * * *", tz = "Europe/Oslo" }
    oslo_4 { cron = "0,20,40 2 * * *", tz = "Europe/Oslo" }
    oslo_5 { cron = "*/30 * * * *", tz = "Europe/Oslo" }
    oslo_6 { cron = "30 */2 * * *", tz = "Europe/Oslo" }
    oslo_7 { cron = "15 59 1,2 * * *", tz = "Europe/Oslo" }
    oslo_8 { cron = "30 * * * *", tz = "Europe/Oslo" }
    oslo_9 { cron = "*/10 2 * * *", tz = "Europe/Oslo" }
    oslo_10 { cron = "15 2 * * 0L", tz = "Europe/Oslo" }
    new_york_1 { cron = "30 2 * * *", tz = "America/New_York" }
    new_york_2 { cron = "30 1 * * *", tz = "America/New_York" }
    new_york_3 { cron = "0 18 * * MON-FRI", tz = "America/New_York" }
    sydney_1 { cron = "5 2 * * *", tz = "Australia/Sydney" }
    auckland_1 { cron = "*/15 2 * * *", tz = "Pacific/Auckland" }
    cairo_1 { cron = "0 0 * * *", tz = "Africa/Cairo" }
    beirut_1 { cron = "30 23 * * *", tz = "Asia/Beirut" }
    beirut_2 { cron = "0 0 * * *", tz = "Asia/Beirut" }
    havana_1 { cron = "0 0 * * *", tz = "America/Havana" }
    santiago_1 { cron = "0 0 6 9 *", tz = "America/Santiago" }
    lord_howe_1 { cron = "15 2 * * *", tz = "Australia/Lord_Howe" }
    lord_howe_2 { cron = "45 1 * * *", tz = "Australia/Lord_Howe" }
    lord_howe_3 { cron = "*/15 * * * *", tz = "Australia/Lord_Howe" }
    st_johns_1 { cron = "30 2 * * *", tz = "America/St_Johns" }
    chatham_1 { cron = "0 3 * * *", tz = "Pacific/Chatham" }
    troll_1 { cron = "30 1 * * *", tz = "Antarctica/Troll" }
    troll_2 { cron = "0 * * * *", tz = "Antarctica/Troll" }
    kathmandu_1 { cron = "15 6 * * *", tz = "Asia/Kathmandu" }
    utc_1 { cron = "0 12 29 2 *" }
    oslo_11 { cron = "0 0 L 2 *", tz = "Europe/Oslo" }
    auckland_2 { cron = "59 59 23 31 12 *", tz = "Pacific/Auckland" }
    pago_pago_1 { cron = "0 0 1 1 *", tz = "Pacific/Pago_Pago" }
    utc_2 { cron = "0 0 31 * MON" }
    every_1 { every = "6h" }
    every_2 { every = "1h", offset = "10m" }
    every_3 { every = "1m", offset = "59s 999ms" }
    every_4 { every = "7h", offset = "30m" }
    every_5 { every = "1d", offset = "5h" }
    every_6 { every = "90s", offset = "45s" }
}

#[tokio::main]
async fn main() -> leader_runtime::Result<ExitCode> {
    Runtime::from_env()?.jobs(almanac()).main().await
}
