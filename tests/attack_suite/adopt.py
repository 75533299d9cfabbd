"""Cases of what the tests of the verifier have judged: tests/support/world/cases.rs writes it down.

    CONEX_CASES_TO=DIR cargo test --locked -p conex-verify --test verifier
    tests/attacks --adopt DIR [--only 'elsewhere::*']

A test that judges much alike gives a few cases: one for each thing that is said of each kind of resource.
"""

import fnmatch
import re
import shutil
from collections import Counter, defaultdict

from .cases import ALL, BASE, TOP
from .trees import Tree, escape

TESTS = TOP / "crates" / "conex-verify" / "tests" / "verifier"
MOST = 4
# Of a test that goes through all kinds of resources there is one for each.
MOST_OF_ALL_KINDS = 18
ALL_KINDS = re.compile(r"updates::rollback::.*")
# Of these each tree is a case of its own, whatever is said of it.
EACH = re.compile(r"elsewhere::.*")
MOST_BYTES = 20_000
# What the hook cannot be asked as it was: the client had other anchors before, or who reads the files stops earlier.
LEFT_OUT = re.compile(r".*another_repository_under_other_anchors.*|.*d26_long_names.*")
BASES = 16
CANDIDATES = 80

SOURCES = [
    (r"elsewhere::(tuf|rotations)::.*", "The Update Framework: conformance tests"),
    (r"elsewhere::clients::.*", "The Update Framework: faults of its clients"),
    (r"elsewhere::guix::.*", "Guix: authentication of channels"),
    (r"elsewhere::sshsig::.*", "OpenSSH: tests of sshsig"),
    (r"elsewhere::ed25519::.*", "Ed25519: edge cases that were published"),
    (r".*::d[0-9]+_.*", "opam: differentials"),
    (r"attacks::earlier_faults::.*", "conex: faults that it had"),
    (r"published::.*", "conex: the published form"),
    (r"snapshot::.*", "conex: the snapshot"),
    (r"updates::.*", "conex: what may follow what"),
    (r"attacks::.*", "conex: what each rule stops"),
]

