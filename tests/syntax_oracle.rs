//! The reader against opam's own, opam-file-format: the same tree, or refused
//! by both.
//!
//! An attack starts where two readers disagree: a janitor approves what one of
//! them shows, and opam builds what the other one sees. So this compares all
//! real opam files, made-up ones, and damaged ones, in what they mean as in
//! what is refused. What is meant to differ is listed in
//! `oracle/differences.md`, and each entry must still differ.
//!
//! The OCaml side is built here, from `oracle/dump.ml`, with Debian's `ocaml-nox`
//! and `libopam-file-format-ocaml-dev`. Without them it does not run, which is a
//! failure if `CONEX_REQUIRE_ORACLES` is set.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use conex::core::limits::{MAX_SYNTAX_DEPTH, MAX_SYNTAX_VALUES};
use conex::core::syntax::{self, Item, LogOp, PfxOp, SyntaxErrorKind, Value, ValueKind};

// ---------------------------------------------------------------- the oracle

struct Oracle {
    directory: tempfile::TempDir,
}

impl Oracle {
    /// Builds the program, or says why it is not there.
    fn build() -> Option<Oracle> {
        let directory = tempfile::tempdir().unwrap();
        let source = directory.path().join("dump.ml");
        std::fs::write(&source, include_str!("oracle/dump.ml")).unwrap();
        let mut said = String::new();
        for (program, arguments) in [
            (
                "ocamlopt",
                &["-I", "+opam-file-format", "opam-file-format.cmxa"][..],
            ),
            (
                "ocamlfind",
                &["ocamlopt", "-package", "opam-file-format", "-linkpkg"][..],
            ),
        ] {
            let output = Command::new(program)
                .args(arguments)
                .args(["dump.ml", "-o", "dump"])
                .current_dir(directory.path())
                .output();
            match output {
                Ok(output) if output.status.success() => return Some(Oracle { directory }),
                Ok(output) => said += &String::from_utf8_lossy(&output.stderr),
                Err(error) => said += &format!("{program}: {error}\n"),
            }
        }
        let message = format!(
            "NOT RUN: no comparison with opam-file-format, which needs the Debian packages \
             ocaml-nox and libopam-file-format-ocaml-dev:\n{said}"
        );
        assert!(
            std::env::var_os("CONEX_REQUIRE_ORACLES").is_none(),
            "{message}"
        );
        eprintln!("{message}");
        None
    }

