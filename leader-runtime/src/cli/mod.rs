//! The command line of a service: it answers a question about its jobs, or runs them.

mod calendar;
mod listing;
mod output;
mod table;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use leader_core::Due;
use tracing::instrument::WithSubscriber as _;
use tracing::subscriber::NoSubscriber;

use self::output::{Form, Output};
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
}

/// Feature `cli`.
impl Runtime {
    /// The whole of a service's `main`: runs it as [`Runtime::run`] does; or, where the command line
    /// asks for it, answers instead, and runs nothing:
    ///
    /// | command | |
    /// |---|---|
    /// | `jobs list` | every job, and when it is due next |
    /// | `jobs next [N] [--from INSTANT]` | each job's next due instants: 5, or 1 to 10000 |
    ///
    /// With `--json` they print an array of objects. Of `list`, each has `name`, `key`, `schedule`,
    /// `zone`, `description`, `next`, `enabled` and `place`; `key` with the prefix of the settings,
    /// `zone` of a `cron` alone and else `null`, `next` in RFC 3339 or, where no instant is known
    /// (`after`, `while_leading`), `null`. Of `next`, each has a `name` and an instant, `due`, in
    /// the order of the list; a job whose instants are not known has none there. Instants are those
    /// of the schedule, whether the job is enabled or not.
    ///
    /// While it answers, nothing is logged: what is on stdout is the answer. A service with a clap
    /// parser of its own puts a [`JobsCommand`] there.
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
            Err(said) => Ok(Output::code_of(said.print(), said.exit_code())),
        }
    }

    /// Answers a command that the service's own parser has read; the exit code is as that of
    /// [`Runtime::main`].
    pub async fn answer(self, command: JobsCommand) -> ExitCode {
        self.asked(command.question).with_subscriber(NoSubscriber::default()).await
    }

    async fn asked(self, question: Question) -> ExitCode {
        let jobs = match self.listed() {
            Ok(jobs) => jobs,
            Err(error) => {
                eprintln!("Error: {error:?}");
                return ExitCode::from(WRONG);
            }
        };
        let now = Due::new(clock::wall());
        match question {
            Question::List { form } => listing::print(&jobs, now, form),
            Question::Next { number, from, form } => {
                calendar::print(&jobs, from.unwrap_or(now), number, form)
            }
        }
    }
}
