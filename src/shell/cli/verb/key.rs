//! `conex key`.

use crate::hint::Hint;
use crate::shell::cli::complete::{Completes, Source};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::plan;
use crate::plan::{KeyChange, Retire, View, World, nearest};
use crate::shell::cli::confirm::agreed;
use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::finish::{started, still_invalid, unsigned};
use crate::shell::cli::options::{Consent, Format, Signing};
use crate::shell::cli::page::{DONE, PRINTED, Page};
use crate::shell::cli::published::below_published;
use crate::shell::cli::signer::{find, fingerprints, id, places, signer_in};
use crate::shell::cli::signing::sign_plan;
use crate::shell::cli::workspace::{earlier, merged_tree, not_removed, unpublished, write};
use crate::shell::keys::Signer as _;
use crate::shell::keys::file::{Readers, read, read_from};
use crate::shell::keys::passphrase::{ask_new, from_environment};
use crate::shell::keys::private::PrivateFile;
use crate::shell::keys::store::{Existing, KeyStore, PrivateHalf, StoreError, conex_home};
use crate::shell::keys::text::{self, KeyText};
use crate::shell::out::{out, raw_outln, sayln};
use crate::shell::report::neutral;
use conex_verify::finding::Reader;
use conex_verify::format::name::Id;
use conex_verify::workbench::repository::Repository;

/// The verbs of `key`.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key for an id
    New {
        /// Whose key
        #[arg(add = Completes::ID)]
        id: String,
        /// Keep the key unencrypted
        #[arg(long)]
        no_passphrase: bool,
        /// The file whose first line is the passphrase
        #[arg(long, value_name = "FILE", conflicts_with = "no_passphrase", add = Completes::FILE)]
        passphrase_file: Option<PathBuf>,
        /// Overwrite the key that is there
        #[arg(long)]
        force: bool,
    },
    /// Take in a key: an OpenSSH private key, a public key, or a list as https://github.com/<id>.keys
    Import {
        /// Whose key
        #[arg(add = Completes(&[Source::Keys, Source::Ids]))]
        id: String,
        /// The file; `-` is standard input
        #[arg(add = Completes::FILE)]
        file: PathBuf,
        /// Overwrite the key that is there
        #[arg(long)]
        force: bool,
    },
    /// List the keys that conex keeps for you
    List {
        /// How the result is printed
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Print a public key
    Show {
        /// Whose key
        #[arg(add = Completes(&[Source::Keys]))]
        id: String,
        /// Print the fingerprint instead
        #[arg(long)]
        fingerprint: bool,
    },
    /// Put one more key of yours into the repository, beside those that it lists; janitors approve it
    Add(KeyAddArgs),
    /// Take some of your keys out of the repository; janitors approve it
    Remove(KeyRemoveArgs),
}

/// Arguments of `key add`.
#[derive(Debug, Args)]
pub struct KeyAddArgs {
    /// The key: a file, a fingerprint, or a public key that ssh-agent holds
    #[arg(add = Completes::KEY)]
    pub key: String,
    /// Whose [default: the only one for whom the repository lists a key that is here]
    #[arg(long = "as", value_name = "ID", add = Completes::SIGNER)]
    pub signer: Option<String>,
    /// The file whose first line is the passphrase of the key
    #[arg(long, value_name = "FILE", add = Completes::FILE)]
    pub passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub consent: Consent,
}

