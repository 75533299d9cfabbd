//! Hostile changes of a patch.

use super::random::Random;

/// Lines that the appliers give a meaning, or skip.
const JUNK: [&[u8]; 30] = [
    b"Index: repo",
    b"Prereq: 1",
    b"Only in r.new/packages: x",
    b"*** repo\t2024",
    b"--- repo",
    b"+++ repo",
    b"1d",
    b"1,2c",
    b".",
    b"w",
    b"",
    b" ",
    b"\t",
    b"\\ No newline at end of file",
    b"\\",
    b"-",
    b"+",
    b"+x",
    b"-a",
    b" a",
    b"rename from repo",
    b"rename to version",
    b"copy from repo",
    b"new file mode 100644",
    b"deleted file mode 100644",
    b"old mode 100644",
    b"new mode 100755",
    b"similarity index 100%",
    b"diff --git b/repo a/repo",
    b"@@ -1 +1 @@",
];

/// Texts put in the place of others.
const SWAPS: [(&[u8], &[u8]); 24] = [
    (b"r.new/", b"r/"),
    (b"r/", b"x/"),
    (b"b/", b"w/"),
    (b"a/", b"b/"),
    (b"/dev/null", b"r/repo"),
    (b"100644", b"100755"),
    (b"100644", b"120000"),
    (b"100%", b"90%"),
    (b"2024-01-01", b"1970-01-01"),
    (b"2024-06-01", b"1970-01-01"),
    (b"1969-12-31", b"2024-01-01"),
    (b"-0500", b"+2600"),
    (b",3 ", b",2 "),
    (b",4 ", b",5 "),
    (b"packages/a", b"packages//a"),
    (b"packages/", b"./packages/"),
    (b"repo", b"\"repo\""),
    (b"repo", b"repo "),
    (b"repo", b"version"),
    (b"version", b"repo"),
    (b"\t2024", b" 2024"),
    (b"a.1/", b"a.10/"),
    (b" @@", b" @@ x\r"),
    (b"-0,0", b"-1,0"),
];

fn position(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

/// Changes `patch` once.
pub fn mutate(random: &mut Random, patch: &[u8]) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = super::lines(patch).iter().map(|l| l.to_vec()).collect();
    let at = random.below(lines.len() + 1);
    let junk = || [random_junk(at).to_vec(), b"\n".to_vec()].concat();
    match random.below(22) {
        0 if at < lines.len() => {
            lines.remove(at);
        }
        1 if at < lines.len() => lines.insert(at, lines[at].clone()),
        2 => lines.insert(at, junk()),
        3 if at < lines.len() => lines[at] = junk(),
        4 if at + 1 < lines.len() => lines.swap(at, at + 1),
        5 if at < lines.len() => {
            let tag = *b" -+@\\d\t\r".get(random.below(8)).unwrap();
            lines[at][0] = tag;
        }
        6 if at < lines.len() => {
            let place = random.below(lines[at].len());
            lines[at][place] = u8::try_from(random.below(256)).unwrap();
        }
        7 => count(random, &mut lines),
        8 => sections(random, &mut lines),
        9 => swap(random, &mut lines),
        10 => trim_context(random, &mut lines),
        11 => hunks(random, &mut lines),
        12 => shift(random, &mut lines),
        13 if random.once_in(4) => carriage_returns(random, &mut lines),
        14..=16 => added_line(random, &mut lines),
        17 => no_file(random, &mut lines),
        18 if at > 0 => lines.insert(at, b"\\ No newline at end of file\n".to_vec()),
        19 => {
            if let Some(at) = some(random, &starts(&lines, b"@@ -")) {
                lines[at].pop();
                lines[at].extend_from_slice(b" x\r\n");
            }
        }
        20 => ids(random, &mut lines),
        _ => {
            let mut bytes = lines.concat();
            if random.once_in(4) {
                bytes.truncate(random.below(bytes.len() + 1));
            }
            return bytes;
        }
    }
    lines.concat()
}

