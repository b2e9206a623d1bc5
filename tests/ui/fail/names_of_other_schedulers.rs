use leader_runtime::leader_job;

#[leader_job(lock = "service/clock", interval = "3s", max_retries = 3)]
async fn clock() {}

#[leader_job(key = "service/clock", schedule = "0 9 * * *", timezone = "Europe/Oslo")]
async fn watch() {}

fn main() {}
