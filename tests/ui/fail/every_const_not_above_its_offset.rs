use std::time::Duration;

use leader_runtime::leader_job;

const INTERVAL: Duration = Duration::from_secs(60);

#[leader_job(key = "service/clock", every = INTERVAL, offset = "10m")]
async fn clock() {}

fn main() {}
