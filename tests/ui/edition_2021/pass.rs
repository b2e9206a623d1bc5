//! All that must compile, in the edition before.

#[path = "../pass/mod.rs"]
mod pass;
