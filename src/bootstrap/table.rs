//! The table that people read and edit: its lines, and its text.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::metadata::Source;
use super::month::Month;
use conex_verify::format::name::{Id, PackageName, fold};
use thiserror::Error;

/// Who owns a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// Nobody is proposed.
    Nobody,
    /// Those who keep the repository.
    Maintainers,
    /// These.
    Ids(BTreeSet<Id>),
    /// A team of this table.
    Team(Id),
}

/// How sure a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strength {
    /// It is claimed as it is.
    Strong,
    /// It waits for somebody who edits it.
    Weak,
}

/// One thing that is known of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// The metadata names this person.
    Named(Id),
    /// This person published releases in so many changes, the last of them then.
    Published(Id, usize, Month),
    /// The same of somebody who merges what others open, and may have published for another.
    Helped(Id, usize, Month),
}

/// What is proposed for a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Who owns it.
    pub owner: Owner,
    /// How sure that is.
    pub strength: Strength,
    /// Whose the sources are.
    pub source: Option<Source>,
    /// When the owner was last seen.
    pub seen: Option<Month>,
    /// Why.
    pub evidence: Vec<Word>,
}

/// What is known of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdLine {
    /// When the person was last seen.
    pub seen: Option<Month>,
    /// Whether the account may be somebody else's by now: nobody saw the person for two years.
    pub asleep: bool,
    /// Whether the person merged what others had opened.
    pub merges: bool,
}

/// A proposal for a whole repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// The people.
    pub ids: BTreeMap<Id, IdLine>,
    /// The members of each team.
    pub teams: BTreeMap<Id, BTreeSet<Id>>,
    /// The packages.
    pub packages: BTreeMap<PackageName, Line>,
}

/// A line that cannot be read, or that does not fit the others.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line} of the table: {why}")]
pub struct TableError {
    /// Its number, from 1 on.
    pub line: usize,
    /// What is wrong.
    pub why: String,
}

impl Line {
    /// All people whom the line names.
    pub fn ids(&self) -> impl Iterator<Item = &Id> {
        let owners = match &self.owner {
            Owner::Ids(ids) => Some(ids),
            _ => None,
        };
        let words = self.evidence.iter().map(|word| match word {
            Word::Named(id) | Word::Published(id, ..) | Word::Helped(id, ..) => id,
        });
        owners.into_iter().flatten().chain(words)
    }

    /// Those whom the metadata names or who published it, and who may be proposed.
    pub fn candidates(&self) -> impl Iterator<Item = &Id> {
        self.evidence.iter().filter_map(|word| match word {
            Word::Named(id) | Word::Published(id, ..) => Some(id),
            Word::Helped(..) => None,
        })
    }
}

impl Table {
    /// The people to whom strong lines give something: as owners, or as members of a team.
    pub fn strong_ids(&self) -> BTreeSet<&Id> {
        let strong = |line: &&Line| line.strength == Strength::Strong;
        let mut ids = BTreeSet::new();
        for line in self.packages.values().filter(strong) {
            match &line.owner {
                Owner::Ids(owners) => ids.extend(owners),
                Owner::Team(team) => ids.extend(self.teams.get(team).into_iter().flatten()),
                Owner::Maintainers | Owner::Nobody => {}
            }
        }
        ids
    }
}

