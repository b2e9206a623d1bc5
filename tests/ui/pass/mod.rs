//! Code that must compile. The mere presence of most of these modules is their test.

mod awkward_names;
mod behind_cfg;
mod clock;
mod every_option;
mod from_a_library;
mod in_a_fn_body;
mod in_a_macro_rules;
mod in_modules;
mod parameters_and_returns;
mod reexported;
mod without_prelude;

use std::future::Future;
use std::task::{Context, Poll, Waker};

use leader_runtime::Jobs;

/// Returns the output of a future that never waits.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the future waits"),
    }
}

fn assert_lists(jobs: &Jobs, expected: &[&str]) {
    let text = format!("{jobs:?}");
    for entry in expected {
        assert!(text.contains(entry), "{text} does not list {entry}");
    }
}
