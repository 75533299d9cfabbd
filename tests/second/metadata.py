"""The files of Conex: format.md, from "Syntax, and the one valid encoding" to "The snapshot"."""

import re

import opamfile
from ed25519 import Key, canonical_base64, digest
from findings import lower

MOST_NUMBER, MOST_EPOCH, MOST_MEMBERS, MOST_KEYS = 2**62 - 1, 1_000_000, 200, 64
MOST_ID_FILE, MOST_SEGMENT = 64 << 10, 4 << 20
DIGEST = re.compile(r"blake2b=[0-9a-f]{64}")
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
COMPONENT = re.compile(r"[A-Za-z0-9._+~-]+")
NEVER_COMPONENTS = {".", "..", ".git", ".hg", "_darcs", ".gitignore", ".gitattributes", ".gitmodules"}


class Broken(Exception):
    """A file that cannot be read: V0.3 and V0.8."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


# Names: format.md, "Names".

def is_id(text):
    return (re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", text) is not None
            and lower(text) not in ("janitors", "opam")
            and (text == "notaries" or lower(text) != "notaries"))


def is_package(text):
    return (re.fullmatch(r"[A-Za-z0-9_+-]{1,100}", text) is not None
            and re.search("[A-Za-z]", text) is not None and lower(text) != "opam")


def is_release(text):
    name, dot, version = text.partition(".")
    return is_package(name) and dot == "." and re.fullmatch(r"[A-Za-z0-9_+.~-]{1,100}", version) is not None


def package_of(release):
    return release.partition(".")[0]


def is_component(text):
    """A component of a path: format.md, "Where everything lies"."""
    return COMPONENT.fullmatch(text) is not None and lower(text) not in NEVER_COMPONENTS


def is_listed_path(text):
    """A path in a checksum: `opam`, or `files/…` without a directory called like a release."""
    parts = text.split("/")
    if text == "opam":
        return True
    return (parts[0] == "files" and len(parts) > 1
            and all(is_component(part) and lower(part) != "opam" for part in parts)
            and not any(is_release(part) for part in parts[1:-1]))


NAMES_OF_TYPES = {
    "author": is_id, "team": is_id, "repo": "repo".__eq__, "claims": "claims".__eq__,
    "authorisation": is_package, "releases": is_package, "checksum": is_release,
}


# The syntax: one value a line, or a list of entries.

def print_string(text):
    out = ""
    for byte in text.encode():
        char = chr(byte)
        out += {'"': '\\"', "\\": "\\\\", "\n": "\\n"}.get(
            char, char if 0x20 <= byte <= 0x7E else "\\x%02x" % byte)
    return '"' + out + '"'


def print_part(value):
    return str(value) if isinstance(value, int) else print_string(value)


def print_entry(entry):
    return "[" + " ".join(map(print_part, entry)) + "]" if isinstance(entry, tuple) else print_part(entry)


def print_field(name, value):
    if not isinstance(value, list):
        return f"{name}: {print_part(value)}\n"
    lines = sorted(set(map(print_entry, value)))
    return f"{name}: []\n" if not lines else f"{name}: [\n" + "".join(f"  {line}\n" for line in lines) + "]\n"


def read_fields(data):
    """The fields of a file, by opam's syntax, as pairs of name and value."""
    try:
        items = opamfile.parse(data)
    except (opamfile.Unreadable, RecursionError) as error:
        raise Broken("E010", str(error)) from None
    try:
        return [(name, plain(value)) for name, value in items]
    except (TypeError, ValueError):
        raise Broken("E011", "a value of another kind") from None


def plain(value):
    kind, content = value
    if kind == "string":
        return content.decode()
    if kind == "int" and content >= 0:
        return content
    if kind != "list":
        raise ValueError
    return [tuple(map(plain, entry[1])) if entry[0] == "list" else plain(entry) for entry in content]


class File:
    """What a file says, and the bytes that were read."""

    def __init__(self, data, kind, fields):
        self.data, self.kind, self.digest = data, kind, digest(data)
        self.__dict__.update(fields)
        self.signed = data.partition(b"\nsignatures: ")[0] + b"\n"

    def revision(self):
        return (self.epoch, self.counter)


