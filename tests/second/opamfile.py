"""opam's own file syntax, as all supported opams read it, and what V6.7 and V8.4 ask of it.

The grammar is that of the library opam-file-format, which format.md refers to. A value is a tuple whose
first part is its kind: string, int, bool, ident, list, group, option, logop, relop, env, prefix, prefix-relop.
"""

import re

NAME = rb"[A-Za-z0-9_-]*[A-Za-z][A-Za-z0-9_-]*"
IDENT = re.compile(rb"(?:%b|_)(?:\+(?:%b|_))*(?::%b)?" % (NAME, NAME, NAME))
INT = re.compile(rb"-?[0-9_]+")
OPERATOR = re.compile(rb"=[+:]=?|[+:]=|!=|[<>]=?|[=~!?&|:{}()\[\]]")
BLANK = re.compile(rb"(?:[ \t]|\r?\n)+")
ESCAPE = re.compile(rb"\r?\n[ \t]*|[\\\"'ntbr ]|[0-9]{3}|x[0-9a-fA-F]{2}")
BYTES_OF_ESCAPES = {b"n": b"\n", b"r": b"\r", b"b": b"\b", b"t": b"\t"}
RELOPS = {"=", "!=", ">=", ">", "<=", "<", "~"}
ENVOPS = {"+=", "=+", "=+=", ":=", "=:"}
INT_MIN, INT_MAX = -2**62, 2**62 - 1
MOST_NESTING, MOST_VALUES = 64, 1_000_000  # format.md, "Limits"


class Unreadable(Exception):
    pass


class Section:
    def __init__(self, kind, name, items):
        self.kind, self.name, self.items = kind, name, items


# Words.

def comment_end(data, at):
    depth = 1
    for mark in re.compile(rb"\*\)|\(\*").finditer(data, at):
        depth += 1 if mark.group() == b"(*" else -1
        if depth == 0:
            return mark.end()
    raise Unreadable("a comment without an end")


def read_string(data, at, quote):
    parts = []
    while True:
        if data.startswith(quote, at):
            return b"".join(parts), at + len(quote)
        if at >= len(data):
            raise Unreadable("a string without an end")
        if data[at:at + 1] != b"\\":
            stop = re.compile(rb"[^\"\\]+|\"").match(data, at).end()
            parts.append(data[at:stop])
            at = stop
            continue
        escape = ESCAPE.match(data, at + 1)
        if not escape:
            raise Unreadable("an unknown escape")
        text, at = escape.group(), escape.end()
        if text[:1] in b"\r\n":
            continue
        if text.isdigit():
            if int(text) > 255:
                raise Unreadable("an escape beyond a byte")
            parts.append(bytes([int(text)]))
        elif text[:1] == b"x":
            parts.append(bytes([int(text[1:], 16)]))
        else:
            parts.append(BYTES_OF_ESCAPES.get(text, text))


def words(data):
    """All words as pairs of kind and value; the longest word wins, as in opam's lexer."""
    at, found = 0, []
    while at < len(data):
        blank = BLANK.match(data, at)
        if blank:
            at = blank.end()
        elif data.startswith(b"#", at):
            end = data.find(b"\n", at)
            at = len(data) if end < 0 else end
        elif data.startswith(b"(*", at):
            at = comment_end(data, at + 2)
        elif data.startswith(b'"', at):
            quote = b'"""' if data.startswith(b'"""', at) else b'"'
            text, at = read_string(data, at + len(quote), quote)
            found.append(("string", text))
        else:
            kind, value, at = read_word(data, at)
            found.append((kind, value))
        if len(found) > 8 * MOST_VALUES:
            raise Unreadable("more values than a reader takes")
    found.append(("end", None))
    return found


def read_word(data, at):
    ident, number, operator = IDENT.match(data, at), INT.match(data, at), OPERATOR.match(data, at)
    if ident and (not number or ident.end() > number.end()):
        text = ident.group()
        if text in (b"true", b"false"):
            return "bool", text == b"true", ident.end()
        return "ident", text.decode(), ident.end()
    if number:
        text = number.group()
        if not text.lstrip(b"-")[:1].isdigit():
            raise Unreadable("a number without a digit at its start")
        value = int(text.replace(b"_", b""))
        if not INT_MIN <= value <= INT_MAX:
            raise Unreadable("a number that is too large")
        return "int", value, number.end()
    if operator:
        text = operator.group().decode()
        if text == "=:=":
            raise Unreadable("an unknown operator")
        return text, text, operator.end()
    raise Unreadable("a byte that starts no word")