fn random_junk(at: usize) -> &'static [u8] {
    JUNK[at.wrapping_mul(7) % JUNK.len()]
}

fn starts(lines: &[Vec<u8>], with: &[u8]) -> Vec<usize> {
    (0..lines.len())
        .filter(|&i| lines[i].starts_with(with))
        .collect()
}

fn some(random: &mut Random, from: &[usize]) -> Option<usize> {
    (!from.is_empty()).then(|| from[random.below(from.len())])
}

/// The numbers of a hunk header: old start, old count, new start, new count.
fn numbers(line: &[u8]) -> Option<[usize; 4]> {
    let text = str::from_utf8(line).ok()?;
    let mut parts = text.strip_prefix("@@ -")?.split(' ');
    let mut side = |sign: &str| {
        let part = parts.next()?.strip_prefix(sign)?;
        let (start, count) = part.split_once(',').unwrap_or((part, "1"));
        Some((start.parse().ok()?, count.parse().ok()?))
    };
    let (a, b) = side("")?;
    let (c, d) = side("+")?;
    Some([a, b, c, d])
}

fn header([a, b, c, d]: [usize; 4], always: bool) -> Vec<u8> {
    let side = |start, count| match count {
        1 if !always => format!("{start}"),
        _ => format!("{start},{count}"),
    };
    format!("@@ -{} +{} @@\n", side(a, b), side(c, d)).into_bytes()
}

/// An added line with another content, or one more of them.
fn added_line(random: &mut Random, lines: &mut Vec<Vec<u8>>) {
    let added: Vec<usize> = starts(lines, b"+")
        .into_iter()
        .filter(|&i| !lines[i].starts_with(b"+++ "))
        .collect();
    let Some(at) = some(random, &added) else {
        return;
    };
    let line = [b"+".as_slice(), random.pick(&JUNK), b"\n"].concat();
    let header = starts(&lines[..at], b"@@ -").pop();
    match header.and_then(|i| Some((i, numbers(&lines[i])?))) {
        Some((i, [a, b, c, d])) if random.once_in(2) => {
            let always = lines[i].iter().filter(|&&b| b == b',').count() == 2;
            lines[i] = self::header([a, b, c, d + 1], always);
            lines.insert(at, line);
        }
        _ => lines[at] = line,
    }
}

/// One side of a section said not to exist.
fn no_file(random: &mut Random, lines: &mut [Vec<u8>]) {
    let mut names = starts(lines, b"--- ");
    names.extend(starts(lines, b"+++ "));
    if let Some(at) = some(random, &names) {
        lines[at].splice(4.., b"/dev/null\n".iter().copied());
    }
}

/// Other ids in git's `index` line: GNU patch goes by them where there is no hunk.
fn ids(random: &mut Random, lines: &mut [Vec<u8>]) {
    let ids: [&[u8]; 3] = [b"0000000", b"e69de29", b"8f966ee"];
    let whole: Vec<usize> = starts(lines, b"index ")
        .into_iter()
        .filter(|&i| lines[i].len() > 22)
        .collect();
    if let Some(at) = some(random, &whole) {
        let place = if random.once_in(2) { 6 } else { 15 };
        lines[at].splice(place..place + 7, random.pick(&ids).iter().copied());
    }
}

/// One number of a hunk header, a little different.
fn count(random: &mut Random, lines: &mut [Vec<u8>]) {
    let Some(at) = some(random, &starts(lines, b"@@ -")) else {
        return;
    };
    let Some(mut all) = numbers(&lines[at]) else {
        return;
    };
    let which = random.below(4);
    all[which] = (all[which] + random.below(5)).saturating_sub(2);
    let always = lines[at].iter().filter(|&&b| b == b',').count() == 2;
    lines[at] = header(all, always);
}

/// All hunks of one file moved: what fits elsewhere too would apply with an offset.
fn shift(random: &mut Random, lines: &mut [Vec<u8>]) {
    let by = random.below(7);
    let Some(from) = some(random, &starts(lines, b"@@ -")) else {
        return;
    };
    for line in &mut lines[from..] {
        if let Some([a, b, c, d]) = numbers(line) {
            *line = header(
                [(a + by).saturating_sub(3), b, (c + by).saturating_sub(3), d],
                false,
            );
        }
    }
}

