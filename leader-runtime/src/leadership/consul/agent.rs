//! One Consul agent, asked over its HTTP API: the requests of the election, one call each.

use std::time::Duration;

use leader_core::Timing;
use leader_core::election::{
    Answer, Attempt, BeatView, Call, Failure, Index, Path, Request, SessionId,
};
use tokio::sync::Semaphore;

use super::http::{Access, Http};
use super::keyspace::Keyspace;
use super::kv;
use super::records::Batcher;
use super::txn::{Locked, Transaction};
use super::wire::{LOCK_FLAGS, Session, SessionCreated, base64};
use crate::error::Error;
use crate::leadership::{REQUEST_TIMEOUT, Reply, SharedLayout, format};
use crate::model::{Identity, Leader};
use crate::sync::Mutex;
use crate::text::{Excerpt, json};

#[derive(Debug)]
pub(super) struct Agent {
    /// For the election; polled by the driver's thread alone.
    pub(super) http: Http,
    /// For the second send of a request of the election: keeps no connection.
    pub(super) afresh: Http,
    /// For reads and writes of jobs; polled by the program's runtime.
    pub(super) jobs: Http,
    pub(super) kv_connections: Semaphore,
    pub(super) timing: Timing,
    pub(super) layout: SharedLayout,
    pub(super) identity: Identity,
    pub(super) keyspace: Keyspace,
    /// The latest session. A write of a job is checked against it.
    session: Mutex<Option<SessionId>>,
    pub(super) records: Batcher,
}

impl Agent {
    pub(super) fn new(
        access: &Access,
        timing: Timing,
        key_prefix: &str,
        layout: SharedLayout,
        identity: Identity,
    ) -> Result<Self, Error> {
        let keyspace = Keyspace::new(key_prefix);
        let [http, afresh, jobs] = Http::of(access, &keyspace)?;
        Ok(Self {
            http,
            afresh,
            jobs,
            kv_connections: Semaphore::new(kv::MAX_CONNECTIONS),
            timing,
            layout,
            identity,
            keyspace,
            session: Mutex::default(),
            records: Batcher::default(),
        })
    }

    pub(super) fn session(&self) -> Option<SessionId> {
        self.session.lock().clone()
    }

    /// Carries out one request. `Err` has a failure, or a session that is gone.
    pub(super) async fn call(
        &self,
        http: &Http,
        Request { attempt, call, .. }: Request,
    ) -> Result<Reply, Reply> {
        let answer = match call {
            Call::CreateSession => self.create_session(http).await?,
            Call::RenewSession(session) => {
                http.put(&format!("session/renew/{session}"), Vec::new()).await?;
                Answer::Done
            }
            Call::DestroySession(session) => {
                http.put(&format!("session/destroy/{session}"), Vec::new()).await?;
                Answer::Done
            }
            Call::Beat(session) => self.beat(http, attempt, &session).await?,
            Call::DeleteBeat(session) => {
                http.delete(&format!("kv/{}", self.keyspace.beat(&session))).await?;
                Answer::Done
            }
            Call::SweepBeats => self.sweep_beats(http).await?,
            Call::Read(folders) => self.read(http, &folders).await?,
            Call::Watch(folder, index) => self.watch(http, folder, index).await?,
            Call::ReadBeat(session) => self.read_beat(http, &session).await?,
            transaction => {
                let transaction = self.transaction(attempt, &transaction);
                let carried = http.transact(transaction.operations()).await?;
                return transaction.answer(carried, &self.keyspace);
            }
        };
        Ok(answer.into())
    }

    /// Deletes the beats without a session, each only if unchanged since it was read.
    async fn sweep_beats(&self, http: &Http) -> Result<Answer, Reply> {
        let stored = http.get(&format!("kv/{}?recurse", self.keyspace.beats())).await?.stored()?;
        for dead in stored.iter().filter(|stored| stored.session.is_none()) {
            http.delete(&format!("kv/{}?cas={}", dead.key, dead.modify_index)).await?;
        }
        Ok(Answer::Done)
    }

    /// Builds the transaction of a call. Locks the layout only until it returns.
    fn transaction(&self, attempt: Attempt, call: &Call) -> Transaction {
        let layout = self.layout.read();
        let lock_value = base64(&format::lock_value(&self.identity, attempt));
        Transaction::of(
            call,
            |path| match path {
                Path::Key(id) => layout.key(*id).to_owned(),
                Path::Beat(session) => self.keyspace.beat(session),
            },
            |path| match path {
                Path::Key(_) => Locked { value: lock_value.clone(), flags: Some(LOCK_FLAGS) },
                Path::Beat(_) => Locked { value: base64(&self.beat_value(attempt)), flags: None },
            },
        )
    }

