//! What a run is told, and how a job's parameters take their part of it.

use std::time::SystemTime;

use leader_core::Due;

use super::fence::Fence;

/// What a run is told.
#[derive(Debug)]
pub struct Context {
    due: Due,
    fence: Fence,
}

impl Context {
    /// A run that is due at `due`, with this fence of its term.
    pub(crate) const fn new(due: SystemTime, fence: Fence) -> Self {
        Self { due: Due::new(due), fence }
    }
}

/// A type that a job may have as a parameter: [`Due`] or [`Fence`].
///
/// A job takes any number of them in any order. The trait is sealed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a job",
    label = "not a parameter that a run could fill",
    note = "a job takes `Due` and `Fence`, each as often and in the order you like; for anything \
            else, a pool or a client, use a static: `static DB: OnceLock<Pool>`"
)]
pub trait FromRun<'r>: Sized + sealed::Sealed {
    #[doc(hidden)]
    fn from_run(context: &'r Context) -> Self;
}

impl FromRun<'_> for Due {
    fn from_run(context: &Context) -> Self {
        context.due
    }
}

impl FromRun<'_> for Fence {
    fn from_run(context: &Context) -> Self {
        context.fence
    }
}

/// The call carries the span of the parameter's type, and with it the one error of a wrong type.
pub fn param<'r, T: FromRun<'r>>(context: &'r Context) -> T {
    T::from_run(context)
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Due {}
    impl Sealed for super::Fence {}
}
