//! The UI tests of the attribute are in `ui.rs`; nothing is in the library.
