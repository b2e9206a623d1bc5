use std::error::Error;

use leader_runtime::leader_job;

#[leader_job(key = "service/clock", every = "3s")]
async fn clock() -> Result<(), Box<dyn Error>> {
    Ok(())
}

fn main() {}
