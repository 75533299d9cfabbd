//! The one writer of HTML. Elements and attributes are words of this program; everything else goes
//! through [`Html::text`], which leaves nothing that a browser takes for more than text. There is no
//! way to write a text as it is, and no attribute that holds a script or an address of any kind.

use std::fmt::Write as _;

use super::href::Href;
use super::text::shown;

/// A piece of a page.
#[derive(Debug, Default)]
pub struct Html {
    out: String,
}

/// An attribute: these, and no others.
#[derive(Debug, Clone, Copy)]
pub enum Attr<'a> {
    /// The names of classes of the style sheet.
    Class(&'static str),
    /// What a link within a page leads to.
    Id(&'a str),
    /// Where a link leads.
    Href(&'a Href),
    /// What a link is to where it leads.
    Rel(&'static str),
    /// `col` or `row`, of a cell that is a heading.
    Scope(&'static str),
    /// What a reader of screens says of it.
    Label(&'a str),
    /// `img` or another role.
    Role(&'static str),
    /// A number, of a drawing.
    Number(&'static str, i32),
    /// The width and height of a drawing.
    ViewBox(i32, i32),
    /// The points of a line.
    Points(&'a [(i32, i32)]),
}

/// Elements that have nothing inside.
const VOID: [&str; 2] = ["line", "circle"];

impl Html {
    /// An element and what is inside.
    pub fn el(&mut self, name: &'static str, attrs: &[Attr<'_>], inside: impl FnOnce(&mut Html)) {
        self.open(name, attrs);
        inside(self);
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }

    /// An element with a text in it.
    pub fn of(&mut self, name: &'static str, attrs: &[Attr<'_>], text: &str) {
        self.el(name, attrs, |html| html.text(text));
    }

    /// A shape of a drawing, which has nothing inside.
    pub fn shape(&mut self, name: &'static str, attrs: &[Attr<'_>]) {
        debug_assert!(VOID.contains(&name));
        self.el(name, attrs, |_| {});
    }

    /// A link to another site, which is not told where somebody comes from.
    pub fn link_away(&mut self, to: &Href, text: &str) {
        self.of("a", &[Attr::Href(to), Attr::Rel("noreferrer")], text);
    }

    /// A link.
    pub fn link(&mut self, to: &Href, text: &str) {
        self.of("a", &[Attr::Href(to)], text);
    }

    /// A text of anybody.
    pub fn text(&mut self, text: &str) {
        escape(&mut self.out, &shown(text));
    }

    /// A text of anybody, in which literals stand in backticks.
    pub fn prose(&mut self, text: &str) {
        let mut parts = text.split('`');
        self.text(parts.next().unwrap_or_default());
        let mut parts = parts.peekable();
        let mut literal = true;
        while let Some(part) = parts.next() {
            // One without an end is no literal.
            match literal && parts.peek().is_some() {
                true => self.of("code", &[], part),
                false if literal => self.text(&format!("`{part}")),
                false => self.text(part),
            }
            literal = !literal;
        }
    }

    fn open(&mut self, name: &'static str, attrs: &[Attr<'_>]) {
        self.out.push('<');
        self.out.push_str(name);
        for attr in attrs {
            let (name, value) = match attr {
                Attr::Class(names) => ("class", (*names).to_owned()),
                Attr::Id(id) => ("id", shown(id).into_owned()),
                Attr::Href(href) => ("href", href.as_str().to_owned()),
                Attr::Rel(rel) => ("rel", (*rel).to_owned()),
                Attr::Scope(scope) => ("scope", (*scope).to_owned()),
                Attr::Label(label) => ("aria-label", shown(label).into_owned()),
                Attr::Role(role) => ("role", (*role).to_owned()),
                Attr::Number(name, n) => (*name, n.to_string()),
                Attr::ViewBox(width, height) => ("viewBox", format!("0 0 {width} {height}")),
                Attr::Points(points) => ("points", joined(points)),
            };
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            escape(&mut self.out, &value);
            self.out.push('"');
        }
        self.out.push('>');
    }
}

fn joined(points: &[(i32, i32)]) -> String {
    let mut text = String::new();
    for (x, y) in points {
        let _ = write!(text, "{x},{y} ");
    }
    text.trim_end().to_owned()
}

/// Escapes for what stands between elements, and in quotes.
fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

/// What every page begins with. No script runs, nothing is fetched but the style sheet, no form is
/// sent; a page that lies in a file has a style sheet that lies in one.
const HEAD: &str = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'self' file:; \
base-uri 'none'; form-action 'none'\">\
<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">";

/// A whole page.
pub fn page(title: &str, style: &Href, body: impl FnOnce(&mut Html)) -> String {
    let mut html = Html {
        out: HEAD.to_owned(),
    };
    html.of("title", &[], title);
    html.out.push_str("<link rel=\"stylesheet\" href=\"");
    escape(&mut html.out, style.as_str());
    html.out.push_str("\"></head>");
    html.el("body", &[], body);
    html.out.push_str("</html>\n");
    html.out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(write: impl FnOnce(&mut Html)) -> String {
        let mut html = Html::default();
        write(&mut html);
        html.out
    }

    /// Attack: a text that would end its element or its attribute.
    #[test]
    fn no_text_becomes_an_element_or_ends_an_attribute() {
        let hostile = "</p><script>alert(1)</script>\"' onload='x' &lt;\u{202e}\0\n";
        let html = of(|h| {
            h.el("p", &[Attr::Label(hostile), Attr::Id(hostile)], |h| {
                h.text(hostile);
                h.prose(hostile);
            });
        });
        let inside = html
            .strip_prefix("<p ")
            .unwrap()
            .strip_suffix("</p>")
            .unwrap();
        assert_eq!(inside.matches('<').count(), 0, "{html}");
        assert_eq!(inside.matches('"').count(), 4, "{html}");
        assert!(inside.contains("&amp;lt;\\u{202e}\\0\\n"), "{html}");
    }

    proptest::proptest! {
        /// Whatever somebody wrote: nothing but the own elements, and the text comes back as it is shown.
        #[test]
        fn any_text_is_text(text in "(<|>|&|\"|'|`|a|\\PC|.){0,40}") {
            let html = of(|h| h.of("p", &[], &text));
            let inside = html.strip_prefix("<p>").unwrap().strip_suffix("</p>").unwrap();
            proptest::prop_assert!(!inside.contains(['<', '>', '"', '\'']));
            let back = ["<", ">", "\"", "'", "&"].iter().zip(["&lt;", "&gt;", "&quot;", "&#39;", "&amp;"]);
            let back = back.fold(inside.to_owned(), |all, (c, escaped)| all.replace(escaped, c));
            proptest::prop_assert_eq!(back, shown(&text));
            let prose = of(|h| h.prose(&text));
            let bare = prose.replace("<code>", "").replace("</code>", "");
            proptest::prop_assert!(!bare.contains(['<', '>', '"', '\'']));
        }
    }

    #[test]
    fn a_literal_has_two_backticks() {
        for (text, html) in [
            ("a `b` c", "a <code>b</code> c"),
            ("`b`", "<code>b</code>"),
            ("a ` b", "a ` b"),
            ("`a` `b", "<code>a</code> `b"),
            ("", ""),
            ("`<`", "<code>&lt;</code>"),
        ] {
            assert_eq!(of(|h| h.prose(text)), html);
        }
    }
}
