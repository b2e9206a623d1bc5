//! Jobs that a `macro_rules!` writes, from fragments of every kind.

use leader_runtime::{Fence, jobs, leader_job};

macro_rules! job {
    ($name:ident, $key:literal, $every:expr, $standby:path, $parameter:ty) => {
        #[leader_job(key = $key, every = $every, standby = $standby)]
        async fn $name(context: $parameter) -> Result<(), std::convert::Infallible> {
            let _ = context.get();
            Ok(())
        }
    };
    () => {
        #[leader_job(key = "service/fixed", every = "3s")]
        async fn fixed(fence: Fence) {
            let _ = fence;
        }
    };
}

async fn stand_by() {}

job!(given, "service/given", "3s", stand_by, Fence);
job!();

#[test]
fn both_are_listed() {
    super::assert_lists(&jobs![given, fixed], &["given (\"service/given\"", "fixed ("]);
}