# The rule by the code of the first finding, where it was made, and what it is about: the first line that fits.
RULES = [
    ("E001", "", "", "V7.4"), ("E002", "published", r".*/bundle/(index-64|ids2|sub|IDS|opam|index-1).*", "V11.1"),
    ("E002", "published", "", "V11.3"), ("E002", "", r".*/[oO][pP][aA][mM](/.*|\.*)?$", "V7.4"), ("E002", "", "", "V7.1"),
    ("E003", "names.rs", "", "V0.2"), ("E003", "chain.rs", "", "V1.3"), ("E003", "people.rs", "", "V3.6"),
    ("E003", "", "", "V5.4"), ("E004", "published", "", "V11.2"), ("E011", "published", "", "V11.4"),
    ("E01[0-3]", "read.rs", "", "V0.8"), ("E01[0-3]", "", "", "V0.3"),
    ("E014", "published", "", "V11.5"), ("E014", "packages.rs", "", "V6.5"), ("E014", "", r".*/index/.*", "V2.1"),
    ("E014", "", "", "V4.6"), ("E015", "", "", "V0.4"), ("E016", "chain.rs", "", "V1.5"),
    ("E016", "snapshot.rs", "", "V9.2"), ("E016", "", "", "V2.2"), ("E017", "snapshot.rs", "", "V9.1"),
    ("E017", "", "", "V2.2"), ("E018", "chain.rs", "", "V1.3"), ("E018", "", "", "V3.4"), ("E019", "", "", "V2.4"),
    ("E020", "", "", "V6.2"), ("E02[12]", "", r".*/ids/.*", "V3.1"), ("E021", "", r".*conex/(repo|claims)", "V6.1"),
    ("E02[12]", "", "", "V4.2"), ("E023", "people.rs", "", "V3.1"), ("E023", "", "", "V4.6"),
    ("E024", "people.rs", "", "V3.1"), ("E024", "", "", "V4.6"), ("E025", "", "", "V4.3"),
    ("E026", "people.rs", "", "V3.1"), ("E026", "/verify/mod.rs", "", "V5.3"), ("E026", "", "", "V5.2"),
    ("E027", "packages.rs", "", "V6.3"), ("E027", "", "", "V3.5"), ("E028", "people.rs:9", "", "V3.3"),
    ("E028", "", "", "V3.1"), ("E029", "update", "", "U2"), ("E029", "chain.rs", "", "V1.3"), ("E029", "", "", "V3.6"),
    ("E030", "", "", "V1.1"), ("E031", "", "", "V1.2"), ("E032", "", "", "V1.5"), ("E033", "", "", "V1.4"),
    ("E034", "", "", "V1.5"), ("E040", "", "", "V6.4"), ("E041", "published/fault.rs:6", "", "V11.1"),
    ("E041", "published", "", "V11.5"), ("E04[12]", "", "", "V6.5"), ("E043", "", "", "V6.6"), ("E044", "", "", "V6.7"),
    ("E045", "", "", "V6.8"), ("E046", "", "", "V6.9"), ("E047", "", "", "V6.10"), ("E048", "", "", "V7.6"),
    ("E049", "", "", "V7.7"), ("E051", "", "", "V8.5"), ("E060", "published", "", "V11.5"), ("E060", "", "", "V9.4"),
    ("E061", "", "", "V9.2"), ("E062", "", "", "V9.3"), ("E063", "", "", "V9.5"), ("E09[01]", "/verify/mod.rs", "", "V10.3"),
    ("E095", "", "", "U0"), ("E093", "", "", "U1"), ("E09[01]", "", r".*/snapshot", "U6"), ("E094", "", "", "U2"),
    ("E096", "", "", "U4"), ("E098", "", "", "U7"), ("E091", "", r".*/checksum|.*\.[0-9.]+", "U3"), ("E09[01]", "", "", "U2"),
    ("E005", "", "", "V8.6"),
]
# The rule by the test, which goes first, and by its module where nothing is said.
BY_TEST = [
    (r".*a_failing_signature_counts_against_valid_keys_only", "V2.3"), (r".*an_unproven_key_does_not_count", "V3.2"),
    (r".*an_author_without_any_proven_key.*", "V3.2"), (r".*one_revoked_owner_does_not_stop.*", "V6.3"),
    (r".*an_empty_file_below_a_signed_package.*", "V7.7"), (r".*an_announcement_that_nobody_approved.*", "V8.3"),
    (r".*a_floor_that_falls.*", "U5"), (r".*redirect.*", "V8.4"), (r"attacks::repo_file::d6_.*", "V8.1"),
    (r".*another_epoch_than_the_list.*", "V4.4"), (r".*stray.*", "V7.2"), (r".*url_and_descr.*|.*d25_.*", "V7.3"),
    (r".*an_empty_directory.*|.*directories_without_files.*", "V7.5"),
]
BY_MODULE = [
    ("attacks::repo_file", "V8.2"), ("attacks::support", "V4.5"), ("attacks::quorum", "V1.6"), ("attacks::chain", "V1.5"),
    ("attacks::epochs", "V4.3"), ("attacks::ids", "V3.3"), ("attacks::claims", "V5.1"), ("attacks::superseding", "V4.6"),
    ("attacks::packages", "V6.5"), ("attacks::paths", "V7.2"), ("attacks::replay", "V2.2"), ("attacks::metadata", "V0.3"),
    ("attacks::bounded", "V0.5"), ("attacks::opam_files", "V6.7"), ("attacks::earlier_faults", "V4.1"),
    ("attacks::file_systems", "V0.2"), ("attacks", "V4.5"), ("snapshot::anchors", "V10.3"), ("snapshot::notaries", "V9.2"),
    ("snapshot::claims", "V5.3"), ("snapshot", "V9.4"), ("published", "V11.4"), ("updates::chain", "U1"),
    ("updates::releases", "U3"), ("updates::removal", "U3"), ("updates::files", "U7"), ("updates", "U2"),
    ("elsewhere::tuf", "V1.5"), ("elsewhere::rotations", "V1.5"),
    ("elsewhere::guix", "V2.2"), ("elsewhere::sshsig", "V2.2"), ("elsewhere", "V0.3"),
]


