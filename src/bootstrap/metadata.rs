//! What a package says of itself: where its sources are, and whom it names.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;

use conex_verify::format::name::{PackageName, Version};
use conex_verify::format::syntax::{Field, Item, Value, ValueKind, parse};
use conex_verify::workbench::repository::{Package, ReleaseDir};

/// Whose sources they are: an account or an organisation of a forge.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// The host.
    pub forge: String,
    /// The first part of the path, in lower case.
    pub owner: String,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.forge, self.owner)
    }
}

/// Forges on which the first part of a path is an owner; and so are all hosts called `gitlab.…`.
const FORGES: [&str; 6] = [
    "github.com",
    "gitlab.com",
    "codeberg.org",
    "bitbucket.org",
    "framagit.org",
    "git.sr.ht",
];

/// Where pages and raw files of one forge are: the owner is a part of the name of the host.
const PAGES: [(&str, &str); 3] = [
    (".github.io", "github.com"),
    (".github.com", "github.com"),
    (".gitlab.io", "gitlab.com"),
];

/// Where the raw files of a forge are.
const RAW: [(&str, &str); 2] = [
    ("raw.githubusercontent.com", "github.com"),
    ("codeload.github.com", "github.com"),
];

/// Repositories that hold what others wrote: they say nothing of whose a package is.
const OF_ALL: [&str; 2] = ["opam-repository", "opam-source-archives"];

impl Source {
    /// Whose sources an address names, if it is one of a forge.
    pub fn of_address(address: &str) -> Option<Source> {
        let (_, rest) = address
            .split_once("://")
            .or_else(|| address.split_once('@'))?;
        let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
        let (host, path) = rest.split_once(['/', ':'])?;
        let host = host.to_ascii_lowercase();
        let host = host.strip_prefix("www.").unwrap_or(&host);
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        let raw = RAW.iter().find(|(raw, _)| *raw == host);
        let (forge, owner) = match raw {
            Some((_, forge)) => (*forge, parts.next()?),
            None if FORGES.contains(&host) || host.starts_with("gitlab.") => (host, parts.next()?),
            None => PAGES.iter().find_map(|(pages, forge)| {
                let owner = host.strip_suffix(pages)?;
                Some((*forge, owner))
            })?,
        };
        let repository = parts.next().unwrap_or_default();
        let repository = repository.strip_suffix(".git").unwrap_or(repository);
        let owner = owner.trim_start_matches('~').to_ascii_lowercase();
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let named = !owner.is_empty() && owner.chars().all(is_name);
        (named && !OF_ALL.contains(&repository)).then(|| Source {
            forge: forge.to_owned(),
            owner,
        })
    }
}

/// What a package says of itself, in its newest release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Whose the sources are: by `dev-repo`, else by the archive, `homepage` or `bug-reports`.
    pub sources: Vec<Source>,
    /// Names and addresses of its maintainers and authors, in lower case. They never leave memory.
    pub names: BTreeSet<String>,
    /// Its flags.
    pub flags: BTreeSet<String>,
}

/// The newest release of a package.
pub fn newest(package: &Package) -> Option<&ReleaseDir> {
    let all = package.directories.iter();
    let newest = all.max_by(|(a, _), (b, _)| by_version(&a.version(), &b.version()));
    newest.map(|(_, dir)| dir)
}

/// What a package says of itself.
pub fn of_package(package: &Package) -> Metadata {
    let file = newest(package).and_then(|dir| parse(dir.opam()?).ok());
    let mut metadata = Metadata::default();
    let Some(file) = file else { return metadata };
    let mut fields: Vec<&Field<'_>> = Vec::new();
    for item in &file.items {
        match item {
            Item::Field(field) => fields.push(field),
            Item::Section(section) if section.kind.text == "url" => {
                fields.extend(section.items.iter().filter_map(|item| match item {
                    Item::Field(field) => Some(field),
                    Item::Section(_) => None,
                }));
            }
            Item::Section(_) => {}
        }
    }
    let said = |name: &str| -> Vec<String> {
        let mut texts = Vec::new();
        for field in fields.iter().filter(|field| field.name.text == name) {
            strings(&field.value, &mut texts);
        }
        texts
    };
    for field in ["dev-repo", "src", "archive", "homepage", "bug-reports"] {
        for source in said(field).iter().filter_map(|s| Source::of_address(s)) {
            if !metadata.sources.contains(&source) {
                metadata.sources.push(source);
            }
        }
    }
    let people = ["maintainer", "authors", "author"];
    for text in people.iter().flat_map(|field| said(field)) {
        metadata.names.extend(people_in(&text));
    }
    metadata.flags = said("flags").into_iter().collect();
    metadata
}