const HEAD: &str = "\
# Who would own what. Nothing of this counts before a quorum of janitors approves it.
# Edit it: a line that says `strong` is claimed as it stands, and the janitors hold the rest.
#
# id ID SEEN WORDS: when somebody was last seen; `asleep`: not for two years; `merges`: what others open.
# team TEAM MEMBERS
# package NAME OWNER STRENGTH SOURCE SEEN EVIDENCE
#   OWNER: an id, several with commas, @TEAM, `maintainers`, or `-` for nobody
#   STRENGTH: `strong` or `weak`
#   EVIDENCE: named:ID by the metadata; published:ID:CHANGES:LAST; helped:ID:CHANGES:LAST is of somebody
#     who merges for others, and whom the metadata does not name
";

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEAD)?;
        for (id, line) in &self.ids {
            write!(f, "id\t{id}\t{}\t", Or(&line.seen))?;
            let words: Vec<&str> = [(line.asleep, "asleep"), (line.merges, "merges")]
                .into_iter()
                .filter_map(|(is, word)| is.then_some(word))
                .collect();
            writeln!(
                f,
                "{}",
                if words.is_empty() {
                    "-".to_owned()
                } else {
                    words.join(" ")
                }
            )?;
        }
        for (team, members) in &self.teams {
            writeln!(f, "team\t{team}\t{}", joined(members, " "))?;
        }
        for (name, line) in &self.packages {
            write!(f, "package\t{name}\t{}\t{}\t", line.owner, line.strength)?;
            write!(f, "{}\t{}\t", Or(&line.source), Or(&line.seen))?;
            let words: Vec<String> = line.evidence.iter().map(ToString::to_string).collect();
            writeln!(
                f,
                "{}",
                if words.is_empty() {
                    "-".to_owned()
                } else {
                    words.join(" ")
                }
            )?;
        }
        Ok(())
    }
}

fn joined(ids: &BTreeSet<Id>, between: &str) -> String {
    let ids: Vec<&str> = ids.iter().map(Id::as_str).collect();
    ids.join(between)
}

/// Something, or `-`.
struct Or<'a, T>(&'a Option<T>);

impl<T: fmt::Display> fmt::Display for Or<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("-"),
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Owner::Nobody => f.write_str("-"),
            Owner::Maintainers => f.write_str(MAINTAINERS),
            Owner::Ids(ids) => f.write_str(&joined(ids, ",")),
            Owner::Team(team) => write!(f, "@{team}"),
        }
    }
}

impl fmt::Display for Strength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Strength::Strong => "strong",
            Strength::Weak => "weak",
        })
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Word::Named(id) => write!(f, "named:{id}"),
            Word::Published(id, n, last) => write!(f, "published:{id}:{n}:{last}"),
            Word::Helped(id, n, last) => write!(f, "helped:{id}:{n}:{last}"),
        }
    }
}

/// The word for those who keep the repository. Nobody of this name is proposed.
pub const MAINTAINERS: &str = "maintainers";

impl Table {
    /// Reads a table, edited or not. The fields of a line are separated by tabs or blanks.
    ///
    /// # Errors
    /// A line that cannot be read, or that does not fit the others.
    pub fn parse(text: &str) -> Result<Table, TableError> {
        let mut table = Table::default();
        let mut at: BTreeMap<PackageName, usize> = BTreeMap::new();
        let mut teams_at: BTreeMap<Id, usize> = BTreeMap::new();
        for (n, line) in text.lines().enumerate() {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let failed = |why| TableError { line: n + 1, why };
            match fields.as_slice() {
                [] => {}
                [word, ..] if word.starts_with('#') => {}
                ["id", id, seen, words @ ..] => {
                    let (id, line) = id_line(id, seen, words).map_err(failed)?;
                    let again = format!("`{id}` stands in two lines");
                    if table.ids.insert(id, line).is_some() {
                        return Err(failed(again));
                    }
                }
                ["team", team, members @ ..] => {
                    let team = named(team).map_err(failed)?;
                    let members: Result<_, _> = members.iter().map(|id| named(id)).collect();
                    teams_at.insert(team.clone(), n + 1);
                    let again = format!("the team `{team}` stands in two lines");
                    if table.teams.insert(team, members.map_err(failed)?).is_some() {
                        return Err(failed(again));
                    }
                }
                ["package", name, owner, strength, source, seen, words @ ..] => {
                    let name = PackageName::new(name).map_err(|e| failed(e.to_string()))?;
                    let line = package_line(owner, strength, source, seen, words);
                    at.insert(name.clone(), n + 1);
                    let again = format!("`{name}` stands in two lines");
                    if table.packages.insert(name, line.map_err(failed)?).is_some() {
                        return Err(failed(again));
                    }
                }
                [word, ..] => {
                    let word = word.escape_default();
                    let why =
                        format!("`{word}` starts no whole line: `id`, `team` or `package` does");
                    return Err(failed(why));
                }
            }
        }
        table.check(&teams_at, &at)?;
        Ok(table)
    }

