//! A job for each schedule of the calendar's table, `leader-core/tests/calendar/series.txt`, so that
//! the command line can be held to it.

use std::process::ExitCode;

use leader_runtime::{Jobs, Runtime, jobs, leader_job};

macro_rules! calendar_jobs {
    ($($name:ident { $($option:tt)* })*) => {
        $(
            #[leader_job(key = "calendar/days", $($option)*)]
            async fn $name() {}
        )*

        // at places that are hashed from a key and a name
        #[leader_job(key = "service/clock", cron = "H * * * *")]
        async fn call_time() {}

        #[leader_job(key = "billing/charge", cron = "H/15 2 * * *", tz = "Europe/Oslo")]
        async fn charge() {}

        fn calendar_jobs() -> Jobs {
            jobs![$($name,)* call_time, charge]
        }
    };
}

calendar_jobs! {
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
    utc_3 { cron = "0 16 */2 * SAT" }
    utc_4 { cron = "0 0 */1 * MON" }
    utc_5 { cron = "0 12 1-15 * */3" }
    utc_6 { cron = "0 0 */10,5 * FRI" }
    utc_7 { cron = "0 0 5,*/10 * FRI" }
    utc_8 { cron = "0 0 29 2 */7" }
    oslo_12 { cron = "0 0 29 2 *", tz = "Europe/Oslo" }
    utc_9 { cron = "0 0 L-3 * *" }
    utc_10 { cron = "0 0 L-30 * *" }
    oslo_13 { cron = "30 1 L-1 2 *", tz = "Europe/Oslo" }
    new_york_4 { cron = "0 9 15W * *", tz = "America/New_York" }
    utc_11 { cron = "0 9 1W * *" }
    utc_12 { cron = "0 9 31W * *" }
    utc_13 { cron = "0 9 30W * *" }
    oslo_14 { cron = "0 17 LW * *", tz = "Europe/Oslo" }
    utc_14 { cron = "0 0 L,LW * *" }
    utc_15 { cron = "0 0 * * 5#5" }
    tokyo_1 { cron = "0 6 * * MON#1,FRI#1", tz = "Asia/Tokyo" }
    oslo_15 { cron = "15 2 */5 * 0L", tz = "Europe/Oslo" }
    oslo_16 { cron = "0 9 * * MON-FRI", tz = "Europe/Oslo", except = "2026-12-24..2027-01-02, 12-25" }
    auckland_3 { cron = "0 0 * * *", tz = "Pacific/Auckland", except = "12-30..01-02" }
    oslo_17 { cron = "30 2 28-30 3 *", tz = "Europe/Oslo", except = "2026-03-29" }
    utc_16 { cron = "0 0 L 2 *", except = "02-29" }
    every_1 { every = "6h" }
    every_2 { every = "1h", offset = "10m" }
    every_3 { every = "1m", offset = "59s 999ms" }
    every_4 { every = "7h", offset = "30m" }
    every_5 { every = "1d", offset = "5h" }
    every_6 { every = "90s", offset = "45s" }
}

#[tokio::main]
async fn main() -> leader_runtime::Result<ExitCode> {
    Runtime::from_env()?.jobs(calendar_jobs()).main().await
}
