use leader_runtime::leader_job;

#[leader_job(key = "service/clock", while_leading, tz = "UTC")]
async fn clock() {}

#[leader_job(key = "service/clock", while_leading, offset = "1s")]
async fn watch() {}

#[leader_job(key = "service/clock", while_leading, jitter = "1s")]
async fn sweep() {}

#[leader_job(key = "service/clock", while_leading, overlap = "skip")]
async fn report() {}

#[leader_job(key = "service/clock", while_leading, missed = "skip")]
async fn charge() {}

#[leader_job(key = "service/clock", while_leading, interrupted = "skip")]
async fn remind() {}

#[leader_job(key = "service/clock", while_leading, retries = 3)]
async fn import() {}

#[leader_job(key = "service/clock", while_leading, on_elected = true)]
async fn export() {}

fn main() {}
