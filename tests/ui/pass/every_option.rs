//! Each option, with each of its values.

use std::time::Duration;

use leader_runtime::{Data, Due, jobs, leader_job};

mod keys {
    pub(super) const REPORT: &str = "service/report";
}

const INTERVAL: Duration = Duration::from_secs(3600);

#[leader_job(
    key = keys::REPORT,
    name = "report",
    every = INTERVAL,
    offset = "10m",
    jitter = "5s",
    on_elected = true,
    timeout = "30s",
    overlap = "queue",
    missed = "all",
    missed_within = "2d",
    interrupted = "rerun",
    retries = 3,
    backoff = "1s..1m",
    on_loss = "grace",
    drain = "20s",
    step_down_after = 3,
    standby = watch,
    enabled = false,
    crate = ::leader_runtime,
)]
async fn every_option() {}

async fn watch(_: Due, _: Data<u8>, _: Data<String>) {}

#[leader_job(key = "b", cron = "0 9 * * MON-FRI", tz = "Europe/Oslo", overlap = "replace")]
async fn by_the_clock_of_a_zone() {}

#[leader_job(key = "c", after = "10s", overlap = "skip", on_loss = "cancel", standby = wait)]
async fn after_each_other() {}

async fn wait(_: Data<u8>) {}

#[leader_job(key = "d", while_leading, backoff = "1s..10s", timeout = "1h", step_down_after = 1)]
async fn consume() {}

#[leader_job(key = "e", every = "3s", overlap = "allow", missed = "skip", enabled = true)]
async fn beside_itself() {}

#[leader_job(key = "f", every = "1h 30m", missed = "once", interrupted = "skip", retries = 0)]
async fn with_a_comma_behind() {}

#[leader_job(key = "g", cron = "H H(1-5) * * *", except = "2026-12-24..2027-01-02, 12-25")]
async fn at_a_time_of_its_own() {}

#[leader_job(key = keys::REPORT, cron = "H 3 H 2 *", except = "02-01", crate = ::leader_runtime)]
async fn at_a_day_that_the_macro_does_not_know() {}

#[leader_job(key = "h", every = "1h", jitter = "hash")]
async fn in_a_place_of_its_own() {}

#[leader_job(key = keys::REPORT, every = INTERVAL, jitter = "hash")]
async fn in_a_place_of_an_interval_of_its_own() {}

#[test]
fn each_is_written_down_as_it_is_printed() {
    super::assert_lists(
        &jobs![
            every_option,
            by_the_clock_of_a_zone,
            after_each_other,
            consume,
            beside_itself,
            with_a_comma_behind,
            at_a_time_of_its_own,
            at_a_day_that_the_macro_does_not_know,
            in_a_place_of_its_own,
            in_a_place_of_an_interval_of_its_own
        ],
        &[
            "report (\"service/report\", every = 3600s, offset = \"10m\", jitter = \"5s\"",
            "missed_within = \"2d\", interrupted = \"rerun\", retries = \"3\"",
            "backoff = \"1s..1m\", on_loss = \"grace\", drain = \"20s\", step_down_after = \"3\"",
            "cron = \"0 9 * * MON-FRI\", tz = \"Europe/Oslo\", overlap = \"replace\"",
            "cron = \"H H(1-5) * * *\", except = \"2026-12-24..2027-01-02, 12-25\"",
            "every = \"1h\", jitter = \"hash\"",
            "after = \"10s\"",
            "while_leading = \"true\"",
            "overlap = \"allow\", missed = \"skip\", enabled = \"true\"",
            "every = \"1h 30m\"",
        ],
    );
}