    /// Whether the lines fit each other: whoever is given something has a line.
    fn check(
        &self,
        teams_at: &BTreeMap<Id, usize>,
        packages_at: &BTreeMap<PackageName, usize>,
    ) -> Result<(), TableError> {
        let spelled: BTreeSet<String> = self.ids.keys().map(|id| fold(id.as_str())).collect();
        let unknown = |id: &Id| match self.ids.contains_key(id) {
            true => None,
            false => Some(format!("`{id}` has no line `id`")),
        };
        for (team, members) in &self.teams {
            let taken = spelled.contains(&fold(team.as_str()));
            let taken =
                taken.then(|| format!("`{team}` is a person, and a team needs another name"));
            if let Some(why) = taken.or_else(|| members.iter().find_map(unknown)) {
                let line = teams_at.get(team).copied().unwrap_or_default();
                return Err(TableError { line, why });
            }
        }
        for (name, line) in &self.packages {
            let why = match &line.owner {
                Owner::Ids(ids) => ids.iter().find_map(unknown),
                Owner::Team(team) if !self.teams.contains_key(team) => {
                    Some(format!("`@{team}` has no line `team`"))
                }
                Owner::Nobody if line.strength == Strength::Strong => {
                    Some("nobody owns it, and it says `strong`".to_owned())
                }
                _ => None,
            };
            if let Some(why) = why {
                let line = packages_at.get(name).copied().unwrap_or_default();
                return Err(TableError { line, why });
            }
        }
        Ok(())
    }
}

fn named(text: &str) -> Result<Id, String> {
    Id::new(text).map_err(|e| e.to_string())
}

fn month(text: &str) -> Result<Option<Month>, String> {
    match text {
        "-" => Ok(None),
        text => {
            let month = text.parse().map_err(|()| {
                format!(
                    "`{}` is no month, as 2024-08, nor `-`",
                    text.escape_default()
                )
            });
            month.map(Some)
        }
    }
}

fn id_line(id: &str, seen: &str, words: &[&str]) -> Result<(Id, IdLine), String> {
    let mut line = IdLine {
        seen: month(seen)?,
        asleep: false,
        merges: false,
    };
    for word in words {
        match *word {
            "-" => {}
            "asleep" => line.asleep = true,
            "merges" => line.merges = true,
            other => {
                let other = other.escape_default();
                return Err(format!("`{other}` is neither `asleep` nor `merges`"));
            }
        }
    }
    Ok((named(id)?, line))
}

fn package_line(
    owner: &str,
    strength: &str,
    source: &str,
    seen: &str,
    words: &[&str],
) -> Result<Line, String> {
    let owner = match (owner, owner.strip_prefix('@')) {
        ("-", _) => Owner::Nobody,
        (MAINTAINERS, _) => Owner::Maintainers,
        (_, Some(team)) => Owner::Team(named(team)?),
        (ids, None) => Owner::Ids(ids.split(',').map(named).collect::<Result<_, _>>()?),
    };
    let strength = match strength {
        "strong" => Strength::Strong,
        "weak" => Strength::Weak,
        other => {
            let other = other.escape_default();
            return Err(format!("`{other}` is neither `strong` nor `weak`"));
        }
    };
    let source = match (source, source.split_once('/')) {
        ("-", _) => None,
        (_, Some((forge, owner))) => Some(Source {
            forge: forge.to_owned(),
            owner: owner.to_owned(),
        }),
        (other, None) => {
            let other = other.escape_default();
            return Err(format!(
                "`{other}` is no source, as github.com/ann, nor `-`"
            ));
        }
    };
    let words = words.iter().filter(|word| **word != "-");
    Ok(Line {
        owner,
        strength,
        source,
        seen: month(seen)?,
        evidence: words.map(|word| evidence(word)).collect::<Result<_, _>>()?,
    })
}

