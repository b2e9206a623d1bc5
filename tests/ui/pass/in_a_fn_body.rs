//! A job may stand inside a function, as in a test.

use leader_runtime::{jobs, leader_job};

#[test]
fn a_job_is_defined_where_it_is_listed() {
    #[leader_job(key = "service/local", every = "3s", standby = wait)]
    async fn local() {}

    async fn wait() {}

    super::assert_lists(&jobs![local], &["local ("]);
}
