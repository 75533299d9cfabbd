"""How many cases there are, by source and by rule; whether every rule has one; and how many tests of others have one."""

import re
from collections import Counter

from . import sources
from .cases import TOP

RULES = TOP / "docs" / "verification.md"
PAGE = TOP / "docs" / "attacks.md"
START, END = "<!-- table: made by tests/attacks --write-table -->\n", "<!-- end of table -->\n"

# The rules of the verifier that a client is asked for through the hook.
ASKED = re.compile(r"^\* \*\*((?:V|U|M|R)[0-9.]+)\*\*", re.M)


def rules():
    """The numbers of the rules, in the order of the document."""
    return ASKED.findall(RULES.read_text())


def without_case(cases):
    """The rules that no case breaks."""
    have = {case.fields["rule"] for case in cases}
    return [rule for rule in rules() if rule not in have]


def table(cases) -> str:
    """In Markdown."""
    refused = lambda case: any(said.verdict != "accepted" for said in case.expected.values())
    out = ["| source | cases | of these refused |", "|---|---|---|"]
    sources = Counter(case.fields["source"] for case in cases)
    bad = Counter(case.fields["source"] for case in cases if refused(case))
    for source, count in sorted(sources.items()):
        out.append(f"| {source} | {count} | {bad[source]} |")
    out.append(f"| **all** | **{len(cases)}** | **{sum(bad.values())}** |")
    by_rule = Counter(case.fields["rule"] for case in cases)
    order = [rule for rule in rules() if rule in by_rule]
    order += sorted(rule for rule in by_rule if rule not in order)
    out += ["", "| rule | cases | rule | cases | rule | cases | rule | cases |", "|---|---|---|---|---|---|---|---|"]
    for at in range(0, len(order), 4):
        row = [f"{rule} | {by_rule[rule]}" for rule in order[at : at + 4]]
        out.append("| " + " | ".join(row + [" | "] * (4 - len(row))) + " |")
    return "\n".join(out) + "\n"


def whole(cases) -> str:
    """All that the page has between its two marks."""
    return f"{table(cases)}\n{sources.summary(sources.rows())}"


def parts():
    """The page before, in and behind the table."""
    before, rest = PAGE.read_text().split(START)
    inside, after = rest.split(END)
    return before, inside, after


def is_current(cases) -> bool:
    return parts()[1] == "\n" + whole(cases) + "\n"


def write(cases):
    before, _, after = parts()
    PAGE.write_text(f"{before}{START}\n{whole(cases)}\n{END}{after}")
