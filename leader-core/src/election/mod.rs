//! Who leads which key: events in, actions out; no clock, no network, no chance but what is handed
//! in.
//!
//! # How leadership is held
//!
//! The lock service keeps one *session* for each process and gives every *key* to one session at a
//! time. That decides who holds a key, and is all that the session is for. Whether the holder
//! *lives* is shown by its *beat*: a write through the service's quorum, each eighth of the lease.
//! All durations are in [`Timing`].
//!
//! * A leader believes until *sent + trust*, where *sent* is the local time before its last
//!   successful beat was sent; the time of the answer proves nothing.
//! * A standby that has seen the leader's beat stand still for the *silence*, which is longer than
//!   any trust, takes the leader's keys in one transaction that fails where a beat came after all.
//! * Every end of a session that nobody beat for (destroyed, expired, deregistered) is followed by
//!   the service's lock delay, which is as long as the silence.
//!
//! So no two believe: let *b* be the holder's last beat before the take. The holder trusts no
//! longer than sent(*b*) + silence − margin. The taker saw *b* no earlier than it was sent, waited
//! for the silence from then on, and the quorum confirmed that no later beat was applied. This
//! rests on two clocks that run at the same rate within the margin, and on nothing else.
//!
//! # One key
//!
//! ```text
//!                 free, or its holder silent
//!        ┌──────┐ ───────────────────────────▶ ┌────────┐
//!  ┌────▶│  By  │ ◀─────────────────────────── │ Asking │
//!  │     └──────┘        refused, unknown      └────────┘
//!  │         ▲                                     │ granted: Start
//!  │         │ lost: Stop                          ▼
//!  │         ├──────────────────────────────── ┌─────────┐  deadline: Stop   ┌────────┐
//!  │         │                                 │ Leading │ ────────────────▶ │ Lapsed │
//!  │         │                                 └─────────┘ ◀──────────────── └────────┘
//!  │         │                step down, leave:    │         resumed: Start      │
//!  │         │                             Drain   ▼                             │
//!  │         ├──────────────────────────────── ┌──────────┐ ◀────────────────────┘
//!  │         │ lost: Stop                      │ Draining │
//!  │         │                                 └──────────┘
//!  │         │                                     │ drained: Stop
//!  │ freed   │ refused: it was lost before         ▼
//!  │     ┌───────────┐
//!  └─────│ Releasing │
//!        └───────────┘
//! ```
//!
//! # Laws
//!
//! * **L1** For any key, no two nodes hold trust at once.
//! * **L2** Work starts only inside trust.
//! * **L3** Work is told to stop, and has stopped, before the lock is released.
//! * **L4** Each start of work has exactly one stop.
//! * **L5** An answer to an old attempt or an old term changes nothing.
//! * **L6** A spurious wake-up changes nothing, and after a wake-up the next one lies in the
//!   future: no busy loop.
//! * **L7** After shutdown: finitely many actions, then none.
//! * **L8** Same inputs, same outputs.
//! * **L9** While the service serves and one node lives, every key is led again within the lease of
//!   its last leader, whatever died.
//! * **L10** The fence of every term of a key is greater than those before it.

mod action;
mod contest;
mod folder;
mod hearing;
mod id;
mod layout;
mod leave;
mod operation;
mod request;
mod rival;
mod session;
mod time;
mod transaction;
mod verdict;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

pub use action::{Action, Event, Stop};
pub use folder::{WATCH_WAIT, WATCHES};
pub use id::{Attempt, Fence, FolderId, Index, KeyId, SessionId, Term};
pub use layout::{Layout, Scope};
pub use operation::{OPERATIONS, Operation, Path};
pub use request::{Answer, BeatSeen, Call, Entry, Failure, Read, Refusal, Request, Why};
pub use time::Timestamp;

use self::contest::{Contest, Seen};
use self::folder::Folder;
use self::hearing::Hearing;
use self::leave::Phase;
use self::rival::Rival;
use self::session::Session;
use crate::timing::Timing;

/// How a lock service shows that a holder lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Pace {
    /// By beats within a lease, as on Consul.
    Beats(Timing),
    /// The kernel frees a dead process's locks itself, as with lock files: there is no trust to
    /// lose, nothing to watch, and whoever waits tries again and again.
    Kernel {
        /// Between two tries.
        retry: Duration,
    },
}

