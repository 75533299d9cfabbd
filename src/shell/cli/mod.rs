//! The command line: what was typed becomes a request, a request a plan or a
//! verdict, and that becomes output and an exit status.

mod age;
mod args;
mod ask;
mod check;
mod claims;
mod compare;
mod decline;
mod detached;
mod diff;
mod enable;
mod failure;
mod finish;
mod help;
mod key;
mod paths;
mod people;
mod rotate;
mod rule;
mod shells;
mod signature;
mod snapshot;
mod status;
mod supersede;
mod todo;
mod verify;
mod work;

use clap::FromArgMatches as _;

pub use args::Cli;
pub use failure::{Exit, Failure};
pub use help::command;

use crate::shell::progress;
use args::{Command, Format};

/// The most threads: beyond a few, reading and checking a repository gains nothing.
const MOST_THREADS: usize = 8;

/// Runs `work` with threads for everything that is computed in parallel, whatever the
/// environment says of their number. Where none can be made (a process limit, a
/// sandbox) the main thread does it all.
fn with_threads<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let n = std::thread::available_parallelism().map_or(1, |n| n.get().min(MOST_THREADS));
    let pool = rayon::ThreadPoolBuilder::new;
    match pool().num_threads(n).build() {
        Ok(pool) => pool.install(work),
        Err(_) => {
            let _ = pool().num_threads(1).use_current_thread().build_global();
            work()
        }
    }
}

/// Runs the command that the arguments of the process name.
pub fn main() -> Exit {
    let typed = command()
        .try_get_matches()
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match typed {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors, and go to standard output.
            let _ = error.print();
            return if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Success
            };
        }
    };
    with_threads(|| match run(&cli) {
        Ok(exit) => exit,
        Err(failure) => failure.report(),
    })
}

/// Whether somebody may watch how far the work is. opam draws on its own line while the
/// hook runs, and a program that reads JSON shows progress in its own way.
fn is_watched(command: &Command) -> bool {
    match command {
        Command::Verify(args) => args.repo.is_empty() && args.format == Format::Human,
        Command::Status(args) => args.format == Format::Human,
        Command::Compare(args) => args.format == Format::Human,
        _ => true,
    }
}

fn run(cli: &Cli) -> Result<Exit, Failure> {
    if is_watched(&cli.command) {
        progress::enable();
    }
    match &cli.command {
        Command::Verify(args) => verify::run(args),
        Command::Key(args) => key::run(cli, args),
        Command::Status(args) => status::run(cli, args),
        Command::Anchors(args) => status::anchors(cli, args),
        Command::Init(args) => work::init(cli, args),
        Command::Join(args) => work::join(cli, args),
        Command::Owner(args) => people::owner(cli, args),
        Command::Team(args) => people::team(cli, args),
        Command::Janitor(args) => people::janitor(cli, args),
        Command::Rotate(args) => rotate::rotate(cli, args),
        Command::Revoke(args) => people::revoke(cli, args),
        Command::Epoch(args) => people::epoch(cli, args),
        Command::Claims(args) => claims::run(cli, args),
        Command::Decline(args) => decline::run(cli, args),
        Command::Supersede(args) => supersede::run(cli, args),
        Command::Approve(args) => work::approve(cli, args),
        Command::Sign(args) => work::sign(cli, args),
        Command::Check(args) => check::run(cli, args),
        Command::Snapshot(args) => snapshot::run(cli, args),
        Command::Compare(args) => compare::run(args),
        Command::Compact(args) => work::compact(cli, args),
        Command::Enable(args) => enable::run(cli, args),
        Command::Disable(args) => enable::disable(args),
        Command::Explain(args) => verify::explain(args),
        Command::Signature(args) => signature::run(cli, args),
        Command::Completions(args) => shells::completions(args),
        Command::Man(args) => shells::man(args),
    }
}
