//! A job that is not there, on either side of the attribute.

use leader_runtime::{jobs, leader_job};

#[leader_job(key = "service/present", every = "3s")]
#[cfg(test)]
async fn present() {}

#[leader_job(key = "service/absent", every = "3s")]
#[cfg(any())]
async fn absent() {}

#[cfg(any())]
#[leader_job(key = "service/gone", every = "3s")]
async fn gone() {}

#[test]
fn only_what_is_there_is_listed() {
    let jobs = jobs![
        present,
        #[cfg(any())]
        absent,
        #[cfg(any())]
        gone,
    ];
    assert!(!format!("{jobs:?}").contains("absent"));
    super::assert_lists(&jobs, &["present ("]);
}
