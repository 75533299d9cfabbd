"""Random tamperings of a signed repository. Each is a function of a case, which it changes."""

import re

import forge
import metadata
import state
from ed25519 import digest

NEW_PATHS = (
    "opam", "Repo", "packages.", "compilers/x", ".hg/x", ".gitignore", ".gitattributes", ".gitmodules", ".git/config",
    "doc/opam", "doc/README", "version", "packages/README", "packages/README.", "packages/nul.txt", "packages/opam",
    "packages/fmt/opam", "packages/fmt/Notes", "packages/fmt/fmt.0.9.0/url", "packages/fmt/fmt.0.9.0/descr",
    "packages/fmt/fmt.0.9.0/files/b", "packages/fmt/fmt.0.9.0/files/opam", "packages/fmt/fmt.0.9.0/files/fmt.1/x",
    "packages/fmt/fmt.0.9.0/.gitignore", "packages/fmt/fmt.0.9.0/Opam", "packages/fmt/fmt.9/opam",
    "packages/fmt/fmt.9/README", "packages/fmt/fmt.9/checksum", "packages/fmt/uutf.1.0.3/opam", "packages/fmt.9/opam",
    "packages/uutf.1.0.3/opam", "packages/uutf/uutf.2/opam", "packages/uutf/uutf.2/files/x", "packages/x/y.1/files/z",
    "packages/uutf/uutf.1.0.3/files/a/b/c", "packages/uutf/uutf.1.0.3/files/u.1/c", "packages/Fmt/Fmt.1/opam",
    "packages/new/new.1/opam", "packages/new/new.1/files/OPAM", "packages/new.1/opam", "packages/new.1/README",
    "packages/new/other.1/descr", "packages/uutf/releases", "packages/uutf/authorisation", "packages/1/1.1/opam",
    "packages/uutf/uutf.1.0.3/checksum", "packages/.conex/README", "packages/.conex/ids/gus", "packages/.conex/ids/Dan",
    "packages/.conex/index/gus/0123456789abcdef/index", "packages/.conex/janitors/3", "packages/.conex/janitors/03",
    "packages/.conex/bundle/ids", "packages/.conex/bundle/x", "packages/fmt/fmt.0.9.0/a b", "packages/opam/opam.1/opam",
    "packages/uutf/uutf.1.00.3/opam", "packages/uutf/uutf.1.0.3/opam.", "packages/uutf/uutf.1.0.3/con", "a\\b",
    "doc/a:b", "doc/opam.", "doc\\opam", "packages/uutf/" + "x" * 101, "packages/uutf/uutf.1.0.3/files/" + "d/" * 14 + "x",
    "packages/.Conex/x", "packages/.conex/claims/x", "packages/fmt/releases/x", "packages/fmt/uutf.1.0.3/README",
    "Packages/x", "repo.", "r\u00e9po", "packages/fmt/r\u00e9", "doc/\u017fx", ".git ", "packages/fpath/fpath.2/url",
)
REPO_LINES = (
    b'stamp: "x"\n', b'announce: "hello"\n', b'redirect: "x"\n', b'redirect: "x" {opam-version < "2.0"}\n',
    b'redirect: [["x" {opam-version < "2"}]]\n', b'redirect: ["x" {opam-version < "1.2" | os = "linux"}]\n',
    b'redirect: ["x" {opam-version >= "2"}]\n', b'redirect: ["x" {(opam-version = "1.2") & os = "linux"}]\n',
    b'archive-mirrors: "cache"\n', b'x {\n}\n', b'opam-version: "2.0"\n', b'# a comment\n', b'browse: "y"\n', b"x-y: 1\n",
)


def some_path(case, pattern="."):
    return case.random.choice(sorted(path for path in case.files if re.search(pattern, path)) or [state.SNAPSHOT])


def some_data(case, path):
    return bytearray(case.files.get(path, b""))


# Bytes and files.

def change_byte(case):
    path = some_path(case)
    data = some_data(case, path)
    if data:
        data[case.random.randrange(len(data))] = case.random.choice(b'\n "0a{}[]#\\x\xff\x00')
    case.files[path] = bytes(data)


def insert_bytes(case):
    path = some_path(case)
    data = some_data(case, path)
    at = case.random.randrange(len(data) + 1)
    data[at:at] = case.random.choice((b" ", b"\n", b"# x\n", b"x", b"\r", b"0", b'"', b"(* x *)"))
    case.files[path] = bytes(data)


