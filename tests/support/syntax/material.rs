//! Texts for the reader: made up, and damaged.

/// Repeatable random numbers (splitmix64).
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// Every token, and everything that looks like one and is not.
#[rustfmt::skip]
pub const PIECES: &[&str] = &[
    ":", "{", "}", "[", "]", "(", ")", "&", "|", "!", "?", "=", "!=", "<", "<=", ">", ">=", "~",
    "+=", "=+", "=+=", ":=", "=:", "=:=", "+", "-", "--", "a", "b-c", "x_y", "_", "__", "_a",
    "a+b", "a+_", "_+a", "_+_", "a+1", "a:b", "a+b:c", "a:_", "a:1", "1a", "0x1f", "0b1",
    "true", "false", "truex", "true:a", "false+b", "0", "12", "-7", "-_1", "1_0", "1__", "-0",
    "00", "4611686018427387903", "4611686018427387904", "-4611686018427387904",
    "-4611686018427387905", "9223372036854775808", "\"\"", "\"s\"", "\"a b\"",
    "\"\\n\\t\\b\\r\\\\\\\"\\'\\ \"", "\"\\065\"", "\"\\255\"", "\"\\256\"", "\"\\x4a\"",
    "\"\\xFf\"", "\"\\xg0\"", "\"\\q\"", "\"\\\n  x\"", "\"\\\r\n\t x\"", "\"\\ \n\"",
    "\"\\\r\"", "\"a\r\nb\"", "\"a\rb\"", "\"a\nb\"", "\"\\1\"", "\"\"\"t\"\"\"",
    "\"\"\"a\"b\"\"c\"\"\"", "\"\"\"\"", "\"\"\"\"\"", "\"\"\"\"\"\"", "\"\"\"\\\"\"\"\"",
    "\"\"\"\r\n\\\n  \"\"\"", "\"", "\"\"\"", "\\", "#", "# c\n", "#\n", "(*", "*)", "(* c *)",
    "(*)*)", "(* (* *) *)", "(* \" *)", "\n", "\r\n", "\r", "\t", " ", "\u{b}", "\u{c}", "\0",
    "é", "\u{feff}", "'", ";", ",", ".", "/", "@", "$", "%", "^", "*", "`", "opam-version",
    "opam-version: \"2.0\"", "opam-version: \"2.1\"", "opam-version: \"2.2\"",
    "opam-version: \"3\"", "opam-version: \"2.0.9\"", "opam-version: \"2.1_0\"",
    "opam-version: \"3.\"", "opam-version: 2", "version: \"42\"", "a: b", "s { a: b }",
    "s \"n\" {",
];

const BLANKS: &[&str] = &[" ", " ", " ", "\n", "\t", "\r\n", "", " (* c *) ", " # c\n"];

/// Tokens in any order: nearly all are refused.
pub fn soup(random: &mut Random) -> Vec<u8> {
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
pub fn bytes(random: &mut Random) -> Vec<u8> {
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
pub fn grammatical(random: &mut Random) -> Vec<u8> {
    let mut out = Vec::new();
    items(random, &mut out, 3);
    out
}

fn blank(random: &mut Random, out: &mut Vec<u8>) {
    out.extend(random.pick(BLANKS).bytes());
}

fn items(random: &mut Random, out: &mut Vec<u8>, depth: usize) {
    #[rustfmt::skip]
    const NAMES: &[&str] = &[
        "a", "build", "x-y", "a+b", "_+a", "n:m", "1a", "opam-version", "url",
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
    #[rustfmt::skip]
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
    #[rustfmt::skip]
    const ATOMS: &[&str] = &[
        "a", "os", "b-c", "with-test", "a:b", "_+x", "x+y:z", "true", "false", "0", "-1",
        "1_000", "9z",
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
pub fn damage(random: &mut Random, file: &[u8]) -> Vec<u8> {
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
