//! Random numbers from a seed, and random trees.

use super::Files;

/// SplitMix64: each case has its own seed, so that it can be run again alone.
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`, which is not 0.
    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(n).unwrap()).unwrap()
    }

    /// True once in `n` times.
    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// Names that a tree can have; one is a prefix of another, one a file that others make a directory.
const NAMES: [&str; 12] = [
    "README.md",
    "repo",
    "version",
    "packages/a/a.1/opam",
    "packages/a/a.1/files/x.patch",
    "packages/a/a.1/files/-rf",
    "packages/a/a.10/opam",
    "packages/a/a.1~beta+1/opam",
    "packages/b/b.1/opam",
    "packages/b/b.1/files/empty",
    "packages/b/b.1/files/f",
    "packages/b/b.1/files/f/inner",
];

/// Lines that look like parts of patches, that repeat, and that end oddly.
const LINES: [&[u8]; 24] = [
    b"",
    b"a",
    b"a",
    b"b",
    b"c",
    b"}",
    b" ",
    b"\t",
    b"a\r",
    b"b\r",
    b"\r",
    b"-- x",
    b"-- a/repo",
    b"++ y",
    b"++ b/repo",
    b"@@ -1 +1 @@",
    b"\\ No newline at end of file",
    b"diff --git b/repo a/repo",
    b"diff -ruaN r/repo r.new/repo",
    b"Index: repo",
    b"*** repo",
    b"1d",
    b"\0\xff",
    b"opam-version: \"2.0\"",
];

/// A file of up to `most` lines.
pub fn content(random: &mut Random, most: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..random.below(most + 1) {
        bytes.extend_from_slice(random.pick(&LINES));
        bytes.push(b'\n');
    }
    if random.once_in(6) {
        bytes.pop();
    }
    bytes
}

/// A tree in which no path is file and directory.
pub fn tree(random: &mut Random, most: usize) -> Files {
    let mut files = Files::new();
    for name in NAMES {
        if random.once_in(2) {
            continue;
        }
        files.insert(name.to_owned(), content(random, most));
    }
    settle(&mut files);
    files
}

/// Removes files that are also directories.
fn settle(files: &mut Files) {
    let names: Vec<String> = files.keys().cloned().collect();
    files.retain(|name, _| {
        !names
            .iter()
            .any(|other| other.starts_with(&format!("{name}/")))
    });
}

/// What becomes of `files` in one update.
pub fn update(random: &mut Random, files: &Files, most: usize) -> Files {
    let mut next = Files::new();
    for (name, bytes) in files {
        match random.below(8) {
            0 => {}
            1 => {
                next.insert(name.clone(), content(random, most));
            }
            2..=4 => {
                next.insert(name.clone(), edit(random, bytes));
            }
            _ => {
                next.insert(name.clone(), bytes.clone());
            }
        }
    }
    for name in NAMES {
        if random.once_in(8) && !next.contains_key(name) {
            next.insert(name.to_owned(), content(random, most));
        }
    }
    settle(&mut next);
    next
}

/// A few lines added, removed or replaced.
fn edit(random: &mut Random, bytes: &[u8]) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = super::lines(bytes).iter().map(|l| l.to_vec()).collect();
    for _ in 0..=random.below(3) {
        let at = random.below(lines.len() + 1);
        let line = [random.pick(&LINES), b"\n"].concat();
        match random.below(3) {
            0 if at < lines.len() => {
                lines.remove(at);
            }
            1 if at < lines.len() => lines[at] = line,
            _ => lines.insert(at, line),
        }
    }
    let last = lines.len().saturating_sub(1);
    for (i, line) in lines.iter_mut().enumerate() {
        if i < last && line.last() != Some(&b'\n') {
            line.push(b'\n');
        }
    }
    let mut bytes = lines.concat();
    if random.once_in(8) && bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    bytes
}
