//! From a tree and what the client knows and trusts to a verdict.

use crate::finding::{Code, Finding, is_refused};
use crate::format::digest::Digest;
use crate::format::path::Place;
use crate::format::state::State;
use crate::proof::{Accepted, Claim, Gap};
use crate::repository::Repository;
use crate::tree::Tree;
use crate::trust::anchors::Client;
use crate::trust::chain::Chain;
use crate::update::{Memory, Registers, follows, forgets, forgotten};
use crate::verify::{
    Assessment, Mode, Pretended, Signatures, asked, assess, explain, read_chain, snapshot,
};

/// Numbers for the last line of a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// All files of the tree whose content was looked at.
    pub files: usize,
    /// Packages that are signed and complete.
    pub signed_packages: usize,
    /// Packages whose name nobody claims.
    pub unsigned_packages: usize,
    /// Packages whose name is claimed and that do not verify.
    pub broken_packages: usize,
    /// All releases.
    pub releases: usize,
    /// Valid authors.
    pub authors: usize,
    /// Valid teams.
    pub teams: usize,
    /// Segments that were found.
    pub segments: usize,
}

/// What a verification says.
#[derive(Debug)]
pub struct Verdict<'r> {
    /// All findings. The tree is accepted if none is an error, and it was proven to be valid.
    pub findings: Vec<Finding>,
    /// Numbers.
    pub summary: Summary,
    /// The state of the tree.
    pub state: &'r State,
    /// What is known, if there is a chain that the anchors lead to.
    pub assessment: Option<Assessment<'r>>,
    /// The proof, if there is one.
    /// How many packages were not judged again.
    pub settled: usize,
    proof: Option<Accepted>,
}

impl Verdict<'_> {
    /// Whether the tree is valid.
    pub fn accepted(&self) -> bool {
        self.proof.is_some() && !is_refused(&self.findings)
    }

    /// Whether the proof was found, whatever the findings say.
    pub fn is_proven(&self) -> bool {
        self.proof.is_some()
    }

    /// The repository identity.
    pub fn identity(&self) -> Option<Digest> {
        self.assessment.as_ref().map(|a| a.chain.identity())
    }
}

/// Verifies a tree of which nothing was known before. `repository` is [`Repository::load`] of
/// the same tree.
pub fn verify<'r>(
    tree: &Tree,
    repository: &'r Repository,
    client: &Client,
    mode: Mode,
) -> Verdict<'r> {
    verify_update(&Known::default(), tree, repository, client, mode)
}

fn count(summary: &mut Summary, repository: &Repository, assessment: &Assessment<'_>) {
    for package in repository.settled.packages().values() {
        summary.releases += package.releases;
        match package.claimed {
            true => summary.signed_packages += 1,
            false => summary.unsigned_packages += 1,
        }
    }
    for package in &assessment.packages {
        summary.releases += package.releases;
        if !package.claimed {
            summary.unsigned_packages += 1;
        } else if package.is_signed() {
            summary.signed_packages += 1;
        } else {
            summary.broken_packages += 1;
        }
    }
    summary.authors = assessment.people.authors.len();
    summary.teams = assessment.people.teams.len();
}

/// How opam takes the new tree over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Load {
    /// It reads all of it.
    #[default]
    Whole,
    /// It applies a patch, and looks again only at what the patch names.
    Patch,
}

/// What a client knows before an update.
#[derive(Debug, Default)]
pub struct Known<'a> {
    /// The tree before, if there is one.
    pub tree: Option<(&'a Tree, &'a Repository)>,
    /// opam's name of the repository.
    pub name: &'a str,
    /// What is remembered: under this name, of any repository; and of this repository, under
    /// any name.
    pub memories: &'a [Memory],
    /// How opam goes from the tree before to the new one.
    pub load: Load,
}

