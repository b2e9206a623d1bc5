use leader_runtime::leader_job;

#[leader_job(
    key = "service/clock",
    every = "3s",
    tz = "Europe/Oslo",
    jitter = "3s",
    overlap = "allow",
    missed = "all",
    backoff = "1s..1m",
    timeout = 30,
    retrys = 3,
)]
async fn clock() {}

fn main() {}
