//! The promises of a `Kv`, in Consul and in files alike.

use std::collections::BTreeSet;
use std::sync::mpsc;
use std::time::Duration;

use leader_runtime::{Data, Error, Fence, Handle, Jobs, Kv, Settings, jobs, leader_job};
use tests::{Agent, Page, each_consul, slot};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

pub(crate) const SOON: Duration = Duration::from_secs(15);

/// The store checks its own numbers.
pub(crate) const BASE: u64 = 1_000_000;

type Runs = mpsc::Sender<(Fence, Kv)>;

/// Hands out what it may write with, so that a test writes with it when its term is long over.
#[leader_job(key = "service/lock", every = "50ms")]
pub(crate) async fn hand_out(fence: Fence, kv: Kv, runs: Data<Runs>) {
    // a test that has seen enough has hung up
    let _ = runs.send((fence, kv));
}

/// A second job under another lock.
#[leader_job(key = "service/other", every = "50ms")]
async fn hand_out_another(fence: Fence, kv: Kv, runs: Data<Runs>) {
    let _ = runs.send((fence, kv));
}

/// A runtime with one of these jobs, until this is dropped.
pub(crate) struct Node {
    runs: mpsc::Receiver<(Fence, Kv)>,
    pub(crate) handle: Handle,
    _stop: oneshot::Sender<()>,
}

impl Node {
    pub(crate) fn start(tokio: &Runtime, settings: &Settings, jobs: Jobs) -> Self {
        let settings = settings.clone().key_prefix("stage/").fence_base(BASE);
        let ((sender, runs), (stop, stopped)) = (mpsc::channel(), oneshot::channel::<()>());
        let runtime = leader_runtime::Runtime::new(settings).jobs(jobs).data(sender);
        let handle = runtime.handle();
        tokio.spawn(runtime.run_until(async { drop(stopped.await) }));
        Self { runs, handle, _stop: stop }
    }

    /// The first run that is in no term of these.
    #[track_caller]
    pub(crate) fn run_after(&self, terms: &[Fence]) -> (Fence, Kv) {
        loop {
            let run = self.runs.recv_timeout(SOON).expect("it runs");
            if !terms.contains(&run.0) {
                return run;
            }
        }
    }
}

/// Runs a test on lock files and on each Consul at hand.
#[track_caller]
fn each_store(test: impl Fn(&Settings)) {
    {
        let _slot = slot();
        let directory = tempfile::tempdir().expect("a temporary directory");
        test(&Settings::new().local(directory.path()));
    }
    each_consul(|consul| {
        let agent = Agent::dev(consul).start();
        test(&Settings::new().consul(&agent.addr()).lease("1s"));
    });
}

#[track_caller]
pub(crate) fn is_refused(tokio: &Runtime, kv: &Kv, why: &str) {
    let refused = tokio.block_on(kv.put("service/state", "late"));
    assert!(refused.as_ref().is_err_and(Error::is_leadership_lost), "{why}: {refused:?}");
    let refused = tokio.block_on(kv.delete("service/state"));
    assert!(refused.as_ref().is_err_and(Error::is_leadership_lost), "{why}: {refused:?}");
}

#[test]
fn what_one_node_writes_every_node_reads_and_what_is_deleted_is_gone() {
    each_store(|store| {
        let tokio = Runtime::new().unwrap();
        let one = Node::start(&tokio, store, jobs![hand_out]);
        let other = Node::start(&tokio, store, jobs![hand_out_another]);
        let ((_, one), (_, other)) = (one.run_after(&[]), other.run_after(&[]));
        let read = |kv: &Kv| tokio.block_on(kv.get("service/state")).expect("it is read");
        assert_eq!([read(&one), read(&other)], [None, None]);
        for (writer, value) in [(&one, "first"), (&other, "second"), (&one, "third")] {
            tokio.block_on(writer.put("service/state", value)).expect("it leads");
            let value = Some(value.as_bytes().to_vec());
            assert_eq!([read(&one), read(&other)], [value.clone(), value]);
        }
        tokio.block_on(other.delete("service/state")).expect("it leads");
        assert_eq!([read(&one), read(&other)], [None, None]);
        tokio.block_on(one.delete("service/state")).expect("what is gone may be deleted");
    });
}

#[test]
fn whoever_led_before_writes_nothing_more_however_its_term_came_to_its_end() {
    each_store(|store| {
        let tokio = Runtime::new().unwrap();
        let one = Node::start(&tokio, store, jobs![hand_out]);
        let (first, left) = one.run_after(&[]);
        assert!(first > Fence::new(BASE.cast_signed()));
        tokio.block_on(left.put("service/state", "first")).expect("it leads");
        // its process lives on, its runtime ends
        drop(one);
        let two = Node::start(&tokio, store, jobs![hand_out]);
        let (second, stepped_down) = two.run_after(&[]);
        assert!(second > first);
        is_refused(&tokio, &left, "its runtime has ended");
        tokio.block_on(stepped_down.put("service/state", "second")).expect("it leads");
        is_refused(&tokio, &left, "its runtime has ended");

        let three = Node::start(&tokio, store, jobs![hand_out]);
        two.handle.key("service/lock").and_then(|key| key.step_down()).expect("it is its job's");
        let (third, kv) = three.run_after(&[]);
        assert!(third > second);
        is_refused(&tokio, &stepped_down, "it has stepped down");
        let read = |kv: &Kv| tokio.block_on(kv.get("service/state")).expect("it is read");
        let second = Some(b"second".to_vec());
        assert_eq!([read(&kv), read(&stepped_down)], [second.clone(), second]);
    });
}

