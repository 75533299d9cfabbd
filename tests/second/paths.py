"""V7, the paths below `packages/`, and V8, the files at the top."""

import re

import opamfile
from ed25519 import digest
from findings import lower, on_disk
from metadata import is_component, is_id, is_package, is_release, package_of
from state import MOST_REPO

READ_BY_OPAM = ("opam", "files", "url", "descr")
MEANT_BY_CONEX = ("authorisation", "releases", "checksum")


class Place:
    """What lies at a path: its kind, and the package, release, id or number that it belongs to."""

    def __init__(self, kind, name="", release="", inner=""):
        self.kind, self.name, self.release, self.inner = kind, name, release, inner


def place_of(path):
    """V7.1: the closed list of format.md, "Where everything lies". None where no line names the path."""
    parts = path.split("/")[1:]
    if not all(is_component(part) for part in parts):
        return None
    if any(is_opam(part) for part in parts[:-1]) or (is_opam(parts[-1]) and parts[-1] != "opam"):
        return None
    if parts[0] == ".conex":
        return conex_place(parts[1:])
    if len(parts) == 1:
        return Place("stray") if is_stray(parts[0]) else None
    first, second, rest = parts[0], parts[1], parts[2:]
    if is_release(first):
        return release_place("misplaced", first, parts[1:])
    if not is_package(first):
        return None
    if not rest:
        if second in ("authorisation", "releases"):
            return Place(second, first)
        return Place("stray") if is_stray(second) else None
    if not is_release(second):
        return None
    if package_of(second) != first:
        return release_place("misplaced", second, rest)
    if rest == ["checksum"]:
        return Place("checksum", first, second)
    if len(rest) == 1 and is_stray(rest[0]):
        return Place("stray")
    return release_place("own", second, rest)


def release_place(kind, release, rest):
    """A file of a release that opam reads: V7.3."""
    reads = rest in (["opam"], ["url"], ["descr"]) or (rest[0] == "files" and len(rest) > 1)
    if rest[0] == "files" and lower(rest[-1]) == "opam":
        return None
    return Place(kind, package_of(release), release, "/".join(rest)) if reads else None


def conex_place(parts):
    if parts in (["repo"], ["claims"], ["snapshot"]):
        return Place(parts[0])
    if len(parts) == 2 and parts[0] == "janitors" and re.fullmatch("0|[1-9][0-9]*", parts[1]):
        return Place("link", parts[1])
    if len(parts) == 2 and parts[0] == "ids" and is_id(parts[1]):
        return Place("id", parts[1])
    if (len(parts) == 4 and parts[0] == "index" and is_id(parts[1]) and re.fullmatch("[0-9a-f]{16}", parts[2])
            and parts[3] == "index"):
        return Place("segment", parts[1], inner=parts[2])
    return None


def is_opam(part):
    """V7.4: called `opam` as on disk, where a backslash ends a component too."""
    return any(on_disk(piece) == "opam" for piece in part.split("\\"))


def is_stray(name):
    """V7.2, and the paragraph on strays in format.md."""
    reserved = r"(con|prn|aux|nul|com[0-9]|lpt[0-9])"
    return (not name.endswith(".") and re.fullmatch(reserved, lower(name).split(".")[0]) is None
            and lower(name) not in READ_BY_OPAM + MEANT_BY_CONEX + (".conex",))


def check_paths(tree, findings):
    """V7.1, V7.4, V7.5. Gives what lies at each path below `packages/`."""
    places = {}
    for path in sorted(tree.files):
        if not path.startswith("packages/"):
            continue
        place = place_of(path)
        if place is None:
            rule = "V7.4" if any(map(is_opam, path.split("/"))) else "V7.1"
            findings.error(rule, "E002", path, "a path outside the grammar")
        else:
            places[path] = place
    for path in sorted(set(tree.files) | set(tree.empty_directories())):
        below, parts = path.startswith("packages/"), path.split("/")
        if not below and any(map(is_opam, parts[1:] if on_disk(parts[0]) == "opam" else parts)):
            findings.error("V7.4", "E001", path, "something called opam")
    for path in tree.empty_directories():
        if path.startswith("packages/") and any(
                on_disk(piece) in READ_BY_OPAM for part in path.split("/") for piece in part.split("\\")):
            findings.error("V7.5", "E001", path, "an empty directory that opam takes for something")
    return places


# V8.

FORBIDDEN_AT_THE_TOP = {"opam", "compilers", ".hg", "_darcs", ".gitmodules"}
LET_THROUGH = {"announce", "archive-mirrors", "browse", "upstream"}


def check_top(tree, approved, lets_through, mode, findings):
    """`approved` is the valid packages/.conex/repo, or None."""
    names = {path.split("/")[0] for path in tree.files} | {path.split("/")[0] for path in tree.directories}
    for name in sorted(names):  # V8.6
        if on_disk(name) in FORBIDDEN_AT_THE_TOP or (tree.is_archive and on_disk(name) == ".git"):
            findings.error("V8.6", "E005", name, "a forbidden name at the top")
    if "packages" in tree.files:
        findings.error("V8.6", "E005", "packages", "no directory")
    check_git_files(tree, approved, mode, findings)
    check_repo(tree.files.get("repo"), approved, lets_through, findings)


def check_git_files(tree, approved, mode, findings):
    digests = dict(approved.files) if approved else {}
    for name in (".gitattributes", ".gitignore"):  # V8.5
        if name in tree.files and digests.get(name) != digest(tree.files[name]):
            say = findings.warn if approved is None and mode == "nostrict" else findings.error
            say("V8.5", "E051", name, "not as a quorum approved it")


def check_repo(data, approved, lets_through, findings):
    if data is None:  # V8.1
        return findings.error("V8.1", "E050", "repo", "it is missing")
    try:
        if len(data) > MOST_REPO:
            raise opamfile.Unreadable("it is too large")
        items = opamfile.parse(data)
    except (opamfile.Unreadable, RecursionError) as error:
        return findings.error("V8.1", "E050", "repo", str(error))
    fields = [item for item in items if isinstance(item, tuple)]
    names = [name for name, _ in fields]
    if len(fields) < len(items) or len(set(names)) < len(names):
        return findings.error("V8.1", "E050", "repo", "a section, or a field twice")
    values = dict(fields)
    if values.get("opam-version") != ("string", b"2.0"):
        findings.error("V8.1", "E050", "repo", "another opam-version")
    printed = {name: opamfile.print_value(value).decode("utf-8", "replace") for name, value in fields
               if name not in ("opam-version", "stamp")}
    if approved:  # V8.2
        if printed != dict(approved.values):
            findings.error("V8.2", "E050", "repo", "not what a quorum approved")
    else:  # V8.3
        for name in printed:
            say = findings.warn if lets_through and name in LET_THROUGH else findings.error
            say("V8.3", "E050", "repo", "a field that nobody approved: " + name)
    if "redirect" in values and not all(map(never_followed, alternatives(values["redirect"]))):  # V8.4
        findings.error("V8.4", "E050", "repo", "a redirect that an opam 2 follows")
    return None


def alternatives(value):
    """The alternatives of a list, at any depth of lists."""
    return [inner for part in value[1] for inner in alternatives(part)] if value[0] == "list" else [value]


def never_followed(value):
    return value[0] == "option" and opamfile.followed_by_no_opam_2(value[2])
