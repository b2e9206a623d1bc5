//! Consul as a lock service: every request of the election as one call of its HTTP API.

mod access;
mod acl;
mod address;
mod client;
mod errands;
mod http;
mod keyspace;
mod kv;
mod records;
mod rights;
mod tenancy;
#[cfg_attr(not(feature = "tls"), path = "without_tls.rs")]
mod tls;
mod token;
mod transaction;
mod variable;
mod view;
mod wire;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use leader_core::Timing;
use leader_core::election::{
    Answer, Attempt, BeatSeen, Call, Failure, Index, Pace, Path, Request, SessionId,
};
use tokio::sync::Semaphore;

pub(crate) use self::access::Access;
pub(crate) use self::acl::{Policy, Rule};
use self::errands::Errands;
use self::http::Http;
pub(crate) use self::keyspace::Keyspace;
pub(crate) use self::kv::{KvStore, Write};
use self::transaction::{Locked, Transaction};
use self::wire::{Beat, LOCK_FLAGS, Session, SessionCreated, base64};
use super::identity::{Identity, Leader, json};
use super::records::Records;
use super::{LockService, Reply, SharedLayout};
use crate::error::Error;

/// How long Consul is waited for where leadership does not hang on it: by a job, or by a person.
const PATIENCE: Duration = Duration::from_secs(5);

/// One agent, or whatever answers for one at an address.
#[derive(Debug)]
pub(crate) struct Consul {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// For the election, and polled by its thread alone.
    http: Http,
    /// For what jobs read and write, on the service's own runtime.
    jobs: Http,
    kv_lanes: Semaphore,
    timing: Timing,
    layout: SharedLayout,
    identity: Identity,
    keyspace: Keyspace,
    /// The session that was made last. A write of a job is checked against it.
    session: Mutex<Option<SessionId>>,
    errands: Errands,
}

impl Consul {
    /// The Consul that is reached so, for the keys of this layout, which begin with `key_prefix`.
    pub(crate) fn new(
        access: &Access,
        timing: Timing,
        key_prefix: &str,
        layout: SharedLayout,
        identity: Identity,
    ) -> Result<Self, Error> {
        let keyspace = Keyspace::new(key_prefix);
        let [http, jobs] = Http::pair(access, &keyspace)?;
        let shared = Shared {
            http,
            jobs,
            kv_lanes: Semaphore::new(kv::LANES),
            timing,
            layout,
            identity,
            keyspace,
            session: Mutex::default(),
            errands: Errands::default(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }
}

impl LockService for Consul {
    fn pace(&self) -> Pace {
        Pace::Beats(self.shared.timing)
    }

    fn place(&self) -> String {
        format!("Consul at {}", self.shared.http.address())
    }

    fn identity(&self) -> &Identity {
        &self.shared.identity
    }

    fn call(&self, request: Request) -> BoxFuture<'static, Reply> {
        let shared = Arc::clone(&self.shared);
        async move { shared.call(request).await.unwrap_or_else(|reply| reply) }.boxed()
    }

    fn kv(&self) -> Option<KvStore> {
        Some(KvStore(Arc::clone(&self.shared)))
    }

    fn records(&self) -> Arc<dyn Records> {
        Arc::new(KvStore(Arc::clone(&self.shared)))
    }

    fn rights(&self, policy: Policy) -> BoxFuture<'static, Result<Vec<(Rule, bool)>, String>> {
        let shared = Arc::clone(&self.shared);
        async move { shared.rights(&policy).await }.boxed()
    }

    #[cfg(feature = "cli")]
    fn answers(&self) -> BoxFuture<'static, Result<(), String>> {
        let shared = Arc::clone(&self.shared);
        async move { in_time(shared.has_a_leader()).await }.boxed()
    }

    fn leader(&self, key: String) -> BoxFuture<'static, Result<Option<Leader>, String>> {
        let shared = Arc::clone(&self.shared);
        async move { in_time(shared.leader(&key)).await }.boxed()
    }
}

impl Shared {
    fn session(&self) -> Option<SessionId> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// `Err` where there is no answer to act on, or the session is gone.
    async fn call(&self, Request { attempt, call, .. }: Request) -> Result<Reply, Reply> {
        let answer = match call {
            Call::CreateSession => self.create_session().await?,
            Call::RenewSession(session) => {
                self.http.put(&format!("session/renew/{session}"), Vec::new()).await?;
                Answer::Done
            }
            Call::DestroySession(session) => {
                self.http.put(&format!("session/destroy/{session}"), Vec::new()).await?;
                Answer::Done
            }
            Call::Beat(session) => self.beat(attempt, &session).await?,
            Call::DeleteBeat(session) => {
                self.http.delete(&format!("kv/{}", self.keyspace.beat(&session))).await?;
                Answer::Done
            }
            Call::SweepBeats => self.sweep_beats().await?,
            Call::Read(folders) => self.read(&folders).await?,
            Call::Watch(folder, index) => self.watch(folder, index).await?,
            Call::ReadBeat(session) => self.read_beat(&session).await?,
            transaction => {
                let transaction = self.transaction(attempt, &transaction);
                let carried = self.http.transact(transaction.operations()).await?;
                return transaction.answer(carried, &self.keyspace);
            }
        };
        Ok(answer.into())
    }

