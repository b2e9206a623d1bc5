//! The check of settings, jobs and lock service, without leading and without writing.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use leader_core::Due;
use leader_core::election::Liveness;
use serde::Serialize;
use tokio::time::{Instant, timeout_at};

use super::WRONG;
use super::output::{self, Form};
use super::table::{Column, Table};
use crate::leadership::{LockService, Policy, Rule, slow};
use crate::model::Leader;
use crate::runtime::Runtime;
use crate::text::Excerpt;

/// Timeout of all requests together.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum number of concurrent requests: as many as a runtime has connections.
const MAX_CONCURRENT: usize = 4;

/// The result of the check.
#[derive(Default, Serialize)]
struct Report {
    /// Faults, each with its place and its remedy.
    faults: Vec<String>,
    lock: Lock,
    /// Rights of the token; empty where the lock service has no rights.
    rights: Vec<Right>,
    leaders: Vec<Led>,
    settings: Vec<Setting>,
    /// Whether settings or jobs are wrong: then the lock service was not asked.
    #[serde(skip)]
    is_wrong: bool,
}

/// The lock service.
#[derive(Default, Serialize)]
struct Lock {
    /// The lock service as logs name it; `None` where settings are wrong.
    place: Option<String>,
    answers: bool,
}

/// A rule that the token needs, and whether the token has it.
#[derive(Serialize)]
struct Right {
    rule: String,
    granted: bool,
}

/// The leader of a key.
#[derive(Serialize)]
struct Led {
    key: String,
    leader: Option<Leader>,
}

/// A setting in force.
#[derive(Serialize)]
struct Setting {
    name: String,
    value: String,
    /// The source of the value.
    place: String,
}

const SETTINGS: [Column; 3] =
    [Column::new("SETTING"), Column::new("VALUE"), Column::new("WRITTEN IN")];
const LOCK: [Column; 3] =
    [Column::new("LOCKS ARE KEPT BY"), Column::new("ANSWERS"), Column::new("RIGHTS")];
const LEADERS: [Column; 5] = [
    Column::new("KEY"),
    Column::new("LED BY"),
    Column::new("PID"),
    Column::new("SERVICE"),
    Column::new("SINCE"),
];

pub(super) async fn print(runtime: &Runtime, Form { json }: Form) -> ExitCode {
    let mut report = Report::default();
    report.settings.extend(runtime.effective().into_iter().map(|setting| Setting {
        name: setting.name,
        value: setting.value,
        place: setting.source.to_string(),
    }));
    match runtime.lock_service() {
        Ok((service, policy, keys)) => report.ask(&*service, policy, keys).await,
        Err(error) => {
            report.is_wrong = error.is_configuration();
            report.faults = error.into_faults();
        }
    }
    let code = match &report {
        Report { is_wrong: true, .. } => WRONG,
        Report { faults, .. } => u8::from(!faults.is_empty()),
    };
    let said =
        if json { output::object(&report) } else { output::text(|width| report.tables(width)) };
    for fault in &report.faults {
        eprintln!("Error: {fault}");
    }
    output::code_of(said, code)
}

impl Report {
    async fn ask(&mut self, service: &dyn LockService, policy: Policy, keys: Vec<String>) {
        let deadline = Instant::now() + TIMEOUT;
        self.lock.place = Some(service.location());
        let mut longest = match timeout_at(deadline, timed(service.answers())).await {
            Ok((Ok(()), took)) => took,
            Ok((Err(fault), _)) => return self.push_fault(service, &fault),
            Err(_) => return self.push_fault(service, &late()),
        };
        self.lock.answers = true;
        let mut faults = BTreeSet::new();
        match timeout_at(deadline, service.rights(policy)).await {
            Ok(Ok(rights)) => {
                let lacks = rights.iter().filter(|(_, is_there)| !is_there);
                faults.extend(lacks.map(|(rule, _)| rule.lacking()));
                self.rights = rights.into_iter().map(Right::from).collect();
            }
            Ok(Err(fault)) => drop(faults.insert(fault)),
            Err(_) => drop(faults.insert(late())),
        }
        let lacks: Vec<_> =
            self.rights.iter().filter(|right| !right.granted).map(|right| &right.rule).collect();
        let mut asked = stream::iter(keys)
            .map(|key| async { (timed(service.leader(key.clone())).await, key) })
            .buffered(MAX_CONCURRENT);
        loop {
            match timeout_at(deadline, asked.next()).await {
                Ok(Some(((Ok(leader), took), key))) => {
                    longest = longest.max(took);
                    self.leaders.push(Led { key, leader });
                }
                Ok(Some(((Err(fault), _), _))) if lacks.iter().any(|it| fault.contains(*it)) => {}
                Ok(Some(((Err(fault), _), _))) => drop(faults.insert(fault)),
                Ok(None) => break,
                Err(_) => {
                    faults.insert(late());
                    break;
                }
            }
        }
        if let Liveness::Beats(timing) = service.liveness()
            && longest > timing.late()
        {
            faults.insert(slow(longest, timing.lease()));
        }
        faults.iter().for_each(|fault| self.push_fault(service, fault));
    }

    fn push_fault(&mut self, service: &dyn LockService, fault: &str) {
        self.faults.push(format!("{}: {fault}", service.location()));
    }

    /// Formats the report for people.
    fn tables(&self, width: Option<u16>) -> String {
        let settings = self
            .settings
            .iter()
            .map(|Setting { name, value, place }| vec![name.clone(), value.clone(), place.clone()]);
        let mut parts = vec![Table::new(&SETTINGS, settings).print(width)];
        let Lock { place, answers } = &self.lock;
        match place {
            Some(place) => {
                let answers = if *answers { "yes" } else { "no" };
                let granted = self.rights.iter().filter(|right| right.granted).count();
                let rights = match self.rights.len() {
                    0 => String::new(),
                    all => format!("{granted} of {all}"),
                };
                let lock = vec![place.clone(), answers.into(), rights];
                parts.push(Table::new(&LOCK, std::iter::once(lock)).print(width));
            }
            None => parts
                .push("The lock service was not asked, because settings or jobs are wrong.".into()),
        }
        if !self.leaders.is_empty() {
            parts.push(Table::new(&LEADERS, self.leaders.iter().map(row)).print(width));
        }
        parts.join("\n\n")
    }
}

/// The result of a request, and its duration.
async fn timed<T>(asked: impl Future<Output = T>) -> (T, Duration) {
    let began = Instant::now();
    (asked.await, began.elapsed())
}

fn late() -> String {
    format!("no answer within {TIMEOUT:?}")
}

impl From<(Rule, bool)> for Right {
    fn from((rule, granted): (Rule, bool)) -> Self {
        Self { rule: rule.to_string(), granted }
    }
}

fn row(Led { key, leader }: &Led) -> Vec<String> {
    let nobody = || vec![key.clone(), "nobody".into(), String::new(), String::new(), String::new()];
    leader.as_ref().map_or_else(nobody, |leader| {
        let shown = |text: &str| Excerpt::name(text).to_string();
        let service = match &leader.version {
            Some(version) => format!("{} {}", shown(&leader.service), shown(version)),
            None => shown(&leader.service),
        };
        let pid = leader.pid.to_string();
        let since = leader.since.map_or_else(|| "unknown".into(), |at| Due::new(at).to_string());
        vec![key.clone(), shown(&leader.node), pid, service, since]
    })
}