/// The leadership of one process over its keys.
///
/// Four verbs: [`handle_event`](Self::handle_event) and [`handle_timeout`](Self::handle_timeout)
/// take something in, [`poll_action`](Self::poll_action) and [`poll_timeout`](Self::poll_timeout)
/// say what is to be done, and when to come back. There is no other way in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Election {
    pace: Pace,
    phase: Phase,
    session: Session,
    /// What the process may believe in: its terms, until then. A term that has lapsed stays so
    /// when this moves on.
    trusted_until: Option<Timestamp>,
    contests: Vec<Contest>,
    folders: Vec<Folder>,
    rivals: BTreeMap<SessionId, Rival>,
    pending: BTreeMap<Attempt, Pending>,
    attempts: u64,
    /// Requests have failed since the last one that was answered.
    outage: bool,
    hearing: Hearing,
    /// When to look for beats that dead sessions left behind.
    sweep_at: Timestamp,
    chance: u64,
    actions: VecDeque<Action>,
    /// Which folders are watched is to be decided again.
    has_new_keys: bool,
    /// Something happened, last at this instant, and what follows from it was not yet derived.
    happened: Option<Timestamp>,
}

/// A request that an answer is due to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Pending {
    /// The local time **before** it was sent: all trust counts from here.
    sent: Timestamp,
    call: Call,
}

/// How long nothing is tried after an error that only a person can mend.
const CONFIGURATION_RETRY: Duration = Duration::from_secs(5);

impl Election {
    /// A process that stands for every key of the layout, and leads none yet. `seed` feeds the
    /// small random delays.
    #[must_use]
    pub fn new(pace: Pace, layout: &Layout, seed: u64) -> Self {
        let seen = Seen::before_reading(pace);
        Self {
            pace,
            phase: Phase::Running,
            session: Session::default(),
            trusted_until: None,
            contests: layout
                .keys()
                .map(|(key, _)| Contest::new(layout.folder_of(key), seen.clone()))
                .collect(),
            folders: vec![Folder::default(); layout.folders().len()],
            rivals: BTreeMap::new(),
            pending: BTreeMap::new(),
            attempts: 0,
            outage: false,
            hearing: Hearing::Heard,
            sweep_at: Timestamp::default(),
            chance: seed,
            actions: VecDeque::new(),
            has_new_keys: true,
            happened: None,
        }
    }

    /// Takes in something that happened.
    pub fn handle_event(&mut self, now: Timestamp, event: Event) {
        self.lapse(now);
        match event {
            Event::Answer(attempt, answer) => self.handle_answer(now, attempt, answer),
            Event::Stand(key, folder) => self.handle_stand(now, key, folder),
            Event::Withdraw(key) => self.handle_withdraw(key),
            Event::Drained(term) => self.handle_drained(now, term),
            Event::StepDown(key, cool_off) => self.handle_step_down(now, key, cool_off),
            Event::Shutdown(within) => self.handle_shutdown(now, within),
        }
        self.happened = Some(now);
    }

