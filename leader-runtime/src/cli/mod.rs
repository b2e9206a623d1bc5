//! The command line of a service: answers a question about its jobs, or runs them.

mod calendar;
mod check;
mod listing;
mod output;
mod table;

use std::io;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use leader_core::Due;
use tracing::instrument::WithSubscriber as _;
use tracing::subscriber::NoSubscriber;

use self::output::Form;
use crate::error::Result;
use crate::runtime::Runtime;
use crate::system::clock;

/// The exit code for wrong settings, jobs or arguments; clap has the same.
const WRONG: u8 = 2;

/// Runs the service until SIGTERM or SIGINT. A command asks about it instead, and runs nothing
#[derive(Parser)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Shows the jobs, their due instants, and faults
    Jobs(JobsCommand),
}

/// The command `jobs` for a service with a clap parser of its own, with the subcommands `list`,
/// `next`, `check` and `acl`. [`Runtime::answer`] answers it.
///
/// # Examples
///
/// ```no_run
/// use std::process::ExitCode;
///
/// use clap::Parser;
/// use leader_runtime::{JobsCommand, Runtime, jobs, leader_job};
///
/// #[derive(Parser)]
/// enum CommandLine {
///     /// Serves requests
///     Serve { port: u16 },
///     /// Shows the jobs and their due instants
///     Jobs(JobsCommand),
/// }
///
/// #[leader_job(key = "service/report", cron = "0 5 * * *")]
/// async fn report() {}
///
/// #[tokio::main]
/// async fn main() -> leader_runtime::Result<ExitCode> {
///     let runtime = Runtime::from_env()?.jobs(jobs![report]);
///     match CommandLine::parse() {
///         CommandLine::Serve { port } => {
/// #           let _ = port;
///             runtime.run().await?;
///             Ok(ExitCode::SUCCESS)
///         }
///         CommandLine::Jobs(command) => Ok(runtime.answer(command).await),
///     }
/// }
/// ```
#[derive(Args, Clone, Debug)]
#[command(after_help = EXIT_CODES)]
pub struct JobsCommand {
    #[command(subcommand)]
    question: Question,
}

const EXIT_CODES: &str = "\
Exit codes: 0 if all is well, 1 if the check found a fault, 2 if the settings, the jobs or the
arguments are wrong.";

#[derive(Clone, Debug, Subcommand)]
enum Question {
    /// Lists every job: next due instant, schedule in words, key, place in the code
    List {
        #[command(flatten)]
        form: Form,
    },
    /// Lists the next due instants of each job, also of jobs that are not enabled
    Next {
        /// Number of instants a job, from 1 to 10000
        #[arg(default_value_t = 5, hide_possible_values = true)]
        #[arg(value_parser = clap::value_parser!(u16).range(1..=10_000))]
        number: u16,
        /// Start after this instant, such as 2026-03-28T00:00:00Z [default: now]
        #[arg(long, value_name = "INSTANT")]
        from: Option<Due>,
        #[command(flatten)]
        form: Form,
    },
    /// Checks settings, jobs and the lock service, and shows the leaders; leads and writes nothing
    Check {
        #[command(flatten)]
        form: Form,
    },
    /// Prints the smallest ACL policy for the token, as Consul takes it
    Acl,
}

/// Feature `cli`.
impl Runtime {
    /// Runs the service as [`Runtime::run`] does; or, with a command on the command line, answers the
    /// command and runs nothing. The whole of a service's `main`:
    ///
    /// | command | answers |
    /// |---|---|
    /// | `jobs list` | every job, and its next due instant |
    /// | `jobs next [N] [--from INSTANT]` | each job's next due instants: 5, or 1 to 10000 |
    /// | `jobs check` | faults, leaders, and the source of each setting |
    /// | `jobs acl` | [`Runtime::acl_policy`] |
    ///
    /// The first three take `--json`, for scripts:
    ///
    /// * `list`: an array of objects with `name`, `key` (with the prefix of the settings),
    ///   `schedule`, `zone` (of a `cron`; else `null`), `description`, `next` (RFC 3339 in UTC; `null`
    ///   for schedules without known instants, such as `after` and `while_leading`), `enabled` and
    ///   `place` (`file:line`).
    /// * `next`: an array of objects with `name` and `due`, an instant as above, in the order of the
    ///   list; jobs without known instants are left out. The instants are those of the schedule, also
    ///   of a job that is not enabled.
    /// * `check`: an object with `faults` (texts, empty if all is well), `lock` (`place`, `null` if
    ///   settings or jobs are wrong and it was not asked; and `answers`), `rights` (each with `rule`
    ///   and `granted`), `leaders` (each with `key` and `leader`, a [`Leader`](crate::Leader) or
    ///   `null`) and `settings` (each with `name`, `value` and `place`).
    ///
    /// `list`, `next` and `acl` send no request, and work without the [`Data`](crate::Data) of jobs.
    /// `check` leads nothing, writes nothing, and ends within 5 s if the lock service does not answer.
    ///
    /// While a command is answered, nothing is logged: stdout has the answer, and stderr the faults.
    /// Tables are as wide as the terminal; elsewhere as wide as `COLUMNS` says, or unbounded. A service
    /// with a clap parser of its own uses a [`JobsCommand`].
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use std::process::ExitCode;
    ///
    /// use leader_runtime::{Runtime, jobs, leader_job};
    ///
    /// #[leader_job(key = "service/report", cron = "0 5 * * *")]
    /// async fn report() {}
    ///
    /// #[tokio::main]
    /// async fn main() -> leader_runtime::Result<ExitCode> {
    ///     Runtime::from_env()?.jobs(jobs![report]).main().await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Runtime::run`]. Commands return an exit code instead: 0 if all is well, 1 if the
    /// check found a fault, 2 if the settings, the jobs or the arguments are wrong.
    pub async fn main(self) -> Result<ExitCode> {
        match CommandLine::try_parse() {
            Ok(CommandLine { command: None }) => {
                self.run().await?;
                Ok(ExitCode::SUCCESS)
            }
            Ok(CommandLine { command: Some(Command::Jobs(command)) }) => {
                Ok(self.answer(command).await)
            }
            // `--help` comes this way as well
            Err(message) => {
                let code = u8::try_from(message.exit_code()).unwrap_or(WRONG);
                Ok(output::code_of(message.print(), code))
            }
        }
    }

    /// Answers a command of the service's own parser. The exit code is that of [`Runtime::main`].
    pub async fn answer(self, command: JobsCommand) -> ExitCode {
        self.asked(command.question).with_subscriber(NoSubscriber::default()).await
    }

    async fn asked(self, question: Question) -> ExitCode {
        let now = Due::new(clock::wall());
        match question {
            Question::List { form } => print(self.listed(), |jobs| listing::print(jobs, now, form)),
            Question::Next { number, from, form } => print(self.listed(), |jobs| {
                calendar::print(jobs, from.unwrap_or(now), number, form)
            }),
            Question::Check { form } => check::print(&self, form).await,
            Question::Acl => {
                print(self.acl_policy(), |policy| output::text(|_| policy.trim_end().to_owned()))
            }
        }
    }
}

/// Prints the answer, or the faults of settings and jobs.
fn print<T>(found: Result<T>, print: impl FnOnce(&T) -> io::Result<()>) -> ExitCode {
    match found {
        Ok(found) => output::code_of(print(&found), 0),
        Err(error) => {
            eprintln!("Error: {error:?}");
            ExitCode::from(WRONG)
        }
    }
}
