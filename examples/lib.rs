//! Code of the README and the guide, compiled as tests. The examples are the files beside this one.

/// Code of `README.md`.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

/// Code of `guide/src/start.md`.
#[cfg(doctest)]
#[doc = include_str!("../guide/src/start.md")]
pub struct Start;

/// Code of `guide/src/concepts.md`.
#[cfg(doctest)]
#[doc = include_str!("../guide/src/concepts.md")]
pub struct Concepts;
