"""What a run says, and the text that names have on disk."""

import re

PASSED_OVER = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")


class Findings:
    """All findings of one run; `overlook` is a set of rules that are left out, for tests of the tests."""

    def __init__(self, overlook=()):
        self.overlook, self.all = set(overlook), []

    def error(self, rule, code, where, text=""):
        self.say("error", rule, code, where, text)

    def warn(self, rule, code, where, text=""):
        self.say("warning", rule, code, where, text)

    def say(self, severity, rule, code, where, text):
        if rule not in self.overlook:
            self.all.append((severity, rule, code, where, text))

    def errors(self):
        return [finding for finding in self.all if finding[0] == "error"]


def on_disk(name):
    """V0.2: what a name is on disk."""
    name = PASSED_OVER.sub("", re.split(r"[:\\]", name, maxsplit=1)[0])
    return name.upper().lower().rstrip(". ")


def lower(text):
    """Compared without the case of ASCII letters."""
    return re.sub("[A-Z]+", lambda letters: letters.group().lower(), text)
