//! The names that the election gives to keys, folders, sessions, attempts and terms.

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

    /// Its name.
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

/// A position in the lock service's history: Consul's Raft index. 0 is before all of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Index(pub u64);

/// One try of one request; its answer is known by it. No two are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attempt(pub u64);

impl Attempt {
    /// The number to write into the values of this attempt.
    ///
    /// Consul answers an identical write `true` and changes nothing, so that a taker's
    /// `check-index` would not see it: every write has to carry a number never written before.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// The index at which a term began: greater than that of every term of the key before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence(pub u64);

impl Fence {
    /// Where it stands in the lock service's history.
    #[must_use]
    pub const fn index(self) -> Index {
        Index(self.0)
    }
}

/// One holding of one key, from its acquisition to its loss or release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Term {
    /// The key that is led.
    pub key: KeyId,
    /// The index of the acquisition.
    pub fence: Fence,
    /// How often the term was taken up again after a lapse.
    pub stint: u32,
}
