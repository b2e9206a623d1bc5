//! Arguments of a job in a unit test, where a type has no constructor of its own.
//!
//! A job stays a function: a test calls it. [`Due::new`](crate::Due::new),
//! [`Fence::new`](crate::Fence::new), [`Data::new`](crate::Data::new),
//! [`Run::new`](crate::Run::new) and [`Stop::channel`](crate::Stop::channel) make their values
//! anywhere. The rest is made here, so that no other code can claim to lead.
//!
//! ```
//! use leader_runtime::{Kv, Leading, leader_job, testing};
//!
//! #[leader_job(key = "service/count", every = "1m")]
//! async fn count(_: Leading<'_>, kv: Kv) -> leader_runtime::Result<()> {
//!     kv.put("service/counted", "1").await
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let kv = testing::kv();
//! count(testing::leading(leader_runtime::Fence::new(7)), kv.clone()).await.unwrap();
//! assert_eq!(kv.get("service/counted").await.unwrap().as_deref(), Some(&b"1"[..]));
//! # });
//! ```

pub use crate::job::Stopper;
use crate::job::{Kv, Leading};
use crate::model::Fence;

/// Makes a proof of leadership, without leadership.
#[must_use]
pub const fn leading(fence: Fence) -> Leading<'static> {
    Leading::new(fence)
}

/// Makes a store that keeps its keys in memory, and refuses no write.
#[must_use]
pub fn kv() -> Kv {
    Kv::in_memory()
}
