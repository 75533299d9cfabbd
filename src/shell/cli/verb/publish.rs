//! `conex publish`.

mod archive;
pub mod place;

use std::path::{Path, PathBuf};

use clap::Args;

use self::place::Place;
use crate::check::portable;
use crate::plan::obstacle::{before_snapshot, leftovers};
use crate::plan::{self, MakeSnapshot, Plan, Unchanged, View, World};
use crate::shell::cli::complete::{Completes, Source};
use crate::shell::cli::confirm::agreed;
use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::form;
use crate::shell::cli::options::{ListFormat, Listing, Signing};
use crate::shell::cli::page::Page;
use crate::shell::cli::signer::{places, signer_in, somebody};
use crate::shell::cli::signing::{now, sign_plan};
use crate::shell::keys::Signer as _;
use crate::shell::out::sayln;
use crate::shell::write::{WORK_TREE, write};
use conex_verify::finding::{Finding, Severity};
use conex_verify::format::path;
use conex_verify::format::resource::{Decode as _, Revision, SignedSnapshot};
use conex_verify::hint;
use conex_verify::tree::Tree;
use conex_verify::workbench::published::{Form, form_of, shorten};
use conex_verify::workbench::repository::Repository;
use conex_verify::{Outcome, Policy, Request, Subject, verify};

/// Arguments of `publish`.
#[derive(Debug, Args)]
pub struct PublishArgs {
    /// Publish to this directory, which a web server hands out, with `index.tar.gz` in it
    #[arg(long, value_name = "DIR", required_unless_present = "branch", add = Completes::DIRECTORY)]
    pub to: Option<PathBuf>,
    /// Publish what is merged into one branch to another, which clients follow: both as REMOTE/BRANCH
    #[arg(
        long,
        num_args = 2,
        value_names = ["SOURCE", "PUBLISHED"],
        conflicts_with = "to",
        add = Completes(&[Source::RemoteBranches])
    )]
    pub branch: Option<Vec<String>>,
    /// What clients trust, kept outside of the repository: here the repository is not believed
    #[arg(long, value_name = "ANCHORS", add = Completes::NOTHING)]
    pub anchors: String,
    /// How many anchors must agree [default: what the anchors say]
    #[arg(long, value_name = "N", add = Completes::NOTHING)]
    pub quorum: Option<usize>,
    /// Clients let packages through whose names no quorum claims
    #[arg(long)]
    pub nostrict: bool,
    /// Make no snapshot: only where clients ask for none
    #[arg(long)]
    pub no_snapshot: bool,
    /// Publish the files that people work on as they are, without bundles: for small repositories
    #[arg(long)]
    pub working_form: bool,
    /// Change the form of what is published already; users have to fetch it anew then
    #[arg(long)]
    pub new_form: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub listing: Listing,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub signing: Signing,
}

/// Runs `conex publish`.
pub fn run(root: &Path, args: &PublishArgs) -> Result<Exit, Failure> {
    let policy = Policy::new(&args.anchors, args.quorum).map_err(|e| {
        Failure::usage(
            e,
            "give the anchors that your users have, kept outside of the repository",
        )
    })?;
    let policy = if args.nostrict {
        policy.nostrict()
    } else {
        policy
    };
    let place = Place::open(root, args.to.as_deref(), args.branch.as_deref())?;
    let source = form::working(place.source()?, &place.source_name())?;
    let publication = Publication {
        root,
        policy: &policy,
        form: match args.working_form {
            true => Form::Working,
            false => Form::Published,
        },
        new_form: args.new_form,
        snapshot: !args.no_snapshot,
        format: args.listing.format,
        signing: &args.signing,
        kept_in: None,
    };
    publication.of(source, &place)?;
    Ok(Exit::Success)
}

/// How a tree of people becomes what clients follow.
pub struct Publication<'a> {
    /// Where the configuration of whoever signs is looked for.
    pub root: &'a Path,
    /// What clients trust.
    pub policy: &'a Policy,
    /// The form of what is published.
    pub form: Form,
    /// Whether that may be another one than before.
    pub new_form: bool,
    /// Whether a snapshot is made.
    pub snapshot: bool,
    /// How what stands in the way is listed.
    pub format: ListFormat,
    /// Who signs.
    pub signing: &'a Signing,
    /// The directory that keeps the last snapshot, from which the next one goes on where what was
    /// published is lost or older; the source has it then. Nothing where the source is what people
    /// merge.
    pub kept_in: Option<&'a Path>,
}

