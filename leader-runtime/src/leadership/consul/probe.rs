//! A probe of the token's rights, which writes no key and leads nothing.

use std::collections::HashSet;

use leader_core::election::OPERATIONS;

use super::acl::{Policy, Rule, is_lacking};
use super::agent::{Agent, in_time};
use super::wire::{KvOperation, Operation, SessionCreated, TransactionError};
use crate::leadership::Reply;

impl Agent {
    /// Returns each rule of the policy, and whether the token grants it; `Err` with the fault in words
    /// for a person.
    pub(super) async fn rights(&self, policy: &Policy) -> Result<Vec<(Rule, bool)>, String> {
        let mut rights = Vec::new();
        let writes: Vec<(&Rule, String)> = policy.writes().collect();
        for writes in writes.chunks(OPERATIONS) {
            let denied = in_time(self.denied(writes.iter().map(|(_, key)| key))).await?;
            let permitted = |number| !denied.contains(&number);
            rights.extend((0..).zip(writes).map(|(i, (rule, _))| ((*rule).clone(), permitted(i))));
        }
        for folder in policy.lists() {
            // where the servers do not ask for this right, nobody lacks it
            if !in_time(permits(self.http.get(&format!("kv/{folder}?recurse&keys")))).await? {
                rights.push((Rule::List(folder.into()), false));
            }
        }
        rights.push((Rule::Sessions, in_time(permits(self.try_session())).await?));
        Ok(rights)
    }

    /// Returns the keys that the token may not write. Sends only checks, which write nothing and need
    /// the right to write.
    async fn denied(&self, keys: impl Iterator<Item = &String>) -> Result<HashSet<usize>, Reply> {
        let operations: Vec<Operation> =
            keys.map(|key| Operation { kv: KvOperation::new("check-not-exists", key) }).collect();
        let errors = self.http.transact(&operations).await?.err().unwrap_or_default();
        let denied = errors.into_iter().filter(TransactionError::is_denied);
        Ok(denied.map(|error| error.op_index).collect())
    }

    /// Requests a session with an unknown behavior: Consul checks the right first, then refuses it, and
    /// creates no session.
    async fn try_session(&self) -> Result<(), Reply> {
        match self.http.put("session/create", br#"{"Behavior":"none"}"#.to_vec()).await {
            Err(Reply { fault: Some(fault), .. }) if fault.contains("Invalid Behavior") => Ok(()),
            Err(reply) => Err(reply),
            // a Consul that accepts the behavior has created one
            Ok(made) => {
                let SessionCreated { id } = made.json()?;
                self.http.put(&format!("session/destroy/{id}"), Vec::new()).await?;
                Ok(())
            }
        }
    }
}

/// Whether the request was done; `false` if the token lacks the right.
async fn permits<T>(asked: impl Future<Output = Result<T, Reply>>) -> Result<bool, Reply> {
    match asked.await {
        Ok(_) => Ok(true),
        Err(reply) if is_lacking(&reply) => Ok(false),
        Err(reply) => Err(reply),
    }
}
