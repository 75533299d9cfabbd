//! The pages of a site, their files, and the links between them.

use std::fmt::Write as _;

use conex_verify::format::name::{Id, PackageName};

use crate::plan::bootstrap::Stage;
use crate::shell::report::stage_in_words;

/// A page, or a file beside the pages.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Where everybody starts.
    Overview,
    /// All packages, by letters.
    Packages,
    /// The packages that start with a letter.
    Letter(Letter),
    /// The packages that are as far as this.
    Stage(Stage),
    /// One package.
    Package(PackageName),
    /// Everybody.
    People,
    /// One person or team.
    Person(Id),
    /// What a proposal says.
    Proposal,
    /// What waits.
    Waits,
    /// What changed.
    Changes,
    /// How much was signed when.
    Coverage,
    /// What is wrong.
    Findings,
    /// What the site is worth, and how to look for oneself.
    Check,
    /// The style sheet.
    Style,
}

/// How packages are parted in the list of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Letter {
    /// What starts with a digit or a sign.
    Other,
    /// A letter, in lower case.
    Of(char),
}

impl Letter {
    /// Where a name stands.
    pub fn of(name: &str) -> Letter {
        match name.chars().next() {
            Some(c) if c.is_ascii_alphabetic() => Letter::Of(c.to_ascii_lowercase()),
            _ => Letter::Other,
        }
    }

    /// What people see.
    pub fn text(self) -> String {
        match self {
            Letter::Other => "0–9".to_owned(),
            Letter::Of(c) => c.to_ascii_uppercase().to_string(),
        }
    }
}

/// The directories of a site.
pub const DIRECTORIES: [&str; 3] = ["list", "package", "person"];

impl Place {
    /// The path of the file, below the top of the site.
    pub fn path(&self) -> String {
        match self {
            Place::Overview => "index.html".to_owned(),
            Place::Packages => "packages.html".to_owned(),
            Place::People => "people.html".to_owned(),
            Place::Proposal => "proposal.html".to_owned(),
            Place::Waits => "waits.html".to_owned(),
            Place::Changes => "changes.html".to_owned(),
            Place::Coverage => "coverage.html".to_owned(),
            Place::Findings => "findings.html".to_owned(),
            Place::Check => "check.html".to_owned(),
            Place::Style => "style.css".to_owned(),
            Place::Letter(Letter::Other) => "list/l-0.html".to_owned(),
            Place::Letter(Letter::Of(c)) => format!("list/l-{}.html", c.to_ascii_lowercase()),
            Place::Stage(stage) => format!("list/s-{}.html", stage_in_words(*stage)),
            Place::Package(name) => format!("package/p-{}.html", safe(name.as_str())),
            Place::Person(id) => format!("person/i-{}.html", safe(id.as_str())),
        }
    }

    /// Whether a path is that of a file of a site: one of these, whatever it is named after.
    pub fn is_path(path: &str) -> bool {
        let single = [
            Place::Overview,
            Place::Packages,
            Place::People,
            Place::Proposal,
            Place::Waits,
            Place::Changes,
            Place::Coverage,
            Place::Findings,
            Place::Check,
            Place::Style,
        ];
        let named = |prefix: &str| {
            let name = path.strip_prefix(prefix)?.strip_suffix(".html")?;
            let known = |b: u8| {
                b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'~')
            };
            (!name.is_empty() && name.bytes().all(known)).then_some(())
        };
        single.iter().any(|place| place.path() == path)
            || ["list/l-", "list/s-", "package/p-", "person/i-"]
                .into_iter()
                .any(|prefix| named(prefix).is_some())
    }
}

/// A name in the name of a file: two names are never one file, on systems too that take `Foo` and
/// `foo` for the same, and no character means something in an address. A letter in upper case is the
/// one in lower case behind a `~`, and `+` is `~0`. The beginning of the file's name keeps it from
/// being one that means something, as `con`.
fn safe(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            'a'..='z' | '0'..='9' | '-' | '_' => out.push(c),
            'A'..='Z' => {
                out.push('~');
                out.push(c.to_ascii_lowercase());
            }
            '+' => out.push_str("~0"),
            // No name has it.
            c => {
                let _ = write!(out, "~1{:x}~", u32::from(c));
            }
        }
    }
    out
}

