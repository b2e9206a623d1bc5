//! All that must compile in the edition before is in `pass.rs`; nothing is in the library.
