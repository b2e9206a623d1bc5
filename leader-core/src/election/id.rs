//! Identifiers of keys, folders, sessions, attempts and terms.

use std::fmt;
use std::sync::Arc;

/// A lock key, by its place in the [`Layout`](super::Layout).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u32);

/// A group of keys that are read and watched together, by its place in the
/// [`Layout`](super::Layout).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FolderId(pub u32);

/// A session of the lock service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(Arc<str>);

impl SessionId {
    /// The session of this name.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    /// Name of the session.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A position in the history of the lock service: Consul's Raft index. 0 is before all others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Index(pub u64);

/// One try of one request; it identifies the answer. No two are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attempt(pub u64);

impl Attempt {
    /// Number that the values of this attempt carry.
    ///
    /// Consul answers an identical write with `true` and changes nothing, so the `check-index` of a
    /// take would not notice it: every write has to carry a number that was never written before.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// Fencing token (*fence*): the index at which a term began, greater than that of every earlier term
/// of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence(pub u64);

impl Fence {
    /// Index at which the term began.
    #[must_use]
    pub const fn index(self) -> Index {
        Index(self.0)
    }
}

/// One term: leadership of a key, from its acquisition to its loss or release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Term {
    /// Key of the term.
    pub key: KeyId,
    /// Index of the acquisition.
    pub fence: Fence,
    /// Number of times that the term was resumed after a lapse.
    pub resumptions: u32,
}