    /// Deletes the beats that no session holds any more, each only as it was seen.
    async fn sweep_beats(&self) -> Result<Answer, Reply> {
        let stored =
            self.http.get(&format!("kv/{}?recurse", self.keyspace.beats())).await?.stored()?;
        for dead in stored.iter().filter(|stored| stored.session.is_none()) {
            self.http.delete(&format!("kv/{}?cas={}", dead.key, dead.modify_index)).await?;
        }
        Ok(Answer::Done)
    }

    /// No lock on the layout is held while Consul is asked.
    fn transaction(&self, attempt: Attempt, call: &Call) -> Transaction {
        let layout = self.layout.read();
        let lock_value = base64(&self.identity.lock_value(attempt));
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

    async fn create_session(&self) -> Result<Answer, Reply> {
        let session = self.new_session().await?;
        let mut last = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some(session.clone());
        Ok(Answer::Session(session))
    }

    /// Where the cluster's shortest TTL is longer than ours, that one is taken: it is for mutual
    /// exclusion alone, and renewed in good time.
    async fn new_session(&self) -> Result<SessionId, Reply> {
        let ttl = format!("{}ms", self.timing.session_ttl().as_millis());
        let mut created = self.create_session_of(&ttl).await;
        if let Err(Reply { fault: Some(fault), .. }) = &created
            && let Some(shortest) = shortest_ttl(fault)
        {
            created = self.create_session_of(shortest).await;
        }
        Ok(SessionId::new(&created?.id))
    }

    async fn create_session_of(&self, ttl: &str) -> Result<SessionCreated, Reply> {
        let body = json(&Session {
            name: format!("{} on {}", self.identity.service, self.identity.node),
            ttl,
            lock_delay: format!("{}ms", self.timing.lock_delay().as_millis()),
            // given explicitly: left out, it means the node's health, which ends sessions early
            node_checks: [],
            behavior: "release",
        });
        self.http.put("session/create", body).await?.json()
    }

    async fn beat(&self, attempt: Attempt, session: &SessionId) -> Result<Answer, Reply> {
        let path = format!("kv/{}?acquire={session}", self.keyspace.beat(session));
        match self.http.put(&path, self.beat_value(attempt)).await?.text() {
            "true" => Ok(Answer::Done),
            // nobody else locks this key: it is the session that is no more
            "false" => Ok(Answer::SessionGone),
            other => Err(Reply::failed(
                Failure::Transient,
                format!("a beat was answered with `{other}`, which is no answer of Consul's"),
            )),
        }
    }

    /// Whether its servers do: without one, nothing can be locked. Needs no right.
    #[cfg(feature = "cli")]
    async fn has_a_leader(&self) -> Result<(), Reply> {
        match self.http.get("status/leader").await?.json::<String>()?.as_str() {
            "" => {
                let fault =
                    "answers, but its servers have no leader: too few of them see each other";
                Err(Reply::failed(Failure::Transient, fault))
            }
            _ => Ok(()),
        }
    }

    async fn leader(&self, key: &str) -> Result<Option<Leader>, Reply> {
        let stored = self.http.get(&format!("kv/{key}?consistent")).await?.stored()?;
        let held = stored.first().filter(|stored| stored.session.is_some());
        Ok(held.map(|stored| Leader::of_value(&stored.value().unwrap_or_default())))
    }

    async fn read_beat(&self, session: &SessionId) -> Result<Answer, Reply> {
        let stored =
            self.http.get(&format!("kv/{}", self.keyspace.beat(session))).await?.stored()?;
        let beat = stored.first().and_then(|stored| {
            // left behind by a session that is gone, it says nothing about the holder
            (stored.session.as_deref() == Some(session.as_str())).then_some(())?;
            let beat: Beat = serde_json::from_slice(&stored.value()?).ok()?;
            Some(BeatSeen { index: Index(stored.modify_index), lease: beat.lease()? })
        });
        Ok(Answer::Beat(beat))
    }

    fn beat_value(&self, attempt: Attempt) -> Vec<u8> {
        json(&Beat::new(self.timing.lease(), &self.identity.node, attempt))
    }
}

/// What was answered; or what went wrong, in words for a person.
async fn in_time<T>(call: impl Future<Output = Result<T, Reply>>) -> Result<T, String> {
    within(PATIENCE, call).await
}

async fn within<T>(
    patience: Duration,
    call: impl Future<Output = Result<T, Reply>>,
) -> Result<T, String> {
    match tokio::time::timeout(patience, call).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(reply)) => Err(reply.fault.unwrap_or_else(|| "no answer".into())),
        Err(_) => Err(format!("no answer within {patience:?}")),
    }
}

/// Of `Invalid Session TTL '15000000000', must be between [30s=24h0m0s]`, the `30s`.
fn shortest_ttl(fault: &str) -> Option<&str> {
    let (_, range) = fault.split_once("must be between [")?;
    Some(range.split_once('=')?.0)
}
