use leader_runtime::{Leading, leader_job};

#[leader_job(key = "service/clock", every = "3s")]
async fn clock<'r>(_: Leading<'r>) {}

fn main() {}
