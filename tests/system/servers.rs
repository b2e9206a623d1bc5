//! Consul's servers as they lie, forget and lose count: a deposed leader's answers, an election in
//! the middle of a write, a snapshot that is restored.

use std::thread;
use std::time::Instant;

use tests::history::Moment;
use tests::{Agent, Cluster, Node, clock, each_consul, wait_until};

use crate::stage::{KEYS, LEASE, LET_GO, SOON, Stage};

#[test]
fn a_write_that_loses_its_consul_leader_is_told_and_costs_no_term() {
    each_consul(|consul| {
        let cluster = Cluster::start(consul, 0);
        let leader = cluster.leader();
        let server = &cluster.servers()[leader];
        let followers = || cluster.servers().iter().filter(|other| other.name() != server.name());
        // a beat each half second, which is how long a leader without followers takes writes
        let node = Node::example("clock")
            .env("CONSUL_HTTP_ADDR", server.addr())
            .env("LEADER_LEASE", "4s")
            .start();
        let led = node.wait_error_line(SOON, clock::took_the_lead);
        let fence = |text: &str| text.rsplit_once("fence=").map(|(_, fence)| fence.to_owned());

        let frozen = Instant::now();
        followers().for_each(Agent::freeze);
        let told = "leadership lost while committing log";
        node.wait_error_line(SOON, |line| line.text.contains(told));
        let thawed = Instant::now();
        followers().for_each(Agent::thaw);
        let answers = node.wait_error_line(SOON, |line| line.text.contains(" answers"));
        let says = node.wait_line_after(answers.at, SOON, clock::leads);
        println!(
            "{}: no quorum for {:?}, answered {:?} later, says so {:?} later",
            consul.version(),
            thawed - frozen,
            answers.at - thawed,
            says.at - answers.at
        );
        for line in node.errors().iter().filter(|line| clock::begins_to_lead(line)) {
            assert_eq!(fence(&line.text), fence(&led.text), "{}", line.text);
        }
    });
}

#[test]
fn the_answers_of_a_deposed_consul_leader_make_nobody_lead() {
    each_consul(|consul| {
        let cluster = Cluster::start(consul, 0);
        let deposed = cluster.leader();
        let server = &cluster.servers()[deposed];
        let other = &cluster.servers()[(deposed + 1) % 3];
        let stage = Stage::set(consul.version(), &[server.addr(), other.addr()]);
        let (leader, standby) = stage.roles();
        let session = server.api().get(KEYS[0]).and_then(|key| key.session).expect("it is led");

        let since = Moment::now();
        server.freeze();
        // what waits in its sockets is answered before it hears that it leads no longer
        let path = format!("/v1/kv/{}", KEYS[0]);
        let renew = format!("/v1/session/renew/{session}");
        let asked: Vec<_> = (0..20)
            .map(|number| {
                let (api, path, renew) = (server.api(), path.clone(), renew.clone());
                thread::spawn(move || match number % 2 {
                    0 => api.try_request("GET", &path, ""),
                    _ => api.try_request("PUT", &renew, ""),
                })
            })
            .collect();
        stage.takes(standby, since, "Consul's leader frozen, to which alone the node spoke");
        server.thaw();
        let answers = asked.into_iter().map(|asked| asked.join().expect("it asks"));
        let lies = answers
            .filter(|answer| {
                answer.as_ref().is_ok_and(|a| a.status == 200 && a.body.contains(&session))
            })
            .count();
        stage.tell(&format!("{lies} of 20 answers of the deposed leader name the old session"));
        assert!(lies > 0, "it stepped down before it answered");
        leader.node().wait_error_line(SOON, |line| line.text.contains(" answers"));
        let (now, _) = stage.roles();
        assert!(std::ptr::eq(now, standby));
        stage.close();
    });
}

#[test]
fn a_snapshot_that_is_restored_sets_every_index_back_and_holds_nobody_up() {
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        let api = agent.api();
        agent.save("empty");
        let stage = Stage::set(consul.version(), &[agent.addr(), agent.addr()]);
        let (leader, standby) = stage.roles();

        agent.save("led");
        api.put("service/three", "");
        let index = || api.request("GET", "/v1/kv/service/?recurse", "").index.expect("an index");
        let (later, watched) = (index(), |index| format!("index={index}&"));
        wait_until("the standby watches from there", SOON, || {
            let watch = watched(later);
            standby.proxy.requests().iter().any(|request| request.path.contains(&watch))
        });
        agent.restore("led");
        assert!(index() < later);
        assert!(api.get("service/three").is_none());
        let since = leader.terminate();
        stage.follows(standby, since, LET_GO, "indexes set back, then the leader stopped");

        // With no session, beat or key that anybody knows. One that stood by could lead at once, as
        // a snapshot holds no lock delay either: a beat before the leader has heard of it.
        let since = Moment::now();
        agent.restore("empty");
        stage.follows(standby, since, LEASE / 2, "all forgotten");
        let fence = |key| api.get(key).expect("it is led").modify_index;
        assert!(KEYS.iter().all(|key| fence(key) > later));
        stage.close();
    });
}
