//! The three dialects, printed independently of the code under test.

use super::{Files, lines};

/// A dialect to print, and its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Print {
    /// `diff -ruaN`.
    Gnu,
    /// git, with so many lines of context, and renames of unchanged files if so.
    Git { context: usize, renames: bool },
    /// OCaml's `patch` library; opam 2.4 and 2.5 write one name twice.
    Ocaml { twice: bool },
}

const OLD_TIME: &str = "2024-01-01 00:00:00.000000000 +0000";
const NEW_TIME: &str = "2024-06-01 12:34:56.789012345 -0230";
const EPOCH: &str = "1969-12-31 19:00:00.000000000 -0500";

/// The patch from `old` to `new`.
pub fn print(print: Print, old: &Files, new: &Files) -> Vec<u8> {
    let mut out = Vec::new();
    let mut moved = Vec::new();
    if let Print::Git { renames: true, .. } = print {
        moved = pure_renames(old, new);
    }
    let names: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        if let Some((from, _)) = moved.iter().find(|(_, to)| to == name) {
            out.extend_from_slice(
                format!("diff --git b/{from} a/{name}\nsimilarity index 100%\nrename from {from}\nrename to {name}\n").as_bytes(),
            );
        } else if !moved.iter().any(|(from, _)| from == name) {
            file(print, name, old.get(name), new.get(name), &mut out);
        }
    }
    out
}

fn pure_renames(old: &Files, new: &Files) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for (from, bytes) in old {
        let to = new.iter().find(|(to, content)| {
            !bytes.is_empty()
                && *content == bytes
                && !old.contains_key(*to)
                && !pairs.iter().any(|(_, used)| used == *to)
        });
        if let (false, Some((to, _))) = (new.contains_key(from), to) {
            pairs.push((from.clone(), to.clone()));
        }
    }
    pairs
}

fn file(print: Print, name: &str, old: Option<&Vec<u8>>, new: Option<&Vec<u8>>, out: &mut Vec<u8>) {
    let mut say = |text: String| out.extend_from_slice(text.as_bytes());
    let nothing = Vec::new();
    let (a, b) = (old.unwrap_or(&nothing), new.unwrap_or(&nothing));
    if a == b && (old.is_some() == new.is_some() || print == Print::Gnu) {
        return;
    }
    let no_file = "/dev/null".to_owned();
    match print {
        Print::Gnu => {
            let time = |side: Option<_>, time| if side.is_some() { time } else { EPOCH };
            say(format!("diff -ruaN r/{name} r.new/{name}\n"));
            say(format!("--- r/{name}\t{}\n", time(old, OLD_TIME)));
            say(format!("+++ r.new/{name}\t{}\n", time(new, NEW_TIME)));
            out.extend_from_slice(&unified(a, b, 3));
        }
        Print::Git { context, .. } => {
            say(format!("diff --git b/{name} a/{name}\n"));
            let id = |side: Option<&Vec<u8>>, full: &'static str| match side {
                None => "0000000",
                Some(bytes) if bytes.is_empty() => "e69de29",
                Some(_) => full,
            };
            let (mode, same_mode) = match (old, new) {
                (None, _) => ("new file mode 100644\n", ""),
                (_, None) => ("deleted file mode 100644\n", ""),
                _ => ("", " 100644"),
            };
            let ids = format!("{}..{}", id(old, "8f966ee"), id(new, "4845f17"));
            say(format!("{mode}index {ids}{same_mode}\n"));
            if a != b {
                let side = |side: Option<_>, letter| match side {
                    Some(_) => format!("{letter}/{name}"),
                    None => no_file.clone(),
                };
                say(format!("--- {}\n", side(old, "b")));
                say(format!("+++ {}\n", side(new, "a")));
                out.extend_from_slice(&unified(a, b, context));
            }
        }
        Print::Ocaml { twice } => {
            let (from, to) = (format!("r/{name}"), format!("r.new/{name}"));
            match (old, new) {
                (None, Some(_)) if b.is_empty() => {
                    let first = if twice { &to } else { &from };
                    say(format!("diff --git {first} {to}\nnew file mode 100644\n"));
                }
                (Some(_), None) if a.is_empty() => {
                    let second = if twice { &from } else { &to };
                    say(format!(
                        "diff --git {from} {second}\ndeleted file mode 100644\n"
                    ));
                }
                _ => {
                    say(format!(
                        "--- {}\n",
                        if old.is_some() { &from } else { &no_file }
                    ));
                    say(format!(
                        "+++ {}\n",
                        if new.is_some() { &to } else { &no_file }
                    ));
                    out.extend_from_slice(&tail(a, b));
                }
            }
        }
    }
}

