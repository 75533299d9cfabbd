"""Reading a repository, from a directory or an archive: V0.1, V0.2 and V0.7."""

import os
import re
import stat
import zlib

from findings import lower, on_disk

MIB = 1 << 20
# format.md, "Limits"
MOST_PATH, MOST_COMPONENT, MOST_DEPTH = 255, 100, 16
MOST_FILE, MOST_BYTES, MOST_ENTRIES = 64 * MIB, 256 * MIB, 500_000


class Tree:
    """A map from path to bytes, and the directories without files."""

    def __init__(self):
        self.files, self.directories, self.is_archive, self.whole = {}, set(), False, True
        self.named = set()  # what an archive names itself

    def empty_directories(self):
        filled = set()
        for path in self.files:
            filled.update(parents(path))
        return sorted(self.directories - filled)

    def below(self, directory):
        """The files below a directory, by their path in it."""
        return {path[len(directory):]: data for path, data in self.files.items()
                if path.startswith(directory)}


def parents(path):
    parts = path.split("/")
    return ["/".join(parts[:n]) for n in range(1, len(parts))]


class Refused(Exception):
    """What ends the reading: nothing is judged then."""

    def __init__(self, rule, code, where, text):
        super().__init__(text)
        self.finding = (rule, code, where, text)


def read(place, findings):
    if os.path.isdir(place):
        tree = read_directory(place, findings)
    else:
        tree = read_archive(place, findings)
    check_names(tree, findings)
    return tree


# Directories.

def read_directory(root, findings):
    tree = Tree()
    left = [""]
    total = entries = 0
    while left:
        directory = left.pop()
        for entry in sorted(os.scandir(os.path.join(root, directory)), key=lambda entry: entry.name):
            path = directory + "/" + entry.name if directory else entry.name
            entries += 1
            if entries > MOST_ENTRIES:
                raise Refused("V0.5", "E004", "", "too many files and directories")
            problem = name_problem(path)
            state = entry.stat(follow_symlinks=False)
            if path == ".git":
                if stat.S_ISLNK(state.st_mode):  # hook.md, D13: nothing else of a `.git` is looked at
                    findings.error("V0.1", "E001", path, "a link")
                continue
            if problem:
                findings.error("V0.1", "E001", path, problem)
            elif stat.S_ISDIR(state.st_mode):
                if state.st_mode & 0o700 != 0o700:  # hook.md, D10
                    findings.error("V0.1", "E001", path, "a directory that opam cannot change")
                elif path.count("/") >= MOST_DEPTH:
                    findings.error("V0.1", "E001", path, "too many directories one below the other")
                else:
                    tree.directories.add(path)
                    left.append(path)
            elif not stat.S_ISREG(state.st_mode):
                findings.error("V0.1", "E001", path, "neither a file nor a directory")
            elif state.st_nlink != 1:
                findings.error("V0.1", "E001", path, "a file with a second name")
            elif state.st_mode & 0o600 != 0o600:
                findings.error("V0.1", "E001", path, "a file that opam cannot change")
            elif state.st_size > MOST_FILE:
                findings.error("V0.1", "E001", path, "too large")
            else:
                total += state.st_size
                if total > MOST_BYTES:
                    raise Refused("V0.5", "E004", "", "more bytes than a reader takes")
                with open(os.path.join(root, path), "rb") as file:
                    tree.files[path] = file.read()
    return tree


def name_problem(path):
    try:
        data = path.encode()
    except UnicodeEncodeError:
        return "a name that is not UTF-8"
    if len(data) > MOST_PATH or len(path.rsplit("/", 1)[-1].encode()) > MOST_COMPONENT:
        return "a name that is too long"
    return None


# Archives.

def read_archive(place, findings):
    try:
        with open(place, "rb") as file:
            packed = file.read()
    except OSError:
        raise Refused("V0.1", "E001", "", "it cannot be read") from None
    tree = Tree()
    tree.is_archive = True
    try:
        for path, is_directory, data in entries_of(unpack(packed)):
            add_entry(tree, path, is_directory, data)
    except Refused as refused:
        findings.error(*refused.finding)
        tree.whole = False
    return tree


def unpack(packed):
    """V0.7: one intact gzip member. The limits hold while it is read."""
    most = max(32 * MIB, 100 * len(packed))
    reader = zlib.decompressobj(31)
    try:
        data = reader.decompress(packed, most + 1)
        if len(data) <= most:
            data += reader.flush()
    except zlib.error:
        raise Refused("V0.7", "E080", "", "no intact gzip member") from None
    if len(data) > most:
        raise Refused("V0.7", "E083", "", "it unpacks to too much")
    if not reader.eof or reader.unused_data:
        raise Refused("V0.7", "E080", "", "cut off, or something follows the gzip member")
    return data


