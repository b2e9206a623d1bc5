//! The `standby` of a job, on a node that does not lead.

use leader_core::Due;

use super::context::RunContext;
use super::data::Data;
use super::entry::StandbyFuture;
use super::from_run::{FromRun, param};

/// An `async fn` that takes what a node knows that does not lead, and returns nothing.
#[diagnostic::on_unimplemented(
    message = "`standby` takes an `async fn` without parameters, or of `Due` and `Data<T>`, that \
               returns nothing",
    label = "not such a function"
)]
pub trait Standby<Parameters> {
    #[doc(hidden)]
    fn call(self, context: &RunContext<'_>) -> Option<StandbyFuture>;
}

/// A parameter of a standby: it does not depend on leading.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a standby",
    label = "a standby takes `Due` and `Data<T>`, since its node does not lead"
)]
pub trait FromStandby: for<'r> FromRun<'r> {}

impl FromStandby for Due {}

impl<T: Send + Sync + 'static> FromStandby for Data<T> {}

macro_rules! standby {
    ($($parameter:ident)*) => {
        impl<Call, Called, $($parameter: FromStandby),*> Standby<($($parameter,)*)> for Call
        where
            Call: FnOnce($($parameter),*) -> Called,
            Called: Future<Output = ()> + Send + 'static,
        {
            #[allow(non_snake_case, unused_variables)]
            fn call(self, context: &RunContext<'_>) -> Option<StandbyFuture> {
                $(let $parameter = param::<$parameter>(context);)*
                Some(Box::pin(self($($parameter?),*)))
            }
        }
    };
}

standby!();
standby!(A);
standby!(A B);
standby!(A B C);
standby!(A B C D);

/// The call carries the span of the path, and with it the one error of a wrong function.
pub fn standby<Parameters, Call: Standby<Parameters>>(
    call: Call,
    context: &RunContext<'_>,
) -> Option<StandbyFuture> {
    call.call(context)
}