def cut_bytes(case):
    path = some_path(case)
    data = some_data(case, path)
    at = case.random.randrange(len(data) + 1)
    del data[at:at + case.random.choice((1, 1, 5, 10**9))]
    case.files[path] = bytes(data)


def change_lines(case):
    path = some_path(case, case.random.choice((r"\.conex", "checksum|releases|authorisation", ".")))
    lines = case.files.get(path, b"").splitlines(keepends=True)
    if len(lines) > 1:
        a, b = case.random.randrange(len(lines)), case.random.randrange(len(lines))
        how = case.random.randrange(3)
        if how == 0:
            lines[a], lines[b] = lines[b], lines[a]
        elif how == 1:
            lines.insert(b, lines[a])
        else:
            del lines[a]
    case.files[path] = b"".join(lines)


def exchange_lines(case):
    """Lines of one kind of metadata go to another file of the kind."""
    kind = case.random.choice(("/index$", "janitors", "checksum", "releases", "authorisation", "ids"))
    one, other = some_path(case, kind), some_path(case, kind)
    mine, theirs = case.files[one].splitlines(keepends=True), case.files[other].splitlines(keepends=True)
    if mine and theirs:
        mine[case.random.randrange(len(mine))] = case.random.choice(theirs)
    case.files[one] = b"".join(mine)


def move_signatures(case):
    one, other = some_path(case, "/index$|janitors|snapshot"), some_path(case, "/index$|janitors|snapshot")
    mark = b"\nsignatures: "
    head, tail = case.files[one].partition(mark)[0], case.files[other].partition(mark)[2]
    data = head + mark + tail
    del case.files[one]
    match = re.fullmatch(r"packages/\.conex/index/([^/]+)/.*", one)
    case.files[forge.segment_path(match.group(1), data) if match else one] = data


def remove_file(case):
    case.files.pop(some_path(case), None)


def remove_many(case):
    directory = some_path(case).rsplit("/", case.random.randrange(1, 3))[0]
    for path in [path for path in case.files if path.startswith(directory + "/")]:
        del case.files[path]


def add_file(case):
    path = case.random.choice(NEW_PATHS)
    content = case.random.choice((b"", b"x\n", b'opam-version: "2.0"\n', case.files[some_path(case)]))
    case.files[path] = content


def rename_file(case):
    path = some_path(case)
    case.files[case.random.choice((some_path(case), path + ".", path.upper(), path + "x"))] = case.files.pop(path)


def swap_files(case):
    kind = case.random.choice((".", "opam$", "/index$", "janitors", "checksum"))
    one, other = some_path(case, kind), some_path(case, kind)
    case.files[one], case.files[other] = case.files[other], case.files[one]


def copy_file(case):
    case.files[some_path(case)] = case.files[some_path(case)]


def copy_segment(case):
    path = some_path(case, "/index$")
    name = case.random.choice(sorted(case.signers))
    case.files[forge.segment_path(name, case.files[path])] = case.files[path]


def put_back(case):
    """Older versions of one file, or of a directory."""
    stage = case.random.choice(case.stages)
    path = case.random.choice(sorted(stage))
    if case.random.random() < 0.5:
        case.files[path] = stage[path]
        return
    directory = path.rsplit("/", case.random.randrange(1, 3))[0] + "/"
    for other in [other for other in case.files if other.startswith(directory)]:
        del case.files[other]
    case.files.update({other: data for other, data in stage.items() if other.startswith(directory)})


# What opam reads.

def add_package(case):
    name = case.random.choice(("new", "uutf", "rresult", "new-2") * 2 + ("FMT", "fmt"))
    version = case.random.choice(("1", "1.0", "1.00", "0.9.0"))
    directory = case.random.choice((f"packages/{name}/",) * 4 + ("packages/", "packages/other/"))
    content = some_description(case)
    case.files[f"{directory}{name}.{version}/opam"] = content


def some_description(case):
    return case.random.choice(case.forms) if case.random.random() < 0.25 else b'opam-version: "2.0"\n'


def change_description(case):
    path = some_path(case, case.random.choice(("opam$", "(uutf|rresult).*opam$")))
    case.files[path] = some_description(case)
    if case.random.random() < 0.5:
        vouch_for(case, path.rsplit("/", 1)[0])