#[test]
fn whatever_the_value_and_the_key_it_is_read_as_it_was_written() {
    each_store(|store| {
        let tokio = Runtime::new().unwrap();
        let node = Node::start(&tokio, store, jobs![hand_out]);
        let (_, kv) = node.run_after(&[]);
        let longest = "k".repeat(512 - "stage/".len());
        let keys = [
            "a",
            "a/b",
            "a/b/c",
            "A",
            "A/b",
            "a/B",
            "a.b",
            "a,b",
            ".a",
            "a-_.,b",
            "a.value",
            "con",
            &longest,
            &longest[1..],
        ];
        let values = [
            Vec::new(),
            (0..=255).collect(),
            b"{\"a\": [1, 2]}\n".to_vec(),
            "\u{fffd}".repeat(100_000).into_bytes(),
        ];
        for (number, value) in values.into_iter().enumerate() {
            for key in keys {
                // no two of them are alike
                let value = [value.as_slice(), key.as_bytes()].concat();
                tokio.block_on(kv.put(key, value)).expect("it leads");
            }
            for key in keys {
                let read = tokio.block_on(kv.get(key)).expect("it is read").expect("it is there");
                assert!(read.ends_with(key.as_bytes()), "{key}, value {number}");
            }
        }
        tokio.block_on(kv.put("a", "")).expect("it leads");
        assert_eq!(tokio.block_on(kv.get("a")).expect("it is read"), Some(Vec::new()));
        for (number, key) in keys.iter().enumerate() {
            tokio.block_on(kv.delete(key)).expect("it leads");
            let there = |key: &&&str| tokio.block_on(kv.get(key)).expect("it is read").is_some();
            assert_eq!(keys.iter().filter(there).count(), keys.len() - number - 1, "{key}");
        }
    });
}

#[test]
fn what_is_no_key_the_own_lock_and_what_is_too_large_are_told_and_nothing_is_written() {
    each_store(|store| {
        let tokio = Runtime::new().unwrap();
        let node = Node::start(&tokio, store, jobs![hand_out]);
        let (_, kv) = node.run_after(&[]);
        let long = "k".repeat(513);
        for (key, says) in [
            ("", "write `stage`"),
            ("/service/state", "write `stage/service/state`"),
            ("service/", "write `stage/service`"),
            ("../other", "`.` or `..`"),
            ("a/../../other", "`.` or `..`"),
            ("a\0b", "has '\\0' in it"),
            ("a b", "has ' ' in it"),
            ("größe", "has 'ö' in it"),
            (&long, "use at most 512"),
        ] {
            let put = tokio.block_on(kv.put(key, "")).expect_err(key);
            let (deleted, read) = (tokio.block_on(kv.delete(key)), tokio.block_on(kv.get(key)));
            for refused in [put, deleted.expect_err(key), read.expect_err(key)] {
                assert!(refused.is_configuration(), "{key}: {refused}");
                assert!(refused.to_string().contains(says), "{key}: {refused}");
            }
        }
        let refused = tokio.block_on(kv.put("service/lock", "")).expect_err("its own lock");
        assert!(refused.to_string().contains("is the lock of the job that writes it"), "{refused}");
        let largest = vec![b'x'; 380 * 1024];
        tokio.block_on(kv.put("service/large", largest.clone())).expect("it leads");
        let refused = tokio.block_on(kv.put("service/large", vec![0; 600 * 1024]));
        let refused = refused.expect_err("it is too large");
        assert!(refused.is_unavailable(), "{refused}");
        println!("600 KiB: {refused}");
        assert_eq!(tokio.block_on(kv.get("service/large")).expect("it is read"), Some(largest));
        tokio.block_on(kv.put("service/state", "")).expect("its term goes on");
    });
}

#[test]
fn of_what_many_runs_write_at_once_nothing_is_lost_and_nothing_is_torn() {
    each_store(|store| {
        let tokio = Runtime::new().unwrap();
        let node = Node::start(&tokio, store, jobs![hand_out]);
        let (fence, kv) = node.run_after(&[]);
        let page = move |number| Page { fence: fence.get(), number };
        let put = |number: u64| {
            let kv = kv.clone();
            async move {
                let value = page(number).print(number as usize * 500);
                kv.put(&format!("service/{number}"), value.clone()).await?;
                kv.put("service/shared", value).await
            }
        };
        let puts: Vec<_> = (1..=100).map(|number| tokio.spawn(put(number))).collect();
        for put in puts {
            tokio.block_on(put).expect("it does not panic").expect("it leads");
        }
        let read = |key: &str| {
            let value = tokio.block_on(kv.get(key)).expect("it is read").expect("it is there");
            Page::parse(&value)
        };
        for number in 1..=100 {
            assert_eq!(read(&format!("service/{number}")), Ok(page(number)));
        }
        let all: BTreeSet<u64> = (1..=100).collect();
        assert!(read("service/shared").is_ok_and(|page| all.contains(&page.number)));
    });
}
