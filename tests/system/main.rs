//! The system against real Consul agents and real processes.

mod demo;
mod harness;
mod local;
mod outage;
mod refusal;
mod ticks;