def change_repo_file(case):
    data = case.files.get("repo", b"")
    lines = [line for line in data.splitlines(keepends=True) if case.random.random() < 0.9]
    if case.random.random() < 0.6:
        lines.insert(case.random.randrange(len(lines) + 1), case.random.choice(REPO_LINES))
    case.files["repo"] = b"".join(lines)
    if case.random.random() < 0.5:
        approve_repo(case)


def approve_repo(case, number=None):
    """What a quorum, or less, approves of the file as it is."""
    fields = forge.fields_of(case.files["packages/.conex/repo"])
    try:
        items = metadata.opamfile.parse(case.files["repo"])
        values = dict((name, metadata.opamfile.print_value(value).decode()) for name, value in items)
    except (metadata.opamfile.Unreadable, TypeError, UnicodeDecodeError):
        return
    fields["values"] = [(name, value) for name, value in values.items() if name not in ("opam-version", "stamp")]
    fields["files"] = [(name, digest(case.files[name])) for name in (".gitattributes", ".gitignore")
                       if name in case.files and case.random.random() < 0.8]
    fields["counter"] += 1
    case.files["packages/.conex/repo"] = forge.write(fields)
    vouch(case, ["packages/.conex/repo"], (), number)


def vouch_for(case, directory):
    """A checksum of a release as it is, and who vouches for it."""
    path = directory + "/checksum"
    if path not in case.files:
        return
    fields = forge.fields_of(case.files[path])
    fields["files"] = [(other[len(directory) + 1:], len(data), digest(data)) for other, data in case.files.items()
                       if re.match(re.escape(directory) + "/(opam$|files/)", other)]
    fields["counter"] += 1
    case.files[path] = forge.write(fields)
    vouch(case, [path])


# What is signed.

def some_signers(case, number=None):
    if number is not None:
        return [case.signers[name] for name in ("ann", "bob", "fay")[:number]]
    names = sorted(case.signers)
    return [case.signers[name] for name in case.random.sample(names, case.random.choice((0, 1, 1, 2, 2, 3, 5)))]


def vouch(case, paths, entries=(), number=None):
    for signer in some_signers(case, number):
        made = [forge.entry_of(path, case.files[path]) for path in paths]
        name = case.random.choice(sorted(case.signers)) if case.random.random() < 0.05 else signer.name
        identity = "blake2b=" + "0" * 64 if case.random.random() < 0.03 else case.identity
        path, data = forge.segment(identity, signer, made + list(entries), name)
        case.files[path] = data


def is_resource(path, data):
    return state.version_at(path, data) is not None


def edit_resource(case):
    """Changes people, owners and lists, and signs them with some keys."""
    paths = sorted(path for path, data in case.files.items() if is_resource(path, data))
    if not paths:
        return
    path = case.random.choice(paths)
    fields = forge.fields_of(case.files[path])
    lists = [name for name, value in fields.items() if isinstance(value, list)]
    for name in lists:
        value = list(fields[name])
        if value and case.random.random() < 0.4:
            value.pop(case.random.randrange(len(value)))
        if case.random.random() < 0.4:
            value += case.random.choice(additions(case, fields["type"], name) or [[]])
        fields[name] = value
    fields["counter"] += case.random.choice((0, 1, 1, 1, 2, -1 if fields["counter"] else 0))
    fields["epoch"] += case.random.choice((0, 0, 0, 0, 1, 2))
    if "floor" in fields:
        fields["floor"] += case.random.choice((0, 0, 1))
    if case.random.random() < 0.1:
        fields["type"] = case.random.choice(("author", "team", "claims", "releases"))
    case.files[path] = forge.write(fields)
    if is_resource(path, case.files[path]):
        vouch(case, [path])


def additions(case, kind, field):
    everybody = sorted(case.signers)
    return {
        ("author", "keys"): [[signer.text] for signer in case.signers.values()],
        ("author", "accounts"): [["github:x"], ["GitHub:x"]],
        ("team", "members"): [[name] for name in everybody + ["crew", "gus"]],
        ("authorisation", "owners"): [[name] for name in everybody + ["crew", "gus", "notaries"]],
        ("claims", "packages"): [["uutf"], ["gone"], ["rresult"], ["FMT"]],
        ("releases", "releases"): [["fmt.0.9.0"], ["logs.0.7.0"], ["fpath.1"], ["astring.9"]],
    }.get((kind, field), [[]])


