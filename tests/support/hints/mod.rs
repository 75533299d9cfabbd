//! What a person types who follows a hint: the commands of one kind of hint, as they were printed.
//!
//! `tests/book/hints.rs` sees to it that there is a test for each kind that holds a command.

/// The words of a kind: of the program, of the verifier, or one of a remedy's readers.
fn words(kind: &str) -> Vec<&'static str> {
    use conex_verify::finding::remedy::Remedy;
    use conex_verify::hint as of_verifier;
    let program = conex::hint::Hint::ALL.iter().map(|(k, text)| (*k, *text));
    let plain = of_verifier::ALL.iter().map(|(k, text)| (*k, *text));
    let remedies = Remedy::ALL.iter();
    let remedies = remedies.flat_map(|(k, texts)| texts.iter().map(|text| (*k, *text)));
    let all = program.chain(plain).chain(remedies);
    let found: Vec<&str> = all.filter(|(k, _)| *k == kind).map(|(_, t)| t).collect();
    assert!(!found.is_empty(), "there is no hint {kind}");
    found
}

/// What stands between the arguments of a hint: `{argument}`, or `NAME` or `QUORUM`.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (_, after) = after.split_once('}').unwrap();
        pieces.last_mut().unwrap().push_str(before);
        pieces.push(String::new());
        rest = after;
    }
    pieces.last_mut().unwrap().push_str(rest);
    let parts = pieces.iter().flat_map(|piece| piece.split("NAME"));
    let parts = parts.flat_map(|piece| piece.split("QUORUM"));
    parts
        .map(str::to_owned)
        .filter(|part| !part.is_empty())
        .collect()
}

/// The lines where the words stand, with arguments in them.
fn place<'t>(told: &'t str, text: &str) -> Option<&'t str> {
    let pieces = pieces(text);
    let (first, others) = pieces.split_first()?;
    told.match_indices(first.as_str()).find_map(|(start, _)| {
        let mut at = start + first.len();
        for piece in others {
            let argument = told[at..].find(piece.as_str())?;
            if told[at..at + argument].contains('\n') {
                return None;
            }
            at += argument + piece.len();
        }
        let line = told[..start].rfind('\n').map_or(0, |n| n + 1);
        let end = told[at..].find('\n').map_or(told.len(), |n| at + n);
        Some(&told[line..end])
    })
}

/// The commands of a hint as it was printed, with what stands for words in capitals filled in.
///
/// # Panics
/// The hint was not printed, or a word in capitals is left.
#[track_caller]
pub fn commands(told: &str, kind: &str, what: &[(&str, &str)]) -> Vec<String> {
    let texts = words(kind);
    let Some((text, line)) = texts
        .iter()
        // Without a name a remedy is about everything.
        .find_map(|text| {
            Some((
                *text,
                place(told, text).or_else(|| place(told, &text.replace(" NAME", "")))?,
            ))
        })
    else {
        panic!("{kind} was not printed: {texts:?}\n{told}");
    };
    // A line that begins with two blanks is a command as a whole.
    let whole = text.rsplit('\n').next().unwrap().starts_with("  ");
    let found: Vec<&str> = if whole {
        vec![line.rsplit('\n').next().unwrap().trim()]
    } else {
        let programs = [
            "conex",
            "opam",
            "git",
            "ssh-keygen",
            "ssh-add",
            "chmod",
            "rm",
            "unset",
        ];
        let quoted = line.split('`').skip(1).step_by(2);
        quoted
            .filter(|quoted| programs.contains(&quoted.split(' ').next().unwrap()))
            .filter(|quoted| quoted.contains(' '))
            .collect()
    };
    assert!(!found.is_empty(), "{kind} holds no command: {line}");
    let fill = |command: &str| {
        let words = command.split(' ').map(|word| {
            let bare = word.trim_end_matches('…');
            let filled = what.iter().find(|(name, _)| *name == bare);
            match filled {
                Some((_, value)) => (*value).to_owned(),
                None => {
                    let open = bare.len() > 1
                        && bare.chars().all(|c| c.is_ascii_uppercase() || c == '-')
                        && bare.starts_with(|c: char| c.is_ascii_uppercase());
                    assert!(!open, "what is {bare} in `{command}`?");
                    word.to_owned()
                }
            }
        });
        words.collect::<Vec<_>>().join(" ")
    };
    found.into_iter().map(fill).collect()
}
