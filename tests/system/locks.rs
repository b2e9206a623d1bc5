//! Locks by hand, many of them, on a real Consul: one session, few connections.

use std::thread;
use std::time::{Duration, Instant};

use leader_runtime::{Lock, LockManager, Settings};
use tests::{Agent, Proxy, each_consul, wait_until};
use tokio::runtime::Runtime;

const SOON: Duration = Duration::from_secs(10);

fn locks_at(addr: &str) -> LockManager {
    LockManager::new(&Settings::new().consul(addr).lease("2s")).expect("the settings are right")
}

fn all(manager: &LockManager, keys: &[String]) -> Vec<Lock> {
    keys.iter().map(|key| manager.lock(key).expect("a key")).collect()
}

fn led(locks: &[Lock]) -> usize {
    locks.iter().filter(|lock| lock.is_leading()).count()
}

#[test]
fn many_keys_are_led_on_one_session_and_few_connections_and_handed_over_whole() {
    each_consul(|consul| {
        let runtime = Runtime::new().expect("a runtime");
        let one_folder: Vec<String> = (0..500).map(|key| format!("all/{key}")).collect();
        let own_folders: Vec<String> = (0..100).map(|key| format!("each/{key}/lock")).collect();
        for (what, keys, connections, rate) in
            [("in one folder", one_folder, 4, 4), ("each in its own", own_folders, 8, 12)]
        {
            let agent = Agent::dev(consul).start();
            let proxies = [Proxy::to(&agent.addr()), Proxy::to(&agent.addr())];
            let [one, two] = proxies.each_ref().map(|proxy| locks_at(&proxy.addr()));
            let mine = all(&one, &keys);
            wait_until("all are led", SOON, || led(&mine) == keys.len());
            let theirs = all(&two, &keys);
            // the second has read all there is to read
            wait_until("the second watches", SOON, || {
                proxies[1].requests().iter().any(|request| request.path.contains("/beats/"))
            });
            let asked = || proxies.each_ref().map(|proxy| proxy.requests().len());
            let beats = || {
                let requests = proxies[0].requests();
                requests.iter().filter(|r| r.method == "PUT" && r.path.contains("/beats/")).count()
            };
            let (before, beaten, since) = (asked(), beats(), Instant::now());
            wait_until("sixteen beats of rest", SOON, || beats() >= beaten + 16);
            let (after, rest) = (asked(), since.elapsed());
            let open = proxies.each_ref().map(Proxy::connections_now);
            assert!(open.iter().all(|count| *count <= connections), "{what}: {open:?}");
            let asked = [after[0] - before[0], after[1] - before[1]];
            // a beat, or a read of one, each quarter of a second, and for every 63 folders another;
            // and some that a busy machine makes twice
            let most = f64::from(rate + 3) * rest.as_secs_f64();
            assert!(
                asked.iter().all(|asked| *asked as f64 <= most),
                "{what}: {asked:?} in {rest:?}"
            );
            assert_eq!((led(&mine), led(&theirs)), (keys.len(), 0), "{what}");
            assert_eq!(agent.api().sessions().len(), 2);

            let leaving = Instant::now();
            runtime.block_on(one.shutdown());
            let left = leaving.elapsed();
            wait_until("all are led again", SOON, || led(&theirs) == keys.len());
            println!(
                "{}: {} keys {what}: {open:?} connections, {asked:?} requests in {rest:?}, let go \
                 in {left:?}, led again {:?} later",
                consul.version(),
                keys.len(),
                leaving.elapsed() - left
            );
            runtime.block_on(two.shutdown());
            assert_eq!(agent.api().sessions(), []);
        }
    });
}

/// The runtime is blocked as by a job that computes for long, or sleeps with its thread.
#[test]
fn a_runtime_that_is_blocked_for_three_leases_costs_no_leadership() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let settings = Settings::new().consul(&agent.addr()).lease("1s");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let locks = LockManager::new(&settings).expect("the settings are right");
            let lock = locks.lock("service/lock").expect("a key");
            let term = lock.acquired().await.expect("it leads");
            // nothing is waited for: the thread of the runtime is to be blocked for three leases
            thread::sleep(Duration::from_secs(3));
            assert_eq!(lock.term(), Some(term));
            locks.shutdown().await;
        });
    });
}

#[test]
fn a_cluster_whose_shortest_ttl_is_longer_than_ours_is_served() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).hcl("session_ttl_min = \"30s\"").start();
        let locks = locks_at(&agent.addr());
        let lock = locks.lock("service/lock").expect("a key");
        wait_until("it is led", SOON, || lock.is_leading());
        assert_eq!(agent.api().sessions()[0].ttl, "30s");
        drop(lock);
        wait_until("it is free", SOON, || {
            agent.api().get("service/lock").is_some_and(|lock| lock.session.is_none())
        });
    });
}

#[test]
fn the_beats_of_dead_sessions_are_swept_by_whoever_leads() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let api = agent.api();
        let dead = api.create_session("{}");
        assert!(api.acquire(&format!(".leader/beats/{dead}"), &dead, "{}"));
        api.destroy_session(&dead);
        let alive = api.create_session("{}");
        assert!(api.acquire(&format!(".leader/beats/{alive}"), &alive, "{}"));
        let locks = locks_at(&agent.addr());
        let _lock = locks.lock("service/lock").expect("a key");
        wait_until("the dead one's is gone", SOON, || {
            api.get(&format!(".leader/beats/{dead}")).is_none()
        });
        assert!(api.get(&format!(".leader/beats/{alive}")).is_some());
    });
}
