//! Packages and their releases, and who owns them.

use super::*;

pub fn package(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let facts = Facts::of(&branch.tree);
    let mut free: Vec<String> = NAMES.map(str::to_owned).into();
    // A new one, or one that nobody claimed.
    free.retain(|name| facts.packages.get(name).is_none_or(|p| p.0.is_none()));
    let name = branch.people.one(&free).ok_or_else(nobody)?;
    if !facts.packages.contains_key(&name) {
        let text = branch.text();
        branch.put(&opam_path(&format!("{name}.1.0")), text);
        if branch.people.random.once_in(3) {
            return Ok(format!("{name}, claimed by nobody"));
        }
    }
    let authors: Vec<String> = facts.authors.keys().cloned().collect();
    let who = branch.people.one(&authors).ok_or_else(nobody)?;
    branch.sign(&who, std::slice::from_ref(&name))?;
    let how = branch.proposed(&[&name])?;
    Ok(format!("{who} claims {name}{how}"))
}

pub fn some_package(branch: &mut Branch<'_>, facts: &Facts) -> Result<String, Refused> {
    let names: Vec<String> = facts.packages.keys().cloned().collect();
    branch.people.one(&names).ok_or_else(nobody)
}

pub fn release(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let facts = Facts::of(&branch.tree);
    let name = some_package(branch, &facts)?;
    let version = branch.people.random.below(4);
    let release = format!("{name}.1.{version}");
    if facts.packages[&name].1.contains(&release) {
        return Err(nobody());
    }
    let text = branch.text();
    branch.put(&opam_path(&release), text);
    if branch.people.random.once_in(3) {
        let text = branch.text();
        branch.put(&format!("packages/{name}/{release}/files/a.patch"), text);
    }
    branch.changed(&name)?;
    Ok(format!("the release {release}"))
}

pub fn some_release(branch: &mut Branch<'_>) -> Result<(String, String), Refused> {
    let facts = Facts::of(&branch.tree);
    let all = facts.packages.iter();
    let all = all.flat_map(|(name, p)| p.1.iter().map(|r| (name.clone(), r.clone())));
    branch
        .people
        .one(&all.collect::<Vec<_>>())
        .ok_or_else(nobody)
}

pub fn edit(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let (name, release) = some_release(branch)?;
    let text = branch.text();
    branch.put(&opam_path(&release), text);
    branch.changed(&name)?;
    Ok(format!("{release} is edited"))
}

pub fn removal(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let (name, release) = some_release(branch)?;
    let text = branch.tree.get(&opam_path(&release)).map(|b| b.to_vec());
    let text = text.unwrap_or_default();
    branch.remove_below(&format!("packages/{name}/{release}/"));
    branch.changed(&name)?;
    branch.people.removed.push((release.clone(), text));
    Ok(format!("{release} is removed"))
}

pub fn returned(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let removed = branch.people.removed.clone();
    let (release, text) = branch.people.one(&removed).ok_or_else(nobody)?;
    let path = opam_path(&release);
    if branch.tree.get(&path).is_some() {
        return Err(nobody());
    }
    let as_it_was = branch.people.random.once_in(2);
    let text = if as_it_was {
        text
    } else {
        branch.text().into_bytes()
    };
    branch.put(&path, text);
    branch.changed(release.split('.').next().unwrap())?;
    Ok(format!("{release} returns"))
}

pub fn owners(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let facts = Facts::of(&branch.tree);
    let name = some_package(branch, &facts)?;
    let present = facts.packages[&name].0.clone().unwrap_or_default();
    let mut all: Vec<String> = facts.authors.keys().cloned().collect();
    all.extend(facts.teams.keys().cloned());
    all.extend(facts.janitors.iter().cloned());
    let (change, who, instead_of) = match branch.people.random.below(3) {
        0 => (Change::Remove, branch.people.one(&present), None),
        1 => (Change::Add, branch.people.one(&all), None),
        _ => {
            let former = branch.people.one(&present);
            (Change::Add, branch.people.one(&all), former)
        }
    };
    let who = who.ok_or_else(nobody)?;
    branch.unsigned(|world| {
        let request = OwnerChange {
            change,
            id: id(&who),
            instead_of: instead_of.as_deref().map(id),
            packages: Selection::Named(vec![name.clone()]),
        };
        owner(world, &request)
    })?;
    let how = branch.proposed(&[&name])?;
    let instead = instead_of.map(|f| format!(", instead of {f}"));
    Ok(format!(
        "{change:?} the owner {who} of {name}{}{how}",
        instead.unwrap_or_default()
    ))
}
