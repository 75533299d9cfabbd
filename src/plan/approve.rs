//! What waits for a janitor.

use crate::hint::Hint;
use std::collections::BTreeMap;

use super::scope::{Scope, is_about};
use super::waits::offered;
use super::{Plan, PlanError, World};
use conex_verify::format::key::PublicKey;
use conex_verify::format::name::Id;
use conex_verify::format::resource::Kind;
use conex_verify::words::counted;

/// Plans the vouches, and the signature of a link, that wait for this janitor.
///
/// `world` is seen as if what waits were approved, so that what an author signed
/// for a package that is only now given to them does not wait for janitors too.
/// With `only`, just the packages and ids of these names.
///
/// # Errors
/// The signer is no janitor, or a name in `only` is unknown.
pub fn approve(
    world: &World<'_>,
    signer: &Id,
    key: &PublicKey,
    only: &[String],
) -> Result<Plan, PlanError> {
    approve_some(world, signer, key, &Scope::named(only))
}

/// [`approve`], of what is in `scope`.
///
/// # Errors
/// The signer is no janitor, or a name in `scope` is unknown.
pub fn approve_some(
    world: &World<'_>,
    signer: &Id,
    key: &PublicKey,
    scope: &Scope,
) -> Result<Plan, PlanError> {
    let mut plan = Plan::default();
    let fingerprint = key.fingerprint();
    let is_janitor = world.chain().key_of(signer) == Some(key);
    let may_sign_link = world
        .chain()
        .links()
        .iter()
        .rev()
        .take(2)
        .any(|l| l.value.link.members.get(signer) == Some(key));
    if !is_janitor && !may_sign_link {
        return Err(PlanError::refused(
            format!("`{signer}` is not a janitor of this repository with the key {fingerprint}"),
            Hint::JanitorsApprove,
        ));
    }
    if scope.has_link(world.chain().current().number) {
        sign_link(world, signer, key, &mut plan);
    }
    world.join_links(&mut plan);
    if !is_janitor {
        return Ok(plan);
    }
    let waiting = offered(world, &scope.names, scope.held);
    for id in scope.authors.iter().chain(&scope.ids) {
        world.known_id(id)?;
    }
    for name in &scope.names {
        if !waiting.iter().any(|w| is_about(&w.resource, name)) {
            world.package(name).map(drop).or_else(|unknown| {
                Id::new(name)
                    .ok()
                    .filter(|id| world.knows(id))
                    .map(drop)
                    .ok_or(unknown)
            })?;
        }
    }
    let mut owners: BTreeMap<Id, usize> = BTreeMap::new();
    for item in waiting {
        if !scope.means(world, &item.resource) {
            continue;
        }
        if item.is_vouched_by(world, signer) {
            continue;
        }
        if let Some(left_out) = item.left_out(world, scope.takes(&item.resource)) {
            plan.warnings.push(left_out);
            continue;
        }
        if item.resource.kind == Kind::Checksum {
            let package = item.resource.package();
            let report = package.as_ref().and_then(|name| world.report(name));
            for owner in report.iter().flat_map(|r| &r.owners) {
                *owners.entry(owner.clone()).or_default() += 1;
            }
        }
        plan.vouch(item.resource, item.version);
    }
    owners.remove(signer);
    if !owners.is_empty() {
        let owners: Vec<String> = owners
            .iter()
            .map(|(id, n)| format!("`{id}` ({n})"))
            .collect();
        plan.say(format!(
            "signs releases that their owners did not sign: {}",
            owners.join(", ")
        ));
    }
    Ok(plan)
}

/// Adds the signature that the last link lacks of somebody who may sign it.
pub(super) fn sign_link(world: &World<'_>, signer: &Id, key: &PublicKey, plan: &mut Plan) {
    let chain = world.chain();
    let mut two = chain.links().iter().rev().take(2);
    if !two.any(|l| l.value.link.members.get(signer) == Some(key)) {
        return;
    }
    let number = chain.links().len().saturating_sub(1);
    let last = &chain.last().value;
    let fingerprint = key.fingerprint();
    let signed = last.signatures.iter().any(|(by, _)| *by == fingerprint)
        && chain.signatures(number).signed.contains(signer);
    if signed {
        return;
    }
    plan.link = Some(last.clone());
}

/// Some of a kind, by their names; of many only the first.
pub(super) fn named(kind: Kind, names: &[String]) -> String {
    const SHOWN: usize = 5;
    let what = match kind {
        Kind::Author => "author",
        Kind::Team => "team",
        Kind::Repo => "top-level file set",
        Kind::Claims => "list of claims",
        Kind::Authorisation => "authorisation",
        Kind::Releases => "list of releases",
        Kind::Checksum => "release",
    };
    let shown = names
        .iter()
        .take(SHOWN)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    match names.len() {
        1 => format!("the {what} {shown}"),
        n if n <= SHOWN => format!("{}: {shown}", counted(n, what)),
        n => format!("{}: {shown} and {} more", counted(n, what), n - SHOWN),
    }
}
