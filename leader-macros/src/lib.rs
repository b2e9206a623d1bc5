//! The attribute of `leader-runtime`, which re-exports it: parse, check, expand, nothing else.
//!
//! `leader-core` decides which values an option takes, as it does for settings at start.

mod doc;
mod expand;
#[cfg(test)]
mod expansions;
mod faults;
mod function;
mod options;
mod table;
mod value;

use proc_macro::TokenStream;

/// Makes a job of a function: it runs on schedule, on the node that leads, and nowhere else.
///
/// | option | value | default | |
/// |---|---|---|---|
/// | `key` | `"service/clock"`, or the path of a `const` | required | the lock whose holder runs the job. Letters, digits and `_ . , - /`, at most 512 bytes |
/// | `every` | `"3s"`, `"1h 30m"`, or the path of a `const` that is a `Duration` | one of four | a fixed rate, 10 ms to 366 days, on a grid that all nodes share |
/// | `cron` | `"0 9 * * MON-FRI"` | one of four | the wall clock, as in Vixie cron. 5 fields, or 6 with the second first, or `@daily` and its like. `H` is a value of the job's own, from a hash of its key and name: `"H 3 * * *"`, `"H/15 * * * *"`, `"H(0-29) 8 * * *"`. The page `leader_runtime::cron` has each rule |
/// | `tz` | `"Europe/Oslo"` | `"UTC"` | the zone that `cron` is read in, by its name in the IANA database |
/// | `except` | `"2026-12-24..2027-01-02, 12-25"` | none | days that are left out of `cron`, by the calendar of its zone; each year where a date has none |
/// | `after` | `"10s"` | one of four | a fixed delay: at once when a term begins, then so long after the end of each run |
/// | `while_leading` | no value | one of four | runs as long as this node leads: a consumer, a stream. `Ok` ends it for the term; an error or a panic starts it again after its `backoff`, and a minute of running lets that begin anew. When the key is given up it has its `drain` to end: let it listen to `Stop` |
/// | `offset` | `"10m"` | `"0s"` | shifts the grid of `every`; less than that |
/// | `jitter` | `"5s"`, `"hash"` | `"0s"` | each due instant's run is late by a random part of this; less than `every`. Where the key is given up meanwhile it runs at once. `hash`, with `every` and without `offset`: the grid is shifted by the job's own place in the interval, the same on every node and for ever |
/// | `on_elected` | `true`, `false` | `false` | also runs when this node begins to lead. Not with `after` |
/// | `timeout` | `"30s"` | none | cancels an attempt that takes longer, which has failed then; 1 ms to 366 days |
/// | `overlap` | `"skip"`, `"queue"`, `"replace"`, `"allow"` | `"skip"` | what becomes of a run that is due while the one before goes on. `queue`: it waits, and takes the place of another that waited; `replace`: the other is cancelled, and when that has ended it runs |
/// | `retries` | `3` | `0` | how often a run is tried again that returned an error, panicked or took too long, 0 to 1000; inside the term, and not once the key is given up |
/// | `backoff` | `"1s..1m"` | `"1s..1m"` | from the first wait before a retry to the longest, 1 ms to 1 day; it doubles, less a random part of up to half of it. With `retries` or `while_leading` |
/// | `on_loss` | `"cancel"`, `"grace"` | `"cancel"` | `grace`: `Stop` fires at the first missed beat, a quarter of the lease after the last one, while leadership is still believed. Either way the run is dropped when that ends |
/// | `drain` | `"20s"` | `"10s"` | how long a run may go on when the process shuts down, or gives the key away; at most a day |
/// | `step_down_after` | `3` | none | so many failed runs in a row give the key to another node, 1 to 1000; this one stands for it again after 10 s |
/// | `standby` | `not_the_leader` | none | the path of an `async fn`, called at each due instant on a node that does not lead (with `after`, each such delay). It takes nothing, or `Due` and `Data<T>`, and returns nothing |
/// | `enabled` | `true`, `false` | `true` | one that is not runs nowhere, and does not stand for its key |
/// | `name` | `"clock"` | the function's name | what logs and settings call the job. `a-z`, `0-9` and `_`, at most 64 |
/// | `crate` | `platform::scheduling` | `::leader_runtime` | where the runtime is re-exported |
///
/// History across nodes, in a record beside the locks:
///
/// | option | value | default | |
/// |---|---|---|---|
/// | `missed` | `"skip"`, `"once"`, `"all"` | `"once"` where a minute or more lies between due instants, else `"skip"` | what becomes of instants that no node ran, in a handover or an outage. `once`: the newest is run, and `Run::missed` counts the others; `all`: each is, the oldest first and one at a time. Not with `after`; only `"skip"` with `overlap = "allow"` |
/// | `missed_within` | `"2d"` | `"1h"`, and in any case to the newest | how far back `missed` looks. Not with `missed = "skip"`, written or by default, nor with `after` |
/// | `interrupted` | `"skip"`, `"rerun"` | `"skip"` | what becomes of a run that ended without an outcome of its own: its node died, leadership was lost, its drain was used up, it returned `Outcome::interrupted()`, or a retry was still to come when the key was given up. `rerun`: the next leader runs it first, with the same `Due`. Not with `after`, nor with `overlap = "allow"` |
///
/// With `missed` other than `skip`, or `rerun`, each run is claimed before it begins: no due instant
/// is claimed twice but by a `rerun`, and with `all` none within the window is lost. A job that
/// nobody led before has missed nothing, nor has one whose schedule was edited.
///
/// `while_leading` has no due instants, and goes with neither `tz`, `except`, `offset`, `jitter`,
/// `on_elected`, `overlap`, `missed`, `missed_within`, `interrupted`, `retries` nor `standby`.
///
/// # The function
///
/// It takes any number of `Run`, `Due`, `Fence`, `Stop`, `Data<T>`, `Leading<'_>` and `Kv`, in any
/// order, and types of your own that are `FromRun`; it returns `()`, `Outcome`, `Result<(), E>` or `Result<Outcome, E>`, where `E` is an
/// error that is `Send + Sync`, or a string. The future of an `async fn` is `Send`. The function
/// stays as it was: callable, and testable by hand. A panic is a failed run, and no more, unless the
/// program is built with `panic = "abort"`.
///
/// A plain `fn` is blocking work: each attempt runs on a thread of Tokio's blocking pool, as
/// `Run::block` does. Nothing can cut off a thread. Where the attempt is to end (drain, loss of
/// leadership, `timeout`, `overlap = "replace"`), its `Stop` fires, and neither is the key released
/// nor does the job run again before the function has returned. So `timeout` and `while_leading` need
/// a parameter `Stop`, and nothing that borrows from the run, as `Leading<'_>` does, can be a
/// parameter. Await a `Kv` with `tokio::runtime::Handle::current().block_on(…)`.
///
/// ```ignore
/// #[leader_job(key = "service/compress", every = "1h", timeout = "10m")]
/// fn compress_all(stop: Stop) -> Result<(), std::io::Error> {
///     for file in std::fs::read_dir("logs")? {
///         if stop.is_requested() {
///             break;
///         }
///         compress(file?)?;
///     }
///     Ok(())
/// }
/// ```
///
/// Below its own documentation stands when it runs, with its next three instants from 2026 on, and
/// by which policies: `cargo doc` shows what runs when. Where a place in it is hashed and the key is
/// a constant, the macro does not see that key, and `jobs next` tells the instants.
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
/// its place and with what to write instead. What a constant hides from the macro, the compiler
/// checks where it evaluates it; all is checked once more at the start, with file and line.
#[proc_macro_attribute]
pub fn leader_job(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::leader_job(options.into(), item.into()).into()
}