# Sentences.

class Reader:
    def __init__(self, data):
        self.words, self.at, self.depth, self.values_read = words(data), 0, 0, 0

    def kind(self, ahead=0):
        return self.words[min(self.at + ahead, len(self.words) - 1)][0]

    def take(self, *kinds):
        kind, value = self.words[self.at]
        if kind not in kinds:
            raise Unreadable("a word that cannot come here: " + kind)
        self.at += 1
        return value

    def count(self):
        self.values_read += 1
        if self.values_read > MOST_VALUES:
            raise Unreadable("more values than a reader takes")

    def enter(self):
        self.depth += 1
        if self.depth > MOST_NESTING:
            raise Unreadable("nested too deeply")

    def items(self, end):
        found = []
        while self.kind() != end:
            name = self.take("ident")
            if self.kind() == ":":
                self.take(":")
                found.append((name, self.value()))
                continue
            title = self.take("string") if self.kind() == "string" else None
            self.take("{")
            self.enter()
            self.count()
            found.append(Section(name, title, self.items("}")))
            self.depth -= 1
            self.take("}")
        return found

    def values(self, end):
        self.enter()
        found = []
        while self.kind() != end:
            found.append(self.value())
        self.take(end)
        self.depth -= 1
        return found

    def value(self, operators=("|", "&")):
        """`|` binds less than `&`, and both from the left."""
        if not operators:
            return self.operand()
        left = self.value(operators[1:])
        while self.kind() == operators[0]:
            operator = self.take(operators[0])
            left = ("logop", operator, left, self.value(operators[1:]))
        return left

    def operand(self):
        self.count()
        kind = self.kind()
        if kind in ("!", "?"):
            self.enter()
            value = ("prefix", self.take(kind), self.operand())
            self.depth -= 1
            return value
        if kind == "(":
            self.take("(")
            value = ("group", self.values(")"))
        elif kind == "[":
            self.take("[")
            value = ("list", self.values("]"))
        elif kind in RELOPS:
            value = ("prefix-relop", self.take(kind), self.atom())
        else:
            value = self.atom()
            if self.kind() in RELOPS:
                value = ("relop", self.take(*RELOPS), value, self.atom())
            elif self.kind() in ENVOPS:
                value = ("env", self.take(*ENVOPS), value, self.atom())
        while self.kind() == "{":
            self.take("{")
            value = ("option", value, self.values("}"))
        return value

    def atom(self):
        self.count()
        kind = self.kind()
        return (kind, self.take("ident", "bool", "int", "string"))


def parse(data):
    reader = Reader(data)
    return reader.items("end")


def parse_value(data):
    reader = Reader(data)
    value = reader.value()
    reader.take("end")
    return value


# The one compact form of values: format.md, "Repo".

def print_string(data):
    escapes = {0x22: b'\\"', 0x5C: b"\\\\", 0x0A: b"\\n", 0x0D: b"\\r", 0x09: b"\\t", 0x08: b"\\b"}
    text = data.decode("utf-8", "surrogateescape")
    out = b""
    for char in text:
        code = ord(char)
        if code in escapes:
            out += escapes[code]
        elif 0xDC80 <= code <= 0xDCFF:
            out += b"\\x%02x" % (code - 0xDC00)
        elif code < 0x20 or code == 0x7F:
            out += b"\\x%02x" % code
        else:
            out += char.encode()
    return b'"' + out + b'"'


def print_value(value):
    kind = value[0]
    if kind == "string":
        return print_string(value[1])
    if kind == "int":
        return b"%d" % value[1]
    if kind == "bool":
        return b"true" if value[1] else b"false"
    if kind == "ident":
        return value[1].encode()
    if kind == "list":
        return b"[" + b" ".join(map(print_value, value[1])) + b"]"
    if kind == "group":
        return b"(" + b" ".join(map(print_value, value[1])) + b")"
    if kind == "option":
        inside = value[2]
        if len(inside) == 1:
            inside = [without_parentheses(inside[0])]
        return print_value(value[1]) + b" {" + b" ".join(map(print_value, inside)) + b"}"
    if kind == "prefix":
        return value[1].encode() + print_value(value[2])
    if kind == "prefix-relop":
        return value[1].encode() + b" " + print_value(value[2])
    left, right = value[2], value[3]
    if kind == "logop":
        left, right = operand_of(value[1], left), operand_of(value[1], right)
    return print_value(left) + b" " + value[1].encode() + b" " + print_value(right)