    /// What opam-file-format reads in each of the texts.
    fn read(&self, texts: &[Vec<u8>]) -> Vec<String> {
        let mut child = Command::new(self.directory.path().join("dump"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let lines = std::thread::scope(|scope| {
            scope.spawn(move || {
                for text in texts {
                    stdin.write_all(format!("{}\n", text.len()).as_bytes())?;
                    stdin.write_all(text)?;
                }
                std::io::Result::Ok(())
            });
            stdout.lines().collect::<Result<Vec<_>, _>>().unwrap()
        });
        assert!(child.wait().unwrap().success());
        assert_eq!(lines.len(), texts.len());
        lines
    }

    /// Fails on the first text that the two read differently without need.
    fn compare(&self, texts: &[Vec<u8>]) -> Tally {
        let mut tally = Tally::default();
        for (text, theirs) in texts.iter().zip(self.read(texts)) {
            let ours = ours(text);
            match difference(&theirs, &ours) {
                Verdict::Same if theirs == "refused" => tally.refused += 1,
                Verdict::Same => tally.equal += 1,
                Verdict::Meant(_) => tally.meant += 1,
                Verdict::Wrong => panic!(
                    "read differently: {:?}\n  opam-file-format: {theirs}\n  conex: {ours:?}",
                    String::from_utf8_lossy(text)
                ),
            }
        }
        tally
    }
}

#[derive(Debug, Default)]
struct Tally {
    equal: usize,
    refused: usize,
    meant: usize,
}

fn ours(text: &[u8]) -> Result<String, SyntaxErrorKind> {
    match syntax::parse(text) {
        Ok(file) => Ok(dump(&file.items)),
        Err(error) => Err(error.kind().clone()),
    }
}

#[derive(Debug, PartialEq)]
enum Verdict {
    Same,
    /// The number of the entry in `oracle/differences.md`.
    Meant(u8),
    Wrong,
}

fn difference(theirs: &str, ours: &Result<String, SyntaxErrorKind>) -> Verdict {
    match (theirs, ours) {
        ("refused", Err(_)) => Verdict::Same,
        ("marker", Err(_)) => Verdict::Meant(3),
        ("refused" | "marker", Ok(_)) => Verdict::Wrong,
        (_, Err(SyntaxErrorKind::Depth)) => Verdict::Meant(1),
        (_, Err(SyntaxErrorKind::Values)) => Verdict::Meant(2),
        (theirs, Ok(ours)) if theirs == ours => Verdict::Same,
        _ => Verdict::Wrong,
    }
}

// ------------------------------------------------------- the same dump, here

fn dump(items: &[Item<'_>]) -> String {
    let mut out = "file ".to_owned();
    put_items(&mut out, items);
    out
}

fn put_items(out: &mut String, items: &[Item<'_>]) {
    for item in items {
        match item {
            Item::Field(field) => {
                out.push_str("field ");
                put_text(out, field.name.text.as_bytes());
                out.push(' ');
                put_value(out, &field.value);
            }
            Item::Section(section) => {
                out.push_str("section ");
                put_text(out, section.kind.text.as_bytes());
                if let Some(name) = &section.name {
                    out.push(' ');
                    put_text(out, name);
                }
                out.push_str(" { ");
                put_items(out, &section.items);
                out.push_str("} ");
            }
        }
    }
}

fn put_text(out: &mut String, text: &[u8]) {
    out.push_str(&format!("{}:", text.len()));
    for byte in text {
        out.push_str(&format!("{byte:02x}"));
    }
}

fn put_value(out: &mut String, value: &Value<'_>) {
    let put_values = |out: &mut String, values: &[Value<'_>]| {
        for value in values {
            put_value(out, value);
        }
    };
    match &value.kind {
        ValueKind::Bool(value) => out.push_str(if *value { "B1 " } else { "B0 " }),
        ValueKind::Int(number) => out.push_str(&format!("I{number} ")),
        ValueKind::String(text) => {
            out.push('S');
            put_text(out, text);
            out.push(' ');
        }
        ValueKind::Ident(text) => {
            out.push('N');
            put_text(out, text.as_bytes());
            out.push(' ');
        }
        ValueKind::List(values) => {
            out.push_str("L[ ");
            put_values(out, values);
            out.push_str("] ");
        }
        ValueKind::Group(values) => {
            out.push_str("G( ");
            put_values(out, values);
            out.push_str(") ");
        }
        ValueKind::Option(inner, values) => {
            out.push_str("O ");
            put_value(out, inner);
            out.push_str("{ ");
            put_values(out, values);
            out.push_str("} ");
        }
        ValueKind::Relop(op, sides) => {
            out.push_str(&format!("R{} ", op.op.as_str()));
            put_values(out, sides.as_slice());
        }
        ValueKind::EnvBinding(op, sides) => {
            out.push_str(&format!("E{} ", op.op.as_str()));
            put_values(out, sides.as_slice());
        }
        ValueKind::PrefixRelop(op, right) => {
            out.push_str(&format!("P{} ", op.op.as_str()));
            put_value(out, right);
        }
        // A chain is nested to the left there.
        ValueKind::Logop(op, operands) => {
            let op = match op {
                LogOp::And => "& ",
                LogOp::Or => "| ",
            };
            out.push_str(&op.repeat(operands.len() - 1));
            put_values(out, operands);
        }
        ValueKind::Pfxop(op, inner) => {
            out.push_str(match op.op {
                PfxOp::Not => "! ",
                PfxOp::Defined => "? ",
            });
            put_value(out, inner);
        }
    }
}

// -------------------------------------------------------------- the material

/// Every opam file of opam-repository, if the data is there.
fn real_files() -> Option<Vec<Vec<u8>>> {
    let data = std::env::var_os("CONEX_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        PathBuf::from,
    );
    let archive = data.join("opam-repository/2026-05-30.tar.gz");
    if !archive.exists() {
        eprintln!(
            "NOT RUN: no real opam files, {} is absent",
            archive.display()
        );
        return None;
    }
    let directory = tempfile::tempdir().unwrap();
    let status = Command::new("tar")
        .arg("-C")
        .arg(directory.path())
        .arg("-xzf")
        .arg(&archive)
        .status()
        .unwrap();
    assert!(status.success());
    let mut files = Vec::new();
    let mut todo = vec![directory.path().to_owned()];
    while let Some(path) = todo.pop() {
        for entry in std::fs::read_dir(path).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                todo.push(entry.path());
            } else if entry.file_name() == "opam" {
                let mut bytes = Vec::new();
                std::fs::File::open(entry.path())
                    .unwrap()
                    .read_to_end(&mut bytes)
                    .unwrap();
                files.push(bytes);
            }
        }
    }
    files.sort();
    Some(files)
}

/// Repeatable random numbers (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// Every token, and everything that looks like one and is not.
const PIECES: &[&str] = &[
    ":",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "&",
    "|",
    "!",
    "?",
    "=",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "~",
    "+=",
    "=+",
    "=+=",
    ":=",
    "=:",
    "=:=",
    "+",
    "-",
    "--",
    "a",
    "b-c",
    "x_y",
    "_",
    "__",
    "_a",
    "a+b",
    "a+_",
    "_+a",
    "_+_",
    "a+1",
    "a:b",
    "a+b:c",
    "a:_",
    "a:1",
    "1a",
    "0x1f",
    "0b1",
    "true",
    "false",
    "truex",
    "true:a",
    "false+b",
    "0",
    "12",
    "-7",
    "-_1",
    "1_0",
    "1__",
    "-0",
    "00",
    "4611686018427387903",
    "4611686018427387904",
    "-4611686018427387904",
    "-4611686018427387905",
    "9223372036854775808",
    "\"\"",
    "\"s\"",
    "\"a b\"",
    "\"\\n\\t\\b\\r\\\\\\\"\\'\\ \"",
    "\"\\065\"",
    "\"\\255\"",
    "\"\\256\"",
    "\"\\x4a\"",
    "\"\\xFf\"",
    "\"\\xg0\"",
    "\"\\q\"",
    "\"\\\n  x\"",
    "\"\\\r\n\t x\"",
    "\"\\ \n\"",
    "\"\\\r\"",
    "\"a\r\nb\"",
    "\"a\rb\"",
    "\"a\nb\"",
    "\"\\1\"",
    "\"\"\"t\"\"\"",
    "\"\"\"a\"b\"\"c\"\"\"",
    "\"\"\"\"",
    "\"\"\"\"\"",
    "\"\"\"\"\"\"",
    "\"\"\"\\\"\"\"\"",
    "\"\"\"\r\n\\\n  \"\"\"",
    "\"",
    "\"\"\"",
    "\\",
    "#",
    "# c\n",
    "#\n",
    "(*",
    "*)",
    "(* c *)",
    "(*)*)",
    "(* (* *) *)",
    "(* \" *)",
    "\n",
    "\r\n",
    "\r",
    "\t",
    " ",
    "\u{b}",
    "\u{c}",
    "\0",
    "é",
    "\u{feff}",
    "'",
    ";",
    ",",
    ".",
    "/",
    "@",
    "$",
    "%",
    "^",
    "*",
    "`",
    "opam-version",
    "opam-version: \"2.0\"",
    "opam-version: \"2.1\"",
    "opam-version: \"2.2\"",
    "opam-version: \"3\"",
    "opam-version: \"2.0.9\"",
    "opam-version: \"2.1_0\"",
    "opam-version: \"3.\"",
    "opam-version: 2",
    "version: \"42\"",
    "a: b",
    "s { a: b }",
    "s \"n\" {",
];

const BLANKS: &[&str] = &[" ", " ", " ", "\n", "\t", "\r\n", "", " (* c *) ", " # c\n"];

/// Tokens in any order: nearly all are refused.
fn soup(random: &mut Random) -> Vec<u8> {
    let mut out = Vec::new();
    if random.below(3) > 0 {
        out.extend(
            random
                .pick(&["a:", "a: [", "s { a: (", "opam-version: \"9.9\" a: "])
                .bytes(),
        );
    }
    for _ in 0..random.below(9) {
        out.extend(random.pick(PIECES).bytes());
        if random.below(3) > 0 {
            out.extend(random.pick(BLANKS).bytes());
        }
    }
    out.extend(random.pick(&["", "", "]", ")", "}", ")}"]).bytes());
    out
}

/// Single bytes of an alphabet where each can change what the others mean.
fn bytes(random: &mut Random) -> Vec<u8> {
    let mut out = random
        .pick(&["a:", "a:[", "a:\"", "a:\"\"\"", ""])
        .as_bytes()
        .to_vec();
    for _ in 0..random.below(12) {
        out.push(*random.pick(&b"\"\"\"\\\\\n\r x0159afn_-+:=!<~(*)[]{}&|?#A\xff".each_ref()));
    }
    out.extend(random.pick(&["", "]", "\"", "\"\"\""]).bytes());
    out
}

/// A file that follows the grammar, with every freedom that it gives.
fn grammatical(random: &mut Random) -> Vec<u8> {
    let mut out = Vec::new();
    items(random, &mut out, 3);
    out
}

fn blank(random: &mut Random, out: &mut Vec<u8>) {
    out.extend(random.pick(BLANKS).bytes());
}

fn items(random: &mut Random, out: &mut Vec<u8>, depth: usize) {
    const NAMES: &[&str] = &[
        "a",
        "build",
        "x-y",
        "a+b",
        "_+a",
        "n:m",
        "1a",
        "opam-version",
        "url",
    ];
    for _ in 0..random.below(4) {
        out.extend(random.pick(NAMES).bytes());
        blank(random, out);
        if depth > 0 && random.below(4) == 0 {
            if random.below(2) == 0 {
                string(random, out);
                blank(random, out);
            }
            out.push(b'{');
            items(random, out, depth - 1);
            blank(random, out);
            out.push(b'}');
        } else {
            out.extend(random.pick(&[": ", ":", " : "]).bytes());
            value(random, out, 4);
        }
        out.push(b'\n');
    }
}

fn string(random: &mut Random, out: &mut Vec<u8>) {
    const PARTS: &[&str] = &[
        "a", "é", " ", "\n", "\r\n", "\r", "\\n", "\\\\", "\\\"", "\\'", "\\ ", "\\b", "\\t",
        "\\r", "\\200", "\\x00", "\\xC3", "\\\n   ", "\\\r\n", "(*", "#", "%{a:b}%", "\0", "'",
    ];
    let quotes = random.pick(&["\"", "\"", "\"\"\""]);
    out.extend(quotes.bytes());
    for _ in 0..random.below(5) {
        out.extend(random.pick(PARTS).bytes());
        if quotes.len() == 3 && random.below(4) == 0 {
            out.extend(b"\"x");
        }
    }
    out.extend(quotes.bytes());
}

fn atom(random: &mut Random, out: &mut Vec<u8>) {
    const ATOMS: &[&str] = &[
        "a",
        "os",
        "b-c",
        "with-test",
        "a:b",
        "_+x",
        "x+y:z",
        "true",
        "false",
        "0",
        "-1",
        "1_000",
        "9z",
    ];
    if random.below(3) == 0 {
        string(random, out);
    } else {
        out.extend(random.pick(ATOMS).bytes());
    }
}

fn value(random: &mut Random, out: &mut Vec<u8>, depth: usize) {
    const COMPARE: &[&str] = &["=", "!=", "<", "<=", ">", ">=", "~"];
    const CHANGE: &[&str] = &["+=", "=+", "=+=", ":=", "=:"];
    let form = if depth == 0 { 0 } else { random.below(13) };
    let below = depth.saturating_sub(1);
    match form {
        1 | 2 => {
            let (open, close) = if form == 1 {
                (b'[', b']')
            } else {
                (b'(', b')')
            };
            out.push(open);
            values(random, out, below);
            out.push(close);
        }
        3 | 4 => {
            value(random, out, below);
            blank(random, out);
            out.push(b'{');
            values(random, out, below);
            out.push(b'}');
        }
        5..=8 => {
            value(random, out, below);
            out.extend(
                random
                    .pick(&[" & ", "&", " | ", "|", "\n& ", "&(* *)"])
                    .bytes(),
            );
            value(random, out, below);
        }
        9 => {
            out.extend(random.pick(&["!", "?", "! ", "? ", "!!"]).bytes());
            value(random, out, below);
        }
        10 | 11 => {
            if form == 10 {
                atom(random, out);
                blank(random, out);
            }
            out.extend(random.pick(COMPARE).bytes());
            blank(random, out);
            atom(random, out);
        }
        12 => {
            atom(random, out);
            out.push(b' ');
            out.extend(random.pick(CHANGE).bytes());
            out.push(b' ');
            atom(random, out);
        }
        _ => atom(random, out),
    }
}

fn values(random: &mut Random, out: &mut Vec<u8>, depth: usize) {
    for _ in 0..random.below(4) {
        value(random, out, depth);
        blank(random, out);
    }
}

/// A file with a few faults: bytes changed, pieces put in, left out, doubled.
fn damage(random: &mut Random, file: &[u8]) -> Vec<u8> {
    let mut out = file.to_vec();
    for _ in 0..1 + random.below(3) {
        let at = random.below(out.len() + 1);
        let end = (at + random.below(12)).min(out.len());
        match random.below(6) {
            0 if at < out.len() => out[at] = random.next() as u8,
            1 if at < out.len() => out[at] ^= 1 << random.below(8),
            2 => out.truncate(at),
            3 => drop(out.drain(at..end)),
            4 => {
                let piece = out[at..end].to_vec();
                out.splice(at..at, piece);
            }
            _ => drop(out.splice(at..at, random.pick(PIECES).bytes())),
        }
    }
    out
}

// ------------------------------------------------------------------ the tests

#[test]
fn real_files_read_the_same() {
    let (Some(oracle), Some(files)) = (Oracle::build(), real_files()) else {
        return;
    };
    let tally = oracle.compare(&files);
    eprintln!("real files: {tally:?}");
    assert_eq!((tally.equal, tally.meant), (files.len(), 0));
    assert!(files.len() > 17_000);
}

#[test]
fn damaged_files_read_the_same() {
    let Some(oracle) = Oracle::build() else {
        return;
    };
    let files = real_files().unwrap_or_else(|| vec![include_bytes!("oracle/sample.opam").to_vec()]);
    let mut random = Random(0x5eed_0001);
    let texts: Vec<_> = (0..20_000)
        .map(|_| {
            let file = &files[random.below(files.len())];
            damage(&mut random, file)
        })
        .collect();
    let tally = oracle.compare(&texts);
    eprintln!("damaged files: {tally:?}");
    assert!(tally.equal > 2_000 && tally.refused > 2_000, "{tally:?}");
}

#[test]
fn made_up_files_read_the_same() {
    let Some(oracle) = Oracle::build() else {
        return;
    };
    for (seed, make, accepted) in [
        (1, grammatical as fn(&mut Random) -> Vec<u8>, 20_000),
        (2, soup, 2_000),
        (3, bytes, 500),
    ] {
        let mut random = Random(seed);
        let texts: Vec<_> = (0..60_000).map(|_| make(&mut random)).collect();
        let tally = oracle.compare(&texts);
        eprintln!("made up, {seed}: {tally:?}");
        assert!(tally.equal > accepted && tally.refused > 1_000, "{tally:?}");
    }
}

/// Two tokens of every kind behind each other, with and without a blank, in
/// every place: where one ends is what the two lexers must agree on.
#[test]
fn every_pair_of_tokens_reads_the_same() {
    let Some(oracle) = Oracle::build() else {
        return;
    };
    let mut texts = Vec::new();
    for first in PIECES {
        for second in PIECES {
            for between in ["", " "] {
                texts.push(format!("a: [{first}{between}{second}]").into_bytes());
                texts.push(format!("{first}{between}{second}").into_bytes());
                texts.push(format!("a: {first}{between}{second}").into_bytes());
            }
        }
    }
    let tally = oracle.compare(&texts);
    eprintln!("pairs: {tally:?}");
}

#[test]
fn versions_of_the_format_read_the_same() {
    let Some(oracle) = Oracle::build() else {
        return;
    };
    let mut texts = Vec::new();
    for version in [
        "",
        ".",
        "..",
        "1",
        "2",
        "2.",
        "2.0",
        "2.0.1",
        "2.0~x",
        "2.0_1",
        "2.1",
        "2.1.9",
        "2.1~x",
        "2.1_0",
        "2.01",
        "02.1",
        "2.2",
        "2.10",
        "2..2",
        "2.1.",
        "3",
        "3.",
        "3.0",
        "3.x",
        "3_.1",
        "3.1_",
        "3.1x",
        "3. 1",
        "3.-1",
        "3.+1",
        "3.1..",
        "3-",
        " 3",
        "+3",
        "-3",
        "_3",
        "x3",
        "0x3",
        "3x.1",
        "3x.1.1",
        "2.1x.1",
        "4611686018427387903.1",
        "4611686018427387904.1",
        "2.4611686018427387904",
        "99999999999999999999",
        "2\\n.5",
        "3\\000",
    ] {
        texts.push(format!("opam-version: \"{version}\"").into_bytes());
        texts.push(format!("opam-version: \"{version}\" x: [").into_bytes());
        texts.push(format!("a:1 opam-version: \"{version}\"").into_bytes());
        texts.push(format!("s {{}} opam-version: \"{version}\"").into_bytes());
        texts.push(format!("s {{ a:1 opam-version: \"{version}\" }}").into_bytes());
        texts.push(format!("opam-version: \"{version}\" opam-version: \"1\"").into_bytes());
        texts.push(format!("opam-version: \"{version}\" opam-version: 1").into_bytes());
        texts.push(format!("opam-version: \"2.0\" opam-version: \"{version}\"").into_bytes());
        texts.push(format!("opam-version: [\"{version}\"] opam-version: \"2.0\"").into_bytes());
    }
    oracle.compare(&texts);
}

/// The list of differences: each must be one, and each way to exceed it too.
#[test]
fn listed_differences_are_differences() {
    let list = include_str!("oracle/differences.md");
    assert_eq!(
        list.matches("\n## ").count(),
        3,
        "an entry without a case here"
    );
    let deep = |open: &str, middle: &str, close: &str, n: usize| {
        format!("{}{middle}{}", open.repeat(n), close.repeat(n)).into_bytes()
    };
    // Each at the limit, where both must agree, and one beyond it.
    let depth = MAX_SYNTAX_DEPTH;
    let values = MAX_SYNTAX_VALUES;
    let cases: &[(u8, &dyn Fn(usize) -> Vec<u8>)] = &[
        (1, &|n| {
            [b"a: ".to_vec(), deep("[", "1", "]", depth - 1 + n)].concat()
        }),
        (1, &|n| {
            [b"a: ".to_vec(), deep("(", "1", ")", depth - 1 + n)].concat()
        }),
        (1, &|n| {
            [b"a: ".to_vec(), deep("!", "1", "", depth - 1 + n)].concat()
        }),
        (1, &|n| {
            [b"a: 1".to_vec(), deep("{}", "", "", depth - 1 + n)].concat()
        }),
        (1, &|n| {
            [b"a: ".to_vec(), deep("a{", "1", "}", depth - 1 + n)].concat()
        }),
        (1, &|n| deep("s{", "", "}", depth + n)),
        (1, &|n| deep("s{", "a: 1", "}", depth - 1 + n)),
        (1, &|n| {
            [b"a: ".to_vec(), deep("[", "1 & 2", "]", depth - 2 + n)].concat()
        }),
        (1, &|n| {
            [b"a: ".to_vec(), deep("[", "1 = 2", "]", depth - 2 + n)].concat()
        }),
        (2, &|n| {
            [
                b"a: [".to_vec(),
                b"1 ".repeat(values - 1 + n),
                b"]".to_vec(),
            ]
            .concat()
        }),
        (2, &|n| b"s{}".repeat(values + n)),
        (3, &|n| {
            let text: &[u8] = if n == 0 {
                b"opam-version: \"9.9\" a: 1"
            } else {
                b"opam-version: \"9.9\" a: ["
            };
            text.to_vec()
        }),
    ];
    let Some(oracle) = Oracle::build() else {
        return;
    };
    for (entry, case) in cases {
        for (beyond, expected) in [(0, Verdict::Same), (1, Verdict::Meant(*entry))] {
            let text = case(beyond);
            let theirs = oracle.read(&[text.clone()]).remove(0);
            let found = difference(&theirs, &ours(&text));
            let text = String::from_utf8_lossy(&text);
            assert_eq!(found, expected, "{}", &text[..text.len().min(200)]);
        }
    }
}
