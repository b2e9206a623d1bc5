//! The attribute of `leader-runtime`, which re-exports it: parse, check, expand, nothing else.
//!
//! What the options may hold is decided by `leader-core`, as it is for settings at start.

mod doc;
mod expand;
#[cfg(test)]
mod expansions;
mod faults;
mod function;
mod options;
mod value;

use proc_macro::TokenStream;

/// Makes a job of an async function: it runs on schedule, on the node that leads, and nowhere else.
///
/// | option | value | |
/// |---|---|---|
/// | `key` | `"service/clock"` | required: the lock whose holder runs the job. Letters, digits and `_ . , - /`, at most 512 bytes |
/// | `every` | `"3s"`, `"1h 30m"` | a fixed rate, 10 ms to 366 days, on a grid that all nodes share. This or `cron` is required |
/// | `cron` | `"0 9 * * MON-FRI"` | the wall clock, in UTC. 5 fields, or 6 with the second first, or `@daily` and its like |
/// | `name` | `"clock"` | what logs and settings call the job; the function's name, unless told otherwise. `a-z`, `0-9` and `_`, at most 64 |
/// | `standby` | `not_the_leader` | the path of an `async fn` without parameters, called at each due instant on a node that does not lead; nothing, unless told otherwise |
/// | `crate` | `platform::scheduling` | where the runtime is re-exported; `::leader_runtime`, unless told otherwise |
///
/// # The function
///
/// It takes any number of `Due` and `Fence`, in any order, and returns `()`, `Outcome`, `Result<(),
/// E>` or `Result<Outcome, E>`, where `E` is an error that is `Send + Sync`, or a string. Its future
/// is `Send`. It stays what it was: callable, and testable by hand.
///
/// # The name
///
/// Beside the function stands a hidden struct of its name, which is what `jobs!` lists. A module or
/// type of the same name in the same scope is in its way (E0428), as it is in an `impl` block:
/// there, write a free function. A job that no `jobs!` lists gets the compiler's warning that it is
/// never used.
///
/// # Errors
///
/// A wrong option, value or signature does not compile. All that is wrong is told at once, each at
/// its place and with what to write instead.
#[proc_macro_attribute]
pub fn leader_job(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::leader_job(options.into(), item.into()).into()
}
