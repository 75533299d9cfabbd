"""The rules that decide: verification.md, V0 and V5 to V10. The others have modules of their own."""

import calendar
import re
import time

import metadata
import opamfile
import published
import state
from chain import Chain
from ed25519 import canonical_base64, digest, verify_ssh
from findings import lower
from paths import check_paths, check_top
from support import Support

SNAPSHOT, CLAIMS, REPO = state.SNAPSHOT, "packages/.conex/claims", "packages/.conex/repo"
DAY = 24 * 60 * 60
# format.md, "Limits"
MOST_PACKAGES, MOST_RELEASES, MOST_SEGMENTS = 50_000, 200_000, 12_000
MOST_LISTED_KEYS, MOST_MEMBERS_OF_LINKS, MOST_ENTRIES = 100_000, 100_000, 1_000_000


class Options:
    def __init__(self, nostrict=False, require_snapshot=False, max_age=None, now=None):
        self.nostrict, self.max_age = nostrict, max_age
        self.require_snapshot = require_snapshot or max_age is not None
        self.now = time.time() if now is None else now


def judge(tree, anchors, options, findings):
    """All findings about a tree that was read. The tree is accepted if none of them is an error."""
    if not tree.whole:
        return
    if published.is_published(tree):
        tree = published.expand(tree, findings)
        if tree is None:
            return
    Judge(tree, anchors, options, findings).run()


