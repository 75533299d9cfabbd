//! From a plan to signatures.

use std::collections::BTreeSet;
use std::time::SystemTime;

use super::failure::Failure;
use super::signer::Who;

use crate::plan;
use crate::plan::{Plan, World};
use crate::shell::keys::{Signer as _, log};
use crate::shell::out::sayln;
use crate::shell::report::neutral;
use conex_verify::format::key::Namespace;
use conex_verify::format::name::PackageName;
use conex_verify::format::resource::{Segment, SignedSegment, Timestamp};
use conex_verify::tree::Tree;
use conex_verify::workbench::repository::Loaded;

/// Has the plan signed. Afterwards everything to write is in `plan.writes`.
pub fn sign_plan(plan: &mut Plan, world: &World<'_>, who: &Who) -> Result<(), Failure> {
    let key = who.signer.public().fingerprint();
    for segment in plan.segments(world.chain().identity(), &who.id, &now()) {
        let signature = who
            .signer
            .sign(Namespace::Index, &segment.signed_bytes())
            .map_err(failed)?;
        keep_in_log(&segment);
        plan.add_segment(segment, key, signature);
    }
    if let Some(snapshot) = &plan.snapshot {
        let signature = who
            .signer
            .sign(Namespace::Snapshot, &snapshot.signed_bytes())
            .map_err(failed)?;
        plan.add_snapshot_signature(key, signature);
    }
    sign_link(plan, who)
}

/// Keeps what is signed in the signer's log, before it is in any file.
pub fn keep_in_log(segment: &Segment) {
    if let Err(why) = log::add(segment) {
        sayln!(
            "warning: what is signed is not kept in your log: {}",
            neutral(&why)
        );
    }
}

/// Adds the signature of `who` to the link of the plan, if there is one.
pub fn sign_link(plan: &mut Plan, who: &Who) -> Result<(), Failure> {
    let Some(link) = &plan.link else {
        return Ok(());
    };
    let signature = who
        .signer
        .sign(Namespace::Janitors, &link.signed_bytes())
        .map_err(failed)?;
    plan.add_link_signature(who.signer.public().fingerprint(), signature);
    Ok(())
}

fn failed(error: crate::shell::keys::SignError) -> Failure {
    let hint = error.hint().unwrap_or_default();
    Failure::usage(error, hint)
}

/// The time, as segments carry it.
pub fn now() -> Timestamp {
    let text = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    Timestamp::new(&text).unwrap_or_else(Timestamp::unknown)
}

/// Adds the signer's smaller segments, of these, to what is signed now. Of a part of a tree `more`
/// gives one with the packages that they are about.
///
/// # Errors
/// Those of `more`.
pub fn fold_small(
    world: &World<'_>,
    who: &Who,
    plan: &mut Plan,
    segments: &[(String, Loaded<SignedSegment>)],
    more: impl FnOnce(&BTreeSet<PackageName>) -> Result<Option<Tree>, Failure>,
) -> Result<(), Failure> {
    let key = who.signer.public().fingerprint();
    plan::fold_small(world, &who.id, key, plan, segments, more)
}
