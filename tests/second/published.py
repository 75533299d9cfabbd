"""V11: a tree in the published form, and the tree in the working form that comes out of it."""

import re

import metadata
import state
from ed25519 import digest
from tree import MOST_BYTES, MOST_ENTRIES, Tree, check_names, parents

BUNDLES = "packages/.conex/bundle/"
SNAPSHOT = "packages/.conex/snapshot"
MOST_BUNDLE = 16 << 20
SHARES = [f"{share:02}" for share in range(64)]
ALL_BUNDLES = [*(f"packages-{n}" for n in SHARES), *(f"index-{n}" for n in SHARES), "ids", "janitors", "rest"]

SEGMENT = re.compile(r"packages/\.conex/index/([^/]+)/index")
CHECKSUM_ENTRY = re.compile(rb'  \["([^"\\]+)" (0|[1-9][0-9]*) (?:=([0-9a-f]{8})|"(blake2b=[0-9a-f]{64})")\]')
SEGMENT_ENTRY = re.compile(rb'  \["([a-z]+)" "([^"\\]+)" (\d+) (\d+) (?:(=)|"(blake2b=[0-9a-f]{64})")\]')
NAMED_DIGEST = re.compile(rb'  \["([^"\\]+)" (?:=([0-9a-f]{8})|"(blake2b=[0-9a-f]{64})")\]')
OWN_DIGEST = re.compile(rb'(janitors|ids|approved|strays): (?:=([0-9a-f]{8})|"(blake2b=[0-9a-f]{64})")')


class CannotExpand(Exception):
    def __init__(self, code, where, text):
        super().__init__(text)
        self.code, self.where = code, where


def is_published(tree):
    return any(path.startswith(BUNDLES) or path == BUNDLES[:-1] for path in tree.files)


def expand(tree, findings):
    """The tree in the working form, or None: nothing else is said of it then."""
    before = len(findings.errors())
    check_places(tree, findings)
    found = {}
    for bundle in ALL_BUNDLES:
        data = tree.files.get(BUNDLES + bundle)
        if data is not None and len(data) <= MOST_BUNDLE:
            try:
                found[bundle] = list(parts_of(bundle, data))
            except CannotExpand as error:
                findings.error("V11.3", error.code, error.where, str(error))
    if len(findings.errors()) > before:
        return None
    return Expansion(tree, found, findings).run(before)


def check_places(tree, findings):
    for bundle in ALL_BUNDLES:  # V11.1
        data = tree.files.get(BUNDLES + bundle)
        if data is None:
            findings.error("V11.1", "E041", BUNDLES + bundle, "a bundle is missing")
        elif len(data) > MOST_BUNDLE:
            findings.error("V11.1", "E004", BUNDLES + bundle, "a bundle is too large")
    for path in tree.files:
        if path.startswith(BUNDLES) and path[len(BUNDLES):] not in ALL_BUNDLES:
            findings.error("V11.1", "E002", path, "something beside the bundles")
        elif bundle_of(path) or re.fullmatch(r"packages/\.conex/index/[^/]+/[^/]+/index", path):  # V11.2
            findings.error("V11.2", "E004", path, "metadata in a file of its own")


def share_of(name):
    return SHARES[int(digest(name.encode())[len("blake2b="):][:2], 16) >> 2]


def bundle_of(path):
    """The bundle that holds a path, or None: format.md, "Bundles"."""
    parts = path.split("/")
    if parts[:2] == ["packages", ".conex"]:
        if SEGMENT.fullmatch(path) and metadata.is_id(parts[3]):
            return "index-" + share_of(parts[3])
        if len(parts) == 4 and parts[2] == "ids" and metadata.is_id(parts[3]):
            return "ids"
        if len(parts) == 4 and parts[2] == "janitors" and re.fullmatch("0|[1-9][0-9]*", parts[3]):
            return "janitors"
        return "rest" if parts[2:] in (["repo"], ["claims"]) else None
    if parts[0] != "packages" or len(parts) < 3 or not metadata.is_package(parts[1]):
        return None
    if parts[2:] in (["authorisation"], ["releases"]):
        return "packages-" + share_of(parts[1])
    if (len(parts) == 4 and parts[3] == "checksum" and metadata.is_release(parts[2])
            and metadata.package_of(parts[2]) == parts[1]):
        return "packages-" + share_of(parts[1])
    return None


def parts_of(bundle, data):
    """V11.3: the files of a bundle, in order, as they are written in it."""
    where = BUNDLES + bundle
    first = f"conex-bundle 1 {bundle}\n".encode()
    if not data.startswith(first):
        raise CannotExpand("E011", where, "another first line")
    at, last = len(first), ""
    while at < len(data):
        header = re.compile(rb"([!-~]+) (0|[1-9][0-9]{0,9})\n").match(data, at)
        if not header or header.end() + int(header.group(2)) > len(data):
            raise CannotExpand("E011", where, "a header in another form")
        path, at = header.group(1).decode(), header.end()
        if bundle_of(path) != bundle:
            raise CannotExpand("E002", where, "a path that is not of this bundle: " + path)
        if path.encode() < last.encode() or (path == last and not SEGMENT.fullmatch(path)):
            raise CannotExpand("E011", where, "another order of the paths")
        last, size = path, int(header.group(2))
        yield path, data[at:at + size]
        at += size


