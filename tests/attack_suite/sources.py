"""What the cases that others had first come from: fixtures/attacks/sources.tsv, as docs/attacks.md describes it."""

import fnmatch
from collections import Counter, namedtuple

from .adopt import SOURCES
from .cases import ALL

LIST = ALL / "sources.tsv"
# The sources that the list is about.
ELSEWHERE = [source for test, source in SOURCES if test.startswith("elsewhere::")]

# A test of a source; the cases that ask the same, as patterns; and what is to be said of it.
Row = namedtuple("Row", "source test cases note")


def rows():
    """The lines of the list. One that has not four columns is short of its last ones."""
    lines = [line for line in LIST.read_text().splitlines() if line and not line.startswith("#")]
    columns = [(line.split("\t") + [""] * 3)[:4] for line in lines]
    return [Row(source, test, cases.split(), note) for source, test, cases, note in columns]


def faults(rows, cases):
    """What is wrong with the list, where these are the cases."""
    found = []
    say = lambda row, text: found.append(f"{LIST.name}: {row.source}: {row.test}: {text}")
    for row, times in Counter((row.source, row.test) for row in rows).items():
        if times > 1:
            found.append(f"{LIST.name}: {': '.join(row)}: there are {times} lines of it")
    named = set()
    for row in rows:
        if row.source not in ELSEWHERE:
            say(row, "no such source")
        if not row.cases and not row.note:
            say(row, "neither a case nor a reason")
        for pattern in row.cases:
            hits = {case.name for case in cases if fnmatch.fnmatchcase(case.name, pattern)}
            if not hits:
                say(row, f"no case is called {pattern}")
            named |= hits
    found += [f"{LIST.name}: no line names the case {case.name}" for case in cases
              if case.fields["source"] in ELSEWHERE and case.name not in named]
    return found


def summary(rows) -> str:
    """How many tests of each source have a case, in Markdown."""
    out = ["| source | its tests | with a case here |", "|---|---|---|"]
    for source in sorted({row.source for row in rows}):
        of_it = [row for row in rows if row.source == source]
        out.append(f"| {source} | {len(of_it)} | {sum(bool(row.cases) for row in of_it)} |")
    return "\n".join(out) + "\n"


def self_test(cases):
    """What `faults` does not notice, of each thing that can be wrong."""
    good = rows()
    first = good[0]
    wrong = {
        "a line with neither a case nor a reason": [*good, Row(ELSEWHERE[0], "no test", [], "")],
        "a case that is not there": [*good, Row(ELSEWHERE[0], "no test", ["no-case-is-called-so"], "")],
        "a source that is not there": [*good, Row("no source", "no test", [], "a reason")],
        "a line twice": [*good, first],
        "cases that no line names": [row._replace(cases=[], note="a reason") for row in good],
    }
    before = set(faults(good, cases))
    return [what for what, broken in wrong.items() if not set(faults(broken, cases)) - before]