/// Verifies the new tree as a whole, and against what was known before.
pub fn verify_update<'r>(
    known: &Known<'_>,
    tree: &Tree,
    repository: &'r Repository,
    client: &Client,
    mode: Mode,
) -> Verdict<'r> {
    let mut findings = repository.findings.clone();
    let mut verdict = Verdict {
        findings: Vec::new(),
        summary: Summary {
            files: repository.file_count,
            segments: repository.segments.len(),
            ..Summary::default()
        },
        state: &repository.state,
        assessment: None,
        settled: repository.settled.packages().len(),
        proof: None,
    };
    let judged = read_chain(repository).and_then(|chain| {
        let from = chain
            .anchor_link(client)
            .map_err(|fault| vec![explain::anchor_fault(fault)])?;
        if let Some(link) = chain.judge(from, client.quorum()) {
            findings.extend(explain::link_fault(&link, client.quorum()));
        }
        Ok(chain)
    });
    let chain = match judged {
        Ok(chain) => chain,
        Err(errors) => {
            findings.extend(errors);
            verdict.findings = findings.into_vec();
            return verdict;
        }
    };
    let mut assessment = assess(tree, repository, chain, mode, &Pretended::default());
    findings.share(&mut assessment.findings);
    let report = &assessment.snapshot;
    findings.extend(report.findings.iter().cloned());
    let rule = assessment.chain.current().snapshot;
    findings.extend(snapshot::demanded(
        repository,
        rule,
        client.snapshot(),
        report,
    ));
    findings.extend(asked(client, &assessment));
    count(&mut verdict.summary, repository, &assessment);

    let identity = assessment.chain.identity();
    let another = another(known, identity, client);
    let is_another = another.is_some();
    findings.extend(another);
    let recalled = Recalled::of(known, client, &assessment.chain);
    let registers = registers(known, &recalled, client, assessment.chain.digests());
    if let Some(registers) = &registers {
        let mut fell = follows(registers, repository, &assessment, &findings);
        fell.amend(|finding| recalled.explain(finding));
        findings.append(fell);
    }
    let patched = known.tree.filter(|_| known.load == Load::Patch);
    let hidden = patched.map_or(0, |(old, _)| forgets(old, tree, repository).len());
    if let Some((old, _)) = patched {
        findings.extend(forgotten(old, tree, repository));
    }
    let proof = Claim {
        tree,
        repository,
        assessment: &assessment,
        client,
        mode,
        known: registers.as_ref(),
        is_another,
        forgets: hidden,
    }
    .prove();
    verdict.findings = findings.into_vec();
    let refused = is_refused(&verdict.findings);
    verdict.findings.extend(disagreement(&proof, refused));
    verdict.proof = proof.ok();
    verdict.assessment = Some(assessment);
    verdict
}

/// Findings and proof say the same of every tree, or one of the two has a fault.
fn disagreement(proof: &Result<Accepted, Gap>, refused: bool) -> Option<Finding> {
    let (about, fact) = match (proof, refused) {
        (Ok(_), false) | (Err(_), true) => return None,
        (Err(gap), false) => (gap.about.as_str(), gap.rule),
        (Ok(_), true) => ("", "what the errors say"),
    };
    Some(
        Finding::error(
            Code::Disagreement,
            about,
            "findings and proof disagree, so the repository is refused",
        )
        .value("lacking", fact)
        .hint("this is a fault of conex: please report it, with the repository"),
    )
}

/// What is remembered of one repository.
struct Recalled<'a> {
    /// M2: under the name that opam calls it now.
    own: Option<&'a Memory>,
    /// Under other names, where there is nothing under this one: those that are meant by these
    /// anchors, or whose links this chain has. Everybody can copy link 0, and with it the identity.
    others: Vec<&'a Memory>,
}

