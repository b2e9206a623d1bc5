//! Each place of a run where users' code runs, with a panic there.

use std::error::Error;
use std::fmt;
use std::panic::panic_any;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::{Outcome, Run};

pub(super) type Returned = Result<Outcome, Box<dyn Error + Send + Sync>>;

/// A place where users' code runs.
pub(super) struct Place {
    pub(super) called: &'static str,
    /// A run that panics there.
    pub(super) run: fn(Run) -> BoxFuture<'static, Returned>,
    /// Whether the run fails: false where the run does not wait for the part that panics.
    pub(super) fails: bool,
}

/// Panics when it is dropped.
#[derive(Debug)]
pub(super) struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("in a destructor");
        }
    }
}

/// Panics when it is dropped, with a payload that panics when it is dropped, without end.
struct Endless;

impl Drop for Endless {
    fn drop(&mut self) {
        panic_any(Self);
    }
}

/// An error that panics in some of its parts.
#[derive(Debug, Default)]
struct Faulty {
    displays: bool,
    has_source: bool,
    causes_itself: bool,
    #[expect(dead_code, reason = "it is dropped")]
    drops: Option<Bomb>,
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        assert!(!self.displays, "in its message");
        f.write_str("faulty")
    }
}

impl Error for Faulty {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        assert!(!self.has_source, "in its source");
        self.causes_itself.then_some(self)
    }
}

fn faulty(faulty: Faulty) -> Returned {
    Err(Box::new(faulty))
}

const fn place(
    called: &'static str,
    run: fn(Run) -> BoxFuture<'static, Returned>,
    fails: bool,
) -> Place {
    Place { called, run, fails }
}

pub(super) const PLACES: &[Place] = &[
    place("the first poll", |_| async { panic!("as planned") }.boxed(), true),
    place(
        "a later poll",
        |_| {
            let later = async {
                tokio::time::sleep(Duration::from_millis(10)).await;
                panic!("as planned")
            };
            later.boxed()
        },
        true,
    ),
    place("the panic's payload", |_| async { panic_any(Bomb) }.boxed(), true),
    place("the payload of that one's panic", |_| async { panic_any(Endless) }.boxed(), true),
    place(
        "a value that is dropped at the end",
        |_| {
            let drops = async {
                let _bomb = Bomb;
                Ok(Outcome::ok())
            };
            drops.boxed()
        },
        true,
    ),
    place(
        "the future, when its timeout drops it",
        |_| {
            let waits = async {
                let _bomb = Bomb;
                std::future::pending().await
            };
            waits.boxed()
        },
        true,
    ),
    place(
        "an error's message",
        |_| async { faulty(Faulty { displays: true, ..Faulty::default() }) }.boxed(),
        true,
    ),
    place(
        "an error's source",
        |_| async { faulty(Faulty { has_source: true, ..Faulty::default() }) }.boxed(),
        true,
    ),
    place(
        "an error that is its own cause",
        |_| async { faulty(Faulty { causes_itself: true, ..Faulty::default() }) }.boxed(),
        true,
    ),
    place(
        "an error's destructor",
        |_| async { faulty(Faulty { drops: Some(Bomb), ..Faulty::default() }) }.boxed(),
        true,
    ),
    place(
        "an error's message and its destructor",
        |_| {
            let both = Faulty { displays: true, drops: Some(Bomb), ..Faulty::default() };
            async { faulty(both) }.boxed()
        },
        true,
    ),
    place(
        "the error in an outcome",
        |_| {
            let failed = || Outcome::fail(Faulty { drops: Some(Bomb), ..Faulty::default() });
            async move { Ok(failed()) }.boxed()
        },
        true,
    ),
    place(
        "a task that is waited for",
        |run| {
            let waits = async move {
                run.spawn(async { panic!("as planned") }).await?;
                Ok(Outcome::ok())
            };
            waits.boxed()
        },
        true,
    ),
    place(
        "a task that nobody waits for",
        |run| {
            drop(run.spawn(async { panic_any(Bomb) }));
            let waits = async {
                tokio::time::sleep(Duration::from_millis(10)).await;
                Ok(Outcome::ok())
            };
            waits.boxed()
        },
        false,
    ),
    place(
        "the output of a task",
        |run| {
            let waits = async move {
                drop(run.spawn(async { Bomb }).await?);
                Ok(Outcome::ok())
            };
            waits.boxed()
        },
        true,
    ),
    place(
        "the output of a task that nobody waits for",
        |run| {
            drop(run.spawn(async { Bomb }));
            let waits = async {
                tokio::time::sleep(Duration::from_millis(10)).await;
                Ok(Outcome::ok())
            };
            waits.boxed()
        },
        false,
    ),
    place(
        "a task that ends with the run",
        |run| {
            let task = async {
                let _bomb = Bomb;
                std::future::pending::<()>().await
            };
            drop(run.spawn(task));
            let waits = async {
                tokio::time::sleep(Duration::from_millis(10)).await;
                Ok(Outcome::ok())
            };
            waits.boxed()
        },
        false,
    ),
    place(
        "blocking work that is waited for",
        |run| {
            let waits = async move {
                run.block(|| panic!("as planned")).await?;
                Ok(Outcome::ok())
            };
            waits.boxed()
        },
        true,
    ),
    place(
        "blocking work that nobody waits for",
        |run| {
            drop(run.block(|| panic_any(Bomb)));
            async { Ok(Outcome::ok()) }.boxed()
        },
        false,
    ),
];
