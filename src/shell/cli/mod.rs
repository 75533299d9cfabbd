//! The command line: what was typed becomes a request, a request a plan or a
//! verdict, and that becomes output and an exit status.

mod age;
mod branch;
mod changes;
mod command;
mod commit;
mod complete;
mod confirm;
mod diff;
mod failure;
mod finish;
mod form;
mod help;
mod limits;
mod older;
mod opam_root;
mod options;
mod page;
mod part;
mod published;
mod signer;
mod signing;
mod todo;
mod verb;
mod workspace;

use std::path::Path;

use clap::FromArgMatches as _;

pub use command::Cli;
pub use failure::{Exit, Failure};
pub use help::command as command_line;

use crate::shell::{out, progress};
use command::Command;
use options::Format;
use verb::*;

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
    let typed = command_line()
        .try_get_matches()
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match typed {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors, and go to standard output.
            let printed = error.print();
            if error.use_stderr() {
                return Exit::Usage;
            }
            out::noted(printed);
            return written(Exit::Success);
        }
    };
    // Threads could do what the thread that judges has given up.
    let ready = match &cli.command {
        Command::Verify(args) => Some(verify::ready(args)),
        _ => None,
    };
    written(with_threads(|| match run(&cli, ready) {
        Ok(exit) => exit,
        Err(failure) => failure.report(),
    }))
}

/// How a command ends that ended so, and printed what is of no use unless all of it went out.
fn written(exit: Exit) -> Exit {
    match (exit, out::finished()) {
        (Exit::Success, Err(why)) => {
            let message = format!("standard output cannot be written: {why}");
            Failure::usage(message, "what was to be printed is not complete").report()
        }
        _ => exit,
    }
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

fn run(cli: &Cli, ready: Option<Result<verify::Ready, Failure>>) -> Result<Exit, Failure> {
    if is_watched(&cli.command) {
        progress::enable();
    }
    let named = cli.directory.as_deref();
    let root = workspace::directory(named);
    let root = root.as_path();
    run_in(root, named, cli, ready).map_err(|failure| older::named(failure, root))
}

fn run_in(
    root: &Path,
    named: Option<&Path>,
    cli: &Cli,
    ready: Option<Result<verify::Ready, Failure>>,
) -> Result<Exit, Failure> {
    match &cli.command {
        Command::Verify(args) => verify::run(args, ready.unwrap_or_else(|| verify::ready(args))),
        Command::Key(args) => key::run(root, args),
        Command::Status(args) => status::run(root, args),
        Command::Anchors(args) => anchors::run(root, args),
        Command::Init(args) => init::run(root, args),
        Command::Bootstrap(args) => bootstrap::run(root, args),
        Command::Join(args) => join::run(root, args),
        Command::Owner(args) => owner::run(root, args),
        Command::Team(args) => team::run(root, args),
        Command::Janitor(args) => janitor::run(root, args),
        Command::Rotate(args) => rotate::run(root, args),
        Command::Revoke(args) => revoke::run(root, args),
        Command::Epoch(args) => epoch::run(root, args),
        Command::Claims(args) => claims::run(root, args),
        Command::Decline(args) => decline::run(root, args),
        Command::Supersede(args) => supersede::run(root, args),
        Command::Approve(args) => approve::run(root, args),
        Command::Sign(args) => sign::run(root, args),
        Command::Check(args) => check::run(named, args),
        Command::Snapshot(args) => snapshot::run(root, args),
        Command::Publish(args) => publish::run(root, args),
        Command::Mirror(args) => mirror::run(root, args),
        Command::Compare(args) => compare::run(args),
        Command::Report(args) => report::run(root, args),
        Command::Compact(args) => compact::run(root, args),
        Command::Enable(args) => enable::run(named, args),
        Command::Disable(args) => disable::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Signature(args) => signature::run(root, args),
        Command::Own(args) => own::run(args),
        Command::Completions(args) => completions::run(command_line(), args),
        Command::Man(args) => man::run(command_line(), help::page, help::ENVIRONMENT, args),
    }
}