fn evidence(word: &str) -> Result<Word, String> {
    let parts: Vec<&str> = word.split(':').collect();
    let wrong = || format!("`{}` is no evidence", word.escape_default());
    let changes = |text: &str| text.parse().map_err(|_| wrong());
    let last = |text: &str| text.parse().map_err(|()| wrong());
    match parts.as_slice() {
        ["named", id] => Ok(Word::Named(named(id)?)),
        ["published", id, n, on] => Ok(Word::Published(named(id)?, changes(n)?, last(on)?)),
        ["helped", id, n, on] => Ok(Word::Helped(named(id)?, changes(n)?, last(on)?)),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
id\tAnn\t2024-01\t-
id\tbob\t2012-01\tasleep merges
team\tguild\tAnn bob
package\tconf-gmp\tmaintainers\tstrong\t-\t-\t-
package\tfmt\t@guild\tstrong\tgithub.com/guild\t-\tnamed:Ann published:Ann:2:2024-01
package\tlogs\tAnn,bob\tweak\tgithub.com/ann\t2024-01\thelped:bob:1:2012-01
package\tlwt\t-\tweak\t-\t-\t-
";

    #[test]
    fn what_is_written_is_read() {
        let table = Table::parse(TEXT).unwrap();
        let text = table.to_string();
        assert_eq!(text, format!("{HEAD}{TEXT}"));
        assert_eq!(Table::parse(&text), Ok(table));
        // An editor that makes blanks of tabs changes nothing.
        assert_eq!(Table::parse(&TEXT.replace('\t', "   ")), Table::parse(TEXT));
    }

    #[test]
    fn strong_lines_alone_give_something() {
        let ids = |text: &str| -> Vec<String> {
            let table = Table::parse(text).unwrap();
            table
                .strong_ids()
                .into_iter()
                .map(ToString::to_string)
                .collect()
        };
        assert_eq!(ids(TEXT), ["Ann", "bob"]);
        assert_eq!(
            ids(&TEXT.replace("@guild\tstrong", "@guild\tweak")),
            [""; 0]
        );
        assert_eq!(ids(&TEXT.replace("@guild", "Ann")), ["Ann"]);
    }

    /// Somebody mistypes a word, or names somebody who has no line: nothing is guessed.
    #[test]
    fn a_wrong_edit_is_refused_with_its_line() {
        for (from, to, line, why) in [
            (
                "@guild\tstrong",
                "@guild\tstrnog",
                5,
                "neither `strong` nor `weak`",
            ),
            (
                "@guild\tstrong",
                "@gild\tstrong",
                5,
                "`@gild` has no line `team`",
            ),
            ("Ann,bob", "Ann,carl", 6, "`carl` has no line `id`"),
            ("Ann,bob", "Ann,", 6, "the id"),
            ("-\tweak", "-\tstrong", 7, "nobody owns it"),
            (
                "guild\tAnn bob",
                "guild\tAnn carl",
                3,
                "`carl` has no line `id`",
            ),
            ("team\tguild", "team\tBOB", 3, "is a person"),
            ("package\tlwt", "package\tlogs", 7, "stands in two lines"),
            ("id\tbob", "id\tAnn", 2, "stands in two lines"),
            ("id\tbob", "ib\tbob", 2, "starts no whole line"),
            (
                "asleep merges",
                "sleeps",
                2,
                "neither `asleep` nor `merges`",
            ),
            ("2012-01\tasleep", "2012\tasleep", 2, "is no month"),
            ("github.com/ann", "github.com", 6, "is no source"),
            ("helped:bob:1:2012-01", "helped:bob:1", 6, "is no evidence"),
        ] {
            let text = TEXT.replacen(from, to, 1);
            assert_ne!(text, TEXT, "{from}");
            let error = Table::parse(&text).unwrap_err();
            assert!(error.why.contains(why), "{to}: {}", error.why);
            assert_eq!(error.line, line, "{to}");
        }
    }
}
