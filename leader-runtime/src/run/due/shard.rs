//! The jobs of one tick in shards, one for each thread: a work-stealing queue over a list that does
//! not grow.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::run::firing::Firing;

/// The jobs of a due group that wait for a worker, and the firing that they run for.
#[derive(Debug)]
pub(in crate::run) struct Batch {
    pub(super) group: usize,
    pub(super) firing: Firing,
    jobs: Arc<[usize]>,
    /// Index in `jobs` of the first job in turn; the order wraps around at the end of the list.
    first: usize,
    shards: Box<[Shard]>,
}

/// A range of positions in a batch: its own thread pops at the front, the others steal at the back
/// when their own shards are empty.
///
/// Start and end are the halves of one atomic word. Each shard has a cache line of its own, against
/// false sharing.
#[derive(Debug)]
#[repr(align(64))]
struct Shard(AtomicU64);

impl Batch {
    /// A batch of `jobs` whose turns begin at index `first`, in at most `shards` shards.
    pub(super) fn new(
        group: usize,
        jobs: &Arc<[usize]>,
        first: usize,
        firing: Firing,
        shards: usize,
    ) -> Self {
        let number = shards.clamp(1, jobs.len().max(1));
        let bound = |shard| (jobs.len() * shard / number) as u32;
        let shards = (0..number).map(|shard| Shard::new(bound(shard)..bound(shard + 1))).collect();
        Self { group, firing, jobs: Arc::clone(jobs), first, shards }
    }

    /// Takes the next job for this thread: of its own shard, or stolen from another.
    pub(super) fn pop(&self, thread: usize) -> Option<usize> {
        let own = self.shards[thread % self.shards.len()].pop();
        own.or_else(|| self.shards.iter().find_map(Shard::steal)).map(|position| self.job(position))
    }

    /// Takes all jobs that are left.
    pub(super) fn drain(&self) -> Vec<usize> {
        self.shards.iter().flat_map(Shard::drain).map(|position| self.job(position)).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.shards.iter().all(|shard| shard.positions().is_empty())
    }

    /// The `first` of the next batch of this group, where `left` jobs of this one did not have their
    /// turn: the next batch begins with these, so that none starves.
    pub(super) fn next_first(&self, left: usize) -> usize {
        let taken = self.jobs.len() - left;
        self.index(taken.div_ceil(self.shards.len()))
    }

    fn job(&self, position: u32) -> usize {
        self.jobs[self.index(position as usize)]
    }

    fn index(&self, position: usize) -> usize {
        (self.first + position) % self.jobs.len()
    }
}

impl Shard {
    fn new(positions: Range<u32>) -> Self {
        Self(AtomicU64::new(packed(positions)))
    }

    fn positions(&self) -> Range<u32> {
        unpacked(self.0.load(Ordering::Relaxed))
    }

    fn pop(&self) -> Option<u32> {
        self.shrink(|Range { start, end }| start + 1..end).map(|before| before.start)
    }

    fn steal(&self) -> Option<u32> {
        self.shrink(|Range { start, end }| start..end - 1).map(|before| before.end - 1)
    }

    fn drain(&self) -> Range<u32> {
        self.shrink(|_| 0..0).unwrap_or_default()
    }

    /// Applies `to` to a range that is not empty, and returns the range before; `None` where it was
    /// empty.
    fn shrink(&self, to: impl Fn(Range<u32>) -> Range<u32>) -> Option<Range<u32>> {
        let shrunk =
            |before| Some(unpacked(before)).filter(|it| !it.is_empty()).map(&to).map(packed);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, shrunk).ok().map(unpacked)
    }
}

fn packed(Range { start, end }: Range<u32>) -> u64 {
    u64::from(start) << 32 | u64::from(end)
}

fn unpacked(word: u64) -> Range<u32> {
    (word >> 32) as u32..word as u32
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use leader_core::Due;

    use super::*;
    use crate::leadership::Stage;
    use crate::run::firing::Cause;
    use crate::system::clock;

    fn batch(jobs: usize, first: usize, shards: usize) -> Batch {
        let (mut stage, _terms) = Stage::new();
        let claim = stage.manager.claim(Stage::KEY);
        stage.lead();
        let guard = claim.gate().enter().expect("it leads");
        let firing = Firing::new(Due::new(clock::wall()), guard, Cause::Schedule);
        Batch::new(0, &(0..jobs).collect(), first, firing, shards)
    }

    #[tokio::test]
    async fn each_job_goes_to_one_thread_however_they_take_it() {
        for threads in 1..=4 {
            let batch = &batch(1_000, 300, threads);
            let taken = std::thread::scope(|scope| {
                let pop = |thread| std::iter::from_fn(move || batch.pop(thread));
                let all: Vec<_> = (0..threads + 1)
                    .map(|thread| scope.spawn(move || pop(thread).collect::<Vec<_>>()))
                    .collect();
                all.into_iter().flat_map(|one| one.join().unwrap()).collect::<Vec<_>>()
            });
            assert_eq!(taken.len(), 1_000);
            assert_eq!(taken.into_iter().collect::<BTreeSet<_>>().len(), 1_000);
            assert!(batch.is_empty() && batch.drain().is_empty());
        }
    }

    #[tokio::test]
    async fn a_thread_pops_its_own_jobs_and_then_steals() {
        let batch = batch(4, 0, 2);
        assert_eq!([(); 3].map(|()| batch.pop(1)), [Some(2), Some(3), Some(1)]);
        assert_eq!([(); 2].map(|()| batch.pop(0)), [Some(0), None]);
    }

    #[tokio::test]
    async fn jobs_whose_turn_did_not_come_are_the_first_of_the_next_batch() {
        let before = batch(6, 4, 2);
        // the places 4, 5, 0 and 1, 2, 3
        assert_eq!([before.pop(0), before.pop(1)], [Some(4), Some(1)]);
        let rest = before.drain();
        assert_eq!(rest, [5, 0, 2, 3]);
        let next = batch(6, before.next_first(rest.len()), 2);
        assert_eq!([next.pop(0), next.pop(1)], [Some(5), Some(2)]);
        assert_eq!(next.next_first(5), 0, "also where a thread took none");
    }
}
