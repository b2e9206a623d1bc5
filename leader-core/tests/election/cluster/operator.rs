//! Operators, other tools, and faults of the service itself.

use std::time::Duration;

use leader_core::election::KeyId;

use super::{Cluster, Due, Outage};
use crate::node::NetworkFaults;

impl Cluster {
    pub(crate) fn destroy_session(&mut self, key: KeyId) {
        if let Some((session, _)) = self.consul.holder(key) {
            let session = session.clone();
            self.consul.end(self.now, &session);
            self.wake_watches();
        }
    }

    pub(crate) fn delete_key(&mut self, key: KeyId) {
        self.excuse(key);
        self.consul.delete(key);
        self.wake_watches();
    }

    pub(crate) fn release_key(&mut self, key: KeyId) {
        self.excuse(key);
        self.consul.release(key);
        self.wake_watches();
    }

    pub(crate) fn write_key(&mut self, key: KeyId) {
        self.consul.write(key);
        self.wake_watches();
    }

    pub(super) fn excuse(&mut self, key: KeyId) {
        if let Some((_, fence)) = self.consul.holder(key) {
            self.checker.excuse(key, fence);
        }
    }

    pub(crate) fn lock_by_tool(&mut self, key: KeyId, span: Duration) {
        if let Some(session) = self.consul.lock_by_tool(self.now, key) {
            self.tools.push((self.now + span, session));
            self.schedule(span, Due::Look);
            self.wake_watches();
        }
    }

    pub(crate) fn forget(&mut self) {
        self.checker.excuse_all(self.latest);
        self.consul.forget();
        for node in &mut self.nodes {
            node.faults.deposed = None;
        }
        self.break_service(Duration::from_millis(50), Outage::Errors);
    }

    /// From now on everything works; what is under way stays so.
    pub(crate) fn heal(&mut self) {
        self.outage = None;
        self.tools_leave(|_, _| true);
        for node in &mut self.nodes {
            let frozen = node.faults.frozen;
            node.faults = NetworkFaults { frozen, ..NetworkFaults::default() };
        }
        self.wake_watches();
    }

    pub(super) fn tools_leave(&mut self, which: impl Fn(Duration, Duration) -> bool) {
        for (until, session) in std::mem::take(&mut self.tools) {
            if which(until, self.now) {
                self.consul.end(self.now, &session);
            } else {
                self.tools.push((until, session));
            }
        }
    }
}
