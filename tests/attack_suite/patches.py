"""The update as each opam writes it: docs/hook.md, "What opam calls, and when"."""

import os
import re
import subprocess
from pathlib import Path

from .trees import Impossible, Tree

ENVIRONMENT = {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC0", "GIT_CONFIG_NOSYSTEM": "1"}
GIT = ["git", "-c", "core.quotePath=true", "-c", "diff.renames=false", "diff", "--no-index", "--no-prefix",
       "--text", "--no-ext-diff", "-p", "b", "a"]


def possible(old: Tree, new: Tree, dialect: str):
    """Refuses an update that this dialect does not carry, or that opam cannot apply (D10, D11, D17, D19)."""
    if old == new:
        raise Impossible("nothing changes, so opam does not ask")
    if old.odd != new.odd:
        raise Impossible("a patch has plain files only")
    for here, there in ((old, new), (new, old)):
        above = {path[:at] for path in here.files for at, c in enumerate(path) if c == "/"}
        if above & set(there.files):
            raise Impossible("a file takes the place of a directory")
    changed = [path for path in old.files.keys() | new.files.keys() if old.files.get(path) != new.files.get(path)]
    if dialect == "gnu" and any(b"" in (old.files.get(p), new.files.get(p)) for p in changed):
        raise Impossible("GNU diff says nothing of empty files")
    if dialect == "archive":
        for path in changed:
            if old.files.get(path, b"").endswith(b"\n") is False and new.files.get(path) == b"":
                raise Impossible("a file without a final line feed becomes empty")
            beside = path[: path.rfind("/") + 1]
            if path not in new.files and any(p.startswith(beside) for p in new.files):
                raise Impossible("opam 2.6 removes the whole directory")


def by_program(command, names, old: Tree, new: Tree, room: Path) -> bytes:
    """What a program prints about two directories."""
    for name, tree in zip(names, (old, new)):
        tree.write(room / name)
    environment = ENVIRONMENT | {"HOME": str(room), "GIT_CEILING_DIRECTORIES": str(room)}
    run = subprocess.run(command, cwd=room, env=environment, capture_output=True, check=False)
    if run.returncode != 1:
        raise RuntimeError(f"{command[0]}: {run.stderr.decode(errors='replace')}")
    return run.stdout


def changed_only(old: Tree, new: Tree):
    """The same two trees without the files that are the same in both."""
    pick = lambda here, there: Tree({p: c for p, c in here.files.items() if there.files.get(p) != c})
    return pick(old, new), pick(new, old)


def by_library(old: Tree, new: Tree, repo: bytes) -> bytes:
    """What OCaml's `patch` library prints of it: one hunk, from the first line that differs to the end."""
    out = []
    for path in sorted(old.files.keys() | new.files.keys()):
        a, b = old.files.get(path), new.files.get(path)
        if a == b:
            continue
        name = os.fsencode(path)
        if (a, b) in ((None, b""), (b"", None)):
            kind = b"new" if a is None else b"deleted"
            out.append(b"diff --git %s/%s %s.new/%s\n%s file mode 100644\n" % (repo, name, repo, name, kind))
            continue
        out.append(b"--- %s\n" % (b"/dev/null" if a is None else repo + b"/" + name))
        out.append(b"+++ %s\n" % (b"/dev/null" if b is None else repo + b".new/" + name))
        a, b = split(a or b""), split(b or b"")
        same = 0
        while same < min(len(a), len(b)) and a[same] == b[same]:
            same += 1
        start = [same + 1 if side else 0 for side in (a, b)]
        out.append(b"@@ -%d,%d +%d,%d @@\n" % (start[0], len(a) - same, start[1], len(b) - same))
        for tag, side in ((b"-", a), (b"+", b)):
            for line in side[same:]:
                out.append(tag + line + (b"" if line.endswith(b"\n") else b"\n\\ No newline at end of file\n"))
    return b"".join(out)


def split(content: bytes):
    """The lines, each with its line feed."""
    parts = content.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def patch(dialect: str, old: Tree, new: Tree, room: Path) -> bytes:
    """The patch from `old` to `new`, made in the directory `room`."""
    possible(old, new, dialect)
    if dialect == "archive":
        return by_library(old, new, b"r.tar.gz")
    old, new = changed_only(old, new)
    if dialect == "gnu":
        return by_program(["diff", "-ruaN", "r", "r.new"], ("r", "r.new"), old, new, room)
    printed = by_program(GIT, ("b", "a"), old, new, room)
    # Of a file that is there on one side only, git says the same name twice where it compares directories.
    return re.sub(rb'^(diff --git "?)[ab]/(.*?)("? "?)[ab]/\2("?)$', rb"\1b/\2\3a/\2\4", printed, flags=re.M)
