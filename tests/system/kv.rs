//! Values that jobs write to Consul: only the leader of the present term does, whatever becomes of its session
//! and of its way there.

use std::collections::BTreeSet;
use std::time::Duration;

use leader_runtime::{Fence, Kv, Settings, jobs};
use tests::{Agent, Api, Proxy, Way, each_consul, wait_until};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use crate::stores::{BASE, Node, SOON, hand_out, is_refused};

const LOCK: &str = "stage/service/lock";
const STATE: &str = "stage/service/state";

fn node(tokio: &Runtime, addr: &str) -> Node {
    Node::start(tokio, &Settings::new().consul(addr).lease("1s"), jobs![hand_out])
}

fn state(api: &Api) -> Option<String> {
    Some(api.get(STATE)?.value)
}

#[test]
fn a_leader_writes_and_one_that_was_deposed_and_does_not_know_it_is_refused() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let (api, proxy, tokio) = (agent.api(), Proxy::to(&agent.addr()), Runtime::new().unwrap());
        let old = node(&tokio, &proxy.addr());
        let (first, late) = old.run_after(&[]);
        tokio.block_on(late.put("service/state", "first")).expect("it leads");
        assert_eq!(state(&api).as_deref(), Some("first"));
        assert_eq!(tokio.block_on(late.get("service/state")).unwrap(), Some(b"first".to_vec()));

        let new = node(&tokio, &agent.addr());
        proxy.drop_bytes(Way::Both);
        let (second, kv) = new.run_after(&[]);
        assert!(second > first && first > Fence::new(BASE.cast_signed()));
        tokio.block_on(kv.put("service/state", "second")).expect("it leads");
        proxy.heal();
        is_refused(&tokio, &late, consul.version());
        assert_eq!(state(&api).as_deref(), Some("second"));

        tokio.block_on(kv.delete("service/state")).expect("it leads");
        assert_eq!(state(&api), None);
        tokio.block_on(kv.delete("service/state")).expect("what is gone may be deleted");
    });
}

#[test]
fn a_holder_that_lost_its_session_or_its_term_writes_nothing_more() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let (api, tokio) = (agent.api(), Runtime::new().unwrap());
        let node = node(&tokio, &agent.addr());
        let holder = || api.get(LOCK).and_then(|lock| lock.session);
        let mut terms = Vec::new();
        let mut held: Vec<Kv> = Vec::new();
        for lost in ["never", "its session", "its term, and leads again in the same session"] {
            let session = holder();
            match (lost, &session) {
                ("never", _) => {}
                ("its session", Some(session)) => api.destroy_session(session),
                (_, Some(session)) => assert!(api.release(LOCK, session)),
                (_, None) => panic!("nobody leads"),
            }
            if lost == "its session" {
                // in the lock delay, when nobody leads
                is_refused(&tokio, &held[0], lost);
            }
            let (fence, kv) = node.run_after(&terms);
            terms.push(fence);
            assert_eq!(lost.contains("same session"), terms.len() > 1 && holder() == session);
            held.iter().for_each(|late| is_refused(&tokio, late, lost));
            tokio.block_on(kv.put("service/state", lost)).expect("it leads");
            assert_eq!(state(&api).as_deref(), Some(lost), "{}", consul.version());
            held.push(kv);
        }
    });
}

/// An agent allows 200 connections for each client address. And what polls a connection is the
/// runtime that opened it, which a job may block.
#[test]
fn what_many_runs_ask_at_once_goes_over_few_connections_and_none_of_the_beats() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let (proxy, tokio) = (Proxy::to(&agent.addr()), Runtime::new().unwrap());
        let node = node(&tokio, &proxy.addr());
        let (_, kv) = node.run_after(&[]);
        // or the first would be answered before the last is asked
        proxy.delay(Way::Both, Duration::from_millis(5));
        let put = |number| {
            let kv = kv.clone();
            async move { kv.put(&format!("service/{number}"), "").await }
        };
        let puts: Vec<_> = (0..300).map(|number| tokio.spawn(put(number))).collect();
        let mut most = 0;
        wait_until("all have an answer", SOON, || {
            most = most.max(proxy.connections_now());
            puts.iter().all(JoinHandle::is_finished)
        });
        for put in puts {
            tokio.block_on(put).expect("it does not panic").expect("it leads");
        }
        println!(
            "{}: {most} connections at a time, {} in all",
            consul.version(),
            proxy.connections_total()
        );
        assert!(most <= 8, "{most}");

        let by = |part: &str| -> BTreeSet<u64> {
            let requests = proxy.requests().into_iter();
            requests.filter(|it| it.path.contains(part)).map(|it| it.connection).collect()
        };
        for _ in 0..100 {
            assert_eq!(tokio.block_on(kv.get("service/7")).unwrap(), Some(Vec::new()));
        }
        let (ours, beats) = (by("/service/7"), by("/beats/"));
        assert!(!ours.is_empty() && ours.is_disjoint(&beats), "{ours:?} {beats:?}");
    });
}

#[test]
fn a_key_that_is_none_the_own_lock_and_a_consul_that_is_gone_are_told() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let (proxy, tokio) = (Proxy::to(&agent.addr()), Runtime::new().unwrap());
        let node = node(&tokio, &proxy.addr());
        let (_, kv) = node.run_after(&[]);
        for (key, says) in [
            ("/service/state", "write `stage/service/state`"),
            ("service/lock", "is the lock of the job that writes it"),
        ] {
            let refused = tokio.block_on(kv.put(key, "")).expect_err(key).to_string();
            assert!(refused.contains(says), "{refused}");
        }
        let large = vec![0; 600 * 1024];
        let refused = tokio.block_on(kv.put("service/large", large)).expect_err("too large");
        assert!(refused.is_unavailable(), "{refused}");
        println!("{}: 600 KiB: {refused}", consul.version());
        proxy.refuse();
        wait_until("its connections end", SOON, || {
            let refused = tokio.block_on(kv.put("service/state", ""));
            refused.is_err_and(|error| error.is_unavailable())
        });
    });
}
