//! The record of one job in one term: read once, and written with each claim and each end.

use std::pin::pin;
use std::time::{Duration, SystemTime};

use leader_core::election::{Expected, Fence};
use leader_core::record::{
    MissedInstants, NextRun, Record, RecordAhead, RecordPolicy, RecordedOutcome,
};
use leader_core::{Backoff, Schedule};
use tracing::{debug, error, warn};

use super::json::Unreadable;
use super::{RecordAccess, json};
use crate::leadership::{RecordKey, StoredRecord, Written};
use crate::unwind::shielded;

/// A record that this process may write until its term ends.
#[derive(Debug)]
pub(super) struct JobRecord {
    access: RecordAccess,
    key: RecordKey,
    fence: Fence,
    /// The stored state that the next write replaces.
    expected: Expected,
    pub(super) record: Record,
    /// Due instants that have expired since the last write.
    expired: MissedInstants,
    /// Whether it is logged that the job is paused.
    is_pause_logged: bool,
}

/// The term is over, or another process has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TermOver;

/// Delays between the tries of one request. The records of many jobs are apart.
const RETRIES: Backoff = Backoff::between(Duration::from_millis(100), Duration::from_secs(5));

/// Delay before a record of a later format is read again: a person may have deleted it.
const LATER_FORMAT_RETRY: Duration = Duration::from_secs(30);

impl JobRecord {
    /// Reads the record at the beginning of a term, and writes a new one where there is none: from
    /// then on no due instant is lost. Retries until the store has answered; dropping the future
    /// gives up. `ending` completes when the key is to be given up.
    pub(super) async fn open(
        access: RecordAccess,
        key: RecordKey,
        fence: Fence,
        schedule: &Schedule,
        now: SystemTime,
        ending: impl Future<Output = ()>,
    ) -> Result<Self, TermOver> {
        let (parsed, expected) = read_known(&access, &key, ending).await?;
        let is_new = parsed.is_none();
        let mut record = parsed.unwrap_or_else(|| Record::new(schedule, now));
        record.adopt(schedule, now);
        let expired = MissedInstants::default();
        let mut open =
            Self { access, key, fence, expected, record, expired, is_pause_logged: false };
        if is_new {
            open.write().await?;
        }
        Ok(open)
    }

    pub(super) const fn fence(&self) -> Fence {
        self.fence
    }

    /// Rewinds a record that is ahead of this clock: a clock that was wrong must not keep the job from
    /// running for ever.
    pub(super) fn rewind(&mut self, now: SystemTime, from: SystemTime) {
        let job = &self.key.job;
        match self.record.rewind(now, from) {
            Some(RecordAhead { by, waits: false }) => shielded(|| {
                warn!(
                    %job, ?by,
                    "record is ahead of this clock: the job goes on from now, without the instants \
                     that are claimed; check this node's clock"
                );
            }),
            Some(RecordAhead { by, waits: true }) if !self.is_pause_logged => {
                self.is_pause_logged = true;
                shielded(|| {
                    error!(
                        %job, ?by,
                        "record is ahead of this clock: the job is paused until the clock passes \
                         it, because an instant could otherwise run twice; check this node's clock"
                    );
                });
            }
            _ => {}
        }
    }

    /// Expires instants that are too old to be run, in the next write.
    pub(super) fn expire(&mut self, schedule: &Schedule, policy: RecordPolicy, now: SystemTime) {
        let expired = self.record.expire(schedule, policy, now);
        self.expired = self.expired.and(expired);
    }

    /// Claims a run for this process: before this returns `Ok`, nothing of the run may begin. Returns
    /// the instants that have expired until then.
    pub(super) async fn claim(
        &mut self,
        todo: NextRun,
        now: SystemTime,
    ) -> Result<MissedInstants, TermOver> {
        self.record.claim(todo, &self.access.node, self.fence.0, now);
        self.write().await?;
        Ok(std::mem::take(&mut self.expired))
    }

    /// Writes the expired instants, if there are any, so that the next leader does not count them
    /// again.
    pub(super) async fn write_expired(&mut self) -> Result<MissedInstants, TermOver> {
        if self.expired.count > 0 {
            self.write().await?;
        }
        Ok(std::mem::take(&mut self.expired))
    }

    /// Writes the end of the claimed run.
    pub(super) async fn end(
        &mut self,
        ended: RecordedOutcome,
        now: SystemTime,
    ) -> Result<(), TermOver> {
        self.record.end(ended, now);
        self.write().await
    }

    /// Writes the record, and retries until the store has answered. A write whose answer was lost is
    /// recognized by its content: no two writes of a record are alike.
    async fn write(&mut self) -> Result<(), TermOver> {
        let Self { access, key, fence, expected, record, .. } = self;
        let value = json::print(record);
        let (mut retry, mut was_lost) = (Retry::default(), false);
        loop {
            match access.store.write(key, *fence, *expected, value.clone()).await {
                Ok(Written::Done(written)) => {
                    *expected = written;
                    return Ok(());
                }
                Ok(Written::Refused) if was_lost => {
                    let found = read(access, key).await;
                    if found.value.as_ref() == Some(&value) {
                        *expected = found.read;
                        return Ok(());
                    }
                    return Err(TermOver);
                }
                Ok(Written::Refused) => return Err(TermOver),
                Err(fault) => {
                    was_lost = true;
                    retry.wait(&key.job, &fault).await;
                }
            }
        }
    }
}

