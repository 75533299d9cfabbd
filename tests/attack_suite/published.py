"""The published form of a tree: docs/format.md, "The published form"."""

import hashlib
import re

from .trees import Impossible, Tree

ID = r"[A-Za-z0-9][A-Za-z0-9_-]*"
NAME = r"[A-Za-z0-9_+-]+"
RELEASE = NAME + r"\.[A-Za-z0-9_+.~-]+"
PLACES = [
    (re.compile(rf"packages/\.conex/ids/({ID})"), "id"),
    (re.compile(rf"packages/\.conex/index/({ID})/([0-9a-f]{{16}})/index"), "index"),
    (re.compile(r"packages/\.conex/janitors/(0|[1-9][0-9]*)"), "link"),
    (re.compile(r"packages/\.conex/(repo)"), "repo"),
    (re.compile(r"packages/\.conex/(claims)"), "claims"),
    (re.compile(r"packages/\.conex/(snapshot)"), "snapshot"),
    (re.compile(rf"packages/({NAME})/authorisation"), "authorisation"),
    (re.compile(rf"packages/({NAME})/releases"), "releases"),
    (re.compile(rf"packages/({NAME})/({RELEASE})/checksum"), "checksum"),
]
BUNDLES = "packages/.conex/bundle/"
# How many hex digits are kept of a digest that a reader can compute.
DIGITS = {"checksum": 8, "index": 0, "snapshot": 8}
ENDED = re.compile(r'(.*)"(blake2b=[0-9a-f]{64})"(\]?)\n', re.S)


def digest(content: bytes) -> str:
    return "blake2b=" + hashlib.blake2b(content, digest_size=32).hexdigest()


def place_of(path):
    """The kind of a file of metadata, and the names in its path."""
    for form, kind in PLACES:
        found = form.fullmatch(path)
        if found:
            return kind, found.groups()
    return None, ()


def share(name: str) -> int:
    return hashlib.blake2b(name.encode(), digest_size=32).digest()[0] >> 2


def bundle_of(kind, names) -> str:
    if kind == "id":
        return "ids"
    if kind == "link":
        return "janitors"
    if kind in ("repo", "claims"):
        return "rest"
    part = "index" if kind == "index" else "packages"
    return f"{part}-{share(names[0]):02}"


def all_bundles():
    shares = [f"{part}-{n:02}" for part in ("index", "packages") for n in range(64)]
    return sorted(["ids", "janitors", "rest"] + shares)


def versions(metadata):
    """The digests of the versions in a tree, by how an entry of a segment about them starts."""
    found = {}
    for kind, names, _, text in metadata:
        head = text.split("\n")[:8]

        def field(name):
            return next((line[len(name) :] for line in head if line.startswith(name)), None)

        epoch, counter = field("epoch: "), field("counter: ")
        if kind in ("index", "link", "snapshot") or epoch is None or counter is None:
            continue
        kind = (field("type: ") or "").strip('"') if kind == "id" else kind
        if kind in ("author", "team", "repo", "claims", "authorisation", "releases", "checksum"):
            found[f'  ["{kind}" "{names[-1]}" {epoch} {counter} '] = digest(text.encode())
    return found


def directory(files, prefix) -> str:
    """The digest of a directory, of the files below `prefix`."""
    lines = [b"%s %d %s\n" % (path[len(prefix) :].encode("utf-8", "surrogateescape"), len(content),
                              digest(content).encode())
             for path, content in files.items() if path.startswith(prefix)]
    return digest(b"".join(sorted(lines)))


def stated(files, field, before) -> str | None:
    """The digest that a line of the snapshot has, if it is about a directory."""
    conex = "packages/.conex/"
    if field in ("janitors", "ids"):
        return directory(files, f"{conex}{field}/")
    if field == "approved":
        out = {path: content for path, content in files.items()
               if not re.match(rf"{re.escape(conex)}(janitors/|ids/|index/[^/]*/|bundle/|snapshot$)", path)}
        return directory(out, conex)
    if field == "strays":
        return directory({p: c for p, c in files.items() if p.count("/") == 1}, "packages/")
    name = re.fullmatch(r'  \["([^"]*)" ', before)
    if field not in ("indexes", "packages") or name is None:
        return None
    prefix = f"packages/{name[1]}/" if field == "packages" else f"{conex}index/{name[1]}/"
    there = any(path.startswith(prefix) for path in files)
    return directory(files, prefix) if there else None


def shortened(kind, names, text, files, known) -> str:
    """A file without what a reader can compute."""
    head, mark, signatures = text.partition("\nsignatures: ")
    body = head + mark[:1]
    if kind != "index":
        lines, check = body[:-26], body[-26:]
        if check != f'check: "{digest(lines.encode())[8:24]}"\n':
            raise Impossible("the check line does not fit, and no published form has one")
        body = lines
    out, field = [], ""
    for line in body.splitlines(keepends=True):
        if line[0] not in " ]":
            field = line.split(":")[0]
        ended = ENDED.fullmatch(line) if kind in DIGITS else None
        if ended:
            before, full, after = ended.groups()
            if kind == "checksum":
                entry = re.fullmatch(r'  \["([^"]*)" ([0-9]+) ', before)
                own = entry and (entry[1] == "opam" or entry[1].startswith("files/"))
                content = files.get(f"packages/{names[0]}/{names[1]}/{entry[1]}") if own else None
                fits = content is not None and str(len(content)) == entry[2]
                computed = digest(content) if fits else None
            elif kind == "index":
                computed = known.get(before)
            else:
                computed = stated(files, field, before)
            if computed == full:
                line = f"{before}={full[8 : 8 + DIGITS[kind]]}{after}\n"
        out.append(line)
    return "".join(out) + mark[1:] + signatures


def publish(tree: Tree) -> Tree:
    """The published form of a tree in the working form."""
    if any(path.startswith(BUNDLES) for path in tree.files):
        raise Impossible("it has bundles")
    metadata = []
    for path, content in sorted(tree.files.items()):
        kind, names = place_of(path)
        if kind is None:
            if re.match(r"packages/\.conex/|packages/([^/]+/){1,2}(authorisation|releases|checksum)$", path):
                raise Impossible("no bundle holds a file of metadata in another place")
            continue
        if kind == "checksum" and names[1].split(".")[0] != names[0]:
            raise Impossible("no bundle holds a file of metadata in another place")
        if kind == "index" and digest(content)[8:24] != names[1]:
            raise Impossible("no bundle says what the directory of a segment is called")
        try:
            metadata.append((kind, names, path, content.decode("ascii")))
        except UnicodeDecodeError:
            raise Impossible(f"{path} is not in the one encoding") from None
    known, out, bundles = versions(metadata), tree.copy(), {name: [] for name in all_bundles()}
    for kind, names, path, text in metadata:
        short = shortened(kind, names, text, tree.files, known)
        del out.files[path]
        if kind == "snapshot":
            out.files[path] = short.encode()
            continue
        shown = f"packages/.conex/index/{names[0]}/index" if kind == "index" else path
        bundles[bundle_of(kind, names)].append(f"{shown} {len(short)}\n{short}")
    for name, records in bundles.items():
        out.files[BUNDLES + name] = f"conex-bundle 1 {name}\n{''.join(records)}".encode()
    return out
