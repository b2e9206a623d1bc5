//! Whether the service's answers are heard. A process that is not answered in time, while what it
//! writes arrives, would show others that it lives and lead nothing itself: so what carries a beat
//! is written only where answers come, all but the beats by which a leader holds on to its trust.

use super::request::{Answer, Call, Failure};
use super::time::Timestamp;
use super::{Election, Pace, Pending};

/// Whether answers come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Hearing {
    #[default]
    Heard,
    /// Something that carries a beat was not answered, and nothing since; when to ask next.
    Unheard { ask_at: Timestamp },
}

impl Election {
    /// An answer came, or none did in time.
    pub(super) fn hear(&mut self, now: Timestamp, sent: Timestamp, call: &Call, answer: &Answer) {
        if *answer == Answer::Failed(Failure::Transient) {
            if call.carries_beat() && self.hearing == Hearing::Heard {
                self.hearing = Hearing::Unheard { ask_at: now };
            }
        } else if now.since(sent) <= self.patience() {
            // one that took longer says nothing of what a transaction would get
            self.hearing = Hearing::Heard;
        }
    }

    /// Whether what carries a beat may be written, apart from the beats of a leader.
    pub(super) fn is_heard(&self) -> bool {
        matches!(self.pace, Pace::Kernel { .. }) || self.hearing == Hearing::Heard
    }

    pub(super) fn hearing_due(&self) -> Option<Timestamp> {
        let Hearing::Unheard { ask_at } = self.hearing else { return None };
        // any beat that is being read will tell
        let asked = |pending: &Pending| matches!(pending.call, Call::ReadBeat(_));
        (self.is_watching() && !self.pending.values().any(asked)).then_some(ask_at)
    }

    /// Asks for what is cheap to answer, and needed by nobody: the beat of this process itself.
    pub(super) fn plan_hearing(&mut self, now: Timestamp) {
        let Pace::Beats(timing) = self.pace else { return };
        let (Some(due), Some(own)) = (self.hearing_due(), self.session().cloned()) else { return };
        if due <= now {
            self.hearing = Hearing::Unheard { ask_at: now + timing.beat() };
            self.request(now, timing.beat(), Call::ReadBeat(own));
        }
    }
}
