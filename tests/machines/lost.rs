//! The scenes: what becomes of the leader's machine, and of its lead.

use std::time::{Duration, Instant};

use tests::Cut;

use crate::scene::{Scene, play};

const KEY: &str = "service/one";

/// Cuts the leader's machine off; it stops believing, then the other leads in time.
fn cut_off(scene: &Scene, cut: Cut, more: Duration) -> Instant {
    let since = Instant::now();
    scene.machine().cut(cut);
    let stopped = scene.leader_stops(since);
    let led = scene.standby_leads_in_time(since, more);
    scene.tell(&format!(
        "{cut:?} cut, stopped believing after {:?}, other led after {:?}",
        stopped - since,
        led - since
    ));
    assert!(stopped < led);
    led
}

#[test]
fn a_machine_that_is_cut_off_stops_believing_before_another_leads_within_the_lease() {
    play(|scene| {
        cut_off(scene, Cut::Cable, Duration::ZERO);
    });
}

#[test]
fn a_machine_that_is_not_heard_stops_believing_before_another_leads_within_the_lease() {
    play(|scene| {
        cut_off(scene, Cut::Sent, Duration::ZERO);
    });
}

#[test]
fn a_machine_that_hears_nothing_stops_believing_before_another_leads() {
    play(|scene| {
        // one more beat is heard
        cut_off(scene, Cut::Heard, scene.lease / 8);
    });
}

#[test]
fn a_machine_that_dies_with_all_its_processes_is_followed_within_the_lease() {
    play(|scene| {
        let died = scene.kill_machine();
        let led = scene.standby_leads_in_time(died, Duration::ZERO);
        scene.tell(&format!("machine dead, other led after {:?}", led - died));
    });
}

#[test]
fn a_machine_that_was_cut_off_and_comes_back_stands_by() {
    play(|scene| {
        cut_off(scene, Cut::Cable, Duration::ZERO);
        let back = Instant::now();
        scene.machine().mend();
        let answered = scene.leader_is_answered(back);
        scene.tell(&format!("back, and answered after {:?}", answered - back));
        scene.leader_stands_by(answered);
    });
}

#[test]
fn a_machine_that_is_cut_off_for_a_moment_leads_on_or_hands_over() {
    play(|scene| {
        let cut = Instant::now();
        scene.machine().cut(Cut::Both);
        scene.leader_says("no answer in time", cut);
        let back = Instant::now();
        scene.machine().mend();
        let answered = scene.leader_is_answered(back);
        scene.is_led(back);
        scene.tell(&format!(
            "cut for {:?}, answered {:?} later: {}",
            back - cut,
            answered - back,
            scene.turns()
        ));
    });
}

#[test]
fn a_session_that_is_destroyed_while_its_holder_is_cut_off_keeps_the_lock_delay() {
    play(|scene| {
        let api = scene.lan.servers()[0].api();
        let session = api.get(KEY).and_then(|key| key.session).expect("it is led");
        let cut = Instant::now();
        scene.machine().cut(Cut::Cable);
        let destroyed = Instant::now();
        api.destroy_session(&session);
        let stopped = scene.leader_stops(cut);
        let led = scene.standby_leads();
        scene.tell(&format!(
            "session destroyed, stopped believing after {:?}, other led after {:?}",
            stopped - destroyed,
            led - destroyed
        ));
        assert!(stopped < led);
        let until = scene.lease + Duration::from_millis(200);
        assert!((scene.lock_delay()..until).contains(&(led - destroyed)));
    });
}

#[test]
fn a_machine_that_is_slow_leads_on_or_hands_over() {
    play(|scene| {
        let how = scene.machine().slow();
        let since = Instant::now();
        let mut slowest = Duration::ZERO;
        while since.elapsed() < 2 * scene.lease {
            let asked = Instant::now();
            scene.agent().api().put("slow", "");
            slowest = slowest.max(asked.elapsed());
        }
        scene.machine().mend();
        scene.is_led(Instant::now());
        scene.tell(&format!("slowed to {how}, a write takes up to {slowest:?}: {}", scene.turns()));
    });
}