/// Names and addresses in a text as `Ann Lee <ann@host>, Bob`.
fn people_in(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split([',', '<', '>']);
    let parts = parts.map(|part| part.trim().to_lowercase());
    parts.filter(|part| part.len() > 2)
}

fn strings(value: &Value<'_>, all: &mut Vec<String>) {
    match &value.kind {
        ValueKind::String(text) => all.extend(String::from_utf8(text.to_vec())),
        ValueKind::Ident(text) => all.push((*text).to_owned()),
        ValueKind::List(values) | ValueKind::Group(values) => {
            values.iter().for_each(|value| strings(value, all));
        }
        _ => {}
    }
}

/// Packages of the compiler and of the system: those who keep the repository keep them.
const OF_MAINTAINERS: [&str; 8] = [
    "conf-",
    "base-",
    "host-arch-",
    "host-system-",
    "ocaml-option-",
    "ocaml-options-",
    "ocaml-env-",
    "msys2-",
];

/// Whether a package belongs to those who keep the repository: what stands for the compiler or for
/// something of the system, by its flags or its name.
pub fn is_of_maintainers(name: &PackageName, metadata: &Metadata) -> bool {
    let flagged = ["conf", "compiler"]
        .iter()
        .any(|f| metadata.flags.contains(*f));
    let name = name.as_str();
    flagged || name == "ocaml" || OF_MAINTAINERS.iter().any(|start| name.starts_with(start))
}

