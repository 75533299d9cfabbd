"""The state of a repository: format.md, "The snapshot"."""

import re

import opamfile
from ed25519 import digest

CONEX = "packages/.conex/"
SNAPSHOT = CONEX + "snapshot"
MOST_REPO = 1 << 20


def type_and_name(path):
    """The resource of a path, or None; an id is called by the type `id`."""
    parts = path.split("/")
    if path in (CONEX + "repo", CONEX + "claims"):
        return parts[2], parts[2]
    if path.startswith(CONEX):
        return ("id", parts[3]) if len(parts) == 4 and parts[2] == "ids" else None
    if len(parts) == 3 and parts[2] in ("authorisation", "releases"):
        return parts[2], parts[1]
    if len(parts) == 4 and parts[3] == "checksum":
        return "checksum", parts[2]
    return None


def version_at(path, data):
    """Type, name, epoch and counter of the resource at a path, by its first lines."""
    found = type_and_name(path)
    head = re.match(rb'format: 1\ntype: "([a-z]+)"\nname: "([^"]*)"\nepoch: ([0-9]{1,19})\ncounter: ([0-9]{1,19})\n',
                    data)
    if not found or not head:
        return None
    kind, name = head.group(1).decode(), head.group(2).decode("utf-8", "replace")
    if name != found[1] or (kind != found[0] and not (found[0] == "id" and kind in ("author", "team"))):
        return None
    return kind, name, int(head.group(3)), int(head.group(4))


def directory_digest(files):
    """The digest of a directory, of which `files` is a map from path to bytes."""
    lines = [b"%s %d %s\n" % (path.encode(), len(data), digest(data).encode()) for path, data in files.items()]
    return digest(b"".join(sorted(lines)))


def repo_digest(tree):
    data = tree.files.get("repo", b"")
    if len(data) > MOST_REPO:
        return digest(data)
    try:
        fields = [(name, opamfile.print_value(value)) for name, value in opamfile.parse(data)]
    except (opamfile.Unreadable, RecursionError, TypeError):
        return digest(data)
    lines = [b"%s: %s\n" % (name.encode(), value) for name, value in fields if name != "stamp"]
    return digest(b"".join(sorted(lines)))


def state_of(tree):
    """What a snapshot of this tree has to state, by the names of its fields."""
    parts = {"janitors": {}, "ids": {}, "approved": {}, "strays": {}}
    indexes, packages = {}, {}
    for path, data in tree.files.items():
        names = path.split("/")
        if names[0] != "packages" or path == SNAPSHOT:
            continue
        if len(names) == 2:
            parts["strays"][names[1]] = data
        elif names[1] != ".conex":
            packages.setdefault(names[1], {})["/".join(names[2:])] = data
        elif names[2] in ("janitors", "ids") and len(names) > 3:
            parts[names[2]]["/".join(names[3:])] = data
        elif names[2] == "index" and len(names) > 4:
            indexes.setdefault(names[3], {})["/".join(names[4:])] = data
        else:
            parts["approved"]["/".join(names[2:])] = data
    found = {field: directory_digest(files) for field, files in parts.items()}
    found["repo"] = repo_digest(tree)
    found["indexes"] = {name: directory_digest(files) for name, files in indexes.items()}
    found["packages"] = {name: directory_digest(files) for name, files in packages.items()}
    return found