/// Arguments of `key remove`.
#[derive(Debug, Args)]
pub struct KeyRemoveArgs {
    /// The fingerprints of the keys
    #[arg(required = true, value_name = "FINGERPRINT", add = Completes(&[Source::Listed]))]
    pub keys: Vec<String>,
    /// Whose [default: the only one for whom the repository lists a key that is here]
    #[arg(long = "as", value_name = "ID", add = Completes::SIGNER)]
    pub signer: Option<String>,
    /// The published branch: what the keys signed besides goes [default: that of origin, or main]
    #[arg(long, value_name = "BRANCH", add = Completes::BRANCH)]
    pub base: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub consent: Consent,
}

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
pub fn run(root: &Path, command: &KeyCommand) -> Result<Exit, Failure> {
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
        KeyCommand::Add(args) => add_key(root, args),
        KeyCommand::Remove(args) => remove_keys(root, args),
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

/// Takes in a private key, or the one usable key of a list such as `https://github.com/<id>.keys`.
fn import_text(
    store: &KeyStore,
    id: &Id,
    text: &[u8],
    origin: &Path,
    existing: Existing,
) -> Result<crate::shell::keys::store::KeyInfo, Failure> {
    if let Ok(KeyText::Public(keys)) = text::read(text)
        && keys.usable.len() == 1
    {
        for (line, why) in &keys.others {
            sayln!("line {line} is left out: {}", neutral(&why.to_string()));
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
        out!(
            "{}",
            crate::shell::report::json(&[], Reader::WorkTree, Keys { keys: listed })
        );
        return Ok(Exit::Success);
    }
    for (id, info) in &keys {
        match info {
            Ok(info) => raw_outln!(
                "{id}\t{}\t{}",
                info.public.fingerprint(),
                half(info.private)
            ),
            Err(error) => raw_outln!("{id}\tunusable: {}", neutral(&error.to_string())),
        }
    }
    if keys.is_empty() {
        sayln!(
            "There are no keys: {}.",
            Hint::MakeKey {
                id: "ID".to_owned()
            }
        );
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
        raw_outln!("{}", info.public.fingerprint());
    } else {
        raw_outln!("{} {id}", info.public);
    }
    Ok(Exit::Success)
}

/// Runs `conex key add`: one more key beside those that the file of an author lists.
fn add_key(root: &Path, args: &KeyAddArgs) -> Result<Exit, Failure> {
    let places = places(root)?;
    let (tree, conflicts) = merged_tree(root)?;
    let repository = Repository::load(&tree);
    let world = below_published(
        World::new(&tree, &repository, View::AsIfApproved)?.redoing(conflicts.clone()),
        root,
    );
    let mut signing = Signing {
        signer: args.signer.clone(),
        key: None,
        passphrase_file: args.passphrase_file.clone(),
        consent: args.consent,
    };
    let id = signer_in(&signing, &world, &places)?;
    signing.key = Some(args.key.clone());
    let who = find(&signing, id.clone(), None, &places)?;
    let key = who.signer.public().clone();
    let mut plan = plan::change_keys(
        &world,
        &KeyChange {
            id: id.clone(),
            retire: Retire::These(Vec::new()),
            add: Some(key.clone()),
        },
    )?;
    if plan.is_empty() {
        return unsigned(&plan, args.consent, root);
    }
    plan::awakens_nothing(&world, &plan)?;
    not_removed(root, None, &key)?;
    let after = plan.apply(&tree);
    let after_repository = Repository::load(&after);
    let mut left = conflicts;
    left.redo.retain(|path, _| !plan.writes.contains_key(path));
    let after_world = World::new(&after, &after_repository, View::AsIfApproved)?.settled(left)?;
    plan.merge(plan::prove(&world, &after_world, &id, &key));
    plan.tell(&world, &earlier(root), false);
    if !agreed(&plan, args.consent, Some(&who))? {
        return Ok(Exit::Success);
    }
    sign_plan(&mut plan, &after_world, &who)?;
    let exit = write(&plan, root)?;
    still_invalid(&plan.apply(&tree));
    Ok(exit)
}

/// Runs `conex key remove`: some of several keys go.
fn remove_keys(root: &Path, args: &KeyRemoveArgs) -> Result<Exit, Failure> {
    let places = places(root)?;
    let (tree, conflicts) = merged_tree(root)?;
    let repository = Repository::load(&tree);
    let world = below_published(
        World::new(&tree, &repository, View::AsIfApproved)?.redoing(conflicts),
        root,
    );
    let signing = Signing {
        signer: args.signer.clone(),
        key: None,
        passphrase_file: None,
        consent: args.consent,
    };
    let id = signer_in(&signing, &world, &places)?;
    let mut plan = plan::remove_keys(&world, &id, &fingerprints(&args.keys)?)?;
    let after = plan.apply(&tree);
    let after_repository = Repository::load(&after);
    let after_world = World::look(&after, &after_repository, View::AsIfApproved)?;
    unpublished(root, args.base.as_deref(), &after_world, &id, &mut plan)?;
    started(plan, args.consent, &world, root)
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[
    Page {
        verb: "key new",
        policy: "makes an Ed25519 key in OpenSSH's format, mode 0600, below $CONEX_HOME/keys. It asks twice for \
a passphrase; a key that is there is replaced only with --force. Whoever has an Ed25519 SSH key needs none: \
git's signing key, ssh-agent and ~/.ssh/id_ed25519 are found.",
        exit: DONE,
        examples: &["conex key new you"],
    },
    Page {
        verb: "key import",
        policy: "keeps a key for an id, and grants nothing: the repository says whose key counts. Of a list the \
one Ed25519 key is taken, and each line that cannot be used is named with the reason; of several none. An encrypted key stays \
encrypted; a private key that others can read is refused.",
        exit: DONE,
        examples: &[
            "conex key import you ~/.ssh/id_ed25519.pub",
            "curl -fsS https://github.com/ann.keys | conex key import ann -",
        ],
    },
    Page {
        verb: "key list",
        policy: "reads only conex's own keys, and shows no private half.",
        exit: PRINTED,
        examples: &["conex key list"],
    },
    Page {
        verb: "key show",
        policy: "prints the public half, for others; never the private one.",
        exit: PRINTED,
        examples: &["conex key show you", "conex key show you --fingerprint"],
    },
    Page {
        verb: "key add",
        policy: "writes the file of an author with one more key, and signs it with that key, which proves that it is \
yours. The keys before it stay. It grants nothing until a quorum of janitors approves the file.",
        exit: DONE,
        examples: &["conex key add ~/.ssh/id_ed25519_sk.pub --as you"],
    },
    Page {
        verb: "key remove",
        policy: "writes the file of an author without these keys and signs nothing: a quorum of janitors approves it. \
It says what then waits, because only these keys vouched for it, and leaves at least one key.",
        exit: DONE,
        examples: &["conex key remove blake2b=… --as you"],
    },
];