def vouch_again(case):
    paths = sorted(path for path, data in case.files.items() if is_resource(path, data))
    vouch(case, case.random.sample(paths, min(len(paths), case.random.choice((1, 1, 3)))))


def vouch_for_phantoms(case):
    """Entries for versions that are not there: higher ones, other digests, other epochs."""
    paths = sorted(path for path, data in case.files.items() if is_resource(path, data))
    if not paths:
        return
    kind, name, epoch, counter, found = forge.entry_of(*case.random.choice([(p, case.files[p]) for p in paths]))
    epoch += case.random.choice((0, 0, 1, 2))
    counter = max(0, counter + case.random.choice((-1, 0, 1, 2)))
    if kind in ("author", "team"):
        kind = case.random.choice(("author", "team"))
        name = case.random.choice((name, "gus", "cyd"))
    if kind == "authorisation":
        name = case.random.choice((name, "uutf", "gone", "Fmt"))
    if case.random.random() < 0.6:
        found = "blake2b=" + case.random.choice("abc") * 64
    vouch(case, [], [(kind, name, epoch, counter, found)])


def sign_old_entries(case):
    """What was superseded, once more."""
    stage = case.random.choice(case.stages)
    paths = sorted(path for path, data in stage.items() if is_resource(path, data))
    vouch(case, [], [forge.entry_of(path, stage[path]) for path in case.random.sample(paths, min(2, len(paths)))])


def other_version(case, path, how):
    """What `how` says of a resource: the entry of a version that is there afterwards, or that is nowhere."""
    fields = forge.fields_of(case.files[path])
    kind, name, epoch, counter, _ = forge.entry_of(path, case.files[path])
    if how.startswith("phantom"):
        step = {"phantom-above": (0, 1), "phantom-beside": (0, 0), "phantom-epoch": (1, 0)}[how]
        return (kind, name, epoch + step[0], counter + step[1], "blake2b=" + "a" * 64)
    first = next(field for field, value in fields.items() if isinstance(value, list))
    fields[first] = fields[first][:-1] if first != "files" else fields[first]
    fields["epoch"] += how == "epoch"
    fields["counter"] += {"above": 1, "beside": 0, "below": -1, "epoch": 0}[how] if counter else 0
    case.files[path] = forge.write(fields)
    return forge.entry_of(path, case.files[path])


def vouch_by(case, names, entries):
    for name in names:
        path, data = forge.segment(case.identity, case.signers[name], entries)
        case.files[path] = data


def new_person(case):
    signer = case.random.choice(list(case.signers.values()))
    name = case.random.choice(("gus", "cyd", "Dan", signer.name))
    keys = [other.text for other in some_signers(case)] + [signer.text]
    fields = {"format": 1, "type": "author", "name": name, "epoch": 0, "counter": case.random.choice((1, 2)),
              "keys": keys, "accounts": []}
    path = "packages/.conex/ids/" + name
    case.files[path] = forge.write(fields)
    entry = forge.entry_of(path, case.files[path])
    if case.random.random() < 0.7:
        place, data = forge.segment(case.identity, signer, [entry], name)
        case.files[place] = data
    vouch(case, [path])


def person(case, name, keys, approved, signers):
    """An author with these keys, whom a quorum approves or not, and what the signers sign in this name."""
    path = "packages/.conex/ids/" + name
    before = case.files.get(path)
    counter = forge.fields_of(before)["counter"] + 1 if before else 1
    case.files[path] = forge.write({"format": 1, "type": "author", "name": name, "epoch": 0, "counter": counter,
                                    "keys": keys, "accounts": []})
    vouch_by(case, ("ann", "bob") if approved else ("ann",), [forge.entry_of(path, case.files[path])])
    for signer in signers:
        place, data = forge.segment(case.identity, signer, [forge.entry_of(path, case.files[path])], name)
        case.files[place] = data


def links(case):
    return sorted((path for path in case.files if re.search(r"janitors/[0-9]+$", path)), key=lambda path: int(path.rsplit("/", 1)[1]))


