"""What a client brings: format.md, "Anchors", and V10.1, V10.2."""

import re

from metadata import DIGEST, MOST_EPOCH, MOST_MEMBERS, MOST_NUMBER


class Usage(Exception):
    """Exit status 2."""


class Anchors:
    def __init__(self, text, quorum=None):
        self.keys, self.link, self.quorum, self.snapshot, self.claims = set(), None, None, None, None
        self.covered = False
        for word in text.split(","):
            self.take(word)
        if not self.keys:
            raise Usage("there are no trust anchors")
        if len(self.keys) > MOST_MEMBERS:
            raise Usage("more anchors than a reader takes")
        least = self.quorum
        if least is not None and not 1 <= least <= len(self.keys):
            raise Usage("a quorum= that the anchors cannot reach")
        self.quorum = least if quorum is None else quorum  # V10.2
        if self.quorum is None:
            raise Usage("there is no quorum")
        if not max(1, least or 1) <= self.quorum <= len(self.keys):
            raise Usage("a quorum that is out of range")

    def take(self, word):
        name, _, value = word.partition("=")
        if DIGEST.fullmatch(word):
            self.keys.add(word)
        elif name == "link" and DIGEST.fullmatch(value) and self.link is None:
            self.link = value
        elif name == "quorum" and self.quorum is None and is_decimal(value, MOST_MEMBERS):
            self.quorum = int(value)
        elif name in ("snapshot", "claims") and getattr(self, name) is None:
            setattr(self, name, revision(value))
        elif word == "unsigned=covered" and not self.covered:
            self.covered = True
        else:
            raise Usage("a word among the anchors that is not known: " + word)


def is_decimal(text, most):
    return re.fullmatch("0|[1-9][0-9]{0,18}", text) is not None and int(text) <= most


def revision(text):
    epoch, dot, counter = text.partition(".")
    if not dot or not is_decimal(epoch, MOST_EPOCH) or not is_decimal(counter, MOST_NUMBER):
        raise Usage("a revision in another form: " + text)
    return (int(epoch), int(counter))
