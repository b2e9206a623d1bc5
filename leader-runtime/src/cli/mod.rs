//! The command line of a service: it answers a question about its jobs, or runs them.

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
use crate::clock;
use crate::error::Result;
use crate::runtime::Runtime;

/// What is wrong with the settings or the jobs, or with the command line: what clap says, too.
const WRONG: u8 = 2;

/// Runs the service, until SIGTERM or SIGINT. A command asks about it instead, and runs nothing
#[derive(Parser)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Says which jobs there are, when they are due, and what is wrong
    Jobs(JobsCommand),
}

/// The questions about the jobs of a service, for one that has a clap parser of its own: as a
/// command, `jobs` or whatever it is called there, whose own commands are `list`, `next`, `check`
/// and `acl`. [`Runtime::answer`] answers it.
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
///     /// Serves
///     Serve { port: u16 },
///     /// Says which jobs there are, and when they are due
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
Exit codes: 0 where all is well, 1 where something that was checked is not, 2 where the settings,
the jobs or this command line are wrong.";

#[derive(Clone, Debug, Subcommand)]
enum Question {
    /// Lists every job: when it is due next, its schedule in words, its key, its place in the code
    List {
        #[command(flatten)]
        form: Form,
    },
    /// Prints the instants at which each job is due next, also of those that are not enabled
    Next {
        /// How many of each job, from 1 to 10000
        #[arg(default_value_t = 5, hide_possible_values = true)]
        #[arg(value_parser = clap::value_parser!(u16).range(1..=10_000))]
        number: u16,
        /// Those after this instant, which is one such as 2026-03-28T00:00:00Z [default: now]
        #[arg(long, value_name = "INSTANT")]
        from: Option<Due>,
        #[command(flatten)]
        form: Form,
    },
    /// Checks settings, jobs and the lock service, and says who leads; leads and writes nothing
    Check {
        #[command(flatten)]
        form: Form,
    },
    /// Prints the least that the ACL token must permit, as a policy that Consul takes
    Acl,
}

/// Feature `cli`.
impl Runtime {
    /// The whole of a service's `main`: runs it as [`Runtime::run`] does; or, where the command line
    /// asks for it, answers instead, and runs nothing:
    ///
    /// | command | answers |
    /// |---|---|
    /// | `jobs list` | every job, and when it is due next |
    /// | `jobs next [N] [--from INSTANT]` | each job's next due instants: 5, or 1 to 10000 |
    /// | `jobs check` | what keeps it from leading, who leads, and where settings are written |
    /// | `jobs acl` | [`Runtime::acl_policy`] |
    ///
    /// The first three take `--json`, for scripts:
    ///
    /// * `list`: an array of objects with `name`, `key` (with the prefix of the settings),
    ///   `schedule`, `zone` (of a `cron`; else `null`), `description`, `next` (RFC 3339 in UTC; `null`
    ///   where no instant is known, as of `after` and `while_leading`), `enabled` and `place`
    ///   (`file:line`).
    /// * `next`: an array of objects with `name` and `due`, an instant as above, in the order of the
    ///   list; a job whose instants are not known has none. Instants are those of the schedule,
    ///   whether the job is enabled or not.
    /// * `check`: an object with `faults` (texts; none where all is well), `lock` (`place`, `null`
    ///   where it was not asked since settings or jobs are wrong, and `answers`), `rights` (each with
    ///   `rule` and `granted`), `leaders` (each with `key` and `leader`, a [`Leader`](crate::Leader)
    ///   or `null`) and `settings` (each with `name`, `value` and `place`).
    ///
    /// `list`, `next` and `acl` ask nobody, and what jobs take as [`Data`](crate::Data) need not be
    /// there. `check` leads nothing, writes nothing, and ends within 5 s where nobody answers.
    ///
    /// While it answers, nothing is logged: what is on stdout is the answer, and faults are on
    /// stderr. Tables are as wide as the terminal; elsewhere as wide as `COLUMNS`, or as need be. A
    /// service with a clap parser of its own puts a [`JobsCommand`] there.
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
    /// Those of [`Runtime::run`]. Whatever a command finds is in its exit code: 0 where all is well,
    /// 1 where something that was checked is not, 2 where the settings, the jobs or the command line
    /// are wrong.
    pub async fn main(self) -> Result<ExitCode> {
        match CommandLine::try_parse() {
            Ok(CommandLine { command: None }) => {
                self.run().await?;
                Ok(ExitCode::SUCCESS)
            }
            Ok(CommandLine { command: Some(Command::Jobs(command)) }) => {
                Ok(self.answer(command).await)
            }
            // a help that was asked for comes this way as well
            Err(said) => {
                let code = u8::try_from(said.exit_code()).unwrap_or(WRONG);
                Ok(output::code_of(said.print(), code))
            }
        }
    }

    /// Answers a command that the service's own parser has read; the exit code is as that of
    /// [`Runtime::main`].
    pub async fn answer(self, command: JobsCommand) -> ExitCode {
        self.asked(command.question).with_subscriber(NoSubscriber::default()).await
    }

    async fn asked(self, question: Question) -> ExitCode {
        let now = Due::new(clock::wall());
        match question {
            Question::List { form } => told(self.listed(), |jobs| listing::print(jobs, now, form)),
            Question::Next { number, from, form } => {
                told(self.listed(), |jobs| calendar::print(jobs, from.unwrap_or(now), number, form))
            }
            Question::Check { form } => check::print(&self, form).await,
            Question::Acl => {
                told(self.acl_policy(), |policy| output::text(|_| policy.trim_end().to_owned()))
            }
        }
    }
}

/// What there is to say, where the settings and the jobs are right.
fn told<T>(found: Result<T>, say: impl FnOnce(&T) -> io::Result<()>) -> ExitCode {
    match found {
        Ok(found) => output::code_of(say(&found), 0),
        Err(error) => {
            eprintln!("Error: {error:?}");
            ExitCode::from(WRONG)
        }
    }
}
