//! Every limit, with the attack or the arithmetic behind its number.
//!
//! A limit is far above what the largest known repository needs (opam-repository
//! in 2026: 4,484 packages, 17,975 releases, 25 MB) and far below what would hurt.

/// Longest id, in bytes: fits a path component and a line of a report.
pub const MAX_ID_LEN: usize = 64;

/// Longest package name, in bytes. Longest seen: 56. Names stand twice in a
/// path that must stay within [`MAX_PATH_LEN`].
pub const MAX_PACKAGE_NAME_LEN: usize = 100;

/// Longest version, in bytes.
pub const MAX_VERSION_LEN: usize = 100;

/// Longest repository name, in bytes.
pub const MAX_REPOSITORY_NAME_LEN: usize = 64;

/// Longest path below the top of a repository, in bytes: what a ustar header can
/// hold (opam 2.6 accepts a longer one, then fails to write it and is stuck).
pub const MAX_PATH_LEN: usize = 255;

/// Longest component of a path, in bytes: the name field of a ustar header.
pub const MAX_COMPONENT_LEN: usize = 100;

/// Largest single file, in bytes. The largest patch ever shipped in an opam
/// package is below 4 MB; without a bound a sparse file of 1 TB is "small" on disk.
pub const MAX_FILE_SIZE: u64 = 64 << 20;

/// Largest top-level file `repo`, in bytes. opam-repository's has 2 kB; it is parsed
/// and printed several times.
pub const MAX_REPO_FILE: usize = 1 << 20;

/// Most bytes in a tree, all files together: ten times opam-repository, five times a
/// completely signed one. It bounds the memory that a server can make a client take.
pub const MAX_TREE_SIZE: u64 = 256 << 20;

/// Most files and directories in a tree: four times a completely signed
/// opam-repository. Each takes some 250 bytes of memory besides its content, so that
/// an archive of nothing but names is refused at 100 MB.
pub const MAX_TREE_FILES: usize = 400_000;

/// How many times larger than what was read of it a compressed archive may become,
/// above [`FREE_EXPANSION`]. opam-repository grows tenfold; gzip can do a
/// thousandfold, so that a gigabyte would cost an attacker one megabyte.
pub const MAX_EXPANSION: u64 = 100;

/// How far an archive may grow before [`MAX_EXPANSION`] counts, in bytes: a small
/// repository of similar files compresses well, and this much memory hurts nobody.
pub const FREE_EXPANSION: u64 = 32 << 20;

/// Most zero bytes after the end of an archive: `tar` fills up to a multiple of its
/// record size, 10 KiB by default.
pub const MAX_ARCHIVE_PADDING: u64 = 1 << 20;

/// Deepest directory below the top: `packages/n/n.v/files/` and a few more.
pub const MAX_TREE_DEPTH: usize = 16;

/// Largest patch, in bytes: half of the largest tree, and five times all of
/// opam-repository. The largest of twelve real weeks has 250 kB.
pub const MAX_PATCH_SIZE: u64 = 128 << 20;

/// Most links in a janitor chain. A change a week for twenty years is 1,040. Each
/// link costs a signature check for each anchor of the client.
pub const MAX_LINKS: u64 = 2_000;

/// Most members in one link, and so most signatures on it.
pub const MAX_JANITORS: usize = 200;

/// Most keys that one author can list.
pub const MAX_KEYS: usize = 64;

/// Most segments in a tree: each costs a signature check of some 60
/// microseconds, so this bounds the time an attacker can take to 2 seconds. With
/// ten new ones a day it takes eight years to get there without folding any.
pub const MAX_SEGMENTS: usize = 30_000;

/// Most new segments of one id in one change, for `check`: a hundred changes of hundreds of
/// files each would use up [`MAX_SEGMENTS`] for everybody.
pub const MAX_NEW_SEGMENTS: usize = 16;

/// Most findings of one kind about one file; the rest is counted. Each quotes the
/// place in the file, so a hostile file of 64 MB could cost the square of its size,
/// and nobody reads more.
pub const MAX_ALIKE: usize = 50;

/// Largest integer in metadata, 2^62 - 1: OCaml's `max_int` on 64 bits, so that
/// a verifier in OCaml reads the same numbers.
pub const MAX_INTEGER: u64 = (1 << 62) - 1;

/// Largest epoch. A new one is the way back from a stolen key that pushed a counter to
/// its end: one a day for 2,700 years. Beyond it a number is no epoch, so that nobody
/// can leave an epoch behind after which there is none.
pub const MAX_EPOCH: u64 = 1_000_000;

/// Most levels of nesting in opam-file syntax: sections, lists, groups, options
/// and prefix operators together. Deepest seen: 13. The reader and all that walks
/// its tree descend that far on the stack; opam-file-format has no limit.
pub const MAX_SYNTAX_DEPTH: usize = 64;

/// Most values and sections in one file of opam-file syntax. Most seen: 464.
/// A value takes 56 bytes of memory, and one byte of the file is enough for it:
/// 64 MB would otherwise become some 4 GB.
pub const MAX_SYNTAX_VALUES: usize = 1_000_000;