impl<'a> Recalled<'a> {
    fn of(known: &Known<'a>, client: &Client, chain: &Chain) -> Recalled<'a> {
        let of_identity = |m: &&Memory| m.registers.identity == chain.identity();
        let of_this = |m: &&Memory| m.is_meant_by(client) || m.is_part_of(chain.digests());
        let all = || known.memories.iter().filter(of_identity);
        let own = all().find(|m| m.name == known.name);
        Recalled {
            own,
            others: match own {
                Some(_) => Vec::new(),
                None => all().filter(of_this).collect(),
            },
        }
    }

    /// Of several names, the highest of each register.
    fn registers(&self) -> Option<Registers> {
        let mut all = self.own.into_iter().chain(self.others.iter().copied());
        let mut registers = all.next()?.registers.clone();
        all.for_each(|memory| registers.raise(memory.registers.clone()));
        Some(registers)
    }

    /// Says of a finding that what it compares with was accepted under other names.
    fn explain(&self, finding: &mut Finding) {
        if self.others.is_empty() {
            return;
        }
        let names: Vec<&str> = self.others.iter().map(|m| m.name.as_str()).collect();
        finding
            .values
            .push(("accepted as".to_owned(), names.join(", ")));
        finding.hint.push_str(
            "; if you want an older copy under this name, give the hook of another opam root a --state-dir of its own",
        );
    }
}

/// The highest of each register in the memory and in the tree before. Of a tree whose chain
/// contradicts what is remembered nothing counts: nobody verified it.
fn registers(
    known: &Known<'_>,
    recalled: &Recalled<'_>,
    client: &Client,
    new: &[Digest],
) -> Option<Registers> {
    let learnt = |(_, repository): &(&Tree, &Repository)| {
        // Of a tree that is the one that was accepted last.
        !recalled.own.is_some_and(|memory| memory.is_of(repository))
    };
    let before = known
        .tree
        .filter(learnt)
        .and_then(|(tree, repository)| Before::of(tree, repository, client));
    match (recalled.registers(), before) {
        // Another repository than the one that opam holds.
        (Some(memory), Some(before)) if before.registers.identity != memory.identity => {
            Some(before.registers)
        }
        (Some(mut memory), Some(before)) => {
            if memory.shares_history(&before.links, new) {
                memory.raise(before.registers);
            }
            Some(memory)
        }
        (memory, before) => memory.or(before.map(|before| before.registers)),
    }
}

/// M3: the finding if another repository was accepted under this name, and these anchors are for
/// that one: they share with its anchors as many keys as the lower of the two quorums. A
/// pinned link is of one repository, so whoever pins one means that.
fn another(known: &Known<'_>, identity: Digest, client: &Client) -> Option<Finding> {
    let mut own = known.memories.iter().filter(|m| m.name == known.name);
    if client.anchors().link.is_some() || own.clone().any(|m| m.registers.identity == identity) {
        return None;
    }
    let other = own.find(|memory| memory.is_meant_by(client))?;
    Some(
        Finding::error(
            Code::OtherRepository,
            Place::Link(0).path(),
            format!(
                "`{}` was another repository before, of the same janitors",
                known.name
            ),
        )
        .value("before", other.registers.identity)
        .value("now", identity)
        .hint("if its maintainers started it anew, take their new anchors, with `link=…`, from where they publish them"),
    )
}

/// What the tree before proves.
struct Before {
    /// The digests of its links.
    links: Vec<Digest>,
    registers: Registers,
}

impl Before {
    /// The tree may be half-applied or damaged, so only what is valid in it counts, and nothing
    /// at all if its chain does not lead to the anchors.
    fn of(tree: &Tree, repository: &Repository, client: &Client) -> Option<Before> {
        let chain = read_chain(repository).ok()?;
        let from = chain.anchor_link(client).ok()?;
        if chain.judge(from, 0).is_some() {
            return None;
        }
        let as_evidence = Pretended {
            signatures: Signatures::Evidence,
            ..Pretended::default()
        };
        let assessment = assess(tree, repository, chain, Mode::NoStrict, &as_evidence);
        Some(Before {
            links: assessment.chain.digests().to_vec(),
            registers: Registers::of(repository, &assessment),
        })
    }
}