/// Reads the record; `None` where there is none, or none that can be used. Waits as long as the record
/// has a later format, but not when the key is to be given up; retries until the store has answered.
async fn read_known(
    access: &RecordAccess,
    key: &RecordKey,
    ending: impl Future<Output = ()>,
) -> Result<(Option<Record>, Expected), TermOver> {
    let mut ending = pin!(ending);
    let job = &key.job;
    let mut is_pause_logged = false;
    loop {
        let StoredRecord { value, read: expected } = read(access, key).await;
        match value.as_deref().map(json::parse) {
            None => return Ok((None, expected)),
            Some(Ok(record)) => return Ok((Some(record), expected)),
            Some(Err(Unreadable::Damaged)) => {
                shielded(|| {
                    error!(
                        %job,
                        "record damaged, new record begun: instants due before now count as run"
                    );
                });
                return Ok((None, expected));
            }
            Some(Err(Unreadable::Newer(format))) => {
                if !std::mem::replace(&mut is_pause_logged, true) {
                    shielded(|| {
                        error!(
                            %job, format,
                            "record has a later format: the job is paused on this node, because an \
                             instant could otherwise run twice; upgrade this node, which reads \
                             formats up to {}",
                            Record::FORMAT
                        );
                    });
                }
                tokio::select! {
                    () = &mut ending => return Err(TermOver),
                    () = tokio::time::sleep(LATER_FORMAT_RETRY) => {}
                }
            }
        }
    }
}

/// Reads the record, and retries until the store has answered.
async fn read(access: &RecordAccess, key: &RecordKey) -> StoredRecord {
    let mut retry = Retry::default();
    loop {
        match access.store.read(key).await {
            Ok(answer) => return answer,
            Err(fault) => retry.wait(&key.job, &fault).await,
        }
    }
}

/// The failures of one request.
#[derive(Default)]
struct Retry {
    failures: u32,
}

impl Retry {
    /// Logs the fault, and waits before the next try; the delay doubles with each failure.
    async fn wait(&mut self, job: &str, fault: &str) {
        shielded(|| {
            if self.failures == 0 {
                warn!(%job, "record not available: {fault}; retrying");
            } else {
                debug!(%job, fault, "record still not available");
            }
        });
        self.failures = self.failures.saturating_add(1);
        tokio::time::sleep(RETRIES.wait(self.failures, fastrand::f64())).await;
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::Arc;

    use super::*;
    use crate::run::tests::memory_store::{Fate, MemoryStore};

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000)
    }

    async fn open(memory: &Arc<MemoryStore>, node: &str, fence: u64) -> JobRecord {
        memory.state().fence = fence;
        let schedule = "every 1s".parse().unwrap();
        let access = RecordAccess { store: Arc::clone(memory) as _, node: node.into() };
        let key = RecordKey { lock: "test/lock".into(), job: "job".into() };
        let opened = JobRecord::open(access, key, Fence(fence), &schedule, now(), pending()).await;
        opened.expect("it leads")
    }

    fn stored(memory: &MemoryStore) -> Record {
        memory.record().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_claim_is_written_before_it_is_granted_and_a_deposed_leader_gets_none() {
        let memory = Arc::new(MemoryStore::default());
        let mut old = open(&memory, "old", 7).await;
        let todo = old.record.on_time(now() + Duration::from_secs(1)).unwrap();
        old.claim(todo, now()).await.unwrap();
        assert_eq!(stored(&memory).runs.back().unwrap().node, "old");

        let mut new = open(&memory, "new", 9).await;
        let next = Duration::from_secs(2);
        let late = old.record.on_time(now() + next).unwrap();
        assert_eq!(old.claim(late, now()).await, Err(TermOver));
        assert_eq!(new.record.interrupted().unwrap().due, todo.due);
        new.claim(new.record.on_time(now() + next).unwrap(), now()).await.unwrap();
        assert_eq!(stored(&memory).runs.back().unwrap().node, "new");
    }

    #[tokio::test(start_paused = true)]
    async fn a_claim_of_unknown_outcome_is_found_out() {
        for fates in [
            vec![Fate::AnswerLost],
            vec![Fate::RequestLost, Fate::AnswerLost, Fate::RequestLost],
            vec![Fate::RequestLost; 9],
        ] {
            let memory = Arc::new(MemoryStore::default());
            let mut open_record = open(&memory, "one", 7).await;
            memory.state().fates = fates.into();
            let todo = open_record.record.on_time(now() + Duration::from_secs(1)).unwrap();
            open_record.claim(todo, now()).await.unwrap();
            assert_eq!(stored(&memory), open_record.record);
            open_record.end(RecordedOutcome::Ok, now()).await.unwrap();
            assert_eq!(stored(&memory), open_record.record);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_claim_that_was_lost_and_comes_after_the_term_is_none() {
        let memory = Arc::new(MemoryStore::default());
        let mut old = open(&memory, "old", 7).await;
        memory.state().fates = vec![Fate::RequestLost].into();
        let todo = old.record.on_time(now() + Duration::from_secs(1)).unwrap();
        let claim = old.claim(todo, now());
        let mut new = Box::pin(async {
            let mut new = open(&memory, "new", 9).await;
            new.claim(todo, now()).await.unwrap();
        });
        let (claimed, ()) = tokio::join!(claim, &mut new);
        assert_eq!(claimed, Err(TermOver));
        assert_eq!(stored(&memory).runs.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_damaged_record_is_begun_anew() {
        let memory = Arc::new(MemoryStore::default());
        memory.state().stored = Some(b"{\"schedule\":7".to_vec());
        let open_record = open(&memory, "one", 7).await;
        assert_eq!(open_record.record.through, now());
        assert_eq!(stored(&memory), open_record.record);
    }
}
