//! Patches in the form that the models of those who apply them read.

use super::{line_count, lines};

/// The same patch with a `diff --git` line for each section and an `index` line
/// where there is no hunk: GNU patch and the reader of opam 2.4 take such a line
/// to last until the next one. The places of empty ranges are changed: GNU patch
/// wants the line before, OCaml's `patch` writes the line after.
pub fn with_headers(patch: &[u8], empty_range: fn(usize) -> usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut left = 0;
    let all = lines(patch);
    for (i, line) in all.iter().enumerate() {
        let text = String::from_utf8_lossy(line);
        if left <= 0 && text.starts_with("@@ -") {
            left = line_count(&text);
            let side = |part: &str| match part.split_once(',') {
                Some((start, "0")) => {
                    format!("{},0", empty_range(start.parse().unwrap()))
                }
                _ => part.to_owned(),
            };
            let mut parts = text.split(' ').skip(1);
            let old = side(parts.next().unwrap().trim_start_matches('-'));
            let new = side(parts.next().unwrap().trim_start_matches('+'));
            out.extend_from_slice(format!("@@ -{old} +{new} @@\n").as_bytes());
            continue;
        }
        if left <= 0 && text.starts_with("--- ") {
            let next = String::from_utf8_lossy(all[i + 1]);
            let name = [&text, &next]
                .into_iter()
                .find_map(|line| line[4..].trim_end().strip_prefix('r')?.split_once('/'))
                .unwrap()
                .1
                .to_owned();
            out.extend_from_slice(format!("diff --git r/{name} r.new/{name}\n").as_bytes());
        }
        let in_hunk = left > 0;
        left -= i64::from(matches!(line[0], b'-' | b'+'));
        out.extend_from_slice(line);
        if !in_hunk && text.starts_with("new file mode ") {
            out.extend_from_slice(b"index 0000000..e69de29\n");
        } else if !in_hunk && text.starts_with("deleted file mode ") {
            out.extend_from_slice(b"index e69de29..0000000\n");
        }
    }
    out
}
