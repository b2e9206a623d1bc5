//! A check of every state that the real core, and not a sketch of it, can come into within bounds.
//!
//! # What is modelled
//!
//! Real [`Election`](leader_core::election::Election)s, a toy Consul that looks at the lock delay
//! when a request arrives and not when it is applied, and a network. What was asked within a tick
//! is executed in any order. A run holds a number of *mishaps* (`bounds`): a process cut off (each
//! of its requests executed or not, each answer heard or not, until it is healed), frozen (its gate
//! says what it said last), crashed, leaving, stepping down; a session ended; a request that goes
//! astray and is executed at any later time or never; a default read of a server that lags behind.
//! Time has no bound: the states repeat.
//!
//! # Why the states are few
//!
//! * A **tick** is a quarter of the silence, the longest between two reads that a count survives.
//!   The slowest clock lets its trust end after four ticks to the nanosecond, the fastest has its
//!   silence and the random delay in four, and the lock delay is four: any error of a tick is fatal.
//!   What happens within a tick has an order and no length. Every timeout of under a tick (of a
//!   beat, of a read) ends with it.
//! * The **lens** (`lens`, `view`) sees numbers that grow for ever by what they are compared with.
//! * A write that is sure to change nothing, whenever it is executed, is forgotten: indices only
//!   grow.
//! * A request arrives as it is sent, unless the lock delay stands against it: a later one is
//!   refused or could have been there before.
//! * A watch that nothing happened to is answered each tick, so that its age is nothing to tell
//!   states by. Sessions don't expire of themselves, and renewals are not answered: a session ends
//!   by a mishap, and its holder hears of it by its beat. A session is made at once.
//!
//! Left out: other tools, keys written or deleted by hand, a Consul that forgets, a process that
//! starts again, configuration errors. The simulated cluster of `tests/election` has them.
//!
//! L9 is bounded: where all are awake and connected since the last mishap, no key is without a
//! leader for more than six ticks.
//!
//! `LEADER_MISHAPS=2 cargo test --release -p leader-core --test model laws` looks further, for long.

mod bounds;
mod consul;
mod laws;
mod lens;
mod message;
mod model;
mod network;
mod node;
mod operation;
mod passing;
mod plant;
mod plants;
mod step;
mod view;
mod world;