class Line:
    """A judgement: a line of the log."""

    def __init__(self, text):
        self.test, self.form, self.anchors, self.quorum, self.args, states, holds, self.after, *kinds = text.split("\t")
        self.states = [state for state in states.split(",") if state]
        self.holds = None if holds == "-" else holds
        if not any(kind.startswith(("memory ", "both ")) for kind in kinds) and self.states:
            self.holds, self.states = self.states[-1], []
        self.kinds = {}
        for kind in kinds:
            name, verdict, memory, rest = kind.split(" ", 3)
            code, path, place = re.fullmatch(r"(\S+) (.*) (\S+)", rest, re.S).groups()
            self.kinds[name] = (verdict, memory, code, path, place)

    def decides(self):
        """What is said to the client that has most, or what a new one is told if that is worse."""
        said = list(self.kinds.values())
        return said[-1] if said[-1][0] == "rejected" else said[0]

    def alike(self):
        """What cases of one test differ in."""
        resource = re.sub(r"[0-9a-f]{16}", "*", self.decides()[3])
        verdicts = tuple((kind, said[0], said[2]) for kind, said in self.kinds.items())
        if EACH.fullmatch(self.test):
            resource = self.after
        return (self.form, verdicts, resource.split("/")[-1], "--nostrict" in self.args)

    def rule(self):
        _, _, code, path, place = self.decides()
        for test, rule in BY_TEST:
            if re.fullmatch(test, self.test):
                return rule
        for codes, where, about, rule in RULES:
            if re.fullmatch(codes, code) and where in place and (not about or re.fullmatch(about, path)):
                return rule
        return next(rule for module, rule in BY_MODULE if self.test.startswith(module))

    def source(self):
        return next(source for test, source in SOURCES if re.fullmatch(test, self.test))


def story(test):
    """The comment of a test, or its name."""
    *modules, name = test.split("::")
    for path in (TESTS.joinpath(*modules).with_suffix(".rs"), TESTS.joinpath(*modules, "mod.rs")):
        if path.exists():
            found = re.search(rf"((?:^/// ?.*\n)*)(?:^#\[.*\]\n)+fn {name}\(", path.read_text(), re.M)
            told = re.sub(r"```.*?```", "", (found[1] if found else "").replace("/// ", "").replace("///", ""), flags=re.S)
            if told.strip():
                return " ".join(told.split())
    return name.replace("_", " ")


def read(directory):
    text = (directory / "log").read_text(errors="surrogateescape")
    found = []
    for line in text.split("\n"):
        try:
            found.append(Line(line))
        except (ValueError, AttributeError):
            continue  # a line feed in a path
    return found


def chosen(lines):
    """A few of each test: what is refused first, then what is accepted."""
    tests = defaultdict(dict)
    for line in lines:
        if not LEFT_OUT.fullmatch(line.test):
            tests[line.test].setdefault(line.alike(), line)
    for test, cases in sorted(tests.items()):
        said = lambda line: all(verdict == "accepted" for verdict, *_ in line.kinds.values())
        bad = [line for line in cases.values() if not said(line)]
        good = [line for line in cases.values() if said(line)]
        most = MOST_OF_ALL_KINDS if ALL_KINDS.fullmatch(test) else MOST
        picked = (bad[:most] + good[:1]) if bad else good[:2]
        for number, line in enumerate(bad + good if EACH.fullmatch(test) else picked, 1):
            yield test, number, line