def must(condition, text, code="E011"):
    if not condition:
        raise Broken(code, text)


def must_all(values, condition, text, code="E011"):
    must(isinstance(values, list) and all(isinstance(value, str) and condition(value) for value in values), text, code)


def must_entries(values, *conditions):
    must(isinstance(values, list), "no list")
    for entry in values:
        must(isinstance(entry, tuple) and len(entry) == len(conditions)
             and all(condition(part) for condition, part in zip(conditions, entry)), "an entry of another form")


def must_be_keyed(values, text):
    must(len({entry[0] for entry in values}) == len(values), "two entries of one " + text)


def is_number(value):
    return isinstance(value, int) and 0 <= value <= MOST_NUMBER


def is_epoch(value):
    return isinstance(value, int) and 0 <= value <= MOST_EPOCH


def text_that(condition):
    return lambda value: isinstance(value, str) and condition(value)


is_digest = text_that(lambda text: DIGEST.fullmatch(text) is not None)


def is_key(text):
    try:
        return isinstance(text, str) and bool(Key(text))
    except ValueError:
        return False


def is_signature(text):
    try:
        return isinstance(text, str) and len(canonical_base64(text)) in (64, 69)
    except ValueError:
        return False


# The types.

def read(data, kind, name):
    """Reads a file of a type and name that its path asks for."""
    most = {"author": MOST_ID_FILE, "team": MOST_ID_FILE, "index": MOST_SEGMENT}.get(kind)
    must(most is None or len(data) <= most, "too large")
    pairs = read_fields(data)
    names, fields = [name for name, _ in pairs], dict(pairs)
    must(names[:2] == ["format", "type"], "other fields")
    must(fields.get("format") == 1, "another format", "E012")
    must(fields.get("type") == kind, "another type", "E012")
    expected = ["format", "type"] + FIELDS[kind](fields)
    must(names == expected, "other fields")
    CHECKS[kind](fields, name)
    printed = "".join(print_field(field, fields[field]) for field in names)
    must(printed.encode() == data, "not the one encoding")
    if "check" in fields:
        covered = data[:data.index(b"\ncheck: ") + 1]
        must(fields["check"] == check_of(covered), "another check line", "E013")
    return File(data, kind, fields)


def check_of(data):
    return digest(data)[len("blake2b="):][:16]


def read_id(data, name):
    """An id file says itself whether it is of an author or of a team."""
    kind = "team" if b'\ntype: "team"\n' in data[:40] else "author"
    must(len(data) <= MOST_ID_FILE, "too large")
    if name == "notaries" and kind == "author":
        raise Broken("E029", "notaries is always a team")
    return read(data, kind, name)


def resource(*own):
    return lambda fields: ["name", "epoch", "counter", *own, "check"]


def link_fields(fields):
    later = ["identity", "previous"] if fields.get("link") != 0 else []
    return ["repository", "link", *later, "quorum", "snapshot", "members", "check", "signatures"]


FIELDS = {
    "author": resource("keys", "accounts"), "team": resource("members"), "repo": resource("values", "files"),
    "claims": resource("packages"), "authorisation": resource("owners"),
    "releases": resource("floor", "releases"), "checksum": resource("files"), "janitors": link_fields,
    "index": lambda fields: ["repository", "id", "created", "entries", "signatures"],
    "snapshot": lambda fields: [
        "repository", "epoch", "janitors", "ids", "repo", "approved", "strays", "indexes", "packages",
        "counter", "created", "check", "signatures"],
}


def check_resource(fields, name):
    must(fields["name"] == name, "another name", "E012")
    must(is_epoch(fields["epoch"]) and is_number(fields["counter"]), "a number beyond its limit")


def check_author(fields, name):
    check_resource(fields, name)
    must_all(fields["keys"], is_key, "no key", "E015")
    must(len(fields["keys"]) <= MOST_KEYS, "too many keys")
    must_all(fields["accounts"], re.compile(r'[a-z0-9]{1,20}:[!#-\[\]-~]{1,200}').fullmatch, "no account")