    /// Takes in that time has passed. To be called at [`poll_timeout`](Self::poll_timeout); calls
    /// at other times do no harm.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.lapse(now);
        self.happened = Some(now);
    }

    /// The next thing to do. To be called until there is none: after a `handle_*`, or after several
    /// that came together, which then share transactions.
    #[must_use]
    pub fn poll_action(&mut self) -> Option<Action> {
        if let Some(now) = self.happened.take() {
            self.plan(now);
        }
        self.actions.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), if nothing happens before. To be
    /// asked when there is no action left.
    #[must_use]
    pub fn poll_timeout(&self, now: Timestamp) -> Option<Timestamp> {
        if self.phase == Phase::Left {
            return None;
        }
        [self.trusted_until.filter(|until| *until != Timestamp::NEVER), self.leave_due()]
            .into_iter()
            .chain([self.session_due(), self.beat_due(), self.sweep_due(), self.wish_due(now)])
            .chain([self.folders_due(), self.rivals_due(), self.hearing_due()])
            .flatten()
            .min()
    }

    /// Until when this process may believe in the terms whose [`Action::Start`] was not followed
    /// by an [`Action::Stop`].
    #[must_use]
    pub const fn trusted_until(&self) -> Option<Timestamp> {
        self.trusted_until
    }

    /// The session that was last seen to hold this key.
    #[must_use]
    pub fn holder(&self, key: KeyId) -> Option<&SessionId> {
        self.contests[key.0 as usize].seen.holder()
    }

    /// When this session's beat was first seen to stand where it stands, if it is a rival's that was
    /// read.
    #[must_use]
    pub fn last_beat(&self, session: &SessionId) -> Option<Timestamp> {
        self.rivals.get(session)?.last_beat()
    }

    /// How the lock service shows that a holder lives.
    #[must_use]
    pub const fn pace(&self) -> Pace {
        self.pace
    }

    /// The session of this process, when it has one.
    #[must_use]
    pub fn session(&self) -> Option<&SessionId> {
        self.session.live().map(|live| &live.id)
    }

    /// Ends the belief in every term once its deadline has passed. First in every `handle_*`, so
    /// that no answer of the same instant can move the deadline before.
    fn lapse(&mut self, now: Timestamp) {
        if self.trusted_until.is_some_and(|until| now >= until) {
            self.trusted_until = None;
            for contest in &mut self.contests {
                contest.lapse(now, &mut self.actions);
            }
        }
    }

    fn handle_answer(&mut self, now: Timestamp, attempt: Attempt, answer: Answer) {
        let Some(Pending { sent, call }) = self.pending.remove(&attempt) else { return };
        self.heard(now, &call, &answer);
        self.hear(now, sent, &call, &answer);
        if answer == Answer::SessionGone
            && call.session().is_some()
            && call.session() == self.session()
        {
            return self.lose_session(now);
        }
        match call {
            Call::CreateSession => self.handle_created(now, sent, answer),
            Call::RenewSession(_) => self.handle_renewed(now, sent, &answer),
            Call::Beat(_) => self.handle_beaten(now, sent, answer),
            Call::DeleteBeat(_) | Call::DestroySession(_) => self.handle_closed(&answer),
            Call::Acquire { keys, .. } => {
                let keys: Vec<KeyId> = keys.into_iter().map(|(key, _)| key).collect();
                self.handle_asked(now, sent, &keys, None, answer);
            }
            Call::Take { keys, from, .. } => {
                self.handle_asked(now, sent, &keys, Some(&from), answer);
            }
            Call::Resume { keys, .. } => self.handle_resumed(now, sent, &keys, &answer),
            Call::Release { keys, .. } => self.handle_released(now, sent, &keys, &answer),
            Call::Read(folders) => self.handle_read(now, &folders, answer),
            Call::Watch(folder, _) => self.handle_watched(now, folder, answer),
            // housekeeping: whatever is left is found the next time
            Call::SweepBeats => {}
            Call::ReadBeat(rival) => self.handle_rival_beat(now, sent, &rival, answer),
        }
    }

    /// Everything that is due, asked for. Deriving it from the whole state, instead of from what
    /// just happened, is what makes a spurious call harmless.
    fn plan(&mut self, now: Timestamp) {
        if self.phase == Phase::Left {
            return;
        }
        self.plan_session(now);
        if self.session.live().is_some() {
            self.plan_beat(now);
            self.plan_hearing(now);
            self.plan_sweep(now);
            self.plan_transactions(now);
            self.plan_folders(now);
            self.plan_rivals(now);
        }
        self.plan_leave(now);
    }

    fn request(&mut self, now: Timestamp, timeout: Duration, call: Call) {
        self.attempts += 1;
        let attempt = Attempt(self.attempts);
        self.pending.insert(attempt, Pending { sent: now, call: call.clone() });
        self.actions.push_back(Action::Request(Request { attempt, timeout, call }));
    }

    /// Waits no longer for the pending requests that this holds for.
    fn cancel(&mut self, which: impl Fn(&Call) -> bool) {
        let actions = &mut self.actions;
        self.pending.retain(|attempt, pending| {
            let cancelled = which(&pending.call);
            if cancelled {
                actions.push_back(Action::Cancel(*attempt));
            }
            !cancelled
        });
    }

    /// After an outage, what the watches last said may be long past, and a watch through a
    /// connection that died silently would say nothing for a while yet.
    fn heard(&mut self, now: Timestamp, call: &Call, answer: &Answer) {
        if matches!(answer, Answer::Failed(_)) {
            self.outage |= !matches!(call, Call::Watch(..));
            return;
        }
        if let Phase::Leaving { heard, .. } = &mut self.phase {
            *heard = now;
        }
        if std::mem::take(&mut self.outage) {
            self.cancel(|call| matches!(call, Call::Watch(..)));
            for folder in &mut self.folders {
                folder.forget_watch(now);
            }
        }
    }

    fn trust(&self, sent: Timestamp) -> Timestamp {
        match self.pace {
            Pace::Beats(timing) => sent + timing.trust(),
            Pace::Kernel { .. } => Timestamp::NEVER,
        }
    }

    fn extend_trust(&mut self, now: Timestamp, sent: Timestamp) {
        let until = self.trust(sent);
        // an answer that comes too late proves nothing, and would wake the driver in the past
        if now < until {
            self.trusted_until = self.trusted_until.max(Some(until));
        }
    }

    /// How long to wait before something that failed is tried again.
    fn retry(&self, failure: Failure) -> Duration {
        match (failure, self.pace) {
            (Failure::Configuration, _) => CONFIGURATION_RETRY,
            (Failure::Transient, Pace::Beats(timing)) => timing.beat(),
            (Failure::Transient, Pace::Kernel { retry }) => retry,
        }
    }

    /// The timeout of a transaction: two beats.
    fn patience(&self) -> Duration {
        match self.pace {
            Pace::Beats(timing) => timing.beat() * 2,
            Pace::Kernel { .. } => Duration::from_secs(1),
        }
    }

    /// A number below `bound`, from the seed (splitmix64).
    fn chance(&mut self, bound: Duration) -> Duration {
        self.chance = self.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.chance;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        Duration::from_nanos(mixed % (bound.as_nanos() as u64).max(1))
    }
}
