//! The keys of a session manager, shared with its lock service. Keys are added at run time.

use std::sync::{Arc, RwLockReadGuard, RwLockWriteGuard};

use leader_core::election::Layout;

use crate::sync::RwLock;

/// A [`Layout`] that the session manager adds to.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedLayout(Arc<RwLock<Layout>>);

impl SharedLayout {
    /// Shares a layout. Keys known from the start are grouped better than keys added later.
    pub(crate) fn new(layout: Layout) -> Self {
        Self(Arc::new(RwLock::new(layout)))
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Layout> {
        self.0.read()
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Layout> {
        self.0.write()
    }
}
