//! The election, without a service: laws held through histories of faults, each paragraph of the
//! design as one scene.
//!
//! ```text
//! script ──faults──▶ cluster (virtual time, the network) ──requests──▶ consul, lockfiles (toys)
//!                      │ nodes: real elections, clocks, gates
//!                      ▼
//!                   checker (what is broken, what happened how often)
//! ```
//!
//! `LEADER_CASES=20000 cargo test -p leader-core --test election` looks longer.

#[path = "../support/mod.rs"]
mod support;

mod answers;
mod chance;
mod checker;
mod cluster;
mod consul;
mod continuity;
mod kernel;
mod laws;
mod leaving;
mod lockfiles;
mod node;
mod past_deadline;
mod script;
mod solo;
mod standing;
mod taking;
