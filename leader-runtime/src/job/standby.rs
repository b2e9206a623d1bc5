//! What stands in for a job on a node that does not lead.

use super::entry::StandbyFuture;

/// What a call of a job's `standby` gives.
#[diagnostic::on_unimplemented(
    message = "`standby` takes an `async fn` that returns nothing",
    label = "its call gives `{Self}`, not a future of `()`"
)]
pub trait Standby: Future<Output = ()> {}

#[diagnostic::do_not_recommend]
impl<F: Future<Output = ()>> Standby for F {}

/// The call carries the span of the path, and with it the one error of a wrong function.
pub fn standby<F: Standby + Send + 'static>(call: F) -> StandbyFuture {
    Box::pin(call)
}
