//! The shapes that exist, by `census`: how many of 40 public repositories have each.

/// One shape: what it adds to a repository of two packages, and what is in its way.
pub struct Shape {
    pub name: &'static str,
    /// Files by path; a path with a slash at its end is a directory that becomes a symbolic link.
    pub files: &'static [(&'static str, &'static str)],
    /// What stands in the way of an operator, who signs no package.
    pub operator: &'static [&'static str],
    /// What stands in the way of a team, which signs all of them.
    pub team: &'static [&'static str],
}

const OPAM: &str = "opam-version: \"2.0\"\nsynopsis: \"A package\"\nmaintainer: \"m\"\n";
const OLD: &str = "opam-version: \"1.2\"\nmaintainer: \"m\"\n";
const NO_VERSION: &str = "synopsis: \"A package\"\n";

/// What every one of them has.
pub const COMMON: [(&str, &str); 4] = [
    ("packages/b/b.1.0/opam", OPAM),
    ("packages/b/b.2.0/opam", OPAM),
    ("packages/b/b.2.0/files/b.patch", "--- a\n+++ b\n"),
    ("packages/lib/lib.1/opam", OPAM),
];

const REPO: (&str, &str) = ("repo", "opam-version: \"2.0\"\n");

pub const SHAPES: &[Shape] = &[
    Shape {
        name: "nothing but descriptions and files",
        files: &[REPO],
        operator: &[],
        team: &[],
    },
    Shape {
        name: "directories below files",
        files: &[REPO, ("packages/b/b.1.0/files/patches/a.patch", "x\n")],
        operator: &[],
        team: &[],
    },
    Shape {
        name: "a directory below files that is called like a release",
        files: &[REPO, ("packages/b/b.1.0/files/b.1.0/a.patch", "x\n")],
        operator: &[],
        team: &["packages/b/b.1.0/files/b.1.0/a.patch"],
    },
    Shape {
        name: "other files in a release",
        files: &[
            REPO,
            ("packages/b/b.1.0/.generated", ""),
            ("packages/b/b.1.0/README.x.md", "r\n"),
            ("packages/b/b.1.0/findlib", "f\n"),
            ("packages/b/b.1.0/b.install", "i\n"),
            ("packages/b/b.1.0/0001-fix.patch", "p\n"),
            ("packages/b/b.1.0/b-0.2.0.tbz", "t\n"),
            ("packages/b/b.1.0/gen_config.ml", "g\n"),
        ],
        operator: &[],
        team: &[],
    },
    Shape {
        name: "other files in the directory of a package",
        files: &[
            REPO,
            ("packages/b/.generated", ""),
            ("packages/b/NOTES", "n\n"),
        ],
        operator: &[],
        team: &[],
    },
    Shape {
        name: "other files in packages",
        files: &[
            REPO,
            ("packages/.keep_me", ""),
            ("packages/urls.txt", "u\n"),
        ],
        operator: &[],
        team: &[],
    },
    Shape {
        name: "other files in a directory of their own",
        files: &[
            REPO,
            ("packages/b/b.1.0/findlib/META", "m\n"),
            ("packages/b/doc/README", "r\n"),
        ],
        operator: &["packages/b/b.1.0/findlib/META", "packages/b/doc/README"],
        team: &["packages/b/b.1.0/findlib/META", "packages/b/doc/README"],
    },
    Shape {
        name: "a release in a release",
        files: &[REPO, ("packages/b/b.1.0/b.1.0/opam", OPAM)],
        operator: &["packages/b/b.1.0/b.1.0/opam"],
        team: &["packages/b/b.1.0/b.1.0/opam"],
    },
    Shape {
        name: "a release below the directory of another name",
        files: &[REPO, ("packages/arch/arch-amd64.1/opam", OPAM)],
        operator: &[],
        team: &["packages/arch/arch-amd64.1"],
    },
    Shape {
        name: "a release below another name, with a file that opam does not read",
        files: &[
            REPO,
            ("packages/arch/arch-amd64.1/opam", OPAM),
            ("packages/arch/arch-amd64.1/README.md", "r\n"),
        ],
        operator: &["packages/arch/arch-amd64.1/README.md"],
        team: &["packages/arch/arch-amd64.1/README.md"],
    },
    Shape {
        name: "a flat layout",
        files: &[
            REPO,
            ("packages/ocaml-variants.4.05.0+x/opam", OPAM),
            ("packages/b.3.0/opam", OPAM),
        ],
        operator: &[],
        team: &["packages/b.3.0", "packages/ocaml-variants.4.05.0+x"],
    },
    Shape {
        name: "files of opam 1.2 beside the description",
        files: &[
            REPO,
            (
                "packages/b/b.1.0/url",
                "archive: \"https://b.example/b.tgz\"\n",
            ),
            ("packages/b/b.1.0/descr", "A package\n"),
        ],
        operator: &[],
        team: &["packages/b/b.1.0/descr", "packages/b/b.1.0/url"],
    },
    Shape {
        name: "a description of opam 1.2",
        files: &[REPO, ("packages/old/old.1/opam", OLD)],
        operator: &[],
        team: &["packages/old/old.1/opam"],
    },
    Shape {
        name: "no top-level repo",
        files: &[],
        operator: &[],
        team: &[],
    },
    Shape {
        name: "compilers of opam 1.2",
        files: &[REPO, ("compilers/4.02/4.02/4.02.comp", "c\n")],
        operator: &["compilers"],
        team: &["compilers"],
    },
    Shape {
        name: "one archive mirror",
        files: &[(
            "repo",
            "opam-version: \"2.0\"\nbrowse: \"https://b.example\"\narchive-mirrors: \"cache\"\n",
        )],
        operator: &[],
        team: &[],
    },
    Shape {
        name: "two archive mirrors",
        files: &[(
            "repo",
            "opam-version: \"2.0\"\narchive-mirrors: [\"cache\" \"https://host.example/cache\"]\n",
        )],
        operator: &[],
        team: &[],
    },
    Shape {
        name: "a redirect of old opams",
        files: &[(
            "repo",
            "opam-version: \"2.0\"\nredirect: [\"https://old.example\" {opam-version < \"2.0~\"}]\n",
        )],
        operator: &[],
        team: &[],
    },
    Shape {
        name: "a redirect that opam 2 follows",
        files: &[(
            "repo",
            "opam-version: \"2.0\"\nredirect: [\"https://new.example\" {opam-version >= \"2.1\"}]\n",
        )],
        operator: &["repo"],
        team: &["repo"],
    },
    Shape {
        name: "name and version that disagree with the directory",
        files: &[
            REPO,
            (
                "packages/a/a.1.0/opam",
                "opam-version: \"2.0\"\nname: \"c\"\nversion: \"0.9\"\nmaintainer: \"m\"\n",
            ),
        ],
        operator: &[],
        team: &[],
    },
    Shape {
        name: "empty files that opam reads",
        files: &[
            REPO,
            ("packages/e/e.1/files/x.patch", ""),
            ("packages/e/e.1/opam", OPAM),
        ],
        operator: &[],
        team: &["packages/e/e.1/files/x.patch"],
    },
    Shape {
        name: "a description without opam-version",
        files: &[REPO, ("packages/n/n.1/opam", NO_VERSION)],
        operator: &["packages/n/n.1/opam"],
        team: &["packages/n/n.1/opam"],
    },
    Shape {
        name: "a release without a description",
        files: &[REPO, ("packages/n/n.1/files/x.patch", "x\n")],
        operator: &[],
        team: &["packages/n/n.1/opam"],
    },
    Shape {
        name: "what editors and file managers leave",
        files: &[
            REPO,
            ("packages/.DS_Store", "d\n"),
            ("packages/b/b.1.0/opam~", OPAM),
            ("packages/b/b.1.0/.opam.swp", "s\n"),
        ],
        operator: &[],
        team: &[],
    },
    Shape {
        name: "what an editor holds that has changes",
        files: &[
            REPO,
            ("packages/b/b.1.0/.#opam/", "somebody@host.example:1"),
        ],
        operator: &["packages/b/b.1.0/.#opam"],
        team: &["packages/b/b.1.0/.#opam"],
    },
    Shape {
        name: "names that no archive of opam can be trusted with",
        files: &[
            REPO,
            ("packages/b/b.1.0/a b.txt", "x\n"),
            ("packages/b/b.1.0/con.txt", "x\n"),
            ("packages/b/.gitignore", "x\n"),
        ],
        operator: &[
            "packages/b/.gitignore",
            "packages/b/b.1.0/a b.txt",
            "packages/b/b.1.0/con.txt",
        ],
        team: &[
            "packages/b/.gitignore",
            "packages/b/b.1.0/a b.txt",
            "packages/b/b.1.0/con.txt",
        ],
    },
    Shape {
        name: "files of git at the top",
        files: &[
            REPO,
            (".gitattributes", "*.patch -text\n"),
            (".gitignore", "*.o\n"),
        ],
        operator: &[],
        team: &[],
    },
    Shape {
        name: "signed by conex 1.0.0",
        files: &[
            REPO,
            ("root", "signed: [\n  [\"keydir\" \"keys\"]\n]\n"),
            ("keys/m1", "signed: []\n"),
        ],
        operator: &[],
        team: &[],
    },
];
