//! A standby for hours of virtual time, on a service whose leaders come and go as the test decides.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use leader_core::election::{
    Answer, BeatView, Call, Index, KeyId, KeyView, Layout, Liveness, Request, SessionId, Timestamp,
    WATCH_WAIT,
};
use leader_core::{Lease, Timing};
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::leadership::driver::{Command, Driver};
use crate::leadership::gate::{Gate, Reports, Trust};
use crate::leadership::watch::DriverLiveness;
use crate::leadership::{LockService, RecordStore, Reply, SharedLayout, ValueStore, format};
use crate::log::Log;
use crate::model::{Identity, Leader};
use crate::system::clock;

/// A key that always has a leader, which beats each second. Each leads for `reign`.
#[derive(Clone, Copy)]
struct Reigns {
    began: Timestamp,
    reign: Duration,
}

impl Reigns {
    fn lived(self) -> Duration {
        clock::now().since(self.began)
    }

    /// Number of the current leader, from 0.
    fn number(self) -> u64 {
        (self.lived().as_nanos() / self.reign.as_nanos()) as u64
    }

    fn view(self) -> Answer {
        // every write of the key and of a beat moves the index
        let number = self.number();
        let index = Index(10 + 10_000 * number);
        let session = Some(SessionId::new(&format!("leader {number}")));
        let keys = vec![(KeyId(0), KeyView { index, session, conflict: false })];
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
                Answer::Beat(Some(BeatView { index, lease: Lease::default().length() }))
            }
            Call::Acquire { .. } | Call::Take { .. } => panic!("its leader lives: {call:?}"),
            _ => Answer::Done,
        }
    }
}

impl LockService for Reigns {
    fn liveness(&self) -> Liveness {
        Liveness::Beats(Timing::new(Lease::default()))
    }

    fn location(&self) -> String {
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

    fn value_store(&self) -> Arc<dyn ValueStore> {
        unreachable!("there are no jobs")
    }

    fn record_store(&self) -> Arc<dyn RecordStore> {
        unreachable!("there are no jobs")
    }

    fn leader(&self, _: String) -> BoxFuture<'static, Result<Option<Leader>, String>> {
        let value = format!(
            r#"{{"node":"node {}","pid":7,"service":"service","since":"now"}}"#,
            self.number()
        );
        async move { Ok(Some(format::leader(value.as_bytes()))) }.boxed()
    }
}

/// The lines that a standby logs in an hour, from INFO on.
async fn logged_in_an_hour(reign: Duration) -> Vec<String> {
    let log = Log::listen();
    let layout = SharedLayout::new(Layout::new(["service/clock".to_owned()]));
    let service = Arc::new(Reigns { began: clock::now(), reign });
    let (trust, Reports { drained, .. }) = Trust::new(0);
    let gates = vec![Gate::new(KeyId(0), "service/clock", &trust)];
    let (_commands, receiver) = mpsc::unbounded_channel::<Command>();
    let liveness = Arc::new(DriverLiveness::new());
    let driver = Driver::new(service, layout, trust, Arc::clone(&liveness), gates, receiver);
    tokio::select! {
        () = driver.run(drained) => panic!("no shutdown was requested"),
        () = sleep(Duration::from_secs(3600)) => {}
    }
    assert!(clock::now().since(liveness.last_turn()) <= Duration::from_secs(1), "it has stood by");
    log.lines()
}

fn names(line: &str, node: usize) -> bool {
    line.contains("standing by") && line.contains(&format!("leader_node=\"node {node}\""))
}

#[tokio::test(start_paused = true)]
async fn a_standby_beside_one_leader_logs_one_line_in_an_hour() {
    let lines = logged_in_an_hour(Duration::from_secs(36_000)).await;
    assert!(matches!(&lines[..], [line] if names(line, 0)), "{lines:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_standby_whose_leader_changes_every_ten_minutes_logs_each_in_six_lines_an_hour() {
    let lines = logged_in_an_hour(Duration::from_secs(600)).await;
    assert_eq!(lines.len(), 6, "{lines:#?}");
    assert!(lines.iter().enumerate().all(|(node, line)| names(line, node)), "{lines:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_standby_whose_leader_changes_every_20_s_logs_six_lines_in_an_hour_and_who_leads_then() {
    let lines = logged_in_an_hour(Duration::from_secs(20)).await;
    assert!(lines.len() <= 6, "{lines:#?}");
    assert!(names(&lines[0], 0) && names(&lines[1], 30), "{lines:#?}");
}
