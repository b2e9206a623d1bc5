//! A check of every state that the real core, and not a sketch of it, can come into within bounds.
//!
//! # What is modelled
//!
//! Real [`Election`](leader_core::election::Election)s, a toy Consul that looks at the lock delay
//! when a request arrives and not when it is applied, and a network. What was asked within a tick
//! is executed in any order; where the bounds say that answers are late, it is executed and answered
//! within some ticks, several beats of a leader and reads of a standby under way together, and each
//! in any order. A run holds a number of *faults* (`bounds`): a process cut off (each
//! of its requests executed or not, each answer heard or not, until it is healed), deaf (each is executed, none is heard), frozen (its gate
//! says what it said last), crashed, leaving, stepping down; a session ended; a request that goes
//! astray and is executed at any later time or never; a transaction that is sent twice; a default
//! read of a server that lags behind.
//! Time has no bound: the states repeat.
//!
//! # Why the states are few
//!
//! * A **tick** is a quarter of the silence, less than what a count survives between two reads.
//!   The slowest clock lets its trust end after four ticks to the nanosecond, the fastest has its
//!   silence and the random delay in four, and the lock delay is four: any error of a tick is fatal.
//!   What happens within a tick has an order and no length.
//! * A process that is cut off has each beat executed, and heard, within its tick or never, each
//!   transaction within two; then it is told that none came. Later ones are those that go astray, one
//!   in a run; and one that is deaf hears of none, and waits for each as long as it would be trusted.
//! * The **canonical** (`canonical`, `representative`) sees numbers that grow for ever by what they are compared with.
//! * A write that is sure to change nothing, whenever it is executed, is forgotten: indices only
//!   grow.
//! * A request arrives as it is sent, unless the lock delay stands against it: a later one is
//!   refused or could have been there before.
//! * A watch that nothing happened to is answered each tick, so that its age is nothing to tell
//!   states by. Sessions don't expire of themselves, and renewals are not answered: a session ends
//!   by a fault, and its holder hears of it by its beat. A session is made at once.
//!
//! Left out: other tools, keys written or deleted by hand, a Consul that forgets, a process that
//! starts again, configuration errors. The simulated cluster of `tests/election` has them.
//!
//! L9 is bounded: where all are awake and connected since the last fault, no key is without a
//! leader for more than six ticks.
//!
//! `LEADER_FAULTS=2 cargo test --release -p leader-core --test model laws` looks further, for long.

#[path = "../support/mod.rs"]
mod support;

mod bounds;
mod canonical;
mod consul;
mod laws;
mod message;
mod model;
mod mutations;
mod network;
mod node;
mod passing;
mod representative;
mod step;
mod world;
