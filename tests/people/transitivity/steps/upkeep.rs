//! What keeps a repository in order: epochs, what is superseded, declined, folded and deleted.

use super::*;

pub fn new_epoch(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let facts = Facts::of(&branch.tree);
    let mut names: Vec<String> = vec!["repo".to_owned(), "claims".to_owned()];
    names.extend(facts.packages.keys().cloned());
    names.extend(facts.packages.keys().cloned());
    names.extend(facts.authors.keys().cloned());
    names.extend(facts.teams.keys().cloned());
    let name = branch.people.one(&names).ok_or_else(nobody)?;
    let owners = branch.people.random.once_in(3);
    branch.unsigned(|world| {
        let request = Epoch {
            names: vec![name.clone()],
            owners,
        };
        epoch(world, &request)
    })?;
    let how = branch.proposed(&[&name])?;
    Ok(format!(
        "a new epoch of {name}{}{how}",
        if owners { " (owners)" } else { "" }
    ))
}

/// A version above what was signed in branches that nobody merged, or above a number.
pub fn above(branch: &mut Branch<'_>) -> Result<String, Refused> {
    if branch.people.random.below(3) > 0 {
        in_vain(branch)?;
    }
    let mut signers: Vec<String> = branch.people.logs.keys().cloned().collect();
    let repository = Repository::load(&branch.tree);
    let (who, resource) = loop {
        let who = branch.people.one(&signers).ok_or_else(nobody)?;
        signers.retain(|other| *other != who);
        // What was signed and is not there, and is not below what is.
        let log = &branch.people.logs[&who];
        let is_elsewhere = |resource: &&ResourceId| {
            let present = repository.version_of(resource);
            let mut others = log[resource].iter().filter(|v| Some(**v) != present);
            others.any(|v| present.is_none_or(|p| v.revision >= p.revision))
        };
        let resources: Vec<ResourceId> = log.keys().filter(is_elsewhere).cloned().collect();
        if let Some(resource) = branch.people.one(&resources) {
            break (who, resource);
        }
    };
    let mut dead = branch.people.logs[&who].clone();
    // The own log, or what all of them signed.
    if branch.people.random.once_in(2) {
        for log in branch.people.logs.values() {
            for (resource, versions) in log {
                dead.entry(resource.clone()).or_default().extend(versions);
            }
        }
    }
    let name = match resource.kind {
        Of::Repo | Of::Claims => resource.name.to_string(),
        kind => format!("{}:{}", kind.as_str(), resource.name),
    };
    let above = branch.people.random.below(3) == 0;
    let above = above.then(|| branch.people.random.below(6));
    branch.signed(View::AsIfApproved, &who, |world, id, key, _| {
        let above = above.map(|counter| {
            let open = world.open_epoch(&resource);
            crate::world::at(open, u64::try_from(counter).unwrap())
        });
        let request = Supersede {
            signer: id.clone(),
            key: key.clone(),
            names: vec![name.clone()],
            dead,
            above,
        };
        supersede(world, &request)
    })?;
    let package = resource.package();
    let about = match &package {
        Some(package) => package.as_str(),
        None => &resource.name,
    };
    let how = branch.proposed(&[about])?;
    Ok(format!("{who} supersedes the {resource}{how}"))
}

/// Somebody signs in a branch that nobody merges.
pub fn in_vain(branch: &mut Branch<'_>) -> Result<(), Refused> {
    let before = branch.tree.clone();
    let signed = match branch.people.random.below(3) {
        0 => packages::removal(branch),
        _ => packages::edit(branch),
    };
    branch.tree = before;
    signed.map(drop)
}

/// The ids and the packages that could wait for a first approval.
pub fn waiting(branch: &mut Branch<'_>) -> Result<Vec<String>, Refused> {
    branch.look(View::Supported, |world, _| {
        let waits = |resource: &ResourceId| {
            let standing = world.standing(resource);
            standing.is_some_and(|s| !s.is_valid())
        };
        let ids = world.repository.ids.iter();
        let ids = ids.filter_map(|(id, slot)| Some((id, slot.good()?.value.resource_id())));
        let ids = ids.filter(|(_, resource)| waits(resource));
        let ids = ids.map(|(id, _)| id.as_str().to_owned());
        let names = world.repository.packages.keys();
        let names = names.filter(|name| waits(&ResourceId::authorisation(name)));
        Ok(ids.chain(names.map(|n| n.as_str().to_owned())).collect())
    })
}

pub fn declined(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let mut names = waiting(branch)?;
    while let Some(name) = branch.people.one(&names) {
        names.retain(|n| *n != name);
        let plan = branch.look(View::Supported, |world, _| {
            decline(world, std::slice::from_ref(&name), |_| true)
        });
        if let Ok(plan) = plan {
            branch.tree = plan.apply(&branch.tree);
            return Ok(format!("{name} is declined"));
        }
    }
    Err(nobody())
}

/// Somebody takes back what waits, with git: a package as a whole, for where a part of a directory
/// goes C14 refuses it.
pub fn withdrawn(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let names = waiting(branch)?;
    let name = branch.people.one(&names).ok_or_else(nobody)?;
    let facts = Facts::of(&branch.tree);
    if facts.packages.contains_key(&name) {
        branch.remove_below(&format!("packages/{name}/"));
    } else {
        branch.tree.files.remove(&Place::IdFile(id(&name)).path());
        branch.remove_below(&format!("packages/.conex/index/{name}/"));
    }
    Ok(format!("{name} is taken back"))
}

pub fn fold(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let facts = Facts::of(&branch.tree);
    let mut all = facts.janitors.clone();
    all.extend(facts.authors.keys().cloned());
    let who = branch.people.one(&all).ok_or_else(nobody)?;
    branch.signed(View::Supported, &who, |world, id, key, _| {
        let request = Compact {
            id: id.clone(),
            key: key.clone(),
        };
        compact(world, &request)
    })?;
    Ok(format!("{who} folds their segments"))
}

/// All dead segments, or some of them, are deleted.
pub fn dead(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let mut plan = branch.look(View::Supported, |world, _| Ok(delete_dead(world)))?;
    if branch.people.random.once_in(3) {
        let random = &mut branch.people.random;
        plan.removes.retain(|_| random.once_in(2));
    }
    branch.tree = plan.apply(&branch.tree);
    Ok(format!("{} dead segments go", plan.removes.len()))
}

pub fn top_level(branch: &mut Branch<'_>) -> Result<String, Refused> {
    branch.people.serial += 1;
    let text = format!(
        "opam-version: \"2.0\"\nbrowse: \"https://example.org/{}\"\n",
        branch.people.serial
    );
    branch.put("repo", text);
    let facts = Facts::of(&branch.tree);
    let who = branch.people.one(&facts.janitors).ok_or_else(nobody)?;
    // What a janitor signs without naming a package proposes what is at the top.
    branch.sign(&who, &[])?;
    let how = branch.proposed(&["repo"])?;
    Ok(format!("the file repo is edited{how}"))
}

/// Segments of anybody are deleted; `check` knows which may go.
pub fn strip(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let paths = branch.tree.below("packages/.conex/index/");
    let paths: Vec<String> = paths.map(|(path, _)| path.to_owned()).collect();
    let path = branch.people.one(&paths).ok_or_else(nobody)?;
    branch.tree.files.remove(&path);
    Ok(format!("{path} is deleted"))
}
