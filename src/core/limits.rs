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

/// Most bytes in a tree, all files together: forty times opam-repository.
pub const MAX_TREE_SIZE: u64 = 1 << 30;

/// Most files in a tree: twenty times a completely signed opam-repository.
pub const MAX_TREE_FILES: usize = 1_000_000;

/// Deepest directory below the top: `packages/n/n.v/files/` and a few more.
pub const MAX_TREE_DEPTH: usize = 16;

/// Most links in a janitor chain. A change a week for twenty years is 1,040.
pub const MAX_LINKS: u64 = 10_000;

/// Most members in one link, and so most signatures on it.
pub const MAX_JANITORS: usize = 200;

/// Most keys that one author can list.
pub const MAX_KEYS: usize = 64;

/// Most segments in a tree: each costs a signature check of some 60
/// microseconds, so this bounds the time an attacker can take to 6 seconds.
pub const MAX_SEGMENTS: usize = 100_000;

/// Most findings of one kind about one file; the rest is counted. Each quotes the
/// place in the file, so a hostile file of 64 MB could cost the square of its size,
/// and nobody reads more.
pub const MAX_ALIKE: usize = 50;

/// Largest integer in metadata, 2^62 - 1: OCaml's `max_int` on 64 bits, so that
/// a verifier in OCaml reads the same numbers.
pub const MAX_INTEGER: u64 = (1 << 62) - 1;

/// Most levels of nesting in opam-file syntax: sections, lists, groups, options
/// and prefix operators together. Deepest seen: 13. The reader and all that walks
/// its tree descend that far on the stack; opam-file-format has no limit.
pub const MAX_SYNTAX_DEPTH: usize = 64;

/// Most values and sections in one file of opam-file syntax. Most seen: 464.
/// A value takes 56 bytes of memory, and one byte of the file is enough for it:
/// 64 MB would otherwise become some 4 GB.
pub const MAX_SYNTAX_VALUES: usize = 1_000_000;
