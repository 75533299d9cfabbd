"""One case in every form in which its update reaches a client."""

import shutil
import tempfile
from pathlib import Path

from . import archives
from .clients import Client, Home
from .cases import Case, Said
from .patches import patch
from .published import publish
from .trees import Impossible

DIALECTS = ("gnu", "git", "archive")
MEMORY = Path("/dev/shm")


class Result:
    """What a client said in one form, and what is wrong with that."""

    def __init__(self, case, form, kind, said, problem):
        self.case, self.form, self.kind, self.said, self.problem = case, form, kind, said, problem


def ask(case: Case, client: Client):
    """The results of a case, in every form that there is of it."""
    results = []
    forms = ["published"] if case.form == "published" else ["working", "published"]
    for form in forms:
        with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as room:
            results += Asking(case, client, form, Path(room)).all()
    return results


class Refused(Exception):
    """A client refuses a state that the case says it accepted before."""


class Asking:
    """A case in one form of the tree, on a machine of its own."""

    def __init__(self, case: Case, client: Client, form: str, room: Path):
        self.case, self.client, self.form, self.room = case, client, form, room
        self.home = Home(client, room)
        self.results, self.seen, self.lies = [], {}, {}
        # The patch, and what opam wrote into it: opam 2.0 to 2.4 read it again (D27).
        self.handed = None

    def tree(self, tree):
        """A tree in this form. Nothing but the form is changed, so one that has none is Impossible."""
        if self.form == self.case.form:
            return tree
        if id(tree) not in self.seen:
            self.seen[id(tree)] = publish(tree)
        return self.seen[id(tree)]

    def all(self):
        try:
            after = self.tree(self.case.after)
        except Impossible:
            return []
        kept = {}
        self.say("directory", "first", kept, lambda: self.whole_directory(after))
        if self.client.full_only:
            return self.results
        self.say("archive", "first", kept, lambda: self.whole_archive(after))
        if not self.case.before and self.case.holds is None:
            return self.results
        try:
            known = self.taken_over()
            holds = self.tree(self.case.holds) if self.case.holds else None
        except Impossible:
            return self.results
        except Refused as refused:
            self.results.append(Result(self.case.name, f"{self.form} before", "memory", None, str(refused)))
            return self.results
        if "memory-is" in self.case.fields and not self.client.is_conex:
            return self.results
        self.say("directory", "memory", known, lambda: self.whole_directory(after))
        self.say("archive", "memory", known, lambda: self.whole_archive(after))
        if holds is None:
            return self.results
        for dialect in DIALECTS:
            self.patched(dialect, holds, after, {"tree": kept, "both": known})
        return self.results

    def patched(self, dialect, holds, after, known):
        made = self.room / "made"
        try:
            if self.case.patch is None:
                made.mkdir(exist_ok=True)
                text = patch(dialect, holds, after, made)
            elif dialect in self.case.fields["patch-for"].split(" "):
                text = self.case.patch
            else:
                return
            for kind, kept in known.items():
                self.say(f"{dialect} patch", kind, kept, lambda: self.update(dialect, holds, text))
        except Impossible:
            return
        finally:
            shutil.rmtree(made, ignore_errors=True)

    def whole_directory(self, tree, name="r"):
        new = self.room / f"{name}.new"
        self.lay(tree, new)
        if self.client.full_only:
            return [f"--dir={new}"]
        return [f"--repo={self.room / name}", f"--dir={new}", "--patch=", "--incremental=false"]

    def lay(self, tree, place):
        """Makes a directory hold a tree, if it does not yet."""
        if self.lies.get(place) is not tree:
            shutil.rmtree(place, ignore_errors=True)
            tree.write(place)
            self.lies[place] = tree

    def whole_archive(self, tree):
        new = self.room / "r.tar.gz.new"
        content = tree.archive()
        if self.case.archive is not None:
            content = archives.changed(content, self.case.archive)
        new.write_bytes(content)
        return [f"--repo={self.room / 'r.tar.gz'}", f"--dir={new}", "--patch=", "--incremental=false"]

    def update(self, dialect, holds, text):
        (self.room / "log").mkdir(exist_ok=True)
        file = self.room / "log" / "patch-1-abc"
        file.write_bytes(text)
        self.handed = file, text
        repo = self.room / "r"
        if dialect == "archive":
            repo = self.room / "r.tar.gz"
            repo.write_bytes(holds.archive())
        else:
            self.lay(holds, repo)
        return [f"--repo={repo}", "--dir=", f"--patch={file}", "--incremental=true"]

    def taken_over(self):
        """What the client keeps after it took over what the case says that it accepted before."""
        name = self.case.fields.get("known-as", "r")
        self.home.put_back({})
        for number, state in enumerate(self.case.before, 1):
            arguments = self.whole_directory(self.tree(state), name)
            said = self.home.asks(self.case.fields, arguments, known=True)
            if said.verdict != "accepted":
                raise Refused(f"state {number} before: {said}")
        kept = self.home.kept()
        damage = self.case.fields.get("memory-is")
        for path in self.home.memories() if damage else []:
            content = kept[path]
            kept[path] = content[: len(content) // 2] if damage == "cut" else content.replace(b" 0 1 ", b" 0 9 ", 1)
        return kept

    def say(self, form, kind, kept, arguments):
        if self.case.archive is not None and form != "archive":
            return
        expected = self.case.expects(self.form, "archive" in form, kind)
        if expected is None:
            return
        try:
            arguments = arguments()
        except Impossible:
            return
        self.home.put_back(kept)
        said = self.home.asks(self.case.fields, arguments)
        problem = self.problem(expected, said, kept)
        self.results.append(Result(self.case.name, f"{self.form} {form}", kind, said, problem))

    def problem(self, expected, said, kept):
        if (expected.verdict == "accepted") != (said.verdict == "accepted"):
            return f"expected {expected.verdict}, and it is {said}"
        if self.handed and self.handed[0].read_bytes() != self.handed[1]:
            return "the patch was changed that opam goes by"
        if not self.client.is_conex:
            return None
        if said.verdict != "accepted" and not self.home.remembers_as(kept):
            return "it was refused, and what is remembered changed"
        parts = [(wanted, found) for wanted, found in zip(str(expected).split(), str(said).split()) if wanted != "*"]
        return None if all(a == b for a, b in parts) else f"expected {expected}, and it is {said}"


def blessed(case: Case, results):
    """Writes what conex names first into the case. It has to be among what it says in the working form, and the
    verdict is never written."""
    groups = {}
    for result in results:
        form = result.form.split(" ")
        expected = case.expects(form[0], "archive" in form, result.kind)
        if result.said is None:
            return
        elsewhere = form[0] != case.form or "archive" in form or "?" in str(expected)
        if expected.verdict != result.said.verdict or not (elsewhere or expected.errors <= result.said.errors):
            return
        groups.setdefault((form[0], "archive" in form, result.kind), set()).add(str(result.said))
    own_first = sorted(groups, key=lambda group: (group[0] != case.form, group[1]))
    for form, archive, kind in own_first:
        said = groups[form, archive, kind]
        text = said.pop()
        words = ["published"] * (form == "published" != case.form) + ["archive"] * archive
        if said:
            continue
        case.expected.pop(" ".join([*words, kind]), None)
        if str(case.expects(form, archive, kind)) != text:
            case.expected[" ".join([*words, kind])] = Said(text)
    lines = [f"{key}: {value}" for key, value in case.fields.items()]
    lines += [f"{key}: {said}" for key, said in case.expected.items()]
    (case.directory / "case").write_text("\n".join(lines) + "\n")
