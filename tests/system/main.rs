//! The system against real Consul agents and real processes.

mod cluster;
mod demo;
mod examples;
mod faults;
mod harness;
mod local;
mod locks;
mod outage;
mod refusal;
mod ticks;
