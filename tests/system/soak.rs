//! Faults by chance, several at once, on three servers and three nodes, each with a client agent,
//! whose jobs keep records.
//!
//! `SOAK_MINUTES=10 cargo test --workspace --test system soak -- --nocapture` goes on for so long on
//! each Consul at hand; `SOAK_SEED`, which every run prints, makes the same choices again; `CONSUL_IS_AWAY=0.2`
//! has every answer take a fifth of the lease of itself.

use std::env;
use std::hash::{BuildHasher as _, RandomState};
use std::ops::Range;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tests::history::Moment;
use tests::{Agent, Api, Chance, Cluster, Way, distance, each_consul, wait_until};

use crate::records::{self, KEPT, SELDOM};
use crate::stage::{KEYS, LEASE, SOON, Stage};

/// Without `SOAK_MINUTES`: as long as CI can spare.
const SHORT: Duration = Duration::from_secs(4);

/// Maximum number of faults at once.
const AT_ONCE: usize = 3;

/// Duration of a fault: from a heartbeat to more than an election of Consul's.
const LENGTH: Range<Duration> = Duration::from_millis(100)..Duration::from_secs(4);

/// From one to the next.
const PAUSE: Range<Duration> = Duration::from_millis(50)..Duration::from_millis(900);

/// Delay of a slow connection in each direction.
const SLOW: Duration = Duration::from_millis(25);

/// The victim of a fault; it has one fault at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
    Node(usize),
    Way(usize),
    Agent(usize),
    /// Any of Consul's servers: never two at once, which would only be an outage.
    Server,
    /// The one that holds a key.
    Session,
}

#[derive(Clone, Copy, Debug)]
enum Fault {
    Killed,
    Frozen,
    Stopped,
    Lost(Way),
    Refused,
    Slow,
    Destroyed,
}

/// A fault that has begun.
struct Ailment {
    victim: Victim,
    fault: Fault,
    /// Which, where it befalls one.
    server: usize,
    until: Moment,
}

#[test]
fn whatever_befalls_them_no_two_lead_another_follows_within_the_lease_and_no_instant_is_lost() {
    let minutes = env::var("SOAK_MINUTES").ok().map(|text| text.parse().expect("minutes"));
    let length = minutes.map_or(SHORT, |minutes: u64| Duration::from_secs(60 * minutes));
    let seed = env::var("SOAK_SEED").ok().map(|text| text.parse().expect("a number"));
    let seed = seed.unwrap_or_else(|| RandomState::new().hash_one(()));
    each_consul(|consul| {
        println!("SOAK_SEED={seed}");
        let cluster = Cluster::start(consul, 3);
        let addrs: Vec<String> = cluster.clients().iter().map(Agent::addr).collect();
        let stage = Stage::of(consul.version(), &addrs, &["records"]);
        let mut soak =
            Soak { stage: &stage, cluster: &cluster, chance: Chance::new(seed), ill: vec![] };
        soak.go_on_for(length);
        stage.is_led();
        has_caught_up(&stage, SystemTime::now());
        stage.end();
        let history = stage.history();
        stage.tell(&records::told(&history));
        let at_least = if distance(LEASE).is_zero() { Duration::ZERO } else { SELDOM };
        let losses = records::losses(&history, at_least);
        assert!(losses.is_empty(), "{losses:#?}");
        stage.close();
    });
}

/// Every due instant up to this one has been run, by whomever.
#[track_caller]
fn has_caught_up(stage: &Stage, now: SystemTime) {
    let now = now.duration_since(UNIX_EPOCH).expect("after the epoch").as_millis() as u64;
    // where each run takes two answers more, what outages left is worked off slowly
    let within = if distance(LEASE).is_zero() { SOON } else { 9 * SOON };
    let began = Moment::now();
    wait_until("no due instant is owed", within, || {
        let history = stage.history();
        let is_run = |job| history.begun(job).last().is_some_and(|begun| begun.due > now);
        KEPT.iter().all(|(_, job, _, _)| is_run(job))
    });
    stage.tell(&format!("caught up after {:.1?}", began.elapsed()));
}

struct Soak<'a> {
    stage: &'a Stage,
    cluster: &'a Cluster,
    chance: Chance,
    ill: Vec<Ailment>,
}