    async fn create_session(&self, http: &Http) -> Result<Answer, Reply> {
        let session = self.new_session(http).await?;
        let mut last = self.session.lock();
        *last = Some(session.clone());
        Ok(Answer::Session(session))
    }

    /// Creates a session, with the cluster's minimum TTL where ours is shorter: the TTL serves mutual
    /// exclusion alone, and is renewed in good time.
    async fn new_session(&self, http: &Http) -> Result<SessionId, Reply> {
        let ttl = format!("{}ms", self.timing.session_ttl().as_millis());
        let mut created = self.create_session_of(http, &ttl).await;
        if let Err(Reply { fault: Some(fault), .. }) = &created
            && let Some(minimum) = minimum_ttl(fault)
        {
            created = self.create_session_of(http, minimum).await;
        }
        Ok(SessionId::new(&created?.id))
    }

    async fn create_session_of(&self, http: &Http, ttl: &str) -> Result<SessionCreated, Reply> {
        let body = json(&Session {
            name: format!("{} on {}", self.identity.service, self.identity.node),
            ttl,
            lock_delay: format!("{}ms", self.timing.lock_delay().as_millis()),
            // explicitly none: the default is the node's health, which ends sessions early
            node_checks: [],
            behavior: "release",
        });
        http.put("session/create", body).await?.json()
    }

    async fn beat(
        &self,
        http: &Http,
        attempt: Attempt,
        session: &SessionId,
    ) -> Result<Answer, Reply> {
        let path = format!("kv/{}?acquire={session}", self.keyspace.beat(session));
        match http.put(&path, self.beat_value(attempt)).await?.text() {
            "true" => Ok(Answer::Done),
            // nobody else locks this key: the session is gone
            "false" => Ok(Answer::SessionGone),
            other => Err(Reply::failed(
                Failure::Transient,
                format!(
                    "a beat was answered with `{}`, which is no answer of Consul's",
                    Excerpt::line(other)
                ),
            )),
        }
    }

    /// Whether the servers have a leader of their own; without one nothing can be locked. Needs no
    /// right.
    #[cfg(feature = "cli")]
    pub(super) async fn has_a_leader(&self) -> Result<(), Reply> {
        match self.http.get("status/leader").await?.json::<String>()?.as_str() {
            "" => {
                let fault =
                    "answers, but its servers have no leader: too few of them see each other";
                Err(Reply::failed(Failure::Transient, fault))
            }
            _ => Ok(()),
        }
    }

    pub(super) async fn leader(&self, key: &str) -> Result<Option<Leader>, Reply> {
        let stored = self.http.get(&format!("kv/{key}?consistent")).await?.stored()?;
        let held = stored.first().filter(|stored| stored.session.is_some());
        Ok(held.map(|stored| format::leader(&stored.value().unwrap_or_default())))
    }

    async fn read_beat(&self, http: &Http, session: &SessionId) -> Result<Answer, Reply> {
        let stored = http.get(&format!("kv/{}", self.keyspace.beat(session))).await?.stored()?;
        let beat = stored.first().and_then(|stored| {
            // a beat that a dead session left behind shows nothing about the holder
            (stored.session.as_deref() == Some(session.as_str())).then_some(())?;
            let lease = format::lease(&stored.value()?)?;
            Some(BeatView { index: Index(stored.modify_index), lease })
        });
        Ok(Answer::Beat(beat))
    }

    fn beat_value(&self, attempt: Attempt) -> Vec<u8> {
        format::beat(self.timing.lease(), &self.identity.node, attempt)
    }
}

/// Waits for an answer until the timeout of a request; `Err` with the fault in words for a person.
pub(super) async fn in_time<T>(call: impl Future<Output = Result<T, Reply>>) -> Result<T, String> {
    within(REQUEST_TIMEOUT, call).await
}

pub(super) async fn within<T>(
    patience: Duration,
    call: impl Future<Output = Result<T, Reply>>,
) -> Result<T, String> {
    match tokio::time::timeout(patience, call).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(reply)) => Err(reply.fault.unwrap_or_else(|| "no answer".into())),
        Err(_) => Err(format!("no answer within {patience:?}")),
    }
}

/// Finds the minimum TTL in a fault: the `30s` of `Invalid Session TTL '15000000000', must be between
/// [30s=24h0m0s]`.
fn minimum_ttl(fault: &str) -> Option<&str> {
    let (_, range) = fault.split_once("must be between [")?;
    Some(range.split_once('=')?.0)
}