class Judge:
    def __init__(self, tree, anchors, options, findings):
        self.tree, self.anchors, self.options, self.findings = tree, anchors, options, findings
        self.mode = "nostrict" if options.nostrict else "covered" if anchors.covered else "strict"
        self.links, self.ids, self.segments = {}, {}, []
        self.authorisations, self.releases, self.checksums = {}, {}, {}
        self.single, self.broken_links, self.broken = {}, set(), set()

    def run(self):
        self.places = check_paths(self.tree, self.findings)
        for path, place in self.places.items():
            self.read(path, place)
        self.check_limits()
        self.chain = Chain(self.links, self.broken_links, self.findings)
        if not self.chain.check(self.anchors):
            return
        self.support = Support(self.chain, self.ids, self.segments, self.findings)
        self.support.run()
        repo = self.approved("repo", REPO)
        self.claims = self.approved("claims", CLAIMS)
        self.find_packages()
        snapshot_is_valid = self.check_snapshot()
        self.lets_through = self.mode == "nostrict" or (
            self.mode == "covered" and snapshot_is_valid and self.claims is not None)
        if self.mode == "covered" and self.claims is None:
            self.findings.error("V5.3", "E026", CLAIMS, "there is no valid list of claims")
        self.check_anchors_of_revisions(snapshot_is_valid)
        for name in sorted(self.packages):
            self.check_package(name)
        check_top(self.tree, repo, self.lets_through, self.mode, self.findings)

    # V0.

    def read(self, path, place):
        """V0.3 and V0.8."""
        data = self.tree.files[path]
        try:
            if place.kind == "link":
                self.links[int(place.name)] = metadata.read(data, "janitors", place.name)
            elif place.kind == "id":
                self.ids[place.name] = metadata.read_id(data, place.name)
            elif place.kind == "segment":
                file = metadata.read(data, "index", place.name)
                if metadata.check_of(data) != place.inner:  # V2.1
                    self.findings.error("V2.1", "E014", path, "a directory that is not called like its digest")
                self.segments.append((path, place.name, file))
            elif place.kind in ("repo", "claims", "snapshot"):
                self.single[place.kind] = metadata.read(data, place.kind, place.kind)
            elif place.kind in ("authorisation", "releases"):
                kept = self.authorisations if place.kind == "authorisation" else self.releases
                kept[place.name] = metadata.read(data, place.kind, place.name)
            elif place.kind == "checksum":
                self.checksums[place.release] = metadata.read(data, "checksum", place.release)
        except metadata.Broken as broken:
            self.findings.error("V0.3", broken.code, path, str(broken))
            self.broken.add(path)
            if place.kind == "link":
                self.broken_links.add(int(place.name))

    def check_limits(self):
        """V0.5."""
        files = [*self.authorisations.values(), *self.releases.values(), *self.checksums.values()]
        lists = sum(len(getattr(file, field, ())) for file in [*files, *self.single.values()]
                    for field in ("owners", "releases", "files", "packages"))
        entries = lists + sum(len(file.entries) for _, _, file in self.segments)
        people = sum(max(1, sum(len(getattr(file, field, ())) for field in ("keys", "accounts", "members")))
                     for file in self.ids.values())
        members = sum(len(link.members) for link in self.links.values())
        releases = {place.release for place in self.places.values() if place.release}
        packages = {place.name for place in self.places.values() if place.release}
        for what, number, most in (
                ("segments", len(self.segments), MOST_SEGMENTS), ("entries", entries, MOST_ENTRIES),
                ("keys, accounts and members", people, MOST_LISTED_KEYS),
                ("members of links", members, MOST_MEMBERS_OF_LINKS),
                ("releases", len(releases), MOST_RELEASES), ("packages", len(packages), MOST_PACKAGES)):
            if number > most:
                self.findings.error("V0.5", "E004", "", "too many " + what)

    # V5 and V6.

    def approved(self, kind, path):
        """V6.1: the valid file `repo` or `claims` of Conex, or None."""
        what, file = (kind, kind), self.single.get(kind)
        if path in self.broken:
            return None
        supported = self.support.supported(what)
        if file is None and not supported:
            return None
        problem = self.support.problem(what, file)
        if problem and not supported:
            self.findings.warn("V6.1", problem, path, "it waits for a quorum")
        elif problem:
            self.findings.error("V6.1", problem, path, "it is not valid")
        return None if problem else file

    def find_packages(self):
        """V5.2, V5.4, and what a package is."""
        self.claimed = {name for kind, name in self.support.supported_by_quorum
                        if kind == "authorisation" and self.support.supported((kind, name))}
        if self.claims:
            self.claimed |= set(self.claims.packages)
        self.own, self.misplaced = {}, {}
        for path, place in self.places.items():
            if place.kind == "own":
                self.own.setdefault(place.release, {})[place.inner] = path
            elif place.kind == "misplaced":
                directory = path[:-len(place.inner) - 1]
                self.misplaced.setdefault(place.release, {}).setdefault(directory, {})[place.inner] = path
        self.releases_of = {}
        for release in self.own.keys() | self.misplaced.keys() | self.checksums.keys() | {
                place.release for place in self.places.values() if place.kind == "checksum"}:
            self.releases_of.setdefault(metadata.package_of(release), set()).add(release)
        self.packages = self.claimed | self.releases_of.keys() | {
            place.name for place in self.places.values() if place.kind in ("authorisation", "releases")}
        seen = {}
        for name in sorted(self.packages):
            if seen.setdefault(lower(name), name) != name:
                self.findings.error("V5.4", "E003", "packages/" + name, "two names that differ only in case")

    def check_package(self, name):
        claimed = name in self.claimed
        where = "packages/" + name
        if not claimed and not self.lets_through:  # V6.2
            self.findings.error("V6.2", "E020", where, "a package that is not signed")
        if claimed:
            self.check_claimed(name)
        for release in sorted(self.releases_of.get(name, ())):
            self.check_release(name, release, claimed)

    def check_claimed(self, name):
        """V6.3 to V6.5."""
        what, authorisation = ("authorisation", name), self.authorisations.get(name)
        owners = set()
        self.must_be_valid("V6.3", what, authorisation, f"packages/{name}/authorisation")
        if authorisation and self.support.problem(what, authorisation) is None:
            owners = self.support.stands_for(authorisation.owners)
        listed = self.releases.get(name)
        path = f"packages/{name}/releases"
        valid = self.must_be_valid("V6.4", ("releases", name), listed, path, owners)
        there = {release for release in self.releases_of.get(name, ()) if release in self.own
                 or f"packages/{name}/{release}/checksum" in self.places}
        if valid:
            for release in sorted(there ^ set(listed.releases)):
                self.findings.error("V6.4", "E040", f"packages/{name}/{release}", "releases and directories differ")
        for release in sorted(there | (set(listed.releases) if valid else set())):
            self.check_checksum(name, release, owners, listed.epoch if valid else None)

    def must_be_valid(self, rule, what, file, path, owners=(), epoch=None):
        if path in self.broken:
            return False
        problem = self.support.problem(what, file, owners, epoch)
        if problem:
            self.findings.error(rule, problem, path, "it is not valid")
        return problem is None

    def check_checksum(self, name, release, owners, epoch):
        """V6.5 and V7.7."""
        directory = f"packages/{name}/{release}/"
        checksum, files = self.checksums.get(release), self.own.get(release, {})
        self.must_be_valid("V6.5", ("checksum", release), checksum, directory + "checksum", owners, epoch)
        for inner, path in sorted(files.items()):
            if not self.tree.files[path]:
                self.findings.error("V7.7", "E049", path, "an empty file of a claimed release")
        if checksum is None:
            return
        listed = {path: (size, digest_) for path, size, digest_ in checksum.files}
        for inner in sorted(listed.keys() | files.keys()):
            if inner not in files:
                self.findings.error("V6.5", "E041", directory + inner, "a file is missing")
            elif inner not in listed:
                self.findings.error("V6.5", "E042", directory + inner, "a file that the checksum does not list")
            else:
                data = self.tree.files[files[inner]]
                if listed[inner] != (len(data), digest(data)):
                    self.findings.error("V6.5", "E014", directory + inner, "it differs from what was vouched for")

    def check_release(self, name, release, claimed):
        """V6.6, V6.7 and V7.6."""
        places = list(self.misplaced.get(release, {}).items())
        for directory, _ in places:
            if claimed or release in self.own or len(places) > 1:
                self.findings.error("V7.6", "E048", directory, "a release in another place than its own")
        own = self.own.get(release, {})
        if own or f"packages/{name}/{release}/checksum" in self.places:
            places.append((f"packages/{name}/{release}", own))
        for directory, files in places:
            if "opam" not in files:
                say = self.findings.error if claimed or not self.lets_through else self.findings.warn
                say("V6.6", "E043", directory, "a release without a file opam")
                continue
            problem = opamfile.description_problem(self.tree.files[files["opam"]])
            if problem == "unreadable" or (problem and claimed):
                self.findings.error("V6.7", "E044", files["opam"], "some opam cannot read it")
            elif problem:
                self.findings.warn("V6.7", "E044", files["opam"], "it says another version")

    # V9 and V10.

    def check_snapshot(self):
        """Whether the snapshot is there and valid."""
        snapshot = self.single.get("snapshot")
        if snapshot is None:
            required = self.chain.last.snapshot == "required" or self.options.require_snapshot
            if required and SNAPSHOT not in self.broken:  # V9.5
                self.findings.error("V9.5", "E063", SNAPSHOT, "a snapshot is required and missing")
            return False
        before = len(self.findings.errors())
        if snapshot.repository != self.chain.identity:
            self.findings.error("V9.1", "E017", SNAPSHOT, "made for another repository")
        self.check_notary(snapshot)
        stated = state.state_of(self.tree)
        for field, real in stated.items():  # V9.4
            said = getattr(snapshot, field)
            said = dict(said) if isinstance(said, list) else said
            if said != real:
                self.findings.error("V9.4", "E060", SNAPSHOT, "not the state that it states: " + field)
        if self.options.max_age is not None and not self.is_recent(snapshot.created):
            self.findings.error("V9.6", "E064", SNAPSHOT, "older than allowed")
        return len(self.findings.errors()) == before

    def check_notary(self, snapshot):
        """V9.2 and V9.3."""
        fingerprint, signature = snapshot.signatures[0]
        keys = {}
        for member in self.support.teams.get("notaries", ()):
            keys.update(self.support.keys.get(member, {}))
            if member in self.chain.janitors:
                keys[self.chain.janitors[member].fingerprint] = self.chain.janitors[member]
        if fingerprint not in keys:
            self.findings.error("V9.2", "E061", SNAPSHOT, "by nobody who may sign it")
        elif not keys[fingerprint].is_usable():
            self.findings.error("V0.4", "E015", SNAPSHOT, "an unusable key")
        elif not verify_ssh(keys[fingerprint], "conex-snapshot-v1", snapshot.signed, canonical_base64(signature)):
            self.findings.error("V9.2", "E016", SNAPSHOT, "a signature that does not verify")
        if "notaries" in self.support.teams and snapshot.epoch != self.ids["notaries"].epoch:
            self.findings.error("V9.3", "E062", SNAPSHOT, "of another epoch than the team notaries")

    def is_recent(self, created):
        """V9.6."""
        parts = [int(number) for number in re.findall("[0-9]+", created)]
        year, month, day, hour, minute, second = parts
        if not (1 <= month <= 12 and 1 <= day <= calendar.monthrange(max(year, 1), month)[1] and year >= 1970
                and hour < 24 and minute < 60 and second < 60):
            return False
        age = self.options.now - calendar.timegm(tuple(parts))
        return -DAY <= age <= self.options.max_age

    def check_anchors_of_revisions(self, snapshot_is_valid):
        """V10.3."""
        for wanted, file, valid, path in (
                (self.anchors.snapshot, self.single.get("snapshot"), snapshot_is_valid, SNAPSHOT),
                (self.anchors.claims, self.single.get("claims"), self.claims is not None, CLAIMS)):
            if wanted is None:
                continue
            if file is None or not valid:
                self.findings.error("V10.3", "E091", path, "the anchors ask for it")
            elif file.revision() < wanted:
                self.findings.error("V10.3", "E090", path, "older than the anchors ask for")