class Expansion:
    def __init__(self, tree, bundles, findings):
        self.bundles, self.findings = bundles, findings
        self.tree = Tree()
        self.tree.is_archive = tree.is_archive
        self.tree.files = {path: data for path, data in tree.files.items() if not path.startswith(BUNDLES)}
        self.tree.directories = {path for path in tree.directories if path + "/" != BUNDLES}
        self.bytes = sum(map(len, self.tree.files.values()))
        self.resources, self.digests, self.last_segments = {}, {}, {}

    def run(self, before):
        """In the order of format.md, "A reader expands in this order"."""
        parts = [part for bundle in ALL_BUNDLES for part in self.bundles[bundle]]
        checksums = [part for part in parts if part[0].endswith("/checksum")]
        segments = [part for part in parts if SEGMENT.fullmatch(part[0])]
        done = {path for path, _ in checksums + segments}
        steps = [(self.with_check_line, [part for part in parts if part[0] not in done]),
                 (self.checksum, checksums), (self.segment, segments)]
        if SNAPSHOT in self.tree.files:
            steps.append((self.snapshot, [(SNAPSHOT, self.tree.files[SNAPSHOT])]))
        for step, files in steps:
            for path, written in files:
                try:
                    step(path, written)
                except CannotExpand as error:
                    self.findings.error("V11.5", error.code, error.where, str(error))
            if len(self.findings.errors()) > before:
                return None
        check_names(self.tree, self.findings)  # V11.3: V0.2 is about all real and expanded paths
        return self.tree

    def put(self, path, data):
        """V11.3: nothing real lies where an expanded file or one of its directories would lie."""
        if path != SNAPSHOT and (path in self.tree.files or path in self.tree.directories):
            raise CannotExpand("E002", path, "something real is in the place of an expanded file")
        if any(parent in self.tree.files for parent in parents(path)):
            raise CannotExpand("E002", path, "something real is in the place of a directory")
        self.tree.files[path] = data
        self.tree.directories.update(parents(path))
        self.bytes += len(data)
        if len(self.tree.files) > MOST_ENTRIES or self.bytes > MOST_BYTES:
            raise CannotExpand("E004", path, "a limit")
        self.remember(path, data)

    def remember(self, path, data):
        """The version of a resource that the tree has, for the entries of segments."""
        version = state.version_at(path, data)
        if version:
            self.resources[version[:2]] = (version[2], version[3], digest(data))

    def with_check_line(self, path, written):
        if b"\ncheck: " in written:
            raise CannotExpand("E011", path, "a check line that a reader can compute")
        signatures = written.find(b"\nsignatures: ") + 1
        at = signatures if signatures else len(written)
        line = b'check: "%s"\n' % metadata.check_of(written[:at]).encode()
        self.put(path, written[:at] + line + written[at:])

    def checksum(self, path, written):
        directory = path[:-len("checksum")]

        def line(match):
            name, size, short, full = match.groups()
            real = self.tree.files.get(directory + name.decode())
            fits = real is not None and len(real) == int(size)
            if short:
                if real is None:
                    raise CannotExpand("E041", directory + name.decode(), "a file that the checksum lists is missing")
                if not fits or not self.digest_of(directory + name.decode()).startswith("blake2b=" + short.decode()):
                    raise CannotExpand("E014", directory + name.decode(), "a file that differs from the checksum")
                full = self.digest_of(directory + name.decode()).encode()
            elif fits and self.digest_of(directory + name.decode()).encode() == full:
                raise CannotExpand("E011", path, "a digest in full that a reader can compute")
            return b'  ["%s" %s "%s"]' % (name, size, full)

        self.with_check_line(path, self.lines(CHECKSUM_ENTRY, line, written))

    def digest_of(self, path):
        if path not in self.digests:
            self.digests[path] = digest(self.tree.files[path])
        return self.digests[path]

    def segment(self, path, written):
        def line(match):
            kind, name, epoch, counter, left_out, full = match.groups()
            there = self.resources.get((kind.decode(), name.decode()))
            if there and there[:2] != (int(epoch), int(counter)):
                there = None
            if left_out:
                if there is None:
                    raise CannotExpand("E014", path, f"{name.decode()} is not what the segment vouches for")
                full = there[2].encode()
            elif there and there[2].encode() == full:
                raise CannotExpand("E011", path, "a digest in full that a reader can compute")
            return b'  ["%s" "%s" %s %s "%s"]' % (kind, name, epoch, counter, full)

        data = self.lines(SEGMENT_ENTRY, line, written)
        place = path[:-len("index")] + metadata.check_of(data) + "/index"
        if place <= self.last_segments.get(path, ""):
            raise CannotExpand("E011", path, "another order of the segments")
        self.last_segments[path] = place
        self.put(place, data)

    def snapshot(self, path, written):
        stated = state.state_of(self.tree)

        def full_digest(short, full, real, name):
            if short:
                if real is None or not real.startswith("blake2b=" + short.decode()):
                    raise CannotExpand("E060", path, "not what the snapshot states: " + name)
                return real.encode()
            if real is not None and real.encode() == full:
                raise CannotExpand("E011", path, "a digest in full that a reader can compute")
            return full

        def own(match):
            field, short, full = match.groups()
            return b'%s: "%s"' % (field, full_digest(short, full, stated[field.decode()], field.decode()))

        def named(field):
            def line(match):
                name, short, full = match.groups()
                return b'  ["%s" "%s"]' % (name, full_digest(short, full, stated[field].get(name.decode()), name.decode()))
            return line

        head, mark, packages = written.partition(b"\npackages: ")
        head = self.lines(NAMED_DIGEST, named("indexes"), self.lines(OWN_DIGEST, own, head))
        packages, end, tail = packages.partition(b"\n]\n")
        packages = self.lines(NAMED_DIGEST, named("packages"), packages)
        self.with_check_line(path, head + mark + packages + end + tail)

    @staticmethod
    def lines(pattern, line, written):
        """Each line of a form in full; other lines as they are, for the reader of the file judges them."""
        return b"\n".join(line(match) if match else text for text in written.split(b"\n")
                          for match in [pattern.fullmatch(text)])
