//! A strict reader of the pages of a site: everything that a browser would mend or guess is an error,
//! and so is every link that leads nowhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Elements that have no end.
const VOID: [&str; 2] = ["meta", "link"];

/// All elements that a page may have.
const ELEMENTS: [&str; 42] = [
    "html",
    "head",
    "meta",
    "title",
    "link",
    "body",
    "header",
    "nav",
    "main",
    "footer",
    "section",
    "div",
    "h1",
    "h2",
    "p",
    "ul",
    "li",
    "dl",
    "dt",
    "dd",
    "a",
    "span",
    "code",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "figure",
    "figcaption",
    "svg",
    "line",
    "circle",
    "polyline",
    "text",
    "b",
    "i",
    "small",
    "strong",
    "em",
    "ol",
];

/// All attributes that an element may have.
const ATTRIBUTES: [&str; 23] = [
    "lang",
    "charset",
    "http-equiv",
    "content",
    "name",
    "rel",
    "href",
    "class",
    "id",
    "scope",
    "aria-label",
    "role",
    "viewBox",
    "points",
    "x",
    "y",
    "x1",
    "x2",
    "y1",
    "y2",
    "cx",
    "cy",
    "r",
];

/// What every page forbids: all but the style sheet beside it.
const POLICY: &str =
    "default-src 'none'; style-src 'self' file:; base-uri 'none'; form-action 'none'";

/// A page.
#[derive(Debug, Default)]
pub struct Page {
    /// Each element with its attributes, in order.
    pub elements: Vec<(String, BTreeMap<String, String>)>,
    /// The text as people see it, a line for each block; literals stand in backticks.
    pub text: String,
    pub title: String,
}

fn unescaped(text: &str, place: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let (name, after) = after
            .split_once(';')
            .unwrap_or_else(|| panic!("{place}: an ampersand that is none: {text}"));
        out.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "#39" => '\'',
            other => panic!("{place}: &{other};"),
        });
        rest = after;
    }
    out.push_str(rest);
    out
}

impl Page {
    /// Reads a page.
    ///
    /// # Panics
    /// It is not well-formed, or has anything that no page has.
    pub fn read(html: &str, place: &str) -> Page {
        let mut page = Page::default();
        let mut open: Vec<String> = Vec::new();
        let mut rest = html
            .strip_prefix("<!DOCTYPE html>\n")
            .unwrap_or_else(|| panic!("{place}: no type"));
        while let Some((text, after)) = rest.split_once('<') {
            page.take(text, &open, place);
            let (tag, after) = after
                .split_once('>')
                .unwrap_or_else(|| panic!("{place}: a tag without an end"));
            rest = after;
            if let Some(name) = tag.strip_prefix('/') {
                assert_eq!(
                    open.pop().as_deref(),
                    Some(name),
                    "{place}: ends in disorder"
                );
                page.end(name);
                continue;
            }
            let (name, attrs) = tag.split_once(' ').unwrap_or((tag, ""));
            assert!(ELEMENTS.contains(&name), "{place}: an element `{name}`");
            page.elements
                .push((name.to_owned(), attributes(attrs, place)));
            if name == "code" {
                page.text.push('`');
            }
            if !VOID.contains(&name) {
                open.push(name.to_owned());
            }
        }
        assert_eq!(rest, "\n", "{place}: text behind the end");
        assert!(open.is_empty(), "{place}: {open:?} have no end");
        page
    }

    fn take(&mut self, text: &str, open: &[String], place: &str) {
        assert!(!text.contains('>'), "{place}: {text}");
        let text = unescaped(text, place);
        let seen = |c: char| {
            c == '\n' || !c.is_control() && !"\u{202e}\u{202d}\u{2066}\u{200b}".contains(c)
        };
        assert!(
            text.chars().all(seen),
            "{place}: what nobody sees: {text:?}"
        );
        match open.last().map(String::as_str) {
            Some("title") => self.title.push_str(&text),
            _ => self.text.push_str(&text),
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "code" => self.text.push('`'),
            "td" | "th" => self.text.push_str(" | "),
            "p" | "li" | "dt" | "dd" | "tr" | "h1" | "h2" | "text" => self.text.push('\n'),
            _ => {}
        }
    }

    fn values<'p>(&'p self, attribute: &'p str) -> impl Iterator<Item = &'p str> {
        let elements = self.elements.iter();
        elements.filter_map(move |(_, attrs)| attrs.get(attribute).map(String::as_str))
    }

    /// Where the links lead.
    pub fn links(&self) -> impl Iterator<Item = &str> {
        self.values("href")
    }

    fn count(&self, name: &str) -> usize {
        self.elements.iter().filter(|(n, _)| n == name).count()
    }
}

