use leader_core::election;

use super::*;

const TERM: Term = Term { key: KeyId(0), fence: election::Fence(7), resumptions: 0 };

fn gate() -> (Gate, Arc<Trust>, mpsc::UnboundedReceiver<Term>) {
    let (trust, reports) = Trust::new(0);
    (Gate::new(KeyId(0), "test/key", &trust), trust, reports.drained)
}

fn soon() -> Option<Timestamp> {
    Some(clock::now() + Duration::from_secs(60))
}

#[test]
fn a_gate_is_open_only_between_start_and_stop_and_inside_trust() {
    let (gate, trust, _drained) = gate();
    assert!(!gate.is_leading() && gate.enter().is_none());
    gate.start(TERM, 1);
    assert!(!gate.is_leading() && gate.enter().is_none());
    trust.set_until(soon());
    assert!(gate.is_leading());
    assert_eq!(gate.enter().map(|guard| guard.term()), Some(TERM));
    trust.set_until(Some(clock::now()));
    assert!(!gate.is_leading() && gate.enter().is_none());
    trust.set_until(soon());
    gate.stop(Role::Standby);
    assert!(!gate.is_leading() && gate.enter().is_none());
}

#[test]
fn work_is_past_its_deadline_where_nobody_has_stopped_it() {
    let (gate, trust, _drained) = gate();
    assert!(!gate.is_past_deadline());
    gate.start(TERM, 1);
    trust.set_until(soon());
    gate.announce(TERM);
    assert!(!gate.is_past_deadline());
    // the driver may have only just woken
    trust.set_until(Some(clock::now()));
    assert!(!gate.is_past_deadline() && !gate.is_leading());
    trust.set_until(Some(Timestamp::from_nanos(1)));
    assert!(gate.is_past_deadline() && !gate.is_leading());
    gate.stop(Role::Standby);
    assert!(!gate.is_past_deadline());
}

#[test]
fn a_lapsed_stint_is_not_revived_by_the_next_one() {
    let (gate, trust, _drained) = gate();
    gate.start(TERM, 1);
    trust.set_until(soon());
    let guard = gate.enter().unwrap();
    assert!(guard.belief().holds());
    gate.stop(Role::Standby);
    gate.start(Term { resumptions: 1, ..TERM }, 2);
    assert!(gate.is_leading() && !guard.belief().holds());
}

#[test]
fn l3_a_term_is_reported_as_drained_once_and_only_when_nothing_runs() {
    let (gate, trust, mut drained) = gate();
    gate.start(TERM, 1);
    trust.set_until(soon());
    let (one, two) = (gate.enter().unwrap(), gate.enter().unwrap());
    gate.drain(TERM);
    assert!(gate.enter().is_none() && one.belief().holds());
    drop(one);
    assert!(drained.try_recv().is_err());
    drop(two);
    assert_eq!(drained.try_recv(), Ok(TERM));
    assert!(drained.try_recv().is_err());
}

#[test]
fn l3_work_of_a_stint_that_was_lost_still_holds_back_the_release_of_the_next() {
    let (gate, trust, mut drained) = gate();
    gate.start(TERM, 1);
    trust.set_until(soon());
    let old = gate.enter().unwrap();
    gate.stop(Role::Standby);
    gate.start(Term { resumptions: 1, ..TERM }, 2);
    gate.drain(Term { resumptions: 1, ..TERM });
    assert!(drained.try_recv().is_err());
    drop(old);
    assert!(drained.try_recv().is_ok());
}
