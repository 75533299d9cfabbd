//! `conex key`.

use crate::shell::out::{out, outln, sayln};
use std::io::Read as _;
use std::path::Path;

use serde::Serialize;

use super::args::{Cli, Format, KeyCommand};
use super::ask::id;
use super::failure::{Exit, Failure};
use super::rotate;
use crate::plan::nearest;
use crate::shell::keys::file::{Readers, read, read_from};
use crate::shell::keys::lines::read_lines;
use crate::shell::keys::passphrase::{ask_new, from_environment};
use crate::shell::keys::private::PrivateFile;
use crate::shell::keys::store::{Existing, KeyStore, PrivateHalf, StoreError, conex_home};
use crate::shell::report::neutral;
use conex_verify::format::name::Id;

fn store() -> Result<KeyStore, Failure> {
    let home = conex_home().map_err(|e| {
        let hint = e.hint().unwrap_or_default();
        Failure::usage(e, hint)
    })?;
    Ok(KeyStore::at(home.join("keys")))
}

fn failed(error: StoreError) -> Failure {
    let hint = error.hint().unwrap_or_default();
    Failure::usage(error, hint)
}

fn existing(force: bool) -> Existing {
    if force {
        Existing::Replace
    } else {
        Existing::Keep
    }
}

/// Runs `conex key`.
pub fn run(cli: &Cli, command: &KeyCommand) -> Result<Exit, Failure> {
    match command {
        KeyCommand::New {
            id: text,
            no_passphrase,
            passphrase_file,
            force,
        } => new(
            &id(text)?,
            *no_passphrase,
            passphrase_file.as_deref(),
            existing(*force),
        ),
        KeyCommand::Import {
            id: text,
            file,
            force,
        } => import(&id(text)?, file, existing(*force)),
        KeyCommand::List { format } => list(*format),
        KeyCommand::Show {
            id: text,
            fingerprint,
        } => show(&id(text)?, *fingerprint),
        KeyCommand::Add(args) => rotate::add_key(cli, args),
        KeyCommand::Remove(args) => rotate::remove_keys(cli, args),
    }
}

fn new(
    id: &Id,
    no_passphrase: bool,
    file: Option<&Path>,
    existing: Existing,
) -> Result<Exit, Failure> {
    let store = store()?;
    let passphrase = if no_passphrase {
        None
    } else {
        ask_new(
            &format!("the new key of `{id}`"),
            from_environment(file).as_mut(),
        )
        .map_err(|e| {
            let hint = e
                .hint()
                .unwrap_or_else(|| "or keep the key unencrypted with --no-passphrase".to_owned());
            Failure::usage(e, hint)
        })?
    };
    let key = store
        .new_key(id, passphrase.as_ref(), existing)
        .map_err(failed)?;
    sayln!(
        "Made the key of `{id}`: {}",
        store.private_path(id).display()
    );
    sayln!("fingerprint {}", key.fingerprint());
    Ok(Exit::Success)
}

fn import(id: &Id, file: &Path, existing: Existing) -> Result<Exit, Failure> {
    let store = store()?;
    let info = if file == Path::new("-") {
        let mut stdin = std::io::stdin().lock();
        let file = Path::new("standard input");
        let text = read_from(stdin.by_ref(), file)
            .map_err(|e| Failure::usage(&e, e.hint().unwrap_or_default()))?;
        import_text(&store, id, &text, file, existing)?
    } else {
        let text = read(file, Readers::Anybody)
            .map_err(|e| Failure::usage(&e, e.hint().unwrap_or_default()))?;
        if PrivateFile::looks_like(&text) {
            // Its mode matters then.
            store.import(id, file, existing).map_err(failed)?
        } else {
            import_text(&store, id, &text, file, existing)?
        }
    };
    sayln!("Took in the key of `{id}`, {}", half(info.private));
    sayln!("fingerprint {}", info.public.fingerprint());
    Ok(Exit::Success)
}

