//! Three Consul servers that have elected a leader, with client agents beside them: all on this
//! machine, or each where it is told.

use std::time::Duration;

use crate::agent::{Agent, AgentBuilder};
use crate::consul::Consul;
use crate::deadline::poll;
use crate::place::Place;

pub(crate) const SERVERS: usize = 3;
const ELECTED: Duration = Duration::from_secs(30);

/// A cluster of its own; for each fault a fresh one, since a server that was away too long comes
/// back without a vote.
#[derive(Debug)]
pub struct Cluster {
    servers: Vec<Agent>,
    clients: Vec<Agent>,
}

impl Cluster {
    /// Starts 3 servers with `raft_multiplier = 1`, and `clients` client agents; all serve, and all
    /// servers vote.
    ///
    /// # Panics
    ///
    /// When that is not so within 30 seconds; the agents' logs are printed.
    #[track_caller]
    pub fn start(consul: &Consul, clients: usize) -> Self {
        Self::patient(consul, clients, 1)
    }

    /// As [`start`](Self::start), with this `raft_multiplier`: Consul's default is 5, by which its
    /// servers wait five times as long for each other.
    #[track_caller]
    pub fn patient(consul: &Consul, clients: usize, raft_multiplier: u32) -> Self {
        let here = |count| (0..count).map(|_| Place::loopback()).collect();
        Self::placed(consul, here(SERVERS), here(clients), raft_multiplier)
    }

    /// As [`start`](Self::start), with each agent at a place of its own.
    #[track_caller]
    pub(crate) fn at(consul: &Consul, servers: Vec<Place>, clients: Vec<Place>) -> Self {
        Self::placed(consul, servers, clients, 1)
    }

    #[track_caller]
    fn placed(
        consul: &Consul,
        servers: Vec<Place>,
        clients: Vec<Place>,
        raft_multiplier: u32,
    ) -> Self {
        let named = |kind: &str, places: Vec<Place>| -> Vec<AgentBuilder> {
            (0..)
                .zip(places)
                .map(|(i, p)| AgentBuilder::new(consul, &format!("{kind}{i}"), p))
                .collect()
        };
        let voters = servers.len();
        let servers = named("server", servers);
        let join: Vec<String> =
            servers.iter().map(|s| format!("-retry-join={}", s.gossip_addr())).collect();
        let launch = |builder: AgentBuilder| {
            let builder = builder.data_dir().arg("-retry-interval=1s").hcl(&format!(
                "performance {{ raft_multiplier = {raft_multiplier} }} \
                 leave_on_terminate = false skip_leave_on_interrupt = true",
            ));
            join.iter().fold(builder, AgentBuilder::arg).launch()
        };
        let servers = servers
            .into_iter()
            .map(|server| launch(server.arg("-server").arg(format!("-bootstrap-expect={voters}"))))
            .collect();
        let clients = named("client", clients).into_iter().map(launch).collect();
        let cluster = Self { servers, clients };
        for agent in cluster.servers.iter().chain(&cluster.clients) {
            agent.wait_ready();
        }
        if let Err(reason) = poll(ELECTED, || cluster.all_vote()) {
            panic!("not every server has a vote after {ELECTED:?}: {reason}");
        }
        cluster
    }

    /// The servers.
    pub fn servers(&self) -> &[Agent] {
        &self.servers
    }

    /// The client agents.
    pub fn clients(&self) -> &[Agent] {
        &self.clients
    }

    /// Which of [`servers`](Self::servers) leads: one that is up, and that another which is up
    /// calls leader.
    ///
    /// # Panics
    ///
    /// When none does within 30 seconds.
    #[track_caller]
    pub fn leader(&self) -> usize {
        poll(ELECTED, || {
            let up = || self.servers.iter().enumerate().filter(|(_, server)| server.is_up());
            let named: Vec<String> = up()
                .filter_map(|(_, server)| {
                    server.api().try_request("GET", "/v1/status/leader", "").ok()
                })
                .map(|answer| answer.body.trim_matches('"').to_owned())
                .collect();
            up().find(|(_, server)| named.contains(&server.server_addr()))
                .map(|(index, _)| index)
                .ok_or_else(|| format!("the servers name {named:?}"))
        })
        .unwrap_or_else(|reason| panic!("no leader after {ELECTED:?}: {reason}"))
    }

    fn all_vote(&self) -> Result<(), String> {
        let answer =
            self.servers[0].api().try_request("GET", "/v1/operator/raft/configuration", "")?;
        let votes = answer.body.split("\"Voter\"").filter(|rest| rest.starts_with(":true"));
        if votes.count() == self.servers.len() { Ok(()) } else { Err(answer.body) }
    }
}
