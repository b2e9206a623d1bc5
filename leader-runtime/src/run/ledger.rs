//! The record of one job in one term: read once, and written with each claim and each end.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use leader_core::election::{Fence, Read};
use leader_core::record::{Ahead, Ended, Record, Todo};
use leader_core::{JobName, Schedule};
use tracing::{debug, error, warn};

use super::paper;
use crate::lock::{Found, Place, Records, Written};

/// What it takes to keep the record of a job.
#[derive(Clone, Debug)]
pub(super) struct Office {
    pub(super) records: Arc<dyn Records>,
    pub(super) place: Place,
    pub(super) node: Arc<str>,
}

/// A record that this process may write as long as the term lasts.
#[derive(Debug)]
pub(super) struct Ledger {
    office: Office,
    fence: Fence,
    read: Read,
    pub(super) record: Record,
    /// It was told that nothing of the job is run for now.
    is_told: bool,
}

/// The term is over, or another one has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Over;

const FIRST_RETRY: Duration = Duration::from_millis(100);
const LAST_RETRY: Duration = Duration::from_secs(5);

impl Office {
    /// Reads the record at the beginning of a term, and writes it where there is none: from then on
    /// nothing of the job is lost. Tried until it is answered: whoever drops the future gives up.
    pub(super) async fn open(
        self,
        fence: Fence,
        schedule: &Schedule,
        now: SystemTime,
    ) -> Result<Ledger, Over> {
        let Found { value: stored, read } = self.read().await;
        let record = stored.as_deref().and_then(paper::parse);
        if stored.is_some() && record.is_none() {
            error!("its record is damaged, and begun anew: what was due until now is not missed");
        }
        let is_new = record.is_none();
        let mut record = record.unwrap_or_else(|| Record::new(schedule, now));
        record.adopt(schedule, now);
        let mut ledger = Ledger { office: self, fence, read, record, is_told: false };
        if is_new {
            ledger.write().await?;
        }
        Ok(ledger)
    }

    async fn read(&self) -> Found {
        let mut retry = Retry::default();
        loop {
            match self.records.read(&self.place).await {
                Ok(answer) => return answer,
                Err(fault) => retry.after(&fault).await,
            }
        }
    }
}

impl Ledger {
    pub(super) const fn fence(&self) -> Fence {
        self.fence
    }

    /// Sees to it that a clock that was wrong does not keep the job from running ever after.
    pub(super) fn set_right(&mut self, job: &JobName, now: SystemTime, from: SystemTime) {
        match self.record.set_right(now, from) {
            Some(Ahead { by, waits: false }) => warn!(
                %job, ?by,
                "its record is ahead of this clock, and one of the two was wrong: goes on from now, \
                 but for what was claimed"
            ),
            Some(Ahead { by, waits: true }) if !std::mem::replace(&mut self.is_told, true) => {
                error!(
                    %job, ?by,
                    "its record is ahead of this clock, and all the runs that it knows are: nothing is run \
                     before the clock is past them, or one of them could run twice; is this clock right?"
                )
            }
            _ => {}
        }
    }

    /// Claims this run for this process: before it comes back with `Ok`, nothing of the run may
    /// begin.
    pub(super) async fn claim(&mut self, todo: Todo, now: SystemTime) -> Result<(), Over> {
        let node = Arc::clone(&self.office.node);
        self.record.claim(todo, &node, self.fence.0, now);
        self.write().await
    }

    /// Writes down how the claimed run ended.
    pub(super) async fn end(&mut self, ended: Ended, now: SystemTime) -> Result<(), Over> {
        self.record.end(ended, now);
        self.write().await
    }

    /// Until it is answered. A write whose answer was lost is found by what it wrote: no two writes
    /// of a record are alike.
    async fn write(&mut self) -> Result<(), Over> {
        let value = paper::print(&self.record);
        let Office { records, place, .. } = &self.office;
        let (mut retry, mut was_lost) = (Retry::default(), false);
        loop {
            match records.write(place, self.fence, self.read, value.clone()).await {
                Ok(Written::Done(read)) => {
                    self.read = read;
                    return Ok(());
                }
                Ok(Written::Refused) if was_lost => {
                    let found = self.office.read().await;
                    if found.value.as_ref() == Some(&value) {
                        self.read = found.read;
                        return Ok(());
                    }
                    return Err(Over);
                }
                Ok(Written::Refused) => return Err(Over),
                Err(fault) => {
                    was_lost = true;
                    retry.after(&fault).await;
                }
            }
        }
    }
}

