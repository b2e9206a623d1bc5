//! The lock manager's transactions from bare loops: the time that Consul itself takes for them.

use std::collections::HashMap;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tests::Api;

/// Transactions in flight, as many as the lock manager has at the most.
const IN_FLIGHT: usize = 4;

/// Number of keys in a transaction of 64 operations, as in the lock manager.
const KEYS_ACQUIRED: usize = 31;
const KEYS_RELEASED: usize = 32;

const LOCK_FLAGS: u64 = 0x2ddc_cbc0_58a5_0c18;

/// How long each of these takes for the same keys.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bare {
    /// Keys that do not exist are acquired.
    pub(crate) cold: Duration,
    /// All are released by one session, then acquired by another.
    pub(crate) moved: Duration,
    /// All are taken from a session.
    pub(crate) taken: Duration,
}

struct Holder<'a> {
    api: &'a Api,
    addr: &'a str,
    session: String,
}

/// Plays all three through these agents.
pub(crate) fn play(keys: usize, agents: [(&Api, &str); 2]) -> Bare {
    let names: Vec<String> = (0..keys).map(|number| format!("bare/{number}")).collect();
    let [one, other] = agents.map(|(api, addr)| Holder {
        api,
        addr,
        session: api.create_session(r#"{"TTL":"60s","LockDelay":"1s","NodeChecks":[]}"#),
    });
    let cold = one.acquire(&names, &HashMap::new());
    let released = one.release(&names);
    let acquired = other.acquire(&names, &one.indexes());
    let taken = one.take(&names, &other);
    for Holder { api, session, .. } in [one, other] {
        api.destroy_session(&session);
    }
    Bare { cold, moved: released + acquired, taken }
}

impl Holder<'_> {
    fn beat_key(&self) -> String {
        format!(".bare/{}", self.session)
    }

    fn lock(&self, key: &str, value: &str) -> Value {
        let value = BASE64_STANDARD.encode(value);
        json!({"KV": {
            "Verb": "lock", "Key": key, "Value": value, "Flags": LOCK_FLAGS, "Session": self.session
        }})
    }

    fn unlock(&self, key: &str) -> Value {
        json!({"KV": {
            "Verb": "unlock", "Key": key, "Flags": LOCK_FLAGS, "Session": self.session
        }})
    }

    /// A value like that of a lock.
    fn value(&self) -> String {
        let (addr, session) = (self.addr, &self.session);
        format!(
            r#"{{"node":"bare","pid":1,"service":"bare","version":"0","address":"{addr}","since":"{session}"}}"#
        )
    }

    /// `indexes`: as they were read; none where they do not exist.
    fn acquire(&self, keys: &[String], indexes: &HashMap<String, u64>) -> Duration {
        let check = |key: &String| match indexes.get(key) {
            Some(index) => check_index(key, *index),
            None => json!({"KV": {"Verb": "check-not-exists", "Key": key}}),
        };
        let checks: Vec<Value> = keys.iter().map(check).collect();
        let value = self.value();
        let bodies = keys.chunks(KEYS_ACQUIRED).zip(checks.chunks(KEYS_ACQUIRED)).enumerate();
        self.run(bodies.map(|(number, (keys, checks))| {
            let mut operations = vec![self.lock(&self.beat_key(), &number.to_string())];
            for (key, check) in keys.iter().zip(checks) {
                operations.extend([check.clone(), self.lock(key, &value)]);
            }
            operations
        }))
    }

    fn release(&self, keys: &[String]) -> Duration {
        let indexes = self.indexes();
        self.run(keys.chunks(KEYS_RELEASED).map(|keys| {
            keys.iter().flat_map(|key| [check_index(key, indexes[key]), self.unlock(key)]).collect()
        }))
    }

    fn take(&self, keys: &[String], from: &Self) -> Duration {
        let beat = from.api.get(&from.beat_key()).expect("it has beaten").modify_index;
        let value = self.value();
        self.run(keys.chunks(KEYS_ACQUIRED).enumerate().map(|(number, keys)| {
            let mut operations = vec![
                check_index(&from.beat_key(), beat),
                self.lock(&self.beat_key(), &format!("take {number}")),
            ];
            for key in keys {
                operations.extend([from.unlock(key), self.lock(key, &value)]);
            }
            operations
        }))
    }

    fn indexes(&self) -> HashMap<String, u64> {
        let entries = self.api.list("bare/").into_iter();
        entries.map(|entry| (entry.key, entry.modify_index)).collect()
    }

    /// Sends them all, so many at once, each loop on a connection of its own.
    fn run(&self, transactions: impl Iterator<Item = Vec<Value>>) -> Duration {
        let bodies: Vec<String> = transactions.map(|t| Value::from(t).to_string()).collect();
        let waiting = Mutex::new(bodies.into_iter());
        let url = format!("http://{}/v1/txn", self.addr);
        let began = Instant::now();
        thread::scope(|scope| {
            for _ in 0..IN_FLIGHT {
                scope.spawn(|| {
                    let config = ureq::Agent::config_builder().proxy(None).build();
                    let http = config.new_agent();
                    loop {
                        let next = waiting.lock().expect("no loop panics").next();
                        let Some(body) = next else { break };
                        let mut answer = http.put(&url).send(&body).expect("it is carried out");
                        answer.body_mut().read_to_vec().expect("it is answered");
                    }
                });
            }
        });
        began.elapsed()
    }
}

fn check_index(key: &str, index: u64) -> Value {
    json!({"KV": {"Verb": "check-index", "Key": key, "Index": index}})
}