impl Soak<'_> {
    fn go_on_for(&mut self, length: Duration) {
        let end = Moment::now() + length;
        let mut next = Moment::now();
        loop {
            let passes = self.ill.iter().map(|ailment| ailment.until).min();
            let befalls = (next < end && self.ill.len() < AT_ONCE).then_some(next);
            let Some(wake) = passes.into_iter().chain(befalls).min() else { return };
            thread::sleep(wake - Moment::now());
            if passes.is_some_and(|passes| passes <= wake) {
                self.pass(wake);
            } else {
                self.befall();
                next = Moment::now() + self.chance.span(PAUSE);
            }
        }
    }

    fn befall(&mut self) {
        let places = 0..self.stage.posts.len();
        let mut victims = vec![Victim::Server, Victim::Session];
        victims.extend(places.clone().map(Victim::Node));
        victims.extend(places.clone().map(Victim::Way));
        victims.extend(places.map(Victim::Agent));
        victims.retain(|victim| self.ill.iter().all(|ailment| ailment.victim != *victim));
        let victim = self.chance.one_of(&victims);
        let fault = self.chance.one_of(match victim {
            Victim::Node(_) => &[Fault::Killed, Fault::Frozen, Fault::Stopped],
            Victim::Way(_) => &[
                Fault::Lost(Way::Both),
                Fault::Lost(Way::ToServer),
                Fault::Lost(Way::ToClient),
                Fault::Refused,
                Fault::Slow,
            ],
            Victim::Agent(_) | Victim::Server => &[Fault::Killed, Fault::Frozen],
            Victim::Session => &[Fault::Destroyed],
        });
        let server = self.chance.below(self.cluster.servers().len());
        let length = self.chance.span(LENGTH);
        println!("{:?}: {victim:?} {fault:?} for {length:?}", Moment::now());
        match victim {
            Victim::Node(place) => {
                let post = &self.stage.posts[place];
                match fault {
                    Fault::Killed => post.kill(),
                    Fault::Frozen => post.freeze(),
                    _ => post.terminate(),
                };
            }
            Victim::Way(place) => {
                let proxy = &self.stage.posts[place].proxy;
                match fault {
                    Fault::Lost(way) => proxy.drop_bytes(way),
                    Fault::Refused => {
                        proxy.refuse();
                        proxy.cut();
                    }
                    _ => proxy.delay(Way::Both, SLOW),
                }
            }
            Victim::Agent(_) | Victim::Server => {
                let agent = self.agent(victim, server);
                if let Fault::Killed = fault { agent.kill() } else { agent.freeze() }
            }
            Victim::Session => self.destroy_a_session(),
        }
        if victim != Victim::Session {
            let until = Moment::now() + length;
            self.ill.push(Ailment { victim, fault, server, until });
        }
    }

    /// Takes back what has lasted until then.
    fn pass(&mut self, until: Moment) {
        let (over, ill) = self.ill.drain(..).partition(|ailment: &Ailment| ailment.until <= until);
        self.ill = ill;
        let over: Vec<Ailment> = over;
        for Ailment { victim, fault, server, .. } in over {
            println!("{:?}: {victim:?} {fault:?} is over", Moment::now());
            match (victim, fault) {
                (Victim::Node(place), Fault::Frozen) => self.stage.posts[place].thaw(),
                (Victim::Node(place), _) => self.stage.posts[place].start(),
                (Victim::Way(place), _) => self.stage.posts[place].proxy.heal(),
                (_, Fault::Killed) => self.agent(victim, server).launch(),
                _ => self.stage.thaw(self.agent(victim, server)),
            }
        }
    }

    fn agent(&self, victim: Victim, server: usize) -> &Agent {
        match victim {
            Victim::Agent(place) => &self.cluster.clients()[place],
            _ => &self.cluster.servers()[server],
        }
    }

    /// Destroys a session that holds a key.
    fn destroy_a_session(&mut self) {
        let key = self.chance.one_of(&KEYS);
        for server in self.cluster.servers() {
            let api = Api::with_timeout(&server.addr(), Duration::from_millis(300));
            let Ok(answer) = api.try_request("GET", &format!("/v1/kv/{key}?stale"), "") else {
                continue;
            };
            // a key that is not there has no body
            let entries: Value = serde_json::from_str(&answer.body).unwrap_or_default();
            if let Some(session) = entries[0]["Session"].as_str() {
                return self.stage.destroy(&api, session);
            }
        }
    }
}