def without_parentheses(value):
    while value[0] == "group" and len(value[1]) == 1:
        value = value[1][0]
    return value


def operand_of(operator, value):
    inner = without_parentheses(value)
    if inner[0] == "logop" and operator == "&" and inner[1] == "|":
        return ("group", [inner])
    return inner


# V6.7.

def version_that_counts(text):
    """What every opam takes of the field `opam-version`: without the patch level."""
    parts = text.split(b".", 2)
    if len(parts) == 3:
        return b".".join(parts[:2])
    return re.match(rb"[0-9.]*", text).group()


def compare_versions(left, right):
    """opam's order of versions, which is Debian's."""
    def weigh(byte):
        return -1 if byte == 0x7E else byte if chr(byte).isalpha() and byte < 128 else byte + 256
    while left or right:
        a, b = re.match(rb"[^0-9]*", left).group(), re.match(rb"[^0-9]*", right).group()
        left, right = left[len(a):], right[len(b):]
        a, b = [weigh(c) for c in a] + [0], [weigh(c) for c in b] + [0]
        if a != b:
            return -1 if a < b else 1
        a, b = re.match(rb"[0-9]*", left).group(), re.match(rb"[0-9]*", right).group()
        left, right = left[len(a):], right[len(b):]
        if int(a or b"0") != int(b or b"0"):
            return -1 if int(a or b"0") < int(b or b"0") else 1
    return 0


def description_problem(data):
    """V6.7: None, "version" (readable, of another version), or "unreadable"."""
    try:
        items = parse(data)
    except (Unreadable, RecursionError):
        return "unreadable"
    fields = [item for item in items if isinstance(item, tuple)]
    versions = [value for name, value in fields if name == "opam-version"]
    if len(versions) != 1 or versions[0][0] != "string":
        return "unreadable"
    if compare_versions(version_that_counts(versions[0][1]), b"2.0") > 0:
        return "unreadable"
    if refused_by_newer_opams(items, fields):
        return "unreadable"
    return None if versions[0][1] == b"2.0" else "version"


def refused_by_newer_opams(items, fields):
    """Fields that an opam from 2.1 on reads with the whole repository: fixtures/opam-forms.tsv."""
    for section in items:
        if isinstance(section, Section) and section.kind == "url":
            if any(isinstance(item, tuple) and item[0] == "subpath" and item[1][0] == "string"
                   for item in section.items):
                return True
    if any(name in ("x-locked", "x-subpath") and value[0] != "string" for name, value in fields):
        return True
    return any(name == "x-env-path-rewrite" and not is_rewrite(value) for name, value in fields)


def is_rewrite(value):
    return value[0] == "list" and all(is_rewrite_rule(rule) for rule in value[1])


def is_rewrite_rule(rule):
    if rule[0] != "list" or not rule[1] or rule[1][0][0] != "ident":
        return False
    parts = rule[1][1:]
    if len(parts) == 1:
        return parts[0][0] == "bool"
    if len(parts) != 2:
        return False
    return (one_of(parts[0], (b":", b";"))
            and one_of(parts[1], (b"host", b"target", b"host-quoted", b"target-quoted")))


def one_of(value, allowed):
    """A string that is allowed, with a filter or without, or some of them in a group."""
    if value[0] in ("group", "list"):
        return all(one_of(part, allowed) for part in value[1])
    if value[0] == "logop" and value[1] == "|":
        return one_of(value[2], allowed) and one_of(value[3], allowed)
    if value[0] == "option":
        return (len(value[2]) <= 1 and all(part[0] != "prefix-relop" for part in value[2])
                and one_of(value[1], allowed))
    return value[0] == "string" and value[1] in allowed


# V8.4.

def followed_by_no_opam_2(filters):
    """Whether what is between the braces is false for every opam 2."""
    if len(filters) != 1:
        return False
    return is_never(filters[0])


def is_never(value):
    value = without_parentheses(value)
    if value[0] == "logop":
        both = is_never(value[2]), is_never(value[3])
        return any(both) if value[1] == "&" else all(both)
    if value[0] != "relop" or value[2] != ("ident", "opam-version") or value[3][0] != "string":
        return False
    version = value[3][1]
    old = version.startswith((b"0.", b"1."))
    if value[1] == "<":
        return old or version in (b"2", b"2.0", b"2~", b"2.0~")
    return value[1] in ("<=", "=") and old
