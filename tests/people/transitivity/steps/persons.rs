//! Authors, teams and janitors: who comes, who goes, and with which key.

use super::*;
use conex::plan::Retire;

pub fn new_author(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let facts = Facts::of(&branch.tree);
    let mut free: Vec<String> = NEWCOMERS.map(str::to_owned).into();
    free.extend(facts.janitors.iter().cloned());
    free.extend(facts.former.iter().cloned());
    free.retain(|who| !facts.authors.contains_key(who));
    let who = branch.people.one(&free).ok_or_else(nobody)?;
    let of_chain = branch.look(View::AsIfApproved, |world, people| {
        let former = world.chain().links().iter().rev();
        let key = former
            .filter_map(|l| l.value.link.members.get(&id(&who)))
            .next();
        Ok(key.and_then(|key| people.private_of(&who, key)))
    })?;
    let mut keys = vec![of_chain.unwrap_or_else(|| branch.people.new_key(&who))];
    let is_janitor = facts.janitors.contains(&who) || facts.former.contains(&who);
    if !is_janitor && branch.people.random.once_in(4) {
        keys.push(branch.people.new_key(&who));
    }
    let mut listed: Vec<PublicKey> = keys.iter().map(|k| k.public().clone()).collect();
    listed.sort_by_key(ToString::to_string);
    branch.signed_with(
        View::AsIfApproved,
        &who,
        Some(&keys[0]),
        |world, id, _, _| {
            join(
                world,
                &Join {
                    id: id.clone(),
                    keys: listed,
                    accounts: BTreeSet::new(),
                },
            )
        },
    )?;
    let how = branch.proposed(&[&who])?;
    Ok(format!("{who} joins{how}"))
}

/// An author gets a key, beside the others or after all were taken.
pub fn new_key(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let facts = Facts::of(&branch.tree);
    let authors: Vec<String> = facts.authors.keys().cloned().collect();
    let who = branch.people.one(&authors).ok_or_else(nobody)?;
    let key = branch.people.new_key(&who);
    let author = branch.look(View::AsIfApproved, |world, _| {
        let Some(IdFile::Author(old)) = world.id_file(&id(&who)) else {
            return Err(PlanError::refused("no author", ""));
        };
        let mut keys = old.keys.clone();
        keys.push(key.public().clone());
        keys.sort_by_key(ToString::to_string);
        let resource = ResourceId::id(Of::Author, &old.id);
        Ok(Author {
            revision: world.next_revision(&resource, Some(old.revision))?,
            keys,
            ..old.clone()
        })
    })?;
    branch.put(&author.resource_id().path(), author.encode());
    let proves = branch.people.random.below(4) > 0;
    if proves {
        branch.signed_with(
            View::AsIfApproved,
            &who,
            Some(&key),
            |world, id, key, log| sign(world, &request(id, key, &[], log)),
        )?;
    }
    let how = branch.proposed(&[&who])?;
    Ok(format!(
        "{who} gets key {} beside {}{}{how}",
        key.public().fingerprint().short(),
        author.keys.len() - 1,
        if proves { "" } else { ", not proven" }
    ))
}

/// As `conex rotate` does it.
pub fn rotate(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let facts = Facts::of(&branch.tree);
    let mut all = facts.janitors.clone();
    all.extend(facts.authors.keys().cloned());
    let who = branch.people.one(&all).ok_or_else(nobody)?;
    let key = branch.people.new_key(&who);
    let one = branch.people.random.once_in(2);
    let with_old = branch.people.random.below(4) > 0;
    let before = branch.tree.clone();
    let (mut plan, old) = branch.look(View::AsIfApproved, |world, people| {
        let who = id(&who);
        let old = people.key_of(world, who.as_str());
        let add = Some(key.public().clone());
        let Some(in_chain) = world.chain().key_of(&who) else {
            let retire = old.iter().filter(|_| one);
            let retire: Vec<_> = retire.map(|k| k.public().fingerprint()).collect();
            let retire = Retire::these_or_all(&retire);
            let change = KeyChange {
                id: who,
                retire,
                add,
            };
            return Ok((change_keys(world, &change)?, None));
        };
        let change = JanitorChange {
            add: vec![(who.clone(), key.public().clone())],
            ..JanitorChange::default()
        };
        let mut plan = janitor(world, &change)?;
        if let Some(IdFile::Author(author)) = world.id_file(&who)
            && author.keys.contains(in_chain)
        {
            let change = KeyChange {
                id: who,
                retire: Retire::These(vec![in_chain.fingerprint()]),
                add,
            };
            plan.merge(change_keys(world, &change)?);
        }
        Ok((plan, old))
    })?;
    branch.tree = plan.apply(&before);
    let then = branch.look(View::AsIfApproved, |world, people| {
        let who = id(&who);
        if world.chain().key_of(&who) == Some(key.public()) {
            plan.merge(approve(world, &who, key.public(), &[])?);
        }
        let log = people.logs.get(who.as_str()).cloned().unwrap_or_default();
        plan.merge(sign(world, &request(&who, key.public(), &[], &log))?);
        people.seal(&mut plan, world, who.as_str(), &key);
        if let Some(old) = old.filter(|_| with_old) {
            people.sign_link(&mut plan, &old);
        }
        Ok(plan)
    });
    branch.tree = then?.apply(&before);
    let how = branch.proposed(&[&who])?;
    Ok(format!("{who} takes another key{how}"))
}

