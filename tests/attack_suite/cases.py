"""A case: a directory of fixtures/attacks, as docs/attacks.md describes it."""

import re
from pathlib import Path

from .trees import Tree, source_of

TOP = Path(__file__).resolve().parents[2]
ALL = TOP / "fixtures" / "attacks"
BASE = "base"

# What a client can have, and what it says then.
KINDS = ("first", "memory", "tree", "both")
FIELDS = ("source", "rule", "tries", "anchors", "quorum", "args", "environment", "form", "patch-for", "memory-is", "known-as",
          "known-anchors", "known-quorum", "test")


class Broken(Exception):
    """A case that is not written as docs/attacks.md says."""


class Said:
    """What a client says: verdict, code and resource of the first finding, memory afterwards."""

    def __init__(self, text: str):
        words = text.split(" ")
        if len(words) != 4 or words[0] not in ("accepted", "rejected", "undecided", "?"):
            raise Broken(f"no expectation: {text}")
        self.verdict, self.code, self.resource, self.memory = words
        # All errors, as code and resource.
        self.errors = {(self.code, self.resource)}

    def __str__(self):
        return f"{self.verdict} {self.code} {self.resource} {self.memory}"


class Case:
    """What docs/attacks.md says that a directory holds."""

    def __init__(self, directory: Path):
        self.directory, self.name = directory, directory.name
        self.fields, self.expected = {}, {}
        try:
            for line in (directory / "case").read_text().splitlines():
                key, _, value = line.partition(": ")
                self.add(key.rstrip(":"), value)
            for key in ("source", "rule", "tries", "anchors", "quorum"):
                if key not in self.fields:
                    raise Broken(f"no line `{key}`")
            if not self.name.startswith(self.fields["rule"] + "-"):
                raise Broken("the directory is not called after the rule")
            if not self.expected:
                raise Broken("no expectation")
            self.read_states()
        except (ValueError, OSError, Broken) as reason:
            raise Broken(f"{self.name}: {reason}") from None

    def add(self, key, value):
        kind = key.split(" ")[-1]
        if kind in KINDS and key.split(" ")[:-1] in ([], ["published"], ["archive"], ["published", "archive"]):
            self.expected[key] = Said(value)
        elif key in FIELDS and key not in self.fields:
            self.fields[key] = value
        else:
            raise Broken(f"the line `{key}`")

    def read_states(self):
        texts = {path.name: path.read_bytes() for path in self.directory.iterdir() if path.name != "case"}
        self.archive, self.patch = texts.pop("archive", None), texts.pop("patch", None)
        trees = {}

        def tree(name):
            if name == "nothing":
                return Tree()
            if name not in trees:
                text = texts[name] if name in texts else base(name)
                trees[name] = tree(source_of(text)).copy()
                trees[name].apply(text)
            return trees[name]

        numbers = sorted((name for name in texts if re.fullmatch("[0-9]", name)), key=int)
        unknown = set(texts) - set(numbers) - {"holds", "after"}
        if unknown:
            raise Broken(f"a file `{min(unknown)}`")
        self.before = [tree(name) for name in numbers]
        self.holds = tree("holds") if "holds" in texts else (self.before or [None])[-1]
        self.after = tree("after") if "after" in texts else self.holds
        if self.after is None:
            raise Broken("no state to judge")

    @property
    def form(self):
        return self.fields.get("form", "working")

    def expects(self, form: str, archive: bool, kind: str) -> Said | None:
        """What is expected where the tree is in this form, and in an archive or not: the line that says most of it."""
        published = ["published"] if form == "published" else []
        for words in ([*published, *["archive"] * archive], published, ["archive"] * archive, []):
            said = self.expected.get(" ".join([*words, kind]))
            if said is not None:
                return said
        return None


def base(name: str) -> bytes:
    return (ALL / BASE / name).read_bytes()


def every():
    """All cases, in the order of their names."""
    return [Case(path) for path in sorted(ALL.iterdir()) if path.is_dir() and path.name != BASE]