class Texts:
    """Trees as texts, each as the change of the tree that makes it shortest."""

    def __init__(self, directory):
        self.directory, self.trees = directory, {}

    def tree(self, name):
        if name not in self.trees:
            tree = Tree()
            tree.apply(b"from nothing\n" + (self.directory / "states" / name).read_bytes())
            self.trees[name] = tree
        return self.trees[name]

    def shortest(self, name, bases):
        tree = self.tree(name)
        texts = [b"from %s\n%s" % (title.encode(), tree.difference(other)) for title, other in bases]
        return min(texts, key=len)


def chosen_bases(texts, used):
    """The trees from which all others are reached in the fewest bytes, one after the other."""
    candidates = [name for name, _ in used.most_common(CANDIDATES)]
    cost = {name: len(texts.tree(name).difference(Tree())) for name in used}
    reach = {(base, name): len(texts.tree(name).difference(texts.tree(base))) for base in candidates for name in used}
    bases = []
    for number in range(1, BASES + 1):
        saved = lambda base: sum(max(0, cost[name] - reach[base, name]) for name in used)
        best = max(candidates, key=saved)
        cost = {name: min(cost[name], reach[best, name]) for name in used}
        (ALL / BASE / f"tree-{number}").write_bytes(b"from nothing\n" + texts.tree(best).difference(Tree()))
        bases.append((f"tree-{number}", texts.tree(best)))
    return bases


def present_bases():
    """The trees from which the cases that stay are told."""
    bases = []
    for path in sorted((ALL / BASE).glob("tree-*")):
        tree = Tree()
        tree.apply(path.read_bytes())
        bases.append((path.name, tree))
    return bases


def adopt(directory, only=None):
    """Replaces the cases that came from tests; where patterns are given, of those tests alone."""
    wanted = lambda test: not only or any(fnmatch.fnmatchcase(test, pattern) for pattern in only)
    texts = Texts(directory)
    picked = [case for case in chosen(read(directory)) if wanted(case[0])]
    (ALL / BASE).mkdir(parents=True, exist_ok=True)
    if only:
        bases = present_bases()
    else:
        for old in (ALL / BASE).glob("tree-*"):
            old.unlink()
        bases = chosen_bases(texts, Counter(name for _, _, line in picked for name in {line.after, *line.states[:1]}))
    for old in ALL.iterdir():
        test = (old / "case").exists() and re.search("^test: (.*)$", (old / "case").read_text(), re.M)
        if test and wanted(test[1]):
            shutil.rmtree(old)
    for test, number, line in picked:
        write(test, number, line, texts, [("nothing", Tree()), *bases])


def write(test, number, line, texts, bases):
    name = f"{line.rule()}-{test.split('::')[-1].replace('_', '-')[:70].rstrip('-')}"
    place = ALL / (name if number == 1 else f"{name}-{number}")
    if place.exists():
        place = ALL / f"{name}-{test.split('::')[-2]}-{number}"
    place.mkdir()
    fields = [("source", line.source()), ("rule", line.rule()), ("tries", story(test)), ("test", test),
              ("anchors", line.anchors), ("quorum", line.quorum)]
    fields += [("args", line.args)] * bool(line.args) + [("form", line.form)] * (line.form != "working")
    out = [f"{key}: {value}" for key, value in fields]
    for kind, (verdict, memory, code, path, _) in line.kinds.items():
        memory = "unchanged" if verdict == "rejected" else "*" if memory == "-" else memory
        out.append(f"{kind}: {verdict} {code} {escape(path)} {memory}")
    (place / "case").write_text("\n".join(out) + "\n")
    known = list(bases)
    for at, state in enumerate(line.states, 1):
        (place / str(at)).write_bytes(texts.shortest(state, known))
        known.append((str(at), texts.tree(state)))
    if line.holds and line.holds != (line.states or [None])[-1]:
        (place / "holds").write_bytes(texts.shortest(line.holds, known))
        known.append(("holds", texts.tree(line.holds)))
    (place / "after").write_bytes(texts.shortest(line.after, known))
    if line.form == "working" and sum(path.stat().st_size for path in place.iterdir()) > MOST_BYTES:
        shutil.rmtree(place)