/// Takes the first usable key of a list such as `https://github.com/<id>.keys`.
fn import_text(
    store: &KeyStore,
    id: &Id,
    text: &[u8],
    origin: &Path,
    existing: Existing,
) -> Result<crate::shell::keys::store::KeyInfo, Failure> {
    if !PrivateFile::looks_like(text)
        && let Ok(list) = std::str::from_utf8(text)
    {
        let (usable, others) = read_lines(list);
        let told = others
            .iter()
            .filter(|_| others.len() > 1 || !usable.is_empty());
        for (line, why) in told {
            sayln!("line {line} is left out: {}", neutral(&why.to_string()));
        }
        if usable.is_empty() && others.len() > 1 {
            let hint = others.iter().find_map(|(_, why)| why.hint());
            return Err(Failure::usage(
                format!(
                    "none of the {} lines is a key that can be used",
                    others.len()
                ),
                hint.unwrap_or_default(),
            ));
        }
        if usable.is_empty() && others.is_empty() {
            return Err(Failure::usage(
                format!("`{}` holds no key", origin.display()),
                "an account without SSH keys has an empty list; make a key with `conex key new ID`",
            ));
        }
        if let Some(first) = usable.first() {
            for more in usable.iter().skip(1) {
                sayln!("also usable, not taken: {}", more.key.fingerprint());
            }
            return store
                .import_text(id, first.key.to_string().as_bytes(), origin, existing)
                .map_err(failed);
        }
    }
    store
        .import_text(id, text, origin, existing)
        .map_err(failed)
}

fn half(private: PrivateHalf) -> &'static str {
    match private {
        PrivateHalf::Encrypted => "with its private half, encrypted",
        PrivateHalf::Clear => "with its private half, not encrypted",
        PrivateHalf::Elsewhere => "the public half; the private one is elsewhere",
    }
}

#[derive(Serialize)]
struct Listed {
    id: String,
    key: Option<String>,
    fingerprint: Option<String>,
    private: Option<&'static str>,
    problem: Option<String>,
}

fn list(format: Format) -> Result<Exit, Failure> {
    let keys = store()?.list().map_err(failed)?;
    if format == Format::Json {
        let listed: Vec<Listed> = keys
            .iter()
            .map(|(id, info)| Listed {
                id: id.to_string(),
                key: info.as_ref().ok().map(|i| i.public.to_string()),
                fingerprint: info
                    .as_ref()
                    .ok()
                    .map(|i| i.public.fingerprint().to_string()),
                private: info.as_ref().ok().map(|i| match i.private {
                    PrivateHalf::Encrypted => "encrypted",
                    PrivateHalf::Clear => "clear",
                    PrivateHalf::Elsewhere => "elsewhere",
                }),
                problem: info.as_ref().err().map(ToString::to_string),
            })
            .collect();
        #[derive(Serialize)]
        struct Keys {
            keys: Vec<Listed>,
        }
        out!("{}", crate::shell::report::json(&[], Keys { keys: listed }));
        return Ok(Exit::Success);
    }
    for (id, info) in &keys {
        match info {
            Ok(info) => outln!(
                "{id}\t{}\t{}",
                info.public.fingerprint(),
                half(info.private)
            ),
            Err(error) => outln!("{id}\tunusable: {}", neutral(&error.to_string())),
        }
    }
    if keys.is_empty() {
        sayln!("There are no keys. Make one with `conex key new ID`.");
    }
    Ok(Exit::Success)
}

fn show(id: &Id, fingerprint: bool) -> Result<Exit, Failure> {
    let store = store()?;
    let info = store.info(id).map_err(|e| {
        let ids: Vec<Id> = store
            .list()
            .map(|keys| keys.into_iter().map(|(id, _)| id).collect())
            .unwrap_or_default();
        match (&e, nearest(id.as_str(), ids.iter().map(Id::as_str))) {
            (StoreError::Unknown { .. }, Some(near)) => {
                Failure::usage(e, format!("did you mean `{near}`?"))
            }
            _ => failed(e),
        }
    })?;
    if fingerprint {
        outln!("{}", info.public.fingerprint());
    } else {
        outln!("{} {id}", info.public);
    }
    Ok(Exit::Success)
}
