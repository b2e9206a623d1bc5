//! The examples are in the files beside this one; nothing is in the library.
