"""V1, the chain of janitors."""

from ed25519 import Key, canonical_base64, digest, verify_ssh
from findings import lower

MOST_LINKS = 2000
KEYS = {}


def key_of(text):
    if text not in KEYS:
        KEYS[text] = Key(text)
    return KEYS[text]


def path_of(number):
    return f"packages/.conex/janitors/{number}"


class Chain:
    """The links of a tree. After `check`, `last` is the last link if the whole chain is in order."""

    def __init__(self, links, broken, findings):
        """`links` is a map from number to file, `broken` has the numbers that cannot be read."""
        self.links, self.broken, self.findings, self.last = links, broken, findings, None
        self.members = {}

    def check(self, anchors):
        before = len(self.findings.errors())
        if not self.is_complete():
            return False
        self.members = {n: {name: key_of(text) for name, text in link.members} for n, link in self.links.items()}
        self.signatures = {n: self.valid_signatures(n) for n in self.links}
        self.check_order()
        self.check_history()
        if len(self.findings.errors()) > before:
            return False
        anchor, known = self.find(anchors)
        if anchor is None:
            self.findings.error("V1.4", "E033", "packages/.conex/janitors", "no link is vouched for by the anchors")
            return False
        for number in range(known, len(self.links)):
            if not self.follows(number, anchors.quorum):
                return False  # V1.5: behind the first link that does not follow nothing is checked
        self.check_keys()
        self.last = self.links[len(self.links) - 1]
        self.identity = digest(self.links[0].signed)
        self.janitors = self.members[len(self.links) - 1]
        return True

    def is_complete(self):
        """V1.1."""
        numbers = set(self.links) | self.broken
        if numbers != set(range(len(numbers))) or not numbers or len(numbers) > MOST_LINKS:
            self.findings.error("V1.1", "E030", "packages/.conex/janitors", "a link is missing")
            return False
        return not self.broken

    def keys_for(self, number):
        """Whose key a signature on a link may name: members of the link, and of the link before."""
        keys = {key.fingerprint: key for key in self.members.get(number - 1, {}).values()}
        keys.update({key.fingerprint: key for key in self.members[number].values()})
        return keys

    def valid_signatures(self, number):
        """The fingerprints under which a link has valid signatures."""
        link, keys = self.links[number], self.keys_for(number)
        return {fingerprint for fingerprint, signature in link.signatures
                if fingerprint in keys and verify_ssh(keys[fingerprint], "conex-janitors-v1", link.signed,
                                                      canonical_base64(signature))}

    def check_order(self):
        """V1.2."""
        first = self.links[0]
        for number in range(1, len(self.links)):
            link, before = self.links[number], self.links[number - 1]
            if (link.identity != digest(first.signed) or link.previous != digest(before.signed)
                    or link.repository != first.repository
                    or (before.snapshot == "required" and link.snapshot != "required")):
                self.findings.error("V1.2", "E031", path_of(number), "it does not follow from the link before")

    def check_history(self):
        """V1.3."""
        owner, written, dropped, before = {}, {}, set(), set()
        for number in range(len(self.links)):
            now = set()
            for name, key in self.members[number].items():
                now.add(key.fingerprint)
                if owner.setdefault(key.fingerprint, name) != name:
                    self.findings.error("V1.3", "E018", path_of(number), "a key of two ids")
                if key.fingerprint in dropped:
                    self.findings.error("V1.3", "E031", path_of(number), "a key that an earlier link dropped")
                if written.setdefault(lower(name), name) != name:
                    self.findings.error("V1.3", "E003", path_of(number), "two ids that differ only in case")
                if name == "notaries":
                    self.findings.error("V1.3", "E029", path_of(number), "notaries is a team")
            dropped |= before - now
            before = now
        self.owner_of_key, self.ids_of_all_links = owner, written

    def find(self, anchors):
        """V1.4: the numbers of the anchor link and of the first known link."""
        known = None
        for number, link in self.links.items():
            if anchors.link is not None and digest(link.signed) != anchors.link:
                continue
            keys = {key.fingerprint for key in self.members[number].values()}
            anchored = keys & anchors.keys
            if (link.quorum < anchors.quorum or len(anchored) < anchors.quorum
                    or len(keys - anchors.keys) >= link.quorum):
                continue
            if known is None and anchors.link is None:
                known = number
            if len(anchored & self.signatures[number]) >= anchors.quorum:
                return number, number if known is None else known
        return None, None

    def follows(self, number, client_quorum):
        """V1.5."""
        link, members, before = self.links[number], self.members[number], self.members.get(number - 1, {})
        signatures, keys = self.signatures[number], self.keys_for(number)
        errors = len(self.findings.errors())

        def error(code, text):
            self.findings.error("V1.5", code, path_of(number), text)

        def signers(people):
            return sum(key.fingerprint in signatures for key in people.values())

        for fingerprint, _ in link.signatures:
            if fingerprint not in keys:
                error("E032", "a signature by nobody who may")
            elif fingerprint not in signatures:
                unusable = not keys[fingerprint].is_usable()
                error("E015" if unusable else "E016", "a signature that does not verify")
        if number > 0 and signers(before) < self.links[number - 1].quorum:
            error("E032", "no quorum of the link before signed it")
        if signers(members) < link.quorum:
            error("E032", "no quorum of its own signed it")
        if any(key.fingerprint not in signatures for name, key in members.items()
               if name not in before or before[name].fingerprint != key.fingerprint):
            error("E032", "a member who is new, or has a new key, did not sign it")
        if link.quorum < client_quorum:
            error("E034", "a quorum below that of the client")
        return len(self.findings.errors()) == errors

    def check_keys(self):
        """V0.4."""
        for number in sorted({0, len(self.links) - 1}):
            if not all(key.is_usable() for key in self.members[number].values()):
                self.findings.error("V0.4", "E015", path_of(number), "an unusable key")
