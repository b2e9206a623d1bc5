//! The runtime under another name.

mod platform {
    pub(super) use leader_runtime as scheduling;
}

use platform::scheduling::{Fence, jobs, leader_job};

#[leader_job(key = "service/clock", every = "3s", crate = platform::scheduling)]
async fn by_a_path_of_the_module(_: Fence) {}

#[leader_job(key = "service/clock", every = "3s", crate = crate::pass::reexported::platform::scheduling)]
async fn by_a_path_of_the_crate() {}

#[test]
fn both_are_listed() {
    let _ = jobs![by_a_path_of_the_module, by_a_path_of_the_crate];
}
