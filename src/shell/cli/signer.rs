//! Who signs, and whose key is named.

use crate::hint::Hint;
use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::options::Signing;

use crate::plan::World;
use crate::shell::keys::file::{Readers, from_home, read};
use crate::shell::keys::find::{Found, Places, Selection, find_signer, public_keys};
use crate::shell::keys::lines::PublicLine;
use crate::shell::keys::{named as named_files, passphrase, text as key_text};
use conex_verify::format::key::{Fingerprint, PublicKey};
use conex_verify::format::name::Id;
use conex_verify::format::resource::IdFile;
use conex_verify::workbench::trust::support::Standing;

/// Who signs.
pub struct Who {
    /// The id.
    pub id: Id,
    /// The key.
    pub signer: Found,
}

/// Reads an id that was typed.
pub fn id(text: &str) -> Result<Id, Failure> {
    Id::new(text).map_err(|e| Failure::usage(e, "an id is letters, digits, `_` and `-`"))
}

/// The id that signs: the one that was named, or the only one with a key.
pub fn signer_id(signing: &Signing, places: &Places) -> Result<Id, Failure> {
    if let Some(text) = &signing.signer {
        return id(text);
    }
    let keys = places
        .store
        .list()
        .map_err(|e| Failure::usage(&e, e.hint().unwrap_or_default()))?;
    match keys.as_slice() {
        [(id, _)] => Ok(id.clone()),
        [] => Err(Failure::usage(
            "it is not known who signs: conex keeps no key of yours",
            format!(
                "name yourself with --as ID; {}",
                Hint::MakeKey {
                    id: "ID".to_owned()
                }
            ),
        )),
        many => {
            let ids: Vec<&str> = many.iter().map(|(id, _)| id.as_str()).collect();
            Err(Failure::usage(
                format!(
                    "it is not known who signs: there are keys of {}",
                    ids.join(", ")
                ),
                "name the one with --as ID",
            ))
        }
    }
}

/// The id that signs in a repository: the one that was named, the one whose key conex
/// keeps, or else the only one for whom the repository lists a key that is here.
pub fn signer_in(signing: &Signing, world: &World<'_>, places: &Places) -> Result<Id, Failure> {
    let unknown = match signer_id(signing, places) {
        Ok(id) if signing.signer.is_some() || world.knows(&id) => return Ok(id),
        Ok(id) => Ok(id),
        Err(failure) => Err(failure),
    };
    let here = public_keys(signing.key.as_deref(), places);
    let ids = world.ids_of_keys(&here);
    let claims = world.ids_that_claim(&here);
    match ids.as_slice() {
        [id] => Ok(id.clone()),
        // T8: anybody can write a file that lists this key.
        [] if !claims.is_empty() => {
            let ids: Vec<&str> = claims.iter().map(Id::as_str).collect();
            let ids = ids.join(", ");
            Err(Failure::usage(
                format!(
                    "it is not known who signs: a file for {ids} lists a key of yours, and nothing shows that this is you"
                ),
                Hint::MeOrDecline,
            ))
        }
        [] if unknown.is_ok() => unknown,
        [] if here.is_empty() => Err(Failure::usage(
            "it is not known who signs: no Ed25519 key of yours was found",
            Hint::MakeKeyAndJoin,
        )),
        [] => unknown.map_err(|failure| Failure {
            hint: format!(
                "{}; or name yourself with --as ID",
                Hint::Join {
                    id: "ID".to_owned()
                }
            ),
            ..failure
        }),
        many => {
            let ids: Vec<&str> = many.iter().map(Id::as_str).collect();
            Err(Failure::usage(
                format!(
                    "it is not known who signs: there are keys of {}",
                    ids.join(", ")
                ),
                "name the one with --as ID",
            ))
        }
    }
}

/// Finds the key with which `id` signs. `listed` are the keys that the repository
/// knows for the id, if it knows any.
pub fn find(
    signing: &Signing,
    id: Id,
    listed: Option<&[PublicKey]>,
    places: &Places,
) -> Result<Who, Failure> {
    let selection = Selection {
        key: signing.key.as_deref(),
        id: Some(&id),
        listed,
    };
    let mut passphrases = passphrase::from_environment(signing.passphrase_file.as_deref());
    let signer = find_signer(&selection, places, passphrases.as_mut()).map_err(|error| {
        let hint = error.hint().unwrap_or_default();
        Failure::usage(error, hint)
    })?;
    // The next time the file needs not be named.
    if let Some(text) = signing.key.as_deref().filter(|_| !signing.consent.dry_run) {
        let path = from_home(text, places.home.as_deref());
        if path.is_file() {
            named_files::keep(&places.store, &path);
        }
    }
    Ok(Who { id, signer })
}

/// Finds who signs in a repository that knows keys.
pub fn who(signing: &Signing, world: &World<'_>, places: &Places) -> Result<Who, Failure> {
    let id = signer_in(signing, world, places)?;
    if world.keys_of(&id).is_empty() {
        world.known_id(&id)?;
    }
    somebody(signing, id, world, places)
}

/// Finds the key of an id that the repository may not know.
pub fn somebody(
    signing: &Signing,
    id: Id,
    world: &World<'_>,
    places: &Places,
) -> Result<Who, Failure> {
    let listed = world.keys_of(&id);
    let listed = (!listed.is_empty()).then_some(listed.as_slice());
    find(signing, id, listed, places)
}

