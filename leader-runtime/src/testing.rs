//! What a job is called with in a unit test, where a value has no constructor of its own.
//!
//! A job is still the function that it was: a test calls it. [`Due::new`](crate::Due::new),
//! [`Fence::new`](crate::Fence::new), [`Data::new`](crate::Data::new) and
//! [`Run::new`](crate::Run::new) make their values anywhere; the rest is made here, so that no
//! other code can claim to lead.
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
use crate::job::{Fence, Kv, Leading};

/// A proof of leadership that nobody gave.
#[must_use]
pub const fn leading(fence: Fence) -> Leading<'static> {
    Leading::new(fence)
}

/// A store that keeps its keys in memory, and refuses no write.
#[must_use]
pub fn kv() -> Kv {
    Kv::in_memory()
}
