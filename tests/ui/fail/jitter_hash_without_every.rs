use leader_runtime::leader_job;

#[leader_job(key = "service/clock", cron = "0 9 * * *", jitter = "hash")]
async fn clock() {}

#[leader_job(key = "service/clock", after = "10s", jitter = "hash")]
async fn watch() {}

#[leader_job(key = "service/clock", every = "1h", offset = "10m", jitter = "hash")]
async fn sweep() {}

fn main() {}