/// Waits ever longer, and tells the first fault.
#[derive(Default)]
struct Retry {
    failures: u32,
}

impl Retry {
    async fn after(&mut self, fault: &str) {
        if self.failures == 0 {
            warn!("its record: {fault}; trying on");
        } else {
            debug!(fault, "its record, still");
        }
        let wait = LAST_RETRY.min(FIRST_RETRY * 2u32.saturating_pow(self.failures));
        self.failures = (self.failures + 1).min(8);
        tokio::time::sleep(wait).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::tests::archive::{Fate, Memory};

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000)
    }

    fn office(memory: &Arc<Memory>, node: &str) -> Office {
        let place = Place { lock: "test/lock".into(), job: "job".into() };
        Office { records: Arc::clone(memory) as _, place, node: node.into() }
    }

    async fn open(memory: &Arc<Memory>, node: &str, fence: u64) -> Ledger {
        memory.state().fence = fence;
        let schedule = "every 1s".parse().unwrap();
        let ledger = office(memory, node).open(Fence(fence), &schedule, now()).await;
        ledger.expect("it leads")
    }

    fn stored(memory: &Memory) -> Record {
        memory.record().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_claim_is_written_before_it_is_granted_and_a_deposed_leader_gets_none() {
        let memory = Arc::new(Memory::default());
        let mut old = open(&memory, "old", 7).await;
        let todo = old.record.live(now() + Duration::from_secs(1)).unwrap();
        old.claim(todo, now()).await.unwrap();
        assert_eq!(stored(&memory).runs.back().unwrap().node, "old");

        let mut new = open(&memory, "new", 9).await;
        let next = Duration::from_secs(2);
        let late = old.record.live(now() + next).unwrap();
        assert_eq!(old.claim(late, now()).await, Err(Over));
        assert_eq!(new.record.interrupted().unwrap().due, todo.due);
        new.claim(new.record.live(now() + next).unwrap(), now()).await.unwrap();
        assert_eq!(stored(&memory).runs.back().unwrap().node, "new");
    }

    #[tokio::test(start_paused = true)]
    async fn a_claim_of_unknown_outcome_is_found_out() {
        for fates in [
            vec![Fate::AnswerLost],
            vec![Fate::RequestLost, Fate::AnswerLost, Fate::RequestLost],
            vec![Fate::RequestLost; 9],
        ] {
            let memory = Arc::new(Memory::default());
            let mut ledger = open(&memory, "one", 7).await;
            memory.state().fates = fates.into();
            let todo = ledger.record.live(now() + Duration::from_secs(1)).unwrap();
            ledger.claim(todo, now()).await.unwrap();
            assert_eq!(stored(&memory), ledger.record);
            ledger.end(Ended::Ok, now()).await.unwrap();
            assert_eq!(stored(&memory), ledger.record);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_claim_that_was_lost_and_comes_after_the_term_is_none() {
        let memory = Arc::new(Memory::default());
        let mut old = open(&memory, "old", 7).await;
        memory.state().fates = vec![Fate::RequestLost].into();
        let todo = old.record.live(now() + Duration::from_secs(1)).unwrap();
        let claim = old.claim(todo, now());
        let mut new = Box::pin(async {
            let mut new = open(&memory, "new", 9).await;
            new.claim(todo, now()).await.unwrap();
        });
        let (claimed, ()) = tokio::join!(claim, &mut new);
        assert_eq!(claimed, Err(Over));
        assert_eq!(stored(&memory).runs.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_damaged_record_is_begun_anew() {
        let memory = Arc::new(Memory::default());
        memory.state().stored = Some(b"{\"schedule\":7".to_vec());
        let ledger = open(&memory, "one", 7).await;
        assert_eq!(ledger.record.through, now());
        assert_eq!(stored(&memory), ledger.record);
    }
}