impl Publication<'_> {
    /// Publishes a tree, unless it is so already, or whoever signs says no.
    ///
    /// # Errors
    /// Clients would refuse it, or it cannot be written.
    pub fn of(&self, source: Tree, place: &Place) -> Result<(), Failure> {
        let before = place.before(self.form)?;
        // Without a published state that can be read, nobody knows which counter comes next.
        let known = before.clone().map(form::either).transpose()?;
        let changes_form = before
            .as_ref()
            .is_some_and(|tree| form_of(tree) != self.form);
        if changes_form && !self.new_form {
            return Err(other_form(place, self.form));
        }
        let next = match (self.kept_in, &known) {
            (Some(_), Some(known)) if made(&source) > made(known) => source,
            _ => with_snapshot_of(source, known.as_ref()),
        };
        let same_form = before.as_ref().filter(|_| !changes_form);
        let Some(next) = self.stated(next, same_form)? else {
            return Ok(());
        };
        let published = in_form(&next, self.form)?;
        self.accepted(&published, before.as_ref())?;
        let path = path::Place::Snapshot.path();
        if let (Some(dir), Some(snapshot)) = (self.kept_in, next.get(&path)) {
            write(dir, &path, snapshot, WORK_TREE).map_err(|e| Failure::usage(e, ""))?;
        }
        let Some(changed) = place.write(&published)? else {
            sayln!("Nothing to publish: it is so already.");
            return Ok(());
        };
        sayln!("Published in {}: {changed}.", place.name());
        if changes_form {
            sayln!("The form is another one; {}", hint::FETCH_ANEW);
        }
        Ok(())
    }

    /// The tree with a snapshot that states what is in it; nothing if nobody wants that. `before` is what
    /// was published in the same form.
    fn stated(&self, next: Tree, before: Option<&Tree>) -> Result<Option<Tree>, Failure> {
        let repository = Repository::load(&next);
        let world = World::look(&next, &repository, View::Supported)?;
        let obstacles = before_snapshot(&world);
        if !obstacles.is_empty() {
            let message = "nothing is published that no client accepts";
            return Err(Failure::listed(message, obstacles, self.format));
        }
        let mut warnings = leftovers(&next);
        // What another form takes is told as a whole.
        if let Some(before) = before {
            let after = in_form(&next, self.form)?;
            warnings.extend(portable(before, &after).into_iter().map(|finding| Finding {
                severity: Severity::Warning,
                ..finding
            }));
        }
        if !self.snapshot {
            let plan = Plan {
                warnings,
                ..Plan::default()
            };
            if !agreed(&plan, self.signing.consent, None)? {
                return Ok(None);
            }
            let mut bare = next.clone();
            bare.files.remove(&path::Place::Snapshot.path());
            return Ok(Some(bare));
        }
        let places = places(self.root)?;
        let id = signer_in(self.signing, &world, &places)?;
        let who = somebody(self.signing, id, &world, &places)?;
        let request = MakeSnapshot {
            signer: who.id.clone(),
            key: who.signer.public().clone(),
            created: now(),
            unchanged: Unchanged::Keep,
        };
        let mut plan = plan::snapshot(&world, repository.state.clone(), &request)?;
        plan.warnings.extend(warnings);
        if plan.is_empty() && !self.signing.consent.dry_run {
            return Ok(Some(next.clone()));
        }
        if !agreed(&plan, self.signing.consent, Some(&who))? {
            return Ok(None);
        }
        sign_plan(&mut plan, &world, &who)?;
        Ok(Some(plan.apply(&next)))
    }

    /// What is about to be published, judged as a client does that has what was published before.
    fn accepted(&self, published: &Tree, before: Option<&Tree>) -> Result<(), Failure> {
        let outcome = verify(&Request {
            policy: self.policy,
            name: "published",
            subject: Subject::Whole {
                tree: published,
                before,
            },
            memories: &(),
        });
        match outcome.map_err(|e| Failure::usage(e, ""))? {
            Outcome::Rejected(report) => Err(Failure::listed(
                "nothing is published that clients refuse",
                report.findings,
                self.format,
            )),
            _ => Ok(()),
        }
    }
}

/// Refuses to change the form of what clients follow.
fn other_form(place: &Place, form: Form) -> Failure {
    let (has, to, same) = match form {
        Form::Published => ("each file of signatures by itself", "bundles", "add"),
        Form::Working => (
            "all signatures in bundles",
            "files of their own",
            "leave out",
        ),
    };
    Failure::refused(
        format!(
            "{} has {has}, and opam 2.6 over http cannot follow to {to}",
            place.name()
        ),
        format!(
            "{same} --working-form to keep the form, or publish to another place; or take --new-form, and tell your users what is printed then"
        ),
    )
}

/// The tree of people in the form that clients get.
fn in_form(tree: &Tree, form: Form) -> Result<Tree, Failure> {
    match form {
        Form::Working => Ok(tree.clone()),
        Form::Published => shorten(tree).map_err(|e| Failure::refused(e, "")),
    }
}

/// Which snapshot a tree has; `None` without one that can be read.
fn made(tree: &Tree) -> Option<Revision> {
    let snapshot = SignedSnapshot::decode(tree.get(&path::Place::Snapshot.path())?);
    snapshot.ok().map(|signed| signed.snapshot.revision)
}

/// The tree of people, with the snapshot that is published: its counter goes on from there, and
/// never from one that came along with a merge. Where nothing was published yet, it goes on from what
/// people have: clients may have followed these.
fn with_snapshot_of(mut source: Tree, published: Option<&Tree>) -> Tree {
    let path = path::Place::Snapshot.path();
    if let Some(published) = published {
        match published.get(&path) {
            Some(snapshot) => source.files.insert(path, snapshot.clone()),
            None => source.files.remove(&path),
        };
    }
    source
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[Page {
    verb: "publish",
    policy: "makes what clients follow of what people work on: the state under a snapshot that goes on from the \
published one, in the published form, which has few and short files, or with --working-form as people have it. The whole is judged as clients judge it, by the \
anchors that are given, before anything is written; where they would refuse it, nothing is. The snapshot is shown, and \
signed as a notary, after a question. A branch is pushed only if nobody else published meanwhile, and a directory gets \
its `index.tar.gz` last. The work tree, the index and the branches of this clone are not touched.",
    exit: "0 published, or nothing to do; 1 refused; 2 usage or environment",
    examples: &[
        "conex publish --to ../www --anchors \"$ANCHORS\"",
        "conex publish --branch origin/main origin/published --anchors \"$ANCHORS\" --yes",
        "conex publish --working-form --to ../www --anchors \"$ANCHORS\" --as publisher",
    ],
}];
