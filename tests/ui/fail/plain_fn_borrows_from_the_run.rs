use leader_runtime::{Leading, Stop, leader_job};

#[leader_job(key = "service/clock", every = "3s", timeout = "1s")]
fn clock(_: Stop, _: Leading<'_>) {}

mod named {
    pub(crate) type Proof<'r> = leader_runtime::Leading<'r>;
}

#[leader_job(key = "service/clock", every = "3s")]
fn another(_: named::Proof<'_>) {}

fn main() {}