/// One section twice, or two in the other order.
fn sections(random: &mut Random, lines: &mut Vec<Vec<u8>>) {
    let mut at = starts(lines, b"diff -");
    at.push(lines.len());
    if at.len() < 2 {
        return;
    }
    let i = random.below(at.len() - 1);
    let section = lines[at[i]..at[i + 1]].to_vec();
    let to = at[random.below(at.len())];
    if random.once_in(2) && to <= at[i] {
        lines.drain(at[i]..at[i + 1]);
    }
    for (n, line) in section.into_iter().enumerate() {
        lines.insert(to + n, line);
    }
}

/// One hunk twice, or gone.
fn hunks(random: &mut Random, lines: &mut Vec<Vec<u8>>) {
    let Some(start) = some(random, &starts(lines, b"@@ -")) else {
        return;
    };
    let length = lines[start + 1..]
        .iter()
        .position(|line| line.starts_with(b"@@ -") || line.starts_with(b"diff "))
        .map_or(lines.len() - start, |n| n + 1);
    let hunk = lines[start..start + length].to_vec();
    if random.once_in(2) {
        lines.drain(start..start + length);
    } else {
        for line in hunk.into_iter().rev() {
            lines.insert(start, line);
        }
    }
}

/// Less context before or after, with counts that are right: GNU patch then
/// looks at the ends of the file first, or applies with fuzz.
fn trim_context(random: &mut Random, lines: &mut Vec<Vec<u8>>) {
    let Some(at) = some(random, &starts(lines, b"@@ -")) else {
        return;
    };
    let Some([a, b, c, d]) = numbers(&lines[at]) else {
        return;
    };
    let before = lines[at + 1..].iter().take_while(|l| l[0] == b' ').count();
    let length = lines[at + 1..]
        .iter()
        .position(|l| !matches!(l[0], b' ' | b'-' | b'+'))
        .unwrap_or(lines.len() - at - 1);
    let after = lines[at + 1..=at + length]
        .iter()
        .rev()
        .take_while(|l| l[0] == b' ')
        .count();
    let both = random.below(3);
    let mut head = [a, b, c, d];
    if both != 0 && after > 0 && before < length {
        let n = 1 + random.below(after);
        lines.drain(at + 1 + length - n..=at + length);
        head[1] = head[1].saturating_sub(n);
        head[3] = head[3].saturating_sub(n);
    }
    if both != 1 && before > 0 && before < length {
        let n = 1 + random.below(before);
        lines.drain(at + 1..=at + n);
        head = [
            head[0] + n,
            head[1].saturating_sub(n),
            head[2] + n,
            head[3].saturating_sub(n),
        ];
        for (start, count) in [(0, 1), (2, 3)] {
            if head[count] == 0 {
                head[start] = head[start].saturating_sub(1);
            }
        }
    }
    lines[at] = header(head, false);
}

fn swap(random: &mut Random, lines: &mut [Vec<u8>]) {
    let (from, to) = SWAPS[random.below(SWAPS.len())];
    let places: Vec<usize> = (0..lines.len())
        .filter(|&i| position(&lines[i], from).is_some())
        .collect();
    let everywhere = random.once_in(3);
    let Some(one) = some(random, &places) else {
        return;
    };
    for i in places {
        if let (true, Some(at)) = (everywhere || i == one, position(&lines[i], from)) {
            lines[i].splice(at..at + from.len(), to.iter().copied());
        }
    }
}

fn carriage_returns(random: &mut Random, lines: &mut [Vec<u8>]) {
    let all = random.once_in(2);
    let one = random.below(lines.len().max(1));
    for (i, line) in lines.iter_mut().enumerate() {
        if (all || i == one) && line.last() == Some(&b'\n') {
            line.pop();
            line.extend_from_slice(b"\r\n");
        }
    }
}