def entries_of(data):
    """V0.7 and hook.md, D12: the subset of tar that all readers take alike."""
    at, pax_pending, first = 0, False, True
    while True:
        header = data[at:at + 512]
        if len(header) < 512:
            raise tar_error("an end that is missing")
        if not any(header):
            if any(data[at:]) or len(data) - at < 1024 or len(data) % 512 or pax_pending:
                raise tar_error("an end in another form")
            return
        at += 512
        size = plain_header(header)
        kind = header[156:157]
        content = data[at:at + size]
        if len(content) < size or len(data) < at + (size + 511) // 512 * 512:
            raise tar_error("a file that is cut off")
        if any(data[at + size:at + (size + 511) // 512 * 512]):
            raise tar_error("a padding that is not zero")
        at += (size + 511) // 512 * 512
        if kind == b"g" and first:
            check_pax(content, {"comment"})
        elif kind == b"x" and not pax_pending:
            check_pax(content, {"mtime", "atime", "ctime", "uid", "gid", "uname", "gname"})
            pax_pending = True
        elif kind in (b"0", b"\0", b"5"):
            pax_pending = False
            name = text_field(header[0:100])
            prefix = text_field(header[345:500]) if header[257:263] == b"ustar\0" else b""
            yield canonical_name(prefix + b"/" + name if prefix else name, kind == b"5", size), kind == b"5", content
        else:
            raise tar_error("an entry of another type")
        first = False


def tar_error(text):
    return Refused("V0.7", "E081", "", text)


def plain_header(header):
    """The size that a header says."""
    if header[257:265] not in (b"ustar\x0000", b"ustar  \0"):
        raise tar_error("another format of headers")
    total = sum(header) - sum(header[148:156]) + 8 * 0x20
    if number_field(header[148:156]) != total:
        raise tar_error("a header with a wrong sum")
    return number_field(header[124:136])


def number_field(field):
    match = re.fullmatch(rb" *([0-7]+)[ \0]*", field)
    if not match:
        raise tar_error("a number in another form")
    return int(match.group(1), 8)


def text_field(field):
    text, _, rest = field.partition(b"\0")
    if rest.strip(b"\0"):
        raise tar_error("a name with something behind its end")
    return text


def check_pax(content, allowed):
    while content:
        match = re.match(rb"([1-9][0-9]*) ([^=]+)=", content)
        if not match or int(match.group(1)) > len(content) or match.group(2).decode("latin-1") not in allowed:
            raise tar_error("a PAX record that somebody may act on")
        length = int(match.group(1))
        if length < match.end() + 1 or content[length - 1:length] != b"\n":
            raise tar_error("a PAX record in another form")
        content = content[length:]


def canonical_name(data, is_directory, size):
    if is_directory and size:
        raise tar_error("a directory with content")
    if is_directory and data.endswith(b"/"):
        data = data[:-1]
    try:
        path = data.decode()
    except UnicodeDecodeError:
        raise Refused("V0.7", "E082", "", "a name that is not UTF-8") from None
    if "\\" in path or any(part in ("", ".", "..") for part in path.split("/")):
        raise Refused("V0.7", "E082", path, "a name that is not canonical")
    return path


def add_entry(tree, path, is_directory, data):
    if path in tree.named:
        raise Refused("V0.7", "E082", path, "a name that stands twice")
    if any(parent in tree.files for parent in parents(path)):
        raise Refused("V0.7", "E082", path, "a file with something below it")
    if not is_directory and path in tree.directories:
        raise Refused("V0.7", "E082", path, "a file and a directory of one name")
    tree.named.add(path)
    problem = name_problem(path)
    if problem or len(data) > MOST_FILE or path.count("/") > MOST_DEPTH:
        raise Refused("V0.7", "E083", path, problem or "a limit")
    if is_directory:
        tree.directories.add(path)
    else:
        tree.files[path] = data
    tree.directories.update(parents(path))


# Names.

OWN_NAMES = {"packages", "repo", ".git", ".gitignore", ".gitattributes"}


def check_names(tree, findings):
    """V0.2."""
    seen = {}
    for path in sorted(set(tree.files) | tree.directories):
        other = seen.setdefault(lower(path), path)
        if other != path:
            findings.error("V0.2", "E003", path, "differs only in case from " + other)
        if "/" not in path and path not in OWN_NAMES and on_disk(path) in OWN_NAMES:
            findings.error("V0.2", "E003", path, "is another name of one of Conex on some file systems")