/// Where a link leads: to a page of the site, or to an address that whoever makes the site gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Href(String);

impl Href {
    /// From one page to another.
    pub fn between(from: &Place, to: &Place) -> Href {
        let up = from.path().matches('/').count();
        Href(format!("{}{}", "../".repeat(up), to.path()))
    }

    /// To a part of a page, by what its `id` is.
    pub fn part(&self, id: &str) -> Href {
        let mut text = format!("{}#", self.0);
        for b in id.bytes() {
            match b {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                    text.push(char::from(b));
                }
                b => {
                    let _ = write!(text, "%{b:02X}");
                }
            }
        }
        Href(text)
    }

    /// An address of the web, and of nothing else.
    pub fn web(address: &str) -> Option<Href> {
        let rest = address
            .strip_prefix("https://")
            .or_else(|| address.strip_prefix("http://"))?;
        let sound = |b: u8| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b'"' | b'\\' | b'`');
        let host = !rest.is_empty() && !rest.starts_with('/');
        (host && rest.bytes().all(sound)).then(|| Href(address.to_owned()))
    }

    /// As it stands in a page.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str) -> String {
        Place::Package(PackageName::new(name).unwrap()).path()
    }

    /// Attack: two packages whose pages would be one file, and names that mean something.
    #[test]
    fn every_name_has_a_file_of_its_own() {
        let names = [
            "foo", "Foo", "FOO", "f-oo", "f_oo", "f+oo", "f0oo", "con", "CON", "index", "a0", "A0",
            "a+",
        ];
        let files: std::collections::BTreeSet<String> = names
            .iter()
            .map(|name| package(name).to_lowercase())
            .collect();
        assert_eq!(files.len(), names.len(), "{files:?}");
        for name in names {
            assert!(Place::is_path(&package(name)), "{name}");
            let id = Id::new(&name.replace('+', "x")).unwrap();
            assert!(Place::is_path(&Place::Person(id).path()), "{name}");
        }
        assert_eq!(package("con"), "package/p-con.html");
        assert_eq!(package("Foo+"), "package/p-~foo~0.html");
        // The longest names of files are those of 255 bytes.
        assert!(package(&"A".repeat(100)).len() < 255);
    }

    #[test]
    fn only_files_of_a_site_are_its_files() {
        for path in [
            "index.html",
            "style.css",
            "list/l-0.html",
            "list/s-held.html",
            "package/p-a.html",
        ] {
            assert!(Place::is_path(path), "{path}");
        }
        for path in [
            "",
            "main.html",
            "package/p-.html",
            "package/p-A.html",
            "package/p-a/b.html",
            "list/x.html",
            ".git",
            "index.html/x",
        ] {
            assert!(!Place::is_path(path), "{path}");
        }
    }

    /// Attack: an address that runs something.
    #[test]
    fn only_addresses_of_the_web_are_links() {
        assert!(Href::web("https://host.example/issues?a=b&c#d").is_some());
        for bad in [
            "javascript:alert(1)",
            "https://",
            "https:///x",
            "//host",
            "https://a\"b",
            "https://a b",
            "data:text/html,x",
            "HTTPS://x",
            "https://a<b",
        ] {
            assert!(Href::web(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn links_lead_from_any_page_to_any_other() {
        let name = Place::Package(PackageName::new("fmt").unwrap());
        assert_eq!(
            Href::between(&Place::Overview, &name).as_str(),
            "package/p-fmt.html"
        );
        assert_eq!(
            Href::between(&name, &Place::Overview).as_str(),
            "../index.html"
        );
        assert_eq!(
            Href::between(&name, &name).part("v+1").as_str(),
            "../package/p-fmt.html#v%2B1"
        );
    }
}