def check_team(fields, name):
    check_resource(fields, name)
    must_all(fields["members"], is_id, "no id")


def check_repo(fields, name):
    check_resource(fields, name)
    is_field = re.compile("[A-Za-z0-9_-]{1,64}").fullmatch
    must_entries(fields["values"],
                 text_that(lambda text: is_field(text) and text not in ("opam-version", "stamp")),
                 text_that(is_compact))
    must_be_keyed(fields["values"], "field")
    must_entries(fields["files"], lambda text: text in (".gitattributes", ".gitignore"), is_digest)
    must_be_keyed(fields["files"], "file")


def is_compact(text):
    try:
        return opamfile.print_value(opamfile.parse_value(text.encode())) == text.encode()
    except (opamfile.Unreadable, RecursionError):
        return False


def check_claims(fields, name):
    check_resource(fields, name)
    must_all(fields["packages"], is_package, "no name of a package")


def check_authorisation(fields, name):
    check_resource(fields, name)
    must_all(fields["owners"], is_id, "no id")


def check_releases(fields, name):
    check_resource(fields, name)
    must(is_number(fields["floor"]), "a number beyond its limit")
    must_all(fields["releases"], lambda text: is_release(text) and package_of(text) == name,
             "no release of this package")


def check_checksum(fields, name):
    check_resource(fields, name)
    must_entries(fields["files"], text_that(is_listed_path), is_number, is_digest)
    must_be_keyed(fields["files"], "path")


def check_link(fields, name):
    is_repository = re.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}").fullmatch
    must(isinstance(fields["repository"], str) and is_repository(fields["repository"]), "no name of a repository")
    must(is_number(fields["link"]) and str(fields["link"]) == name, "another number", "E012")
    if fields["link"] > 0:
        must(is_digest(fields["identity"]) and is_digest(fields["previous"]), "no digest")
    must_entries(fields["members"], text_that(is_id), text_that(str))
    must_all([key for _, key in fields["members"]], is_key, "no key", "E015")
    must(len(fields["members"]) <= MOST_MEMBERS, "too many members")
    must(len({lower(member) for member, _ in fields["members"]}) == len(fields["members"]), "two of one id")
    must(len({key for _, key in fields["members"]}) == len(fields["members"]), "two members with one key")
    quorum = fields["quorum"]
    must(isinstance(quorum, int) and 1 <= quorum <= len(fields["members"]), "a quorum out of range")
    must(fields["snapshot"] in ("optional", "required"), "another rule of snapshots")
    check_signatures(fields)


def check_signatures(fields):
    must_entries(fields["signatures"], is_digest, is_signature)
    must_be_keyed(fields["signatures"], "key")


def check_segment(fields, name):
    must(is_digest(fields["repository"]), "no digest")
    must(fields["id"] == name, "another id", "E012")
    must(isinstance(fields["created"], str) and TIME.fullmatch(fields["created"]), "no time")
    must_entries(fields["entries"], text_that(NAMES_OF_TYPES.__contains__), text_that(str),
                 is_epoch, is_number, is_digest)
    must(all(NAMES_OF_TYPES[kind](name) for kind, name, *_ in fields["entries"]), "a name of another grammar")
    check_signatures(fields)
    must(len(fields["signatures"]) == 1, "another number of signatures than one")


def check_snapshot(fields, name):
    for field in ("repository", "janitors", "ids", "repo", "approved", "strays"):
        must(is_digest(fields[field]), "no digest")
    must(is_epoch(fields["epoch"]) and is_number(fields["counter"]), "a number beyond its limit")
    for field in ("indexes", "packages"):
        must_entries(fields[field], text_that(str), is_digest)
        must_be_keyed(fields[field], "name")
    must(isinstance(fields["created"], str) and TIME.fullmatch(fields["created"]), "no time")
    check_signatures(fields)
    must(len(fields["signatures"]) == 1, "another number of signatures than one")


CHECKS = {
    "author": check_author, "team": check_team, "repo": check_repo, "claims": check_claims,
    "authorisation": check_authorisation, "releases": check_releases, "checksum": check_checksum,
    "janitors": check_link, "index": check_segment, "snapshot": check_snapshot,
}