/// Where keys are looked for.
pub fn places(directory: &Path) -> Result<Places, Failure> {
    Places::from_environment(directory).map_err(|e| {
        let hint = e.hint().unwrap_or_default();
        Failure::usage(e, hint)
    })
}

/// Who is to sign, and with which key: nothing but its public half is needed here.
pub fn public_signer(
    signing: &Signing,
    world: &World<'_>,
    root: &Path,
) -> Result<(Id, PublicKey), Failure> {
    let places = places(root)?;
    let id = signer_in(signing, world, &places)?;
    let listed = world.keys_of(&id);
    if listed.is_empty() {
        world.known_id(&id)?;
    }
    if let Some(text) = &signing.key {
        let key = named(text, &listed)?;
        if !listed.contains(&key) {
            return Err(Failure::usage(
                format!(
                    "the repository does not list {} for `{id}`",
                    key.fingerprint()
                ),
                "name one of the keys that it lists",
            ));
        }
        return Ok((id, key));
    }
    // A janitor vouches with the key of the chain.
    if let Some(key) = world.chain().key_of(&id) {
        return Ok((id.clone(), key.clone()));
    }
    match listed.as_slice() {
        [key] => Ok((id, key.clone())),
        keys => {
            let keys: Vec<String> = keys.iter().map(|k| k.fingerprint().to_string()).collect();
            Err(Failure::usage(
                format!("`{id}` has several keys: {}", keys.join(", ")),
                "name the one that is to sign with --key FINGERPRINT",
            ))
        }
    }
}

/// A public key as named: a fingerprint of one that is listed, a line, or a file.
pub fn named(text: &str, listed: &[PublicKey]) -> Result<PublicKey, Failure> {
    let text = text.trim();
    let bad = |e: conex_verify::format::key::KeyError| {
        let hint = e.hint().unwrap_or_default();
        Failure::usage(e, hint)
    };
    if let Some(key) = listed.iter().find(|k| k.fingerprint().to_string() == text) {
        return Ok(key.clone());
    }
    if text.contains(' ') && !Path::new(text).exists() {
        return PublicLine::parse(text).map(|line| line.key).map_err(bad);
    }
    // Of a private key file only the public half is looked at.
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let path = from_home(text, home.as_deref());
    let bytes = read(&path, Readers::Anybody).map_err(|e| {
        Failure::usage(
            &e,
            "give a fingerprint, a line `ssh-ed25519 AAAA…`, or a `.pub` file",
        )
    })?;
    key_text::one(&bytes).map_err(|e| {
        let hint = e.hint_for(&path).unwrap_or_default();
        Failure::usage(format!("`{}`: {e}", path.display()), hint)
    })
}

/// A janitor as typed: `ID`, `ID=ssh-ed25519 AAAA…` or `ID=FILE`.
pub fn typed_janitor(text: &str, places: &Places) -> Result<(Id, PublicKey), Failure> {
    let Some((name, key)) = text.split_once('=') else {
        let id = id(text)?;
        let info = places.store.info(&id).map_err(|e| {
            let hint = format!(
                "{}, or give it: --janitor '{id}=ssh-ed25519 AAAA…'",
                Hint::MakeKey { id: id.to_string() }
            );
            Failure::usage(e, hint)
        })?;
        return Ok((id, info.public));
    };
    let id = id(name)?;
    if key.contains(' ') && !Path::new(key).exists() {
        let line = PublicLine::parse(key).map_err(|e| {
            Failure::usage(
                format!("the key of `{id}`: {e}"),
                "a key is one line as in ~/.ssh/id_ed25519.pub",
            )
        })?;
        return Ok((id, line.key));
    }
    let path = from_home(key, places.home.as_deref());
    let bytes = read(&path, Readers::Anybody).map_err(|e| {
        Failure::usage(
            &e,
            "a key is given as `ID=ssh-ed25519 AAAA…` or `ID=FILE.pub`",
        )
    })?;
    let key = key_text::one(&bytes).map_err(|e| {
        let hint = e.hint_for(&path);
        Failure::usage(
            format!("the key of `{id}`, `{}`: {e}", path.display()),
            hint.unwrap_or_else(|| "a key is one line as in ~/.ssh/id_ed25519.pub".to_owned()),
        )
    })?;
    Ok((id, key))
}

/// A janitor as typed; the key of an author whom a quorum approved needs not be typed. A pending
/// file may list anybody's.
pub fn known_janitor(
    world: &World<'_>,
    text: &str,
    places: &Places,
) -> Result<(Id, PublicKey), Failure> {
    if let Ok(id) = Id::new(text)
        && let Some(IdFile::Author(author)) = world.id_file(&id)
        && world
            .assessment
            .people
            .standings
            .get(&id)
            .is_some_and(Standing::is_valid)
        && let [key] = author.keys.as_slice()
    {
        return Ok((id, key.clone()));
    }
    typed_janitor(text, places)
}

/// Fingerprints as typed.
pub fn fingerprints(texts: &[String]) -> Result<Vec<Fingerprint>, Failure> {
    texts
        .iter()
        .map(|text| {
            text.parse()
                .map_err(|e| Failure::usage(e, Hint::ShowFingerprint))
        })
        .collect()
}
