//! What keeps a service from leading, found without leading anything, and without writing.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use serde::Serialize;
use tokio::time::{Instant, timeout_at};

use super::WRONG;
use super::output::{self, Form};
use super::table::{Column, Table};
use crate::lock::{Leader, LockService, Policy, Rule};
use crate::runtime::Runtime;

/// How long the lock service has to answer all that it is asked.
const PATIENCE: Duration = Duration::from_secs(5);

/// As many as a runtime opens connections.
const TOGETHER: usize = 4;

/// What is found.
#[derive(Default, Serialize)]
struct Report {
    /// Each with its place and its remedy. None, where all is well.
    faults: Vec<String>,
    lock: Lock,
    /// None, where the lock service knows of none.
    rights: Vec<Right>,
    leaders: Vec<Led>,
    settings: Vec<Setting>,
    /// Whether it is the settings or the jobs that are wrong: then nothing was asked.
    #[serde(skip)]
    is_wrong: bool,
}

/// The lock service.
#[derive(Default, Serialize)]
struct Lock {
    /// As logs name it; none where the settings are wrong.
    place: Option<String>,
    answers: bool,
}

/// A rule of the policy that the token needs, and whether it has it.
#[derive(Serialize)]
struct Right {
    rule: String,
    granted: bool,
}

/// Who leads a key.
#[derive(Serialize)]
struct Led {
    key: String,
    leader: Option<Leader>,
}

/// A setting that is in force.
#[derive(Serialize)]
struct Setting {
    name: String,
    value: String,
    /// Where it is written.
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
    report.settings.extend(runtime.origins().into_iter().map(|origin| Setting {
        name: origin.name,
        value: origin.value,
        place: origin.place.to_string(),
    }));
    match runtime.lock_service() {
        Ok((service, policy, keys)) => report.look(&*service, policy, keys).await,
        Err(error) => {
            report.is_wrong = error.is_wrong_settings();
            report.faults = error.into_faults();
        }
    }
    let code = match &report {
        Report { is_wrong: true, .. } => WRONG,
        Report { faults, .. } => u8::from(!faults.is_empty()),
    };
    let said =
        if json { output::object(&report) } else { output::text(|width| report.told(width)) };
    for fault in &report.faults {
        eprintln!("Error: {fault}");
    }
    output::code_of(said, code)
}

impl Report {
    async fn look(&mut self, service: &dyn LockService, policy: Policy, keys: Vec<String>) {
        let deadline = Instant::now() + PATIENCE;
        self.lock.place = Some(service.place());
        match timeout_at(deadline, service.answers()).await {
            Ok(Ok(())) => self.lock.answers = true,
            Ok(Err(fault)) => return self.tell(service, &fault),
            Err(_) => return self.tell(service, &late()),
        }
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
            .map(|key| async { (service.leader(key.clone()).await, key) })
            .buffered(TOGETHER);
        loop {
            match timeout_at(deadline, asked.next()).await {
                Ok(Some((Ok(leader), key))) => self.leaders.push(Led { key, leader }),
                Ok(Some((Err(fault), _))) if lacks.iter().any(|rule| fault.contains(*rule)) => {}
                Ok(Some((Err(fault), _))) => drop(faults.insert(fault)),
                Ok(None) => break,
                Err(_) => {
                    faults.insert(late());
                    break;
                }
            }
        }
        faults.iter().for_each(|fault| self.tell(service, fault));
    }

    fn tell(&mut self, service: &dyn LockService, fault: &str) {
        self.faults.push(format!("{}: {fault}", service.place()));
    }

    /// For people.
    fn told(&self, width: Option<u16>) -> String {
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
            None => parts.push("What is wrong comes first: the lock service was not asked.".into()),
        }
        if !self.leaders.is_empty() {
            parts.push(Table::new(&LEADERS, self.leaders.iter().map(row)).print(width));
        }
        parts.join("\n\n")
    }
}

fn late() -> String {
    format!("no answer within {PATIENCE:?}")
}

impl From<(Rule, bool)> for Right {
    fn from((rule, granted): (Rule, bool)) -> Self {
        Self { rule: rule.to_string(), granted }
    }
}

fn row(Led { key, leader }: &Led) -> Vec<String> {
    let nobody = || vec![key.clone(), "nobody".into(), String::new(), String::new(), String::new()];
    leader.as_ref().map_or_else(nobody, |leader| {
        let service = match &leader.version {
            Some(version) => format!("{} {version}", leader.service),
            None => leader.service.clone(),
        };
        let pid = leader.pid.to_string();
        vec![key.clone(), leader.node.clone(), pid, service, leader.since.clone()]
    })
}
