//! Toy lock files: the kernel frees a dead process's locks at once, and those of a frozen one never.

use std::collections::BTreeMap;

use leader_core::election::{Answer, Call, Fence, KeyId, Refusal, RefusalReason, SessionId};

#[derive(Clone, Debug, Default)]
pub(crate) struct LockFiles {
    held: BTreeMap<KeyId, SessionId>,
    fences: BTreeMap<KeyId, u64>,
}

impl LockFiles {
    /// `node` is the process that asks.
    pub(crate) fn apply(&mut self, node: usize, call: &Call) -> Answer {
        match call {
            Call::CreateSession => Answer::Session(process(node)),
            Call::RenewSession(_) => Answer::Done,
            Call::Acquire { session, keys } => {
                let is_held = |key: &KeyId| self.held.contains_key(key);
                let refused: Vec<Refusal> = keys
                    .iter()
                    .filter(|(key, _)| is_held(key))
                    .map(|(key, _)| Refusal { key: Some(*key), why: RefusalReason::Moved })
                    .collect();
                if !refused.is_empty() {
                    return Answer::Refused(refused);
                }
                let grant = |(key, _): &(KeyId, _)| {
                    self.held.insert(*key, session.clone());
                    let fence = self.fences.entry(*key).or_default();
                    *fence += 1;
                    (*key, Fence(*fence))
                };
                Answer::Granted(keys.iter().map(grant).collect())
            }
            Call::Release { keys, .. } => {
                for (key, _) in keys {
                    self.held.remove(key);
                }
                Answer::Done
            }
            Call::DestroySession(session) => {
                self.end(session);
                Answer::Done
            }
            other => panic!("lock files know nothing of {other:?}"),
        }
    }

    /// The process is dead.
    pub(crate) fn die(&mut self, node: usize) {
        self.end(&process(node));
    }

    fn end(&mut self, session: &SessionId) {
        self.held.retain(|_, holder| holder != session);
    }
}

fn process(node: usize) -> SessionId {
    SessionId::new(&node.to_string())
}
