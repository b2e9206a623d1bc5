//! A job is as visible as its function.

use leader_runtime::{Jobs, jobs};

mod billing {
    use leader_runtime::{Jobs, jobs, leader_job};

    #[leader_job(key = "billing/sweep", cron = "@daily")]
    pub(super) async fn sweep() {}

    #[leader_job(key = "billing/remind", every = "1h", standby = standby::nothing)]
    async fn remind() {}

    mod standby {
        pub(super) async fn nothing() {}
    }

    pub(super) fn jobs() -> Jobs {
        jobs![remind]
    }
}

fn jobs() -> Jobs {
    jobs![billing::sweep].merge(billing::jobs())
}

#[test]
fn a_private_job_is_listed_by_its_module() {
    super::assert_lists(&jobs(), &["sweep (", "remind ("]);
}
