use leader_runtime::{Leading, leader_job};

use std::sync::Mutex;

static KEPT: Mutex<Option<Leading<'static>>> = Mutex::new(None);

#[leader_job(key = "service/clock", every = "3s")]
async fn clock(leading: Leading<'_>) {
    *KEPT.lock().unwrap() = Some(leading);
}

fn main() {}
