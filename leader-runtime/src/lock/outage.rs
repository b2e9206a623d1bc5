//! Whether the lock service answers, told once at each turn.

use tracing::{debug, info, warn};

use super::{LockService, Reply};

#[derive(Default)]
pub(super) struct Outage {
    /// What was told of it, each once.
    told: Vec<String>,
}

/// So many different faults of one outage are told; the others are logged for those who look.
const FAULTS_TOLD: usize = 5;

impl Outage {
    /// An answer came, or a fault instead.
    pub(super) fn hear(&mut self, service: &dyn LockService, is_watch: bool, reply: &Reply) {
        match &reply.fault {
            // a watch is cut by many things that stand in nobody's way; the next request tells
            Some(fault) if is_watch => debug!(fault, "a watch ended"),
            Some(fault) if self.told.contains(fault) || self.told.len() == FAULTS_TOLD => {
                debug!(fault, "still no answer");
            }
            Some(fault) => {
                warn!("{}: {fault}; trying on", service.place());
                self.told.push(fault.clone());
            }
            None if self.told.is_empty() => {}
            None => {
                info!("{} answers", service.place());
                self.told.clear();
            }
        }
    }
}
