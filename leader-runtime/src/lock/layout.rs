//! The keys of a lock manager, which grow while its service reads their names.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use leader_core::election::Layout;

/// A [`Layout`] that the lock manager adds to.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedLayout(Arc<RwLock<Layout>>);

impl SharedLayout {
    /// Keys that are known from the start are grouped better than those added one by one.
    pub(crate) fn new(layout: Layout) -> Self {
        Self(Arc::new(RwLock::new(layout)))
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Layout> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Layout> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}
