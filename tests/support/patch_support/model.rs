//! A model of what opam 2.4 and later do with a patch: OCaml's `patch` library
//! (3.1) and the loop around it in opam, for names without quotes.
//!
//! Written from their source, faults included: it skips what it does not
//! know, deletes without looking at the content, and handles the last newline
//! of a file by two flags. Nothing of the code under test is used.

use super::Files;

/// What a section does.
enum Operation {
    Edit(String, String),
    Delete(String),
    Create(String),
    Rename(String, String),
}

struct Hunk<'p> {
    start: usize,
    mine: Vec<&'p [u8]>,
    their: Vec<&'p [u8]>,
}

/// Applies `patch`; `None` where opam would fail.
pub fn apply(old: &Files, patch: &[u8]) -> Option<Files> {
    let lines: Vec<&[u8]> = patch.split(|&b| b == b'\n').collect();
    let mut files = old.clone();
    let mut at = 0;
    while let Some(operation) = section(&lines, &mut at)? {
        let (hunks, mine_open, their_open) = match operation {
            (_, true) => (Vec::new(), false, false),
            (_, false) => hunks(&lines, &mut at)?,
        };
        match operation.0 {
            Operation::Delete(path) => {
                files.remove(&path)?;
            }
            Operation::Rename(from, to) => {
                let content = files.remove(&from)?;
                files.insert(to, content);
            }
            Operation::Create(path) => {
                let mut content = Vec::new();
                if let [hunk] = &hunks[..] {
                    content = hunk.their.join(&b'\n');
                    content.extend((!their_open).then_some(b'\n'));
                } else if !operation.1 {
                    return None;
                }
                files.insert(path, content);
            }
            Operation::Edit(from, to) => {
                let path = if files.contains_key(&from) { from } else { to };
                let content = edit(files.get(&path)?, &hunks, mine_open, their_open)?;
                files.insert(path, content);
            }
        }
    }
    Some(files)
}

/// Finds the next section: what it does, and whether it has no hunks.
#[allow(clippy::type_complexity)]
fn section(lines: &[&[u8]], at: &mut usize) -> Option<Option<(Operation, bool)>> {
    let text = |i: usize| {
        lines
            .get(i)
            .map(|l| String::from_utf8_lossy(l).into_owned())
    };
    let strip = |name: &str| name.split_once('/').map(|(_, rest)| rest.to_owned());
    let mut header: Option<(String, String)> = None;
    let mut action = None;
    loop {
        let Some(line) = text(*at) else {
            return Some(action.map(|action| (action, true)));
        };
        if let Some(names) = line.strip_prefix("diff --git ") {
            if action.is_some() {
                return Some(action.map(|action| (action, true)));
            }
            let (a, b) = names.split_once(' ')?;
            header = Some((strip(a)?, strip(b)?));
        } else if let (Some((a, b)), Some(next)) = (&header, text(*at + 1))
            && line.starts_with("rename from ")
            && next.starts_with("rename to ")
        {
            action = Some(Operation::Rename(a.clone(), b.clone()));
        } else if let (Some((a, _)), true) = (&header, line.starts_with("deleted file mode ")) {
            action = Some(Operation::Delete(a.clone()));
        } else if let (Some((_, b)), true) = (&header, line.starts_with("new file mode ")) {
            action = Some(Operation::Create(b.clone()));
        } else if let (Some(old), Some(new)) = (
            line.strip_prefix("--- "),
            text(*at + 1)
                .as_deref()
                .and_then(|next| next.strip_prefix("+++ ")),
        ) {
            *at += 2;
            let side = |name: &str| (name != "/dev/null").then(|| strip(name));
            return Some(Some(match (side(old), side(new)) {
                (None, Some(new)) => (Operation::Create(new?), false),
                (Some(old), None) => (Operation::Delete(old?), false),
                (Some(old), Some(new)) => (Operation::Edit(old?, new?), false),
                (None, None) => return None,
            }));
        }
        *at += 1;
    }
}

/// The hunks that follow, and whether the old and the new file lack their last newline.
fn hunks<'p>(lines: &[&'p [u8]], at: &mut usize) -> Option<(Vec<Hunk<'p>>, bool, bool)> {
    let (mut all, mut mine_open, mut their_open) = (Vec::new(), false, false);
    while let Some(line) = lines.get(*at)
        && line.starts_with(b"@@ -")
    {
        *at += 1;
        let text = String::from_utf8_lossy(line);
        let mut sides = text.split(' ').skip(1).map(|side| {
            let (start, count) = side.get(1..)?.split_once(',').unwrap_or((&side[1..], "1"));
            Some((start.parse::<usize>().ok()?, count.parse::<usize>().ok()?))
        });
        let (start, mut mine_left) = sides.next()??;
        let (_, mut their_left) = sides.next()??;
        let (mut mine, mut their) = (Vec::new(), Vec::new());
        let mut last = b' ';
        loop {
            let line = *lines.get(*at)?;
            match line {
                [b'\\', ..] => {
                    mine_open |= last != b'+';
                    their_open |= last != b'-';
                    *at += 1;
                    continue;
                }
                _ if mine_left == 0 && their_left == 0 => break,
                [tag @ (b' ' | b'-' | b'+'), rest @ ..] => {
                    last = *tag;
                    if *tag != b'+' {
                        mine_left = mine_left.checked_sub(1)?;
                        mine.push(rest);
                    }
                    if *tag != b'-' {
                        their_left = their_left.checked_sub(1)?;
                        their.push(rest);
                    }
                }
                _ => return None,
            }
            *at += 1;
        }
        all.push(Hunk { start, mine, their });
    }
    Some((all, mine_open, their_open))
}

/// Applies hunks where they say, counting what the hunks before added.
fn edit(old: &[u8], hunks: &[Hunk<'_>], mine_open: bool, their_open: bool) -> Option<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = super::lines(old).iter().map(|l| l.to_vec()).collect();
    let mut offset = 0_isize;
    for hunk in hunks {
        let start = isize::try_from(hunk.start).ok()? + offset - 1;
        let start = usize::try_from(start.max(0)).ok()?;
        let end = start + hunk.mine.len();
        let actual = lines.get(start..end)?;
        let bare = |line: &Vec<u8>| line.strip_suffix(b"\n").unwrap_or(line).to_vec();
        if !actual
            .iter()
            .map(bare)
            .eq(hunk.mine.iter().map(|l| l.to_vec()))
        {
            return None;
        }
        let open = actual.last().is_some_and(|line| !line.ends_with(b"\n"));
        let mut their: Vec<Vec<u8>> = hunk
            .their
            .iter()
            .map(|l| [l, b"\n".as_slice()].concat())
            .collect();
        match their.last_mut() {
            Some(last) if open => {
                last.pop();
            }
            // The length of nothing without newline is counted as -1.
            None if open => {
                lines.get_mut(start.checked_sub(1)?)?.pop();
            }
            _ => {}
        }
        offset += isize::try_from(their.len()).ok()? - isize::try_from(hunk.mine.len()).ok()?;
        lines.splice(start..end, their);
    }
    let mut bytes = lines.concat();
    match (mine_open, their_open) {
        (false, true) if bytes.last() == Some(&b'\n') => {
            bytes.pop();
        }
        (true, false) => bytes.push(b'\n'),
        _ => {}
    }
    Some(bytes)
}
