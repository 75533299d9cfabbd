"""V2, V3 and V4: segments, people, and which versions are valid."""

from chain import key_of
from ed25519 import canonical_base64, verify_ssh
from findings import lower

QUORUM_ONLY = ("author", "team", "repo", "claims", "authorisation")


def id_path(name):
    return "packages/.conex/ids/" + name


class Support:
    """Who vouches for what. `ids` is a map from id to file, `segments` a list of path, id, place and file."""

    def __init__(self, chain, ids, segments, findings):
        self.chain, self.ids, self.segments, self.findings = chain, ids, segments, findings
        self.quorum_vouches, self.owner_vouches, self.supported_by_quorum = {}, {}, {}
        self.proven, self.keys, self.teams, self.persons = set(), {}, {}, set()

    def run(self):
        self.listed = {name: {key_of(text).fingerprint: key_of(text) for text in file.keys}
                       for name, file in self.ids.items() if file.kind == "author"}
        self.chain_segments()
        self.count_quorums()
        self.valid_ids = {name for name, file in self.ids.items() if self.check_id(name, file)}
        self.check_missing_ids()
        self.listed_segments()
        self.check_people()

    # V2.

    def verifies(self, file, key):
        return verify_ssh(key, "conex-index-v1", file.signed, canonical_base64(file.signatures[0][1]))

    def chain_segments(self):
        """V2.2."""
        for path, name, file in self.segments:
            key = self.chain.janitors.get(name)
            if key is None or file.signatures[0][0] != key.fingerprint:
                continue
            if self.accept(path, file, key, self.findings.error, "V2.2"):
                self.prove(name, key, file)
                for entry in file.entries:
                    self.quorum_vouches.setdefault(entry[:2], {}).setdefault(entry[2:], set()).add(name)
                    self.owner_vouches.setdefault(entry[:2], {}).setdefault(entry[2:], set()).add(name)

    def accept(self, path, file, key, say, rule):
        if file.repository != self.chain.identity:
            say(rule, "E017", path, "made for another repository")
        elif not key.is_usable():
            say(rule, "E015", path, "an unusable key")
        elif not self.verifies(file, key):
            say(rule, "E016", path, "a signature that does not verify")
        else:
            return True
        return False

    def prove(self, name, key, file):
        """V3.2."""
        if any(entry[:2] == ("author", name) for entry in file.entries):
            self.proven.add((name, key.fingerprint))

    def listed_segments(self):
        """V2.3 and V2.4: two rounds, for what proves a key may lie in any segment."""
        accepted = []
        for path, name, file in self.segments:
            fingerprint = file.signatures[0][0]
            if name in self.chain.janitors and self.chain.janitors[name].fingerprint == fingerprint:
                continue
            key = self.listed.get(name, {}).get(fingerprint)
            if key is None:
                self.findings.warn("V2.4", "E019", path, "under a key that is not valid for the id")
                continue
            say = self.findings.error if name in self.valid_ids else self.findings.warn
            if self.accept(path, file, key, say, "V2.3"):
                self.prove(name, key, file)
                accepted.append((name, key, file))
        for name in self.valid_ids:
            self.keys[name] = {fingerprint: key for fingerprint, key in self.listed.get(name, {}).items()
                               if self.counts(name, fingerprint)}
        for name, key, file in accepted:
            if key.fingerprint in self.keys.get(name, {}):
                for entry in file.entries:
                    self.owner_vouches.setdefault(entry[:2], {}).setdefault(entry[2:], set()).add(name)

    def counts(self, name, fingerprint):
        """V3.3."""
        janitor = self.chain.janitors.get(name)
        return (name, fingerprint) in self.proven or (janitor is not None and janitor.fingerprint == fingerprint)

    # V4.

    def count_quorums(self):
        """V4.2 and V1.6: a janitor's id counts once, and has one key in the last link."""
        for what, versions in self.quorum_vouches.items():
            self.supported_by_quorum[what] = {version for version, names in versions.items()
                                              if len(names) >= self.chain.last.quorum}

    def is_open(self, what, epoch):
        """V4.3."""
        return epoch == 0 or any(version[0] >= epoch for version in self.supported_by_quorum.get(what, ()))

    def supported(self, what, owners=(), epoch=None):
        """V4.5: the supported versions of a resource; `epoch` is that of the list, for a checksum (V4.4)."""
        versions = set(self.supported_by_quorum.get(what, ()))
        if what[0] not in QUORUM_ONLY:
            versions |= {version for version, names in self.owner_vouches.get(what, {}).items() if names & set(owners)}
        if what[0] == "checksum":
            return {version for version in versions if version[0] == epoch}
        return {version for version in versions if self.is_open(what, version[0])}

    def problem(self, what, file, owners=(), epoch=None):
        """V4.6: None for a valid file, or the code of why it is not."""
        versions = self.supported(what, owners, epoch)
        if file is None:
            return "E026"
        own = (file.epoch, file.counter, file.digest)
        if any(version[:2] > own[:2] for version in versions):
            return "E023"
        same = {version for version in versions if version[:2] == own[:2]}
        if same:
            return None if same == {own} else "E024" if own in same else "E014"
        if what[0] not in QUORUM_ONLY and self.is_vouched(what, own, owners):
            return "E022" if what[0] == "checksum" else "E025"
        return "E021" if what[0] in QUORUM_ONLY else "E022"

    def is_vouched(self, what, version, owners):
        return bool(self.owner_vouches.get(what, {}).get(version, set()) & set(owners))

    # V3.

    def check_id(self, name, file):
        """V3.1, for a file that is there; V3.6."""
        path, what = id_path(name), (file.kind, name)
        other = ("author" if file.kind == "team" else "team", name)
        if file.kind == "team" and lower(name) in self.chain.ids_of_all_links:
            self.findings.error("V3.6", "E029", path, "a link named this id: it is no team")
        if self.chain.ids_of_all_links.get(lower(name), name) != name:
            self.findings.error("V3.6", "E003", path, "it differs only in case from the id of a janitor")
        if self.supported(other):
            self.findings.error("V3.1", "E029", path, "a quorum supports the other type")
            return False
        problem = self.problem(what, file)
        if problem in ("E023", "E024", "E014"):
            self.findings.error("V3.1", "E023" if problem == "E023" else "E024", path, "another version is supported")
        elif problem:
            self.findings.warn("V3.1", "E028", path, "it waits for a quorum")
        return problem is None

    def check_missing_ids(self):
        """V3.1: an id that a quorum supports has its file."""
        for kind, name in sorted(self.supported_by_quorum):
            if kind in ("author", "team") and name not in self.ids and self.supported((kind, name)):
                self.findings.error("V3.1", "E026", id_path(name), "it is missing")

    def check_people(self):
        """V3.3 to V3.5."""
        holders = {}
        self.persons = set(self.chain.janitors)
        for name in sorted(self.valid_ids):
            file = self.ids[name]
            if file.kind == "team":
                continue
            if file.keys and not self.keys[name]:
                self.findings.warn("V3.3", "E028", id_path(name), "no key of it counts yet")
                continue
            self.persons.add(name)
            for fingerprint in self.keys[name]:
                if (holders.setdefault(fingerprint, name) != name
                        or self.chain.owner_of_key.get(fingerprint, name) != name):
                    self.findings.error("V3.4", "E018", id_path(name), "one key of two ids")
        for name in sorted(self.valid_ids):
            if self.ids[name].kind == "team":
                members = set(self.ids[name].members)
                for member in sorted(members - self.persons):
                    self.findings.warn("V3.5", "E027", id_path(name), member + " is no person")
                self.teams[name] = members & self.persons

    def stands_for(self, names):
        """The persons whom a list of owners stands for: V4.2."""
        found = set()
        for name in names:
            found |= self.teams.get(name, {name} & self.persons)
        return found
