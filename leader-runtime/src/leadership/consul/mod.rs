//! Consul as a lock service: each request of the election is one call of its HTTP API.

mod acl;
mod agent;
mod http;
mod keyspace;
mod kv;
mod probe;
mod records;
mod snapshot;
mod txn;
mod wire;

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use leader_core::Timing;
use leader_core::election::{Liveness, Request};

pub(crate) use self::acl::{Policy, Rule};
use self::agent::{Agent, in_time};
pub(crate) use self::http::Access;
pub(crate) use self::keyspace::Keyspace;
use self::kv::KvStore;
use super::record_store::RecordStore;
use super::values::ValueStore;
use super::{LockService, Reply, SharedLayout};
use crate::error::Error;
use crate::model::{Identity, Leader};

/// Consul at one address: an agent, or a proxy before agents.
#[derive(Debug)]
pub(crate) struct Consul {
    agent: Arc<Agent>,
}

impl Consul {
    /// Connects to Consul for the keys of this layout, which begin with `key_prefix`.
    pub(crate) fn new(
        access: &Access,
        timing: Timing,
        key_prefix: &str,
        layout: SharedLayout,
        identity: Identity,
    ) -> Result<Self, Error> {
        let agent = Agent::new(access, timing, key_prefix, layout, identity)?;
        Ok(Self { agent: Arc::new(agent) })
    }
}

impl LockService for Consul {
    fn liveness(&self) -> Liveness {
        Liveness::Beats(self.agent.timing)
    }

    fn location(&self) -> String {
        self.agent.http.location()
    }

    fn identity(&self) -> &Identity {
        &self.agent.identity
    }

    fn call(&self, request: Request) -> BoxFuture<'static, Reply> {
        let agent = Arc::clone(&self.agent);
        async move { agent.call(&agent.http, request).await.unwrap_or_else(|reply| reply) }.boxed()
    }

    fn call_afresh(&self, request: Request) -> BoxFuture<'static, Reply> {
        let agent = Arc::clone(&self.agent);
        async move { agent.call(&agent.afresh, request).await.unwrap_or_else(|reply| reply) }
            .boxed()
    }

    fn value_store(&self) -> Arc<dyn ValueStore> {
        Arc::new(KvStore(Arc::clone(&self.agent)))
    }

    fn record_store(&self) -> Arc<dyn RecordStore> {
        Arc::new(KvStore(Arc::clone(&self.agent)))
    }

    fn rights(&self, policy: Policy) -> BoxFuture<'static, Result<Vec<(Rule, bool)>, String>> {
        let agent = Arc::clone(&self.agent);
        async move { agent.rights(&policy).await }.boxed()
    }

    #[cfg(feature = "cli")]
    fn answers(&self) -> BoxFuture<'static, Result<(), String>> {
        let agent = Arc::clone(&self.agent);
        async move { in_time(agent.has_a_leader()).await }.boxed()
    }

    fn leader(&self, key: String) -> BoxFuture<'static, Result<Option<Leader>, String>> {
        let agent = Arc::clone(&self.agent);
        async move { in_time(agent.leader(&key)).await }.boxed()
    }
}