pub fn revoked(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let facts = Facts::of(&branch.tree);
    let mut all = facts.janitors.clone();
    let with_keys = facts.authors.iter().filter(|(_, keys)| **keys > 0);
    all.extend(with_keys.map(|(who, _)| who.clone()));
    let who = branch.people.one(&all).ok_or_else(nobody)?;
    let one = branch.people.random.once_in(3);
    let plan = branch.look(View::AsIfApproved, |world, people| {
        let key = people.key_of(world, &who).filter(|_| one);
        let retire: Vec<_> = key.iter().map(|k| k.public().fingerprint()).collect();
        revoke(world, &id(&who), &retire)
    })?;
    branch.tree = plan.apply(&branch.tree);
    branch.settle(&[])?;
    Ok(format!(
        "{} of {who} is revoked",
        if one { "a key" } else { "everything" }
    ))
}

pub fn teams(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let facts = Facts::of(&branch.tree);
    let mut names: Vec<String> = facts.teams.keys().cloned().collect();
    names.extend(["devs".to_owned(), "notaries".to_owned()]);
    let name = branch.people.one(&names).ok_or_else(nobody)?;
    let members = facts.teams.get(&name).cloned().unwrap_or_default();
    let remove = !members.is_empty() && branch.people.random.once_in(2);
    let mut all: Vec<String> = facts.authors.keys().cloned().collect();
    all.extend(facts.janitors.iter().cloned());
    let member = branch.people.one(if remove { &members } else { &all });
    let member = member.ok_or_else(nobody)?;
    let change = if remove { Change::Remove } else { Change::Add };
    branch.unsigned(|world| {
        let request = TeamChange {
            change,
            team: id(&name),
            members: vec![id(&member)],
        };
        team(world, &request)
    })?;
    let how = branch.proposed(&[&name])?;
    Ok(format!("{change:?} the member {member} of {name}{how}"))
}

pub fn janitors(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let facts = Facts::of(&branch.tree);
    let mut change = JanitorChange::default();
    let mut said = Vec::new();
    let which = branch.people.random.below(8);
    if matches!(which, 0..=3) {
        let mut free: Vec<String> = NEW_JANITORS.map(str::to_owned).into();
        free.extend(facts.former.iter().cloned());
        free.retain(|who| !facts.janitors.contains(who));
        let who = branch.people.one(&free).ok_or_else(nobody)?;
        // A valid author comes with the key that the file lists.
        let listed = branch.look(View::AsIfApproved, |world, people| {
            let author = has_file(world, &who);
            Ok(author.then(|| people.key_of(world, &who)).flatten())
        })?;
        let key = match listed {
            Some(key) => key,
            None => branch.people.new_key(&who),
        };
        change.add.push((id(&who), key.public().clone()));
        said.push(format!("{who} becomes a janitor"));
    }
    if matches!(which, 2..=5) {
        let who = branch.people.one(&facts.janitors).ok_or_else(nobody)?;
        change.remove.push(id(&who));
        change.keep_as_authors = branch.people.random.once_in(2);
        said.push(format!("{who} leaves the janitors"));
    }
    if which == 6 {
        // Below the quorum of the client nobody follows.
        let quorum = if facts.quorum > 2 { 2 } else { 3 };
        change.quorum = Some(quorum);
        said.push(format!("the quorum becomes {quorum}"));
    }
    if which == 7 {
        change.snapshot = Some(SnapshotRule::Required);
        said.push("the snapshot is required".to_owned());
    }
    branch.unsigned(|world| janitor(world, &change))?;
    branch.settle(&[])?;
    Ok(said.join(", "))
}
