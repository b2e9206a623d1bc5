//! A standby for hours of virtual time, on a service whose leaders come and go as the test says.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use leader_core::election::{
    Answer, BeatSeen, Call, Entry, Index, KeyId, Layout, Pace, Request, SessionId, Timestamp,
    WATCH_WAIT,
};
use leader_core::{Lease, Timing};
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::clock;
use crate::lock::driver::{Command, Driver};
use crate::lock::gate::{Gate, Reports, Trust};
use crate::lock::pulse::Pulse;
use crate::lock::{Identity, Leader, LockService, Records, Reply, SharedLayout};
use crate::log::Log;

/// A key that always has a leader, which beats each second. One leads for `reign`, then the next.
#[derive(Clone, Copy)]
struct Reigns {
    began: Timestamp,
    reign: Duration,
}

impl Reigns {
    fn lived(self) -> Duration {
        clock::now().since(self.began)
    }

    /// Which leader it is, counted from 0.
    fn number(self) -> u64 {
        (self.lived().as_nanos() / self.reign.as_nanos()) as u64
    }

    fn view(self) -> Answer {
        // every write of the key and of a beat moves the index
        let number = self.number();
        let index = Index(10 + 10_000 * number);
        let session = Some(SessionId::new(&format!("leader {number}")));
        let keys = vec![(KeyId(0), Entry { index, session, conflict: false })];
        Answer::View { index, keys }
    }

    async fn answer(self, call: Call) -> Answer {
        match call {
            Call::CreateSession => Answer::Session(SessionId::new("own")),
            Call::Read(_) => self.view(),
            Call::Watch(..) => {
                let left = self.reign * (self.number() as u32 + 1) - self.lived();
                sleep(left.min(WATCH_WAIT)).await;
                self.view()
            }
            Call::ReadBeat(_) => {
                let index = Index(10 + self.lived().as_secs());
                Answer::Beat(Some(BeatSeen { index, lease: Lease::default().length() }))
            }
            Call::Acquire { .. } | Call::Take { .. } => panic!("its leader lives: {call:?}"),
            _ => Answer::Done,
        }
    }
}

impl LockService for Reigns {
    fn pace(&self) -> Pace {
        Pace::Beats(Timing::new(Lease::default()))
    }

    fn place(&self) -> String {
        "a stage".into()
    }

    fn identity(&self) -> &Identity {
        static OURS: LazyLock<Identity> =
            LazyLock::new(|| Identity { service: "service".into(), ..Identity::of_process() });
        &OURS
    }

    fn call(&self, request: Request) -> BoxFuture<'static, Reply> {
        self.answer(request.call).map(Reply::from).boxed()
    }

    fn records(&self) -> Arc<dyn Records> {
        unreachable!("there are no jobs")
    }

    fn leader(&self, _: String) -> BoxFuture<'static, Result<Option<Leader>, String>> {
        let value = format!(
            r#"{{"node":"node {}","pid":7,"service":"service","since":"now"}}"#,
            self.number()
        );
        async move { Ok(Some(Leader::of_value(value.as_bytes()))) }.boxed()
    }
}

/// What a standby logs from INFO on, in an hour.
async fn logged_in_an_hour(reign: Duration) -> Vec<String> {
    let log = Log::listen();
    let layout = SharedLayout::new(Layout::new(["service/clock".to_owned()]));
    let service = Arc::new(Reigns { began: clock::now(), reign });
    let (trust, Reports { drained, .. }) = Trust::new(0);
    let gates = vec![Gate::new(KeyId(0), "service/clock", &trust)];
    let (_commands, receiver) = mpsc::unbounded_channel::<Command>();
    let pulse = Arc::new(Pulse::new());
    let driver = Driver::new(service, layout, trust, Arc::clone(&pulse), gates, receiver);
    tokio::select! {
        () = driver.run(drained) => panic!("it was not told to end"),
        () = sleep(Duration::from_secs(3600)) => {}
    }
    assert!(clock::now().since(pulse.last_beat()) <= Duration::from_secs(1), "it has stood by");
    log.lines()
}

fn names(line: &str, node: usize) -> bool {
    line.contains("stands by for the leader") && line.contains(&format!("node=\"node {node}\""))
}

#[tokio::test(start_paused = true)]
async fn a_standby_beside_one_leader_says_one_line_in_an_hour() {
    let lines = logged_in_an_hour(Duration::from_secs(36_000)).await;
    assert!(matches!(&lines[..], [line] if names(line, 0)), "{lines:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_standby_whose_leader_changes_every_ten_minutes_says_each_in_six_lines_an_hour() {
    let lines = logged_in_an_hour(Duration::from_secs(600)).await;
    assert_eq!(lines.len(), 6, "{lines:#?}");
    assert!(lines.iter().enumerate().all(|(node, line)| names(line, node)), "{lines:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_standby_whose_leader_changes_every_20_s_says_six_lines_in_an_hour_and_who_leads_then() {
    let lines = logged_in_an_hour(Duration::from_secs(20)).await;
    assert!(lines.len() <= 6, "{lines:#?}");
    assert!(names(&lines[0], 0) && names(&lines[1], 30), "{lines:#?}");
}