fn attributes(text: &str, place: &str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, after) = rest
            .split_once("=\"")
            .unwrap_or_else(|| panic!("{place}: an attribute without quotes: {rest}"));
        assert!(ATTRIBUTES.contains(&name), "{place}: an attribute `{name}`");
        let (value, after) = after.split_once('"').unwrap();
        let again = all.insert(name.to_owned(), unescaped(value, place));
        assert!(again.is_none(), "{place}: {name} twice");
        rest = after.strip_prefix(' ').unwrap_or(after);
    }
    all
}

/// A site, read from its directory.
pub struct Pages {
    pub pages: BTreeMap<String, Page>,
}

impl Pages {
    /// Reads and checks a site.
    ///
    /// # Panics
    /// Anything is wrong with it.
    pub fn read(dir: &Path) -> Pages {
        let mut files = BTreeSet::new();
        list(dir, "", &mut files);
        let folded: BTreeSet<String> = files.iter().map(|f| f.to_lowercase()).collect();
        assert_eq!(
            folded.len(),
            files.len(),
            "files that some system takes for one"
        );
        let mut pages = BTreeMap::new();
        for path in files.iter().filter(|path| path.ends_with(".html")) {
            let html = fs::read_to_string(dir.join(path)).unwrap();
            pages.insert(path.clone(), Page::read(&html, path));
        }
        for (path, page) in &pages {
            check(path, page, &files, &pages);
        }
        Pages { pages }
    }

    /// A page.
    #[track_caller]
    pub fn page(&self, path: &str) -> &Page {
        let names: Vec<&String> = self.pages.keys().collect();
        self.pages
            .get(path)
            .unwrap_or_else(|| panic!("no {path} in {names:?}"))
    }

    /// The text of a page.
    #[track_caller]
    pub fn text(&self, path: &str) -> &str {
        &self.page(path).text
    }

    /// Whether people come from the first page to another by links.
    pub fn leads_to(&self, wanted: &str) -> bool {
        let mut seen = BTreeSet::from(["index.html".to_owned()]);
        let mut open = vec!["index.html".to_owned()];
        while let Some(path) = open.pop() {
            for link in self.pages[&path].links() {
                let Some(to) = target(&path, link) else {
                    continue;
                };
                if self.pages.contains_key(&to) && seen.insert(to.clone()) {
                    open.push(to);
                }
            }
        }
        seen.contains(wanted)
    }
}

fn list(dir: &Path, below: &str, files: &mut BTreeSet<String>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let stem = name.split('.').next().unwrap().to_lowercase();
        let reserved = ["con", "nul", "aux", "prn", "com1", "lpt1"];
        assert!(
            !reserved.contains(&stem.as_str()),
            "{name} means something on Windows"
        );
        match path.is_dir() {
            true => list(&path, &format!("{below}{name}/"), files),
            false => drop(files.insert(format!("{below}{name}"))),
        }
    }
}

/// The file to which a link of a page leads; nothing of one that leads to another site.
fn target(from: &str, link: &str) -> Option<String> {
    if link.starts_with("https://") || link.starts_with("http://") {
        return None;
    }
    let file = link.split('#').next().unwrap();
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in file.split('/') {
        match part {
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn check(path: &str, page: &Page, files: &BTreeSet<String>, pages: &BTreeMap<String, Page>) {
    for link in page.links() {
        let Some(to) = target(path, link) else {
            continue;
        };
        assert!(files.contains(&to), "{path}: {link} leads nowhere");
        let Some((_, part)) = link.split_once('#') else {
            continue;
        };
        let part = part.replace("%2B", "+");
        let there = pages[&to].values("id").any(|id| id == part);
        assert!(there, "{path}: nothing of {to} is called {part}");
    }
    let ids: Vec<&str> = page.values("id").collect();
    let different: BTreeSet<&&str> = ids.iter().collect();
    assert_eq!(different.len(), ids.len(), "{path}: an id twice");
    assert!(
        page.values("content").any(|policy| policy == POLICY),
        "{path}: no policy"
    );
    assert_eq!(
        (page.count("h1"), page.count("main"), page.count("title")),
        (1, 1, 1),
        "{path}"
    );
    assert!(!page.title.is_empty(), "{path}");
    // Whoever hears a table hears what it is of, and what each cell is.
    assert_eq!(page.count("table"), page.count("thead"), "{path}");
    for (name, attrs) in &page.elements {
        match name.as_str() {
            "th" => assert!(attrs.contains_key("scope"), "{path}"),
            "table" | "svg" => assert!(!attrs["aria-label"].is_empty(), "{path}"),
            _ => {}
        }
    }
    let words = page.text.split_whitespace();
    let address = words.into_iter().find(|w| {
        w.split_once('@').is_some_and(|(a, b)| {
            a.ends_with(char::is_alphanumeric) && b.starts_with(char::is_alphanumeric)
        })
    });
    assert_eq!(address, None, "{path}: an address of somebody");
    let proves = page.text.contains("This page proves nothing") && page.text.contains("State `");
    assert!(proves, "{path}: it does not say which state it shows");
}
