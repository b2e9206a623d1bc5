//! A Consul whose answers are late: for which part of the time a node leads, and how often it stops.

use std::thread;
use std::time::{Duration, Instant};

use tests::{Agent, Consul, Delay, Line, Node, Proxy, Way, clock};

use crate::Length;
use crate::report::Report;

/// How late, in parts of the lease, and how many answers in a hundred never come.
#[derive(Clone, Copy)]
struct Weather {
    name: &'static str,
    law: fn(Duration) -> Delay,
    part: f64,
    lost: usize,
}

const fn weather(
    name: &'static str,
    law: fn(Duration) -> Delay,
    part: f64,
    lost: usize,
) -> Weather {
    Weather { name, law, part, lost }
}

const WEATHERS: [Weather; 12] = [
    weather("late by 0.05", Delay::Constant, 0.05, 0),
    weather("late by 0.10", Delay::Constant, 0.10, 0),
    weather("late by 0.13", Delay::Constant, 0.13, 0),
    weather("late by 0.20", Delay::Constant, 0.20, 0),
    weather("late by 0.30", Delay::Constant, 0.30, 0),
    weather("late by 0.45", Delay::Constant, 0.45, 0),
    weather("late by 0.60", Delay::Constant, 0.60, 0),
    weather("late by up to 0.45", Delay::UpTo, 0.45, 0),
    weather("late by up to 0.45, 5 % lost", Delay::UpTo, 0.45, 5),
    weather("late by 0.05, one in a hundred by 0.5", Delay::Tailed, 0.05, 0),
    weather("late by 0.05, one in a hundred by 0.5, 5 % lost", Delay::Tailed, 0.05, 5),
    weather("late by 0.20, 5 % lost", Delay::Constant, 0.20, 5),
];

/// The last of them that cost nothing, whatever the lease.
const BEARABLE: f64 = 0.45;

pub(crate) fn play(length: Length, report: &mut Report) {
    let (leases, weathers): (&[u64], &[Weather]) = match length {
        Length::Full => (&[1, 2, 6, 30], &WEATHERS),
        Length::Short => (&[1], &WEATHERS[3..5]),
    };
    for consul in length.consuls() {
        for lease in leases.iter().copied().map(Duration::from_secs) {
            let span = match length {
                Length::Full => (lease * 4).max(Duration::from_secs(24)),
                Length::Short => lease * 4,
            };
            for (weather, led, lapses) in play_all(consul, lease, span, weathers) {
                let is_bearable = weather.part <= BEARABLE && weather.lost == 0;
                report.add(
                    format!("Consul {}, lease {lease:?}: {}", consul.version(), weather.name),
                    if is_bearable { "all the time, 0 lapses" } else { "leads" }.into(),
                    format!("leads {:.1} % of {span:?}, {lapses} lapses", led * 100.0),
                    if is_bearable { lapses == 0 } else { led > 0.5 },
                );
            }
        }
    }
}

/// All at once: they wait for nearly all of the time.
fn play_all(
    consul: &Consul,
    lease: Duration,
    span: Duration,
    weathers: &[Weather],
) -> Vec<(Weather, f64, usize)> {
    let agent = Agent::dev(consul).start();
    thread::scope(|scope| {
        let played: Vec<_> = (0..)
            .zip(weathers)
            .map(|(number, weather)| {
                let agent = &agent;
                scope.spawn(move || play_one(agent, lease, span, number, *weather))
            })
            .collect();
        let seen = played.into_iter().map(|played| played.join().expect("a weather is played"));
        weathers.iter().zip(seen).map(|(weather, (led, lapses))| (*weather, led, lapses)).collect()
    })
}

fn play_one(
    agent: &Agent,
    lease: Duration,
    span: Duration,
    number: usize,
    weather: Weather,
) -> (f64, usize) {
    let proxy = Proxy::to(&agent.addr());
    proxy.delays(Way::ToClient, (weather.law)(lease.mul_f64(weather.part)));
    proxy.lose(Way::ToClient, weather.lost);
    let node = Node::example("clock")
        .env("CONSUL_HTTP_ADDR", proxy.addr())
        .env("LEADER_KEY_PREFIX", format!("late{number}/"))
        .env("LEADER_LEASE", format!("{}s", lease.as_secs()))
        .start();
    let began = node.wait_error_line(lease * 20, clock::took_the_lead).at;
    let end = began + span;
    // the clock says something every three seconds, whether it leads or not
    node.wait_line_after(end, span + Duration::from_secs(20), |_| true);
    let turns = turns(&node, end);
    let lapses = turns.iter().filter(|line| clock::lost_the_lead(line)).count();
    (led(&turns, end) / span.as_secs_f64(), lapses)
}

/// Its lines until then that say that it leads, or leads no longer.
pub(crate) fn turns(node: &Node, end: Instant) -> Vec<Line> {
    let lines = node.errors().into_iter().filter(|line| line.at <= end);
    lines.filter(|line| clock::begins_to_lead(line) || clock::lost_the_lead(line)).collect()
}

/// For how many seconds it led.
pub(crate) fn led(turns: &[Line], end: Instant) -> f64 {
    let mut seconds = 0.0;
    let mut since = None;
    for turn in turns {
        if clock::begins_to_lead(turn) {
            since = Some(turn.at);
        } else if let Some(since) = since.take() {
            seconds += (turn.at - since).as_secs_f64();
        }
    }
    seconds + since.map_or(0.0, |since| (end - since).as_secs_f64())
}
