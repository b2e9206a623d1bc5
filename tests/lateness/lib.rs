//! The benchmark is in `main.rs` beside this; nothing is in the library.
