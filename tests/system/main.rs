//! The system against real Consul agents and real processes.

mod access;
mod acl;
mod check;
mod cluster;
mod command_line;
mod demo;
mod examples;
mod faults;
mod foreign;
mod harness;
mod health;
mod histories;
mod interop;
mod kv;
mod local;
mod locks;
mod outage;
mod profiles;
mod records;
mod refusal;
mod servers;
mod soak;
mod stage;
mod systemd;
mod ticks;
mod tls;