/// opam's order of versions, which is Debian's: text and numbers in turn, `~` before the end.
pub fn by_version(a: &Version, b: &Version) -> Ordering {
    let (mut a, mut b) = (a.as_str(), b.as_str());
    loop {
        let text = |s: &str| s.find(|c: char| c.is_ascii_digit()).unwrap_or(s.len());
        let (a_text, a_rest) = a.split_at_checked(text(a)).unwrap_or((a, ""));
        let (b_text, b_rest) = b.split_at_checked(text(b)).unwrap_or((b, ""));
        let weight = |c: Option<char>| match c {
            Some('~') => 0,
            None => 1,
            Some(c) if c.is_ascii_alphabetic() => 0x100 + u32::from(c),
            Some(c) => 0x200 + u32::from(c),
        };
        let (mut x, mut y) = (a_text.chars(), b_text.chars());
        loop {
            let (x, y) = (x.next(), y.next());
            match weight(x).cmp(&weight(y)) {
                Ordering::Equal if x.is_none() => break,
                Ordering::Equal => {}
                other => return other,
            }
        }
        let number = |s: &str| s.find(|c: char| !c.is_ascii_digit()).unwrap_or(s.len());
        let (a_number, a_rest) = a_rest.split_at_checked(number(a_rest)).unwrap_or_default();
        let (b_number, b_rest) = b_rest.split_at_checked(number(b_rest)).unwrap_or_default();
        let (x, y) = (
            a_number.trim_start_matches('0'),
            b_number.trim_start_matches('0'),
        );
        match x.len().cmp(&y.len()).then_with(|| x.cmp(y)) {
            Ordering::Equal if a_rest.is_empty() && b_rest.is_empty() => return Ordering::Equal,
            Ordering::Equal => (a, b) = (a_rest, b_rest),
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use conex_verify::tree::Tree;
    use conex_verify::workbench::repository::Repository;

    #[test]
    fn an_address_names_whose_sources_they_are() {
        for (address, expected) in [
            (
                "git+https://github.com/Mirage/ocaml-cohttp.git",
                "github.com/mirage",
            ),
            (
                "https://github.com/ann/fmt/archive/v1.tar.gz",
                "github.com/ann",
            ),
            ("git@github.com:ann/fmt.git", "github.com/ann"),
            ("git+ssh://git@github.com/ann/fmt.git", "github.com/ann"),
            ("https://ann.github.io/fmt", "github.com/ann"),
            (
                "https://raw.githubusercontent.com/ann/fmt/x",
                "github.com/ann",
            ),
            ("https://git.sr.ht/~ann/fmt", "git.sr.ht/ann"),
            (
                "https://gitlab.host.example/guild/fmt",
                "gitlab.host.example/guild",
            ),
            ("https://www.github.com/ann", "github.com/ann"),
        ] {
            let source = Source::of_address(address).map(|s| s.to_string());
            assert_eq!(source.as_deref(), Some(expected), "{address}");
        }
        for address in [
            "",
            "github.com/ann",
            "https://host.example/ann/fmt",
            "https://github.com/",
            "https://github.com/a b/c",
            "https://github.com/guild/opam-repository/issues",
            "https://github.com/guild/opam-source-archives/raw/main/fmt.tbz",
            "https://github.com.evil.example/ann",
        ] {
            assert_eq!(Source::of_address(address), None, "{address}");
        }
    }

    #[test]
    fn the_newest_release_speaks() {
        let mut tree = Tree::default();
        let mut add = |release: &str, text: &str| {
            let path = format!("packages/fmt/{release}/opam");
            let text = format!("opam-version: \"2.0\"\n{text}");
            tree.files.insert(path, text.as_bytes().into());
        };
        add(
            "fmt.0.9.0",
            "dev-repo: \"git+https://github.com/old/fmt.git\"\n",
        );
        add(
            "fmt.0.10.0",
            "homepage: \"https://github.com/ann/fmt\"\nflags: conf\n\
             maintainer: [\"Ann Lee <Ann@host.example>, Bob\"]\n\
             url { src: \"https://github.com/guild/fmt/archive/1\" }\n",
        );
        add(
            "fmt.0.10.0~beta",
            "dev-repo: \"git+https://github.com/beta/fmt.git\"\n",
        );
        let repository = Repository::load(&tree);
        let package = repository.packages.values().next().unwrap();
        let metadata = of_package(package);
        let sources: Vec<String> = metadata.sources.iter().map(ToString::to_string).collect();
        assert_eq!(sources, ["github.com/guild", "github.com/ann"]);
        let names: Vec<&str> = metadata.names.iter().map(String::as_str).collect();
        assert_eq!(names, ["ann lee", "ann@host.example", "bob"]);
        let name = PackageName::new("fmt").unwrap();
        assert!(is_of_maintainers(&name, &metadata));
        assert!(!is_of_maintainers(&name, &Metadata::default()));
        let conf = PackageName::new("conf-gmp").unwrap();
        assert!(is_of_maintainers(&conf, &Metadata::default()));
        let base = PackageName::new("base").unwrap();
        assert!(!is_of_maintainers(&base, &Metadata::default()));
    }

    #[test]
    fn versions_are_in_the_order_of_opam() {
        let versions = [
            "~~",
            "~",
            "0.9",
            "0.10~beta",
            "0.10",
            "0.10a",
            "0.10.1",
            "1.0+2",
            "1.0-rc",
            "v0.9",
            "v0.16",
        ];
        for (i, a) in versions.iter().enumerate() {
            for (j, b) in versions.iter().enumerate() {
                let (a, b) = (Version::new(a).unwrap(), Version::new(b).unwrap());
                assert_eq!(by_version(&a, &b), i.cmp(&j), "{a:?} {b:?}");
            }
        }
        let equal = ["1.0", "1.00"].map(|v| Version::new(v).unwrap());
        assert_eq!(by_version(&equal[0], &equal[1]), Ordering::Equal);
    }
}
