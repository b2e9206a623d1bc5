//! Panics of the service's code, caught at the call: each costs the work of that call, and nothing
//! else.
//!
//! A panic in a destructor while another panic unwinds ends the process. That is Rust's own rule.

use std::any::Any;
use std::future::poll_fn;
use std::mem::forget;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// Returns the result of the work, or the message of its panic.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(message)
}

/// Does work that may be lost: logging, metrics, events. The panic hook has reported the panic.
pub(crate) fn shielded(work: impl FnOnce()) {
    // the payload is dropped already
    let _ = caught(work);
}

/// Waits until the future ends. Returns its output, or the message of a panic in a poll or in its
/// destructor.
pub(crate) async fn caught_polls<T>(work: impl Future<Output = T>) -> Result<T, String> {
    let mut work = pin!(Some(work));
    let done = poll_fn(|cx| match work.as_mut().as_pin_mut() {
        Some(work) => match caught(|| work.poll(cx)) {
            Ok(polled) => polled.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        },
        None => Poll::Pending,
    })
    .await;
    match caught(|| work.set(None)) {
        Ok(()) => done,
        Err(panic) => done.and_then(|done| {
            shielded(|| drop(done));
            Err(panic)
        }),
    }
}

/// The text of a panic. Its payload may panic again when it is dropped.
fn message(panic: Box<dyn Any + Send>) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "it panicked with something that is no text".into());
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        // each of these may panic again, without end
        forget(again);
    }
    text
}
