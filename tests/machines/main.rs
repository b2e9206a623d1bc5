//! Machines that are lost: cut off, cut one way, slowed, dead. Each is a network namespace with a
//! client agent and a worker, on a bridge with three servers; one leads, the other must in time. And
//! disks that are full.
//!
//! `cargo test --workspace --test machines`, as root or where users may make namespaces. A test plays
//! its scene at a lease of 2 s, or at each of `MACHINES_LEASES="1s 3s 6s"`; with `CONSUL_IS_AWAY=0.2` each
//! answer takes a fifth of the lease of itself.

mod disk;
mod lost;
mod scene;