fn body_line(out: &mut Vec<u8>, tag: u8, line: &[u8]) {
    out.push(tag);
    out.extend_from_slice(line);
    if line.last() != Some(&b'\n') {
        out.extend_from_slice(b"\n\\ No newline at end of file\n");
    }
}

/// One hunk, from the first line that differs to the end.
fn tail(a: &[u8], b: &[u8]) -> Vec<u8> {
    let (a, b) = (lines(a), lines(b));
    let same = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let start = |side: &[&[u8]]| if side.is_empty() { 0 } else { same + 1 };
    let mut out = format!(
        "@@ -{},{} +{},{} @@\n",
        start(&a),
        a.len() - same,
        start(&b),
        b.len() - same
    )
    .into_bytes();
    a[same..]
        .iter()
        .for_each(|line| body_line(&mut out, b'-', line));
    b[same..]
        .iter()
        .for_each(|line| body_line(&mut out, b'+', line));
    out
}

/// A longest common subsequence, as one step a line.
fn steps<'x>(a: &[&'x [u8]], b: &[&'x [u8]]) -> Vec<(u8, &'x [u8])> {
    let mut table = vec![vec![0_usize; b.len() + 1]; a.len() + 1];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            table[i][j] = if a[i] == b[j] {
                table[i + 1][j + 1] + 1
            } else {
                table[i + 1][j].max(table[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut steps) = (0, 0, Vec::new());
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            steps.push((b' ', a[i]));
            i += 1;
            j += 1;
        } else if i < a.len() && (j == b.len() || table[i + 1][j] >= table[i][j + 1]) {
            steps.push((b'-', a[i]));
            i += 1;
        } else {
            steps.push((b'+', b[j]));
            j += 1;
        }
    }
    // Within one change, what is removed comes first.
    for group in steps.chunk_by_mut(|x, y| (x.0 == b' ') == (y.0 == b' ')) {
        group.sort_by_key(|step| step.0 == b'+');
    }
    steps
}

/// Unified hunks with `context` lines.
pub fn unified(a: &[u8], b: &[u8], context: usize) -> Vec<u8> {
    let steps = steps(&lines(a), &lines(b));
    let changes: Vec<usize> = (0..steps.len()).filter(|&i| steps[i].0 != b' ').collect();
    let mut out = Vec::new();
    let mut rest = &changes[..];
    while let [first, ..] = rest {
        let count = rest
            .windows(2)
            .take_while(|pair| pair[1] - pair[0] <= 2 * context + 1)
            .count();
        let start = first.saturating_sub(context);
        let end = (rest[count] + context + 1).min(steps.len());
        rest = &rest[count + 1..];
        let range = |skip: u8| {
            let in_side = |steps: &[(u8, &[u8])]| steps.iter().filter(|s| s.0 != skip).count();
            let before = in_side(&steps[..start]);
            match in_side(&steps[start..end]) {
                0 => format!("{before},0"),
                1 => format!("{}", before + 1),
                n => format!("{},{n}", before + 1),
            }
        };
        out.extend_from_slice(format!("@@ -{} +{} @@\n", range(b'+'), range(b'-')).as_bytes());
        for (tag, line) in &steps[start..end] {
            body_line(&mut out, *tag, line);
        }
    }
    out
}
