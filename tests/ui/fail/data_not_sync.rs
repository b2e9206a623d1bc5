use leader_runtime::{Data, leader_job};

use std::cell::Cell;

#[leader_job(key = "service/clock", every = "3s")]
async fn clock(_: Data<Cell<u8>>) {}

fn main() {}
