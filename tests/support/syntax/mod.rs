//! opam-file-format as an oracle for the syntax, and what to feed it.

pub mod dump;
pub mod material;
pub mod real;
pub mod second;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use conex_verify::format::syntax::{self, SyntaxErrorKind};

use dump::dump;

/// A program around opam-file-format.
pub struct Oracle {
    directory: tempfile::TempDir,
}

impl Oracle {
    /// Builds the program, or says why it is not there.
    pub fn build() -> Option<Oracle> {
        let directory = tempfile::tempdir().unwrap();
        let source = directory.path().join("dump.ml");
        std::fs::write(&source, include_str!("dump.ml")).unwrap();
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
    pub fn read(&self, texts: &[Vec<u8>]) -> Vec<String> {
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
    pub fn compare(&self, texts: &[Vec<u8>]) -> Tally {
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

/// How many texts were read the same, refused by both, and meant to differ.
#[derive(Debug, Default)]
pub struct Tally {
    pub equal: usize,
    pub refused: usize,
    pub meant: usize,
}

/// What our reader reads, in the notation of `dump.ml`.
pub fn ours(text: &[u8]) -> Result<String, SyntaxErrorKind> {
    match syntax::parse(text) {
        Ok(file) => Ok(dump(&file.items)),
        Err(error) => Err(error.kind().clone()),
    }
}

#[derive(Debug, PartialEq)]
pub enum Verdict {
    Same,
    /// The number of the entry in `oracle/differences.md`.
    Meant(u8),
    Wrong,
}

/// Compares a line of `dump.ml` with our reading.
pub fn difference(theirs: &str, ours: &Result<String, SyntaxErrorKind>) -> Verdict {
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