def change_link(case):
    """A link that is changed or added, with signatures of some."""
    paths = links(case)
    if not paths:
        return
    path = case.random.choice(paths[-2:])
    try:
        fields = forge.fields_of(case.files[path])
        metadata.read(case.files[path], "janitors", path.rsplit("/", 1)[1])
    except metadata.Broken:
        return
    if case.random.random() < 0.6:
        number = fields["link"] + 1
        fields["previous"] = digest(case.files[path].partition(b"\nsignatures: ")[0] + b"\n")
        fields["identity"] = case.identity
        order = ("format", "type", "repository", "link", "identity", "previous", "quorum", "snapshot", "members")
        fields["link"] = number
        fields = {name: fields[name] for name in order}
        path = f"packages/.conex/janitors/{number}"
    members = dict(fields["members"])
    if case.random.random() < 0.4 and members:
        members.pop(case.random.choice(sorted(members)))
    if case.random.random() < 0.4:
        signer = case.random.choice(list(case.signers.values()))
        members[case.random.choice((signer.name, signer.name, "gus", "notaries", "ANN"))] = signer.text
    fields["members"] = list(members.items())
    fields["quorum"] = max(0, fields["quorum"] + case.random.choice((0, 0, 0, 1, -1)))
    fields["snapshot"] = case.random.choice((fields["snapshot"], "optional", "required"))
    signers = some_signers(case) if case.random.random() < 0.3 else list(case.signers.values())
    if case.random.random() < 0.6:
        signers = [signer for signer in signers if signer.name in members or signer.name in ("ann", "bob", "fay")]
    case.files[path] = forge.write(fields, "conex-janitors-v1", signers)


def next_link(case, changes, members, signers):
    """A link behind the last one, with members put in (or out, where the key is None)."""
    path = links(case)[-1]
    fields = forge.fields_of(case.files[path])
    fields["link"] += 1
    fields["previous"] = digest(case.files[path].partition(b"\nsignatures: ")[0] + b"\n")
    fields.update(changes)
    people = dict(fields["members"])
    for name, key in members.items():
        people[name] = key
    fields["members"] = [(name, key) for name, key in people.items() if key]
    data = forge.write(fields, "conex-janitors-v1", [case.signers[name] for name in signers])
    case.files[f"packages/.conex/janitors/{fields['link']}"] = data


def drop_link_signature(case):
    paths = links(case)
    if not paths:
        return
    path = case.random.choice(paths)
    lines = case.files[path].splitlines(keepends=True)
    signed = [n for n, line in enumerate(lines) if line.startswith(b'  ["blake2b=')]
    if signed:
        del lines[case.random.choice(signed)]
    case.files[path] = b"".join(lines)


def drop_segments(case):
    for path in [path for path in case.files if path.endswith("/index") and case.random.random() < 0.2]:
        del case.files[path]


def remove_package(case):
    name = some_path(case, "opam$").split("/")[1]
    for path in [path for path in case.files if path.startswith(f"packages/{name}/")]:
        del case.files[path]


def rename_segments(case):
    """Gives each segment the directory that its bytes ask for: what was changed reaches the rules behind V2.1."""
    for path in [path for path in case.files if re.fullmatch(r"packages/\.conex/index/[^/]+/[^/]+/index", path)]:
        data = case.files.pop(path)
        case.files[forge.segment_path(path.split("/")[3], data)] = data


def fix_check_lines(case):
    """What was changed by hand reaches the rules behind V0.3."""
    for path, data in list(case.files.items()):
        head, mark, tail = data.partition(b"\ncheck: ")
        if mark and path.startswith("packages/"):
            case.files[path] = head + b'\ncheck: "' + metadata.check_of(head + b"\n").encode() + tail[17:]


EARLY = [
    change_byte, change_byte, insert_bytes, cut_bytes, change_lines, exchange_lines, move_signatures, remove_file,
    remove_many, add_file, add_file, add_file, rename_file, swap_files, copy_file, copy_segment, put_back, put_back,
    add_package, add_package, change_description, change_description, change_repo_file, change_repo_file,
    edit_resource, edit_resource, edit_resource, edit_resource, vouch_again, vouch_for_phantoms, vouch_for_phantoms,
    vouch_for_phantoms, sign_old_entries, new_person, new_person, change_link, change_link, change_link,
    drop_link_signature, drop_segments, remove_package, rename_segments, fix_check_lines,
]
LATE = [change_byte, change_byte, insert_bytes, cut_bytes, change_lines, exchange_lines, remove_file, add_file,
        rename_file, swap_files]
