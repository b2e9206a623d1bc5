//! Jobs that are due together and wait for their turn.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::firing::Firing;

/// The jobs of a round, in a share for each thread, and what they run for.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) round: usize,
    pub(super) firing: Firing,
    jobs: Arc<[usize]>,
    /// Which of the jobs is the first; after the last comes the one at place 0.
    first: usize,
    shares: Box<[Share]>,
}

/// Jobs in a row, which a thread takes up from the front; the others help it from the back when
/// they have none of their own.
///
/// The numbers from the first to the one after the last are halves of a word, and have a line of
/// memory to themselves: two threads that write to one wait for each other.
#[derive(Debug)]
#[repr(align(64))]
struct Share(AtomicU64);

impl Batch {
    /// In so many shares; `first` is the place of the job whose turn comes first.
    pub(super) fn new(
        round: usize,
        jobs: &Arc<[usize]>,
        first: usize,
        firing: Firing,
        shares: usize,
    ) -> Self {
        let shares = shares.clamp(1, jobs.len().max(1));
        let bound = |share| (jobs.len() * share / shares) as u32;
        let share = |share| Share::new(bound(share)..bound(share + 1));
        let shares = (0..shares).map(share).collect();
        Self { round, firing, jobs: Arc::clone(jobs), first, shares }
    }

    /// The next job for the thread of this number, and for no other.
    pub(super) fn take(&self, thread: usize) -> Option<usize> {
        let number = self.shares[thread % self.shares.len()].take_first();
        number
            .or_else(|| self.shares.iter().find_map(Share::take_last))
            .map(|number| self.job(number))
    }

    /// Every job that nobody has taken.
    pub(super) fn take_rest(&self) -> Vec<usize> {
        self.shares.iter().flat_map(Share::take_all).map(|number| self.job(number)).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.shares.iter().all(|share| share.numbers().is_empty())
    }

    /// Where to begin the next time, when so many were left: with those, or they would wait for ever.
    pub(super) fn next_first(&self, left: usize) -> usize {
        let taken = self.jobs.len() - left;
        self.place(taken.div_ceil(self.shares.len()))
    }

    fn job(&self, number: u32) -> usize {
        self.jobs[self.place(number as usize)]
    }

    fn place(&self, number: usize) -> usize {
        (self.first + number) % self.jobs.len()
    }
}

impl Share {
    fn new(numbers: Range<u32>) -> Self {
        Self(AtomicU64::new(word(numbers)))
    }

    fn numbers(&self) -> Range<u32> {
        numbers(self.0.load(Ordering::Relaxed))
    }

    fn take_first(&self) -> Option<u32> {
        self.shrink(|Range { start, end }| start + 1..end).map(|before| before.start)
    }

    fn take_last(&self) -> Option<u32> {
        self.shrink(|Range { start, end }| start..end - 1).map(|before| before.end - 1)
    }

    fn take_all(&self) -> Range<u32> {
        self.shrink(|_| 0..0).unwrap_or_default()
    }

    /// What it was, where that was not empty.
    fn shrink(&self, to: impl Fn(Range<u32>) -> Range<u32>) -> Option<Range<u32>> {
        let shrunk = |before| Some(numbers(before)).filter(|it| !it.is_empty()).map(&to).map(word);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, shrunk).ok().map(numbers)
    }
}

fn word(Range { start, end }: Range<u32>) -> u64 {
    u64::from(start) << 32 | u64::from(end)
}

fn numbers(word: u64) -> Range<u32> {
    (word >> 32) as u32..word as u32
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use leader_core::Due;

    use super::super::firing::Occasion;
    use super::*;
    use crate::clock;
    use crate::lock::Stage;

    fn batch(jobs: usize, first: usize, shares: usize) -> Batch {
        let (mut stage, _terms) = Stage::new();
        let claim = stage.manager.claim(Stage::KEY);
        stage.lead();
        let guard = claim.gate().enter().expect("it leads");
        let firing = Firing::new(Due::new(clock::wall()), guard, Occasion::Due);
        Batch::new(0, &(0..jobs).collect(), first, firing, shares)
    }

    #[tokio::test]
    async fn each_job_goes_to_one_thread_however_they_take_it() {
        for threads in 1..=4 {
            let batch = &batch(1_000, 300, threads);
            let taken = std::thread::scope(|scope| {
                let take = |thread| std::iter::from_fn(move || batch.take(thread));
                let all: Vec<_> = (0..threads + 1)
                    .map(|thread| scope.spawn(move || take(thread).collect::<Vec<_>>()))
                    .collect();
                all.into_iter().flat_map(|one| one.join().unwrap()).collect::<Vec<_>>()
            });
            assert_eq!(taken.len(), 1_000);
            assert_eq!(taken.into_iter().collect::<BTreeSet<_>>().len(), 1_000);
            assert!(batch.is_empty() && batch.take_rest().is_empty());
        }
    }

    #[tokio::test]
    async fn a_thread_takes_its_own_jobs_and_then_helps_the_others() {
        let batch = batch(4, 0, 2);
        assert_eq!([(); 3].map(|()| batch.take(1)), [Some(2), Some(3), Some(1)]);
        assert_eq!([(); 2].map(|()| batch.take(0)), [Some(0), None]);
    }

    #[tokio::test]
    async fn those_whose_turn_did_not_come_are_the_first_of_the_next_batch() {
        let before = batch(6, 4, 2);
        // the places 4, 5, 0 and 1, 2, 3
        assert_eq!([before.take(0), before.take(1)], [Some(4), Some(1)]);
        let rest = before.take_rest();
        assert_eq!(rest, [5, 0, 2, 3]);
        let next = batch(6, before.next_first(rest.len()), 2);
        assert_eq!([next.take(0), next.take(1)], [Some(5), Some(2)]);
        assert_eq!(next.next_first(5), 0, "also where a thread took none");
    }
}
